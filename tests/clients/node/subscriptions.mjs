// Scenarios of plans and subscriptions; the bodies of plan and add-on come from pytest.
export function subscriptionScenarios({ client, name, makeMeter, refusal }) {
  const bodies = JSON.parse(process.env.BODIES ?? '{}')

  async function publishPlan(changes = {}) {
    return client.plans.publish((await client.plans.create({ ...bodies.plan, ...changes })).id)
  }

  async function makeWorld() {
    await makeMeter()
    for (const feature of bodies.features) {
      const meter = ['region', 'support'].includes(feature) ? {} : { meterSlug: name }
      await client.features.create({ key: `${name}_${feature}`, name: feature, ...meter })
    }
    const addon = await client.addons.publish((await client.addons.create(bodies.addon)).id)
    const draft = await client.plans.create(bodies.plan)
    await client.plans.addons.create(draft.id, { addonId: addon.id, fromPlanPhase: 'standard', maxQuantity: 9 })
    const plan = await client.plans.publish(draft.id)
    await client.customers.create({ name: 'Acme', key: name, currency: 'USD' })
    return { addon, plan }
  }

  const subscribe = (changes = {}) =>
    client.subscriptions.create({ plan: { key: name }, customerKey: name, startingPhase: 'standard', ...changes })

  return {
    async plans() {
      const { addon, plan } = await makeWorld()
      const page = await client.plans.addons.list(plan.id)
      const next = await client.plans.create({ ...bodies.plan, name: 'Pro 2' })
      const listed = await client.plans.list({ key: [name] })
      const refused = await refusal(client.plans.delete(plan.id))
      await client.plans.delete(next.id)
      return {
        plan,
        isDate: plan.effectiveFrom instanceof Date,
        addon: [addon.status, addon.instanceType],
        attached: page.items.map((item) => [item.addon.key, item.maxQuantity]),
        versions: listed.items.map((item) => [item.version, item.status]),
        refused,
        archived: (await client.plans.archive(plan.id)).status,
      }
    },

    async subscriptions() {
      await makeWorld()
      const made = await subscribe()
      const rateCard = {
        type: 'flat_fee',
        key: 'consulting',
        name: 'Consulting',
        billingCadence: 'P1M',
        price: { type: 'flat', amount: '250', paymentTerm: 'in_arrears' },
      }
      const edited = await client.subscriptions.edit(made.id, {
        customizations: [{ op: 'add_item', phaseKey: 'standard', rateCard }],
        timing: 'immediate',
      })
      const expanded = await client.subscriptions.get(made.id)
      const period = expanded.alignment.currentAlignedBillingPeriod
      const canceled = await client.subscriptions.cancel(made.id, { timing: 'next_billing_cycle' })
      const resumed = await client.subscriptions.unscheduleCancelation(made.id)
      const second = await refusal(subscribe())
      await publishPlan({ name: 'Pro 2' })
      const migrated = await client.subscriptions.migrate(made.id, { timing: 'immediate', startingPhase: 'standard' })
      const changed = await client.subscriptions.change(migrated.next.id, {
        plan: { key: name, version: 2 },
        timing: 'next_billing_cycle',
      })
      await client.subscriptions.delete(changed.next.id)
      const page = await client.customers.listSubscriptions(name, { status: ['inactive', 'canceled'] })
      return {
        made: [made.status, made.plan.version, made.activeFrom instanceof Date],
        isSame: edited.id === made.id,
        consulting: expanded.phases[0].items.find((item) => item.key === 'consulting').price,
        feature: expanded.phases[0].items.find((item) => item.key === `${name}_tokens`).included.feature.key,
        startsWithIt: period.from.getTime() === made.activeFrom.getTime(),
        canceled: [canceled.status, canceled.activeTo.getTime() === period.to.getTime()],
        resumed: resumed.status,
        second,
        migrated: [migrated.current.status, migrated.next.plan.version, migrated.next.phases.length],
        changed: [changed.current.status, changed.next.status],
        statuses: page.items.map((item) => item.status),
      }
    },

    async subscriptionAddons() {
      const { addon } = await makeWorld()
      const made = await subscribe()
      const taken = await client.subscriptionAddons.create(made.id, {
        name: 'Seats',
        quantity: 2,
        timing: 'immediate',
        addon: { id: addon.id },
      })
      const [listed] = await client.subscriptionAddons.list(made.id)
      const items = (await client.subscriptions.get(made.id)).phases[0].items
      const none = await client.subscriptionAddons.update(made.id, taken.id, { quantity: 0, timing: 'immediate' })
      const found = await client.subscriptionAddons.get(made.id, taken.id)
      return {
        taken: [taken.quantity, taken.addon.key, taken.timeline.length, taken.rateCards.length],
        isListed: listed.id === taken.id,
        amounts: ['fee', 'extra'].map((key) => Number(items.find((item) => item.key === key).price.amount)),
        none: [none.quantity, found.quantity],
      }
    },
  }
}
