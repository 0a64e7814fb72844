"""What was billed: sums that add up, amounts that are rounded, lines that compute to the same digits again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import groupby, islice

from django.db import DatabaseError

from invoicing.lines import LineState
from invoicing.models import Invoice, InvoiceLine
from invoicing.queries import recompute_line
from invoicing.queries.explain import measured_again
from invoicing.queries.measuring import spans_in
from metering.audit import Check, Finding, Scope, Usage, measure_again, stream
from metering.models import Aggregation
from metering.periods import Period
from pricing.money import UnknownCurrency, exponent

# So many lines are measured in one pass over the raw events.
_CHUNK = 1000


def parts_sum_to_their_line(scope: Scope) -> Iterator[Finding]:
    """Yield lines whose detailed lines do not sum to their amount."""
    scope.progress("adding up the parts of every line")
    for line, invoice, name, expected, actual in stream(_LINE_SUMS):
        offender = f"line {line} ({name}) of {invoice}"
        yield Finding(3, "its amount is not the sum of its parts", offender, f"{expected:f}", f"{actual:f}")


def lines_sum_to_their_invoice(scope: Scope) -> Iterator[Finding]:
    """Yield invoices whose lines, less discounts and with their taxes, do not sum to the total."""
    scope.progress("adding up the lines of every invoice")
    for invoice, currency, what, expected, actual in stream(_INVOICE_SUMS):
        offender, text = f"invoice {invoice}", f"its {what} is not the sum of its lines"
        yield Finding(3, text, offender, f"{expected:f} {currency}", f"{actual:f} {currency}")


def taxes_sum_to_their_lines(scope: Scope) -> Iterator[Finding]:
    """Yield taxes that are not those of their lines, or not what their rate comes to."""
    scope.progress("adding up the taxes of every invoice")
    for offender, text, expected, actual in stream(_TAXES):
        yield Finding(3, text, offender, f"{expected:f}", f"{actual:f}")


def credit_notes_stay_within_what_was_charged(scope: Scope) -> Iterator[Finding]:
    """Yield lines and invoices of which more was given back by hand or by cancelling than they charge."""
    scope.progress("comparing credit notes with what they give back")
    for offender, expected, actual in stream(_CREDITS):
        text = "more of it was given back than it charges"
        yield Finding(3, text, offender, f"at most {expected:f}", f"{actual:f}")


def currencies_agree(scope: Scope) -> Iterator[Finding]:
    """Yield lines and payments in another currency than their invoice, and invoices in another than their contract."""
    scope.progress("comparing currencies")
    for offender, expected, actual in stream(_CURRENCIES):
        yield Finding(3, "its currency is another than what it belongs to", offender, expected, actual)


def amounts_are_rounded(scope: Scope) -> Iterator[Finding]:
    """Yield amounts with more digits than their currency has."""
    scope.progress("looking at the digits of every amount")
    for currency in Invoice.objects.order_by("currency").values_list("currency", flat=True).distinct():
        try:
            digits = exponent(currency)
        except UnknownCurrency:
            yield Finding(3, "the currency of invoices is unknown", currency, "a currency of ISO 4217", currency)
            continue
        for offender, expected, actual in stream(_ROUNDED, {"currency": currency, "digits": digits}):
            yield Finding(3, f"its amount is not rounded to {currency}", offender, f"{expected:f}", f"{actual:f}")


def lines_compute_again(scope: Scope) -> Iterator[Finding]:
    """Yield lines of issued invoices that do not come to the same digits from raw events at their stored bounds."""
    lines = InvoiceLine.objects.filter(invoice__number__isnull=False)
    total, done = lines.count(), 0
    chosen = lines.select_related("invoice", "feature", "meter_version__meter").prefetch_related("detailed_lines")
    alike = groupby(chosen.order_by("meter_version_id", "filters", "pk").iterator(chunk_size=_CHUNK), _measured_alike)
    for _, group in alike:
        while chunk := list(islice(group, _CHUNK)):
            scope.progress(f"computing lines {done} to {done + len(chunk)} of {total} again from raw events")
            yield from _compute_again(chunk)
            done += len(chunk)


def _measured_alike(line: InvoiceLine) -> tuple[int | None, object]:
    return line.meter_version_id, line.filters


def _compute_again(lines: list[InvoiceLine]) -> Iterator[Finding]:
    states = {line.pk: _states(line) for line in lines}
    joint = [state for line in lines for state in states[line.pk] if not state.cells]
    quantities = _quantities(lines[0], joint)
    for line in lines:
        for difference in _differences(line, quantities if states[line.pk] else None):
            offender = f"line {line.pk} ({line.name}) of {line.invoice}"
            yield Finding(4, difference, offender, "the same digits", _shown(line.amount))


def _states(line: InvoiceLine) -> list[LineState]:
    """Return the states of a line that can be read; `_differences` says why one cannot."""
    try:
        return [LineState.from_json(state) for state in (line.before, line.now) if state]
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return []


def _quantities(line: InvoiceLine, states: list[LineState]) -> dict[LineState, LineState]:
    """Measure the states of lines of one meter version and filter again, in one pass over the raw events."""
    version = line.meter_version
    if version is None or not states:
        return {}
    usages = [_usage(3 * place, state, [state.period]) for place, state in enumerate(states)]
    for place, state in enumerate(states):
        if state.stretches:
            usages.append(_usage(3 * place + 1, state, state.stretches))
            usages.append(_usage(3 * place + 2, state, [*state.stretches, state.period]))
    found = measure_again(version, line.filters, usages)
    is_additive = Aggregation(version.meter.aggregation).is_additive
    again = {}
    for place, state in enumerate(states):
        alone, carried, whole = (found.get(3 * place + kind, Decimal(0)) for kind in range(3))
        quantity = alone if is_additive or not state.stretches else whole - carried
        again[state] = replace(state, quantity=quantity, carried=carried)
    return again


def _usage(name: int, state: LineState, periods: Sequence[Period]) -> Usage:
    return Usage(name, spans_in(state.spans, periods), periods[0].start, periods[-1].end, state.bound)


def _differences(line: InvoiceLine, quantities: Mapping[LineState, LineState] | None) -> tuple[str, ...]:
    def measure(line: InvoiceLine, state: LineState) -> LineState:
        if quantities is None:
            return state
        # What was not measured with others is measured alone: usage by groups, and the lines that a minimum counted.
        return quantities[state] if state in quantities else measured_again(line, state)

    try:
        return recompute_line(line, measure=measure).differences
    except DatabaseError:
        raise
    except Exception as error:
        # Whatever makes a line impossible to compute is what the audit is there to find.
        return (f"it cannot be computed again: {type(error).__name__}: {error}",)


def _shown(amount: Decimal) -> str:
    return f"{amount:f}"


_LINE_SUMS = """
    SELECT line.id, coalesce(invoice.number, invoice.draft_number), line.name, coalesce(part.amount, 0), line.amount
    FROM invoicing_invoiceline line
    JOIN invoicing_invoice invoice ON invoice.id = line.invoice_id
    LEFT JOIN (SELECT line_id, sum(amount) AS amount FROM invoicing_detailedline GROUP BY line_id) part
        ON part.line_id = line.id
    WHERE line.amount <> coalesce(part.amount, 0)
    ORDER BY line.id
