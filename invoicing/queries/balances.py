"""What customers have to their credit, and which money is not placed yet."""

from collections.abc import Iterable
from decimal import Decimal

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Coalesce

from invoicing.models import Allocation, BalanceEntry, Payment, PaymentStatus
from metering.models import NumericField


def balances_of(customer_ids: Iterable[int]) -> dict[int, dict[str, Decimal]]:
    """Return what each customer has to their credit, by currency, in one query; customers without any have no entry."""
    entries = BalanceEntry.objects.filter(customer__in=list(customer_ids))
    last = entries.order_by("customer", "currency", "-sequence").distinct("customer", "currency")
    found: dict[int, dict[str, Decimal]] = {}
    for customer, currency, balance in last.values_list("customer", "currency", "balance"):
        if balance:
            found.setdefault(customer, {})[currency] = balance
    return found


def balance_of(customer_id: int, currency: str) -> Decimal:
    """Return what a customer has to their credit in a currency."""
    return balances_of([customer_id]).get(customer_id, {}).get(currency, Decimal(0))


def unmatched_payments() -> QuerySet[Payment]:
    """Return money that nobody could place yet, or not all of it, oldest first, each with what is `left` of it."""
    came_in = Payment.objects.filter(status=PaymentStatus.SUCCEEDED).annotate(left=_left())
    return came_in.filter(left__gt=0).order_by("received_at", "pk")


def unplaced(payment: Payment) -> Decimal:
    """Return how much of a payment settles no invoice and is on no balance."""
    return Payment.objects.annotate(left=_left()).values_list("left", flat=True).get(pk=payment.pk)


def unplaced_of(payment: Payment) -> Decimal:
    """Return the same of a payment that was read with its allocations and balance entries, without a query."""
    if payment.status != PaymentStatus.SUCCEEDED:
        return Decimal(0)
    amounts = [row.amount for row in payment.allocations.all()] + [row.amount for row in payment.balance_entries.all()]
    return payment.amount - sum(amounts, Decimal(0))


def payments_of(customer_id: int) -> Q:
    """Return what chooses a customer's payments: of their invoices, or placed on these or on their balance."""
    return (
        Q(invoice__customer=customer_id)
        | Q(allocations__invoice__customer=customer_id)
        | Q(balance_entries__customer=customer_id)
    )


def _left() -> CombinedExpression:
    return F("amount") - _placed(Allocation.objects.all()) - _placed(BalanceEntry.objects.all())


def _placed(rows: "QuerySet[Allocation] | QuerySet[BalanceEntry]") -> Coalesce:
    mine = rows.filter(payment=OuterRef("pk")).order_by().values("payment")
    return Coalesce(Subquery(mine.annotate(sum=Sum("amount")).values("sum")), Decimal(0), output_field=NumericField())
