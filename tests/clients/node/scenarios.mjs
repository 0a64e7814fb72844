// One scenario for each argument that pytest gives; it prints what the SDK made of the server's answers as JSON.
import { HTTPError, OpenMeter } from '@openmeter/sdk'
import { OpenMeter as PortalClient } from '@openmeter/sdk/portal'
import { billingScenarios } from './billing.mjs'
import { subscriptionScenarios } from './subscriptions.mjs'

const [scenario, name] = process.argv.slice(2)
const baseUrl = process.env.OPENMETER_URL
const client = new OpenMeter({ baseUrl, apiKey: process.env.OPENMETER_API_KEY })
const noon = new Date('2026-01-15T12:00:00Z')
const january = { from: new Date('2026-01-01T00:00:00Z'), to: new Date('2026-02-01T00:00:00Z') }

function makeMeter(slug = name, changes = {}) {
  return client.meters.create({
    slug,
    name: 'Tokens',
    eventType: name,
    aggregation: 'SUM',
    valueProperty: '$.tokens',
    groupBy: { model: '$.model' },
    ...changes,
  })
}

function event(tokens, changes = {}) {
  return { type: name, subject: 'acme', time: noon, data: { tokens, model: 'large' }, ...changes }
}

async function refusal(promise) {
  try {
    await promise
  } catch (error) {
    if (!(error instanceof HTTPError)) throw error
    return { status: error.status, title: error.title, type: error.type, detail: error.getField('detail') }
  }
  throw new Error('The server did not refuse.')
}

const rowsOf = (usage) => usage.data.map((row) => ({ value: row.value, subject: row.subject, ...row.groupBy }))