"""
_INVOICE_SUMS = """
    SELECT name, currency, what, expected, actual FROM (
        SELECT invoice.id, coalesce(invoice.number, invoice.draft_number) AS name, invoice.currency, each.*
        FROM invoicing_invoice invoice
        LEFT JOIN (
            SELECT invoice_id, sum(amount) AS amount, sum(discount) AS discount, sum(tax_inclusive) AS tax_inclusive,
                   sum(tax_exclusive) AS tax_exclusive,
                   sum(discount) FILTER (WHERE corrects_id IS NULL OR amount >= 0) AS own_discount
            FROM invoicing_invoiceline GROUP BY invoice_id
        ) line ON line.invoice_id = invoice.id
        LEFT JOIN (
            SELECT invoice_id, sum(amount) AS amount FROM invoicing_invoicediscount GROUP BY invoice_id
        ) discount ON discount.invoice_id = invoice.id
        CROSS JOIN LATERAL (VALUES
            ('amount', coalesce(line.amount, 0), invoice.amount),
            ('discount', coalesce(line.discount, 0), invoice.discount),
            ('tax within prices', coalesce(line.tax_inclusive, 0), invoice.tax_inclusive),
            ('tax on top', coalesce(line.tax_exclusive, 0), invoice.tax_exclusive),
            ('total', coalesce(line.amount - line.discount + line.tax_exclusive, 0), invoice.total),
            -- Of a credit note they come back with the lines.
            ('discounts', CASE WHEN invoice.type = 'standard' THEN coalesce(line.own_discount, 0) ELSE 0 END,
             CASE WHEN invoice.type = 'standard' THEN coalesce(discount.amount, 0) ELSE 0 END)
        ) AS each (what, expected, actual)
        WHERE invoice.status <> 'gathering'
    ) sums
    WHERE expected <> actual
    ORDER BY id, what
