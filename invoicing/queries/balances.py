"""What customers have to their credit, and which money is not placed yet."""

from collections.abc import Iterable
from decimal import Decimal

from django.db.models import DecimalField, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from invoicing.models import Allocation, BalanceEntry, Payment, PaymentStatus


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


def placed_payments() -> QuerySet[Payment]:
    """Return money that came in, each payment with `unplaced`: what settles no invoice and is on no balance."""
    zero = Decimal(0)
    return Payment.objects.filter(status=PaymentStatus.SUCCEEDED).annotate(
        unplaced=F("amount")
        - Coalesce(_sum_of(Allocation.objects), zero, output_field=DecimalField())
        - Coalesce(_sum_of(BalanceEntry.objects), zero, output_field=DecimalField())
    )


def unmatched_payments() -> QuerySet[Payment]:
    """Return money that nobody could place yet, or not all of it, oldest first."""
    return placed_payments().filter(unplaced__gt=0).order_by("received_at", "pk")


def unplaced(payment: Payment) -> Decimal:
    """Return how much of a payment settles no invoice and is on no balance."""
    return placed_payments().values_list("unplaced", flat=True).get(pk=payment.pk)


def payments_of(customer_id: int) -> Q:
    """Return what chooses a customer's payments: of their invoices, or placed on these or on their balance."""
    return (
        Q(invoice__customer=customer_id)
        | Q(allocations__invoice__customer=customer_id)
        | Q(balance_entries__customer=customer_id)
    )


def _sum_of(rows: "QuerySet[Allocation] | QuerySet[BalanceEntry]") -> Subquery:
    mine = rows.filter(payment=OuterRef("pk")).order_by().values("payment")
    return Subquery(mine.annotate(sum=Sum("amount")).values("sum"))
