"""
Pure: from lines to the totals of a document; it foots by construction.

Discounts of an invoice are spread over what its lines charge, tax is computed for each rule on the sum of the nets,
rounded once, half away from zero, and then allocated to the lines. Both are shared out by largest remainder, so parts
sum to their whole in every currency. A document whose amounts are all negated has all totals negated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from invoicing.taxes import TaxRule
from pricing.money import exponent, quantize, zero


@dataclass(frozen=True)
class LineAmount:
    """What a line charges, rounded to its currency, the tax it bears, and a discount that it has of its own already."""

    amount: Decimal
    rule: TaxRule | None = None
    discount: Decimal = Decimal(0)


@dataclass(frozen=True)
class DiscountTerms:
    """What is taken off a whole invoice: a percentage of what earlier discounts left, or an amount up to that."""

    percentage: Decimal | None = None
    fixed_amount: Decimal | None = None


@dataclass(frozen=True)
class LineTotals:
    """One line of a document: `tax` is within the net where the rule is inclusive, else on top of it."""

    amount: Decimal
    discount: Decimal
    rule: TaxRule | None
    tax: Decimal

    @property
    def net(self) -> Decimal:
        return self.amount - self.discount

    @property
    def tax_inclusive(self) -> Decimal:
        return self.tax if self.rule and self.rule.is_inclusive else Decimal(0)

    @property
    def tax_exclusive(self) -> Decimal:
        return self.tax - self.tax_inclusive


@dataclass(frozen=True)
class TaxTotal:
    """What one rule comes to on a document; of an inclusive rule, `taxable` has the tax in it."""

    rule: TaxRule
    taxable: Decimal
    amount: Decimal


@dataclass(frozen=True)
class Totals:
    """A document in one currency; `discounts` are what each of its discounts came to."""

    currency: str
    lines: tuple[LineTotals, ...]
    taxes: tuple[TaxTotal, ...] = ()
    discounts: tuple[Decimal, ...] = ()
    amount: Decimal = field(init=False)
    discount: Decimal = field(init=False)
    tax_inclusive: Decimal = field(init=False)
    tax_exclusive: Decimal = field(init=False)

    def __post_init__(self) -> None:
        for name in ("amount", "discount", "tax_inclusive", "tax_exclusive"):
            whole = sum((getattr(line, name) for line in self.lines), zero(self.currency))
            object.__setattr__(self, name, whole)

    @property
    def total(self) -> Decimal:
        return self.amount - self.discount + self.tax_exclusive


@dataclass(frozen=True)
class BilledLine:
    """A line of an issued invoice, and what was given back of it so far, as positive amounts."""

    billed: LineTotals
    back_amount: Decimal = Decimal(0)
    back_discount: Decimal = Decimal(0)
    back_tax: Decimal = Decimal(0)

    @property
    def left(self) -> Decimal:
        """How much of its amount can still be given back."""
        return self.billed.amount - self.back_amount

    def discount_back(self, amount: Decimal, currency: str) -> Decimal:
        """Return the discount of a part: of all that was given back with it, less what came back before."""
        if not self.billed.discount:
            return zero(currency)
        part = min(Fraction(self.back_amount + amount) / Fraction(self.billed.amount), Fraction(1))
        return quantize(Fraction(self.billed.discount) * part, currency) - self.back_discount


@dataclass(frozen=True)
class Item:
    """A part of the line at a place of an invoice that is given back; it has the sign of the line."""

    place: int
    amount: Decimal


def total_up(lines: Sequence[LineAmount], *, currency: str, discounts: Sequence[DiscountTerms] = ()) -> Totals:
    """
    Return the totals of a document; a discount never makes it, or a line, negative.

    >>> vat = TaxRule("VAT", "DE", "", Decimal(19))
    >>> totals = total_up([LineAmount(Decimal("100.00"), vat)], currency="EUR")
    >>> totals.tax_exclusive, totals.total
    (Decimal('19.00'), Decimal('119.00'))
    """
    nets, worths = _discounted([line.amount - line.discount for line in lines], discounts, currency)
    owed = [LineAmount(net, line.rule) for net, line in zip(nets, lines, strict=True)]
    taxes, line_taxes = _taxed(owed, currency)
    done = tuple(
        LineTotals(line.amount, line.amount - net, line.rule, tax)
        for line, net, tax in zip(lines, nets, line_taxes, strict=True)
    )
    return Totals(currency, done, taxes, worths)


def give_back(lines: Sequence[BilledLine], items: Sequence[Item], *, currency: str) -> Totals:
    """
    Return the totals, below zero, of a credit note that gives back some of an invoice; its lines are the items.

    `lines` are all lines of the invoice. Discounts come back pro rata to the line, tax at the invoice's rates, rounded
    once for each rule; the note that gives back the last of a rule absorbs what roundings left, so that all notes sum
    to the invoice.
    """
    left, discounts = list(lines), []
    for item in items:
        line = left[item.place]
        discounts.append(line.discount_back(item.amount, currency))
        left[item.place] = replace(
            line, back_amount=line.back_amount + item.amount, back_discount=line.back_discount + discounts[-1]
        )
    nets = [item.amount - discount for item, discount in zip(items, discounts, strict=True)]
    rules = [lines[item.place].billed.rule for item in items]
    taxes = [zero(currency) for _ in items]
    totals = []
    for rule, places in _by_rule(rules).items():
        taxable = sum((nets[place] for place in places), zero(currency))
        tax = _tax_back([line for line in lines if line.billed.rule == rule], taxable, rule, currency)
        _allocate(tax, taxes, nets, places, rule, currency)
        totals.append(TaxTotal(rule, -taxable, -tax))
    done = tuple(
        LineTotals(-item.amount, -discount, rule, -tax)
        for item, discount, rule, tax in zip(items, discounts, rules, taxes, strict=True)
    )
    return Totals(currency, done, tuple(totals))


def share_out(total: Decimal, exact: Sequence[Fraction], currency: str) -> tuple[Decimal, ...]:
    """
    Round exact shares to the currency so that they sum to `total`: the largest remainders are rounded up, first first.

    >>> share_out(Decimal("10.00"), [Fraction(10, 3)] * 3, "USD")
    (Decimal('3.34'), Decimal('3.33'), Decimal('3.33'))
    """
    if not exact:
        return ()
    digits = exponent(currency)
    sign = _sign(total, exact)
    scaled = [sign * share * 10**digits for share in exact]
    units = [share.numerator // share.denominator for share in scaled]
    each, more = divmod(int((sign * total).scaleb(digits)) - sum(units), len(units))
    by_remainder = sorted(range(len(units)), key=lambda place: (units[place] - scaled[place], place))
    for rank, place in enumerate(by_remainder):
        units[place] += each + (rank < more)
    return tuple(quantize(Decimal(sign * unit).scaleb(-digits), currency) for unit in units)


def _sign(total: Decimal, exact: Sequence[Fraction]) -> int:
    first: Decimal | Fraction = total or next((share for share in exact if share), Fraction(1))
    return -1 if first < 0 else 1


def _discounted(
    amounts: Sequence[Decimal], discounts: Sequence[DiscountTerms], currency: str
) -> tuple[list[Decimal], tuple[Decimal, ...]]:
    left, worths = list(amounts), []
    for terms in discounts:
        worth = _worth(terms, max(zero(currency), sum(left, zero(currency))), currency)
        charged = sum((amount for amount in left if amount > 0), Decimal(0))
        exact = [Fraction(worth) * Fraction(max(amount, Decimal(0))) / Fraction(charged or 1) for amount in left]
        left = [amount - share for amount, share in zip(left, share_out(worth, exact, currency), strict=True)]
        worths.append(worth)
    return left, tuple(worths)


def _worth(terms: DiscountTerms, base: Decimal, currency: str) -> Decimal:
    if terms.fixed_amount is not None:
        return min(quantize(terms.fixed_amount, currency), base)
    return min(quantize(Fraction(base) * Fraction(terms.percentage or 0) / 100, currency), base)


def _taxed(lines: Sequence[LineAmount], currency: str) -> tuple[tuple[TaxTotal, ...], list[Decimal]]:
    """Compute each rule on the sum of its nets, and allocate it to its lines."""
    taxes = [zero(currency) for _ in lines]
    totals = []
    for rule, places in _by_rule([line.rule for line in lines]).items():
        taxable = sum((lines[place].amount for place in places), zero(currency))
        tax = quantize(_exact_tax(taxable, rule), currency)
        _allocate(tax, taxes, [line.amount for line in lines], places, rule, currency)
        totals.append(TaxTotal(rule, taxable, tax))
    return tuple(totals), taxes


def _allocate(
    tax: Decimal, taxes: list[Decimal], nets: Sequence[Decimal], places: Sequence[int], rule: TaxRule, currency: str
) -> None:
    """Write the shares of a rule's tax where its lines are."""
    shares = share_out(tax, [_exact_tax(nets[place], rule) for place in places], currency)
    for place, share in zip(places, shares, strict=True):
        taxes[place] = share


def _by_rule(rules: Sequence[TaxRule | None]) -> Mapping[TaxRule, list[int]]:
    places: dict[TaxRule, list[int]] = {}
    for place, rule in enumerate(rules):
        if rule is not None:
            places.setdefault(rule, []).append(place)
    return places


def _exact_tax(net: Decimal, rule: TaxRule) -> Fraction:
    whole = 100 + Fraction(rule.percentage) if rule.is_inclusive else 100
    return Fraction(net) * Fraction(rule.percentage) / whole


def _tax_back(lines: Sequence[BilledLine], taxable: Decimal, rule: TaxRule, currency: str) -> Decimal:
    billed = sum((line.billed.tax for line in lines), Decimal(0))
    left = billed - sum((line.back_tax for line in lines), Decimal(0))
    net = sum((line.billed.net - line.back_amount + line.back_discount for line in lines), Decimal(0))
    if taxable == net:
        return quantize(left, currency)
    own = quantize(_exact_tax(taxable, rule), currency)
    # More than the lines billed comes back where a change undoes several of them at once.
    return own if taxable > net else max(zero(currency), min(own, left))