"""
_TAXES = """
    SELECT format('%s %s %% of invoice %s', name, percentage, invoice), text, expected, actual FROM (
        SELECT tax.id, tax.name, tax.percentage, coalesce(invoice.number, invoice.draft_number) AS invoice, each.*
        FROM invoicing_invoicetax tax
        JOIN invoicing_invoice invoice ON invoice.id = tax.invoice_id
        LEFT JOIN (
            SELECT tax_id, invoice_id, sum(amount - discount) AS taxable,
                   sum(CASE WHEN tax_inclusive <> 0 THEN tax_inclusive ELSE tax_exclusive END) AS amount
            FROM invoicing_invoiceline WHERE tax_id IS NOT NULL GROUP BY tax_id, invoice_id
        ) line ON line.tax_id = tax.id AND line.invoice_id = tax.invoice_id
        CROSS JOIN LATERAL (VALUES
            ('it is computed on another sum than that of its lines', coalesce(line.taxable, 0), tax.taxable),
            ('it is not the sum of the taxes of its lines', coalesce(line.amount, 0), tax.amount),
            -- The last credit note of an invoice absorbs what roundings left.
            ('it is not what its rate comes to', CASE WHEN invoice.corrects_id IS NULL THEN
                round(tax.taxable * tax.percentage
                      / CASE tax.behavior WHEN 'inclusive' THEN 100 + tax.percentage ELSE 100 END, scale(tax.amount))
                ELSE tax.amount END, tax.amount)
        ) AS each (text, expected, actual)
    ) sums
    WHERE expected <> actual
    UNION ALL
    SELECT format('line %s (%s) of %s', line.id, line.name, coalesce(invoice.number, invoice.draft_number)),
           'it has a tax that its invoice does not name', 0, line.tax_inclusive + line.tax_exclusive
    FROM invoicing_invoiceline line
    JOIN invoicing_invoice invoice ON invoice.id = line.invoice_id
    LEFT JOIN invoicing_invoicetax tax ON tax.id = line.tax_id AND tax.invoice_id = line.invoice_id
    WHERE tax.id IS NULL AND (line.tax_inclusive <> 0 OR line.tax_exclusive <> 0 OR line.tax_id IS NOT NULL)
    ORDER BY 1, 2