const scenarios = {
  ...subscriptionScenarios({ client, name, makeMeter, refusal }),
  ...billingScenarios({ client, name, refusal }),

  async usage() {
    const meter = await makeMeter()
    await client.events.ingest(event(1))
    await client.events.ingest([
      event(2, { id: `${name}-2`, source: 'tests' }),
      event(2, { id: `${name}-2`, source: 'tests' }),
      event(4, { subject: 'globex', data: { tokens: '4', model: 'small' } }),
    ])
    const days = await client.meters.query(name, { ...january, windowSize: 'DAY', windowTimeZone: 'Europe/Paris' })
    return {
      slug: meter.slug,
      total: rowsOf(await client.meters.query(name)),
      days: days.data.map((row) => [row.windowStart, row.windowStart instanceof Date, row.value]),
      subjects: rowsOf(await client.meters.query(name, { subject: ['acme', 'globex'], groupBy: ['model'] })),
      filtered: rowsOf(await client.meters.query(name, { filterGroupBy: { model: 'small' } })),
      posted: rowsOf(await client.meters.queryPost(name, { filterGroupBy: { model: ['small', 'none'] } })),
      advanced: rowsOf(
        await client.meters.query(name, { advancedMeterGroupByFilters: JSON.stringify({ model: { $ne: 'small' } }) }),
      ),
    }
  },

  async events() {
    await makeMeter()
    const start = Date.now() - 3_600_000
    const ids = [1, 2, 3, 4, 5].map((number) => `${name}-${number}`)
    await client.events.ingest(
      ids.map((id, number) => event(number, { id, source: 'tests', subject: name, time: new Date(start + number * 1000) })),
    )
    await client.events.ingest(event(1, { id: undefined, subject: `${name}-defaults`, time: undefined }))
    const listed = await client.events.list({ subject: name, from: new Date(start - 60_000), limit: 2 })
    const [defaults] = await client.events.list({ subject: `${name}-defaults` })
    const filter = JSON.stringify({ subject: { $in: [name] }, type: { $eq: name } })
    const walked = []
    let cursor
    do {
      const page = await client.events.listV2({ limit: 2, filter, cursor })
      walked.push(...page.items.map((item) => item.event.id))
      cursor = page.nextCursor
    } while (cursor)
    return {
      listed: listed.map((item) => item.event.id),
      areDates: listed.every((item) => item.ingestedAt instanceof Date && item.event.time instanceof Date),
      error: listed[0].validationError,
      walked,
      defaults: [defaults.event.source, defaults.event.specversion, defaults.event.id.length],
    }
  },

  async meters() {
    const made = await makeMeter(name, { description: 'All of them', metadata: { team: 'red' } })
    const changed = await client.meters.update(name, { name: 'Every token', groupBy: { model: '$.model' } })
    const isListed = (await client.meters.list()).some((meter) => meter.id === made.id)
    await client.events.ingest([event(1, { time: undefined }), event(2, { time: undefined, data: { model: 'small' } })])
    const models = await client.meters.listGroupByValues(name, 'model', { from: new Date(Date.now() - 3_600_000) })
    await client.meters.delete(made.id)
    return { made, changed, isListed, models, gone: await refusal(client.meters.get(name)) }
  },

  async subjects() {
    const key = `${name} a/b+c@[d]`
    const made = await client.subjects.upsert({ key, displayName: 'Acme', metadata: { size: 3 } })
    const found = await client.subjects.get(key)
    const isListed = (await client.subjects.list()).some((subject) => subject.key === key)
    await client.subjects.delete(key)
    return { key, made, isSame: found.id === made[0].id, isListed, gone: await refusal(client.subjects.get(key)) }
  },

  async customers() {
    const made = await client.customers.create({
      name: 'Acme',
      key: `${name}/1`,
      usageAttribution: { subjectKeys: [`${name}-a`, `${name}-b`] },
      currency: 'EUR',
      billingAddress: { country: 'DE' },
    })
    const found = await client.customers.get(`${name}/1`)
    const page = await client.customers.list({ key: name, page: 1, pageSize: 10, orderBy: 'name', order: 'ASC' })
    const changed = await client.customers.update(made.id, { name: 'Acme Ltd', key: name })
    await client.customers.delete(made.id)
    return {
      made,
      isSame: found.id === made.id,
      page: { ...page, items: page.items.map((customer) => customer.id) },
      changed,
      gone: await refusal(client.customers.get(name)),
    }
  },

  async portal() {
    await makeMeter()
    await makeMeter(`${name}_other`)
    await client.events.ingest([event(5, { subject: name }), event(7)])
    const token = await client.portal.create({ subject: name, allowedMeterSlugs: [name] })
    const browser = new PortalClient({ baseUrl, portalToken: token.token })
    const usage = await browser.query(name, { ...january, windowSize: 'DAY' })
    const other = await refusal(browser.query(`${name}_other`))
    const listed = (await client.portal.list({ limit: 100 })).filter((found) => found.subject === name)
    await client.portal.invalidate({ id: token.id })
    return {
      token: { ...token, token: typeof token.token },
      isAhead: token.expiresAt > new Date(),
      usage: rowsOf(usage),
      other,
      listed: listed.map((found) => [found.id === token.id, found.token ?? null]),
      invalidated: await refusal(browser.query(name)),
    }
  },

  async info() {
    await makeMeter()
    await client.events.ingest(event(1, { subject: name, time: undefined }))
    await client.meters.query(name, { clientId: name })
    const currencies = await client.info.listCurrencies()
    const metrics = await client.debug.getMetrics({ parseAs: 'text' })
    return {
      euro: currencies.find((currency) => currency.code === 'EUR'),
      counted: metrics.split('\n').filter((line) => line.includes(`"${name}"`)),
      progress: await client.info.getProgress(name),
    }
  },

  async errors() {
    await makeMeter()
    const stranger = new OpenMeter({ baseUrl, apiKey: 'bil_wrong' })
    return {
      missing: await refusal(client.meters.query(`${name}_other`)),
      conflict: await refusal(makeMeter()),
      invalid: await refusal(client.meters.query(name, { groupBy: ['nothing'] })),
      stranger: await refusal(stranger.meters.list()),
      event: await refusal(client.events.ingest({ type: name, subject: '' })),
    }
  },
}

process.stdout.write(JSON.stringify(await scenarios[scenario]()))
