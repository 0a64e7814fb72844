// A seller, a customer pinned to it, and invoices from pending lines to paid, voided and deleted.
const june = { from: new Date('2026-06-01T00:00:00Z'), to: new Date('2026-07-01T00:00:00Z') }
const line = (name, amount) => ({
  name,
  period: june,
  invoiceAt: june.from,
  rateCard: { price: { type: 'flat', amount } },
})

export const billingScenarios = ({ client, name, refusal }) => ({
  async billing() {
    const { profiles, customers, invoices } = client.billing
    const app = (await profiles.list()).items[0].apps.invoicing.id
    const profile = await profiles.create({
      name,
      default: false,
      supplier: { name: 'Anvils GmbH' },
      workflow: { invoicing: { autoAdvance: false } },
      apps: { tax: app, invoicing: app, payment: app },
    })
    const metadata = { 'openmeter.io/sandbox/target-payment-status': 'failed' }
    const customer = await client.customers.create({ name: 'Acme', key: name, currency: 'USD', metadata })
    await customers.createOverride(customer.id, { billingProfileId: profile.id })

    const invoiced = async (amount) => {
      const pending = await invoices.createLineItems(customer.id, { currency: 'USD', lines: [line('Setup', amount)] })
      const [invoice] = await invoices.invoicePendingLines({ customerId: customer.id })
      return { pending, invoice }
    }
    const { pending, invoice } = await invoiced('100')
    const sent = { supplier: invoice.supplier, customer: invoice.customer, workflow: invoice.workflow }
    const edited = await invoices.update(invoice.id, { ...sent, lines: [...invoice.lines, line('More', '5')] })
    const issued = await invoices.approve(invoice.id)
    const retried = await invoices.retry(invoice.id)
    const action = { percentage: 100, action: { type: 'discard' } }
    const voided = await invoices.void(invoice.id, { reason: 'Wrong', action })
    const second = (await invoiced('7')).invoice
    const recalculated = await invoices.recalculateTax(second.id)
    await invoices.delete(second.id)
    const listed = await invoices.list({ customers: [customer.id], expand: ['lines'], orderBy: 'createdAt' })
    const override = await customers.getOverride(customer.id)
    await customers.deleteOverride(customer.id)
    await profiles.delete(profile.id)
    return {
      pending: [pending.isInvoiceNew, pending.invoice.status, pending.lines[0].totals.total],
      draft: [invoice.statusDetails.extendedStatus, invoice.period.from instanceof Date],
      edited: [edited.totals.total, edited.lines.map((one) => one.managedBy)],
      issued: [issued.status, issued.number.length > 3, issued.dueAt instanceof Date],
      retried: retried.statusDetails.failed,
      voided: voided.status,
      recalculated: recalculated.totals.total,
      listed: listed.items.map((one) => [one.type, one.status, one.totals.total, one.lines.length]),
      override: override.baseBillingProfileId === profile.id,
      refused: await refusal(invoices.advance(invoice.id)),
      gone: (await refusal(profiles.update(profile.id, { ...profile, default: false }))).status,
    }
  },
})