"""
_CREDITS = """
    SELECT format('line %s (%s) of %s', line.id, line.name, invoice.number), line.amount, -sum(back.amount)
    FROM invoicing_invoiceline line
    JOIN invoicing_invoice invoice ON invoice.id = line.invoice_id
    JOIN invoicing_invoiceline back ON back.corrects_id = line.id AND back.cause IN ('adjustment', 'cancellation')
    JOIN invoicing_invoice note ON note.id = back.invoice_id AND note.number IS NOT NULL
    GROUP BY line.id, invoice.id
    HAVING abs(sum(back.amount)) > abs(line.amount)
    UNION ALL
    SELECT format('invoice %s', invoice.number), invoice.total, -sum(note.total)
    FROM invoicing_invoice invoice
    JOIN invoicing_invoice note ON note.corrects_id = invoice.id AND note.number IS NOT NULL
    WHERE NOT EXISTS (SELECT FROM invoicing_invoiceline line WHERE line.invoice_id = note.id AND line.cause = 'change')
    GROUP BY invoice.id
    HAVING -sum(note.total) > invoice.total
    ORDER BY 1
"""
_CURRENCIES = """
    SELECT format('line %s of %s', line.id, coalesce(invoice.number, invoice.draft_number)),
           invoice.currency, line.currency
    FROM invoicing_invoiceline line JOIN invoicing_invoice invoice ON invoice.id = line.invoice_id
    WHERE line.currency <> invoice.currency
    UNION ALL
    SELECT format('payment %s of %s', payment.id, invoice.number), invoice.currency, payment.currency
    FROM invoicing_payment payment JOIN invoicing_invoice invoice ON invoice.id = payment.invoice_id
    WHERE payment.currency <> invoice.currency
    UNION ALL
    SELECT format('allocation %s to %s', allocation.id, invoice.number), invoice.currency,
           coalesce(payment.currency, note.currency, entry.currency)
    FROM invoicing_allocation allocation
    JOIN invoicing_invoice invoice ON invoice.id = allocation.invoice_id
    LEFT JOIN invoicing_payment payment ON payment.id = allocation.payment_id
    LEFT JOIN invoicing_invoice note ON note.id = allocation.credit_note_id
    LEFT JOIN invoicing_balanceentry entry ON entry.id = allocation.balance_entry_id
    WHERE coalesce(payment.currency, note.currency, entry.currency) <> invoice.currency
    UNION ALL
    SELECT format('line %s of %s', line.id, coalesce(invoice.number, invoice.draft_number)), sub.currency, line.currency
    FROM invoicing_invoiceline line JOIN invoicing_invoice invoice ON invoice.id = line.invoice_id
    JOIN pricing_subscriptionitem item ON item.id = line.subscription_item_id
    JOIN pricing_subscription sub ON sub.id = item.subscription_id
    WHERE line.currency <> sub.currency
    ORDER BY 1
"""
_ROUNDED = """
    SELECT offender, round(amount, %(digits)s), amount FROM (
        SELECT format('detailed line %%s of line %%s', part.id, line.id) AS offender, part.amount
        FROM invoicing_detailedline part JOIN invoicing_invoiceline line ON line.id = part.line_id
        WHERE line.currency = %(currency)s
        UNION ALL
        SELECT format('line %%s', id), amount FROM invoicing_invoiceline WHERE currency = %(currency)s
        UNION ALL
        SELECT format('line %%s', line.id), each.amount
        FROM invoicing_invoiceline line
        CROSS JOIN LATERAL (VALUES (discount), (tax_inclusive), (tax_exclusive)) AS each (amount)
        WHERE line.currency = %(currency)s
        UNION ALL
        SELECT format('invoice %%s', coalesce(number, draft_number)), total
        FROM invoicing_invoice WHERE currency = %(currency)s
    ) every
    WHERE amount <> round(amount, %(digits)s)
    ORDER BY 1
"""

CHECKS = (
    Check(3, "Detailed lines sum to their line", parts_sum_to_their_line),
    Check(3, "Lines, discounts and taxes sum to their invoice", lines_sum_to_their_invoice),
    Check(3, "Taxes are those of their lines", taxes_sum_to_their_lines),
    Check(3, "Credit notes give back at most what was charged", credit_notes_stay_within_what_was_charged),
    Check(3, "Lines, payments and invoices have the currency of their contract", currencies_agree),
    Check(3, "Every amount is rounded to its currency", amounts_are_rounded),
    Check(4, "Every issued line computes to the same digits again", lines_compute_again),
)
