"""Payments and what customers have to their credit: `/api/v1/billing/payments`, `.../customers/{id}/balances`."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from invoicing.api.invoices import find_invoice
from invoicing.api.schema import money as describe
from invoicing.models import Payment
from invoicing.queries.balances import balances_of, payments_of, unmatched_payments, unplaced_of
from invoicing.serializers.money import (
    AllocationInput,
    BankTransferInput,
    PaymentListInput,
    balances_output,
    payment_output,
)
from invoicing.services.bank_transfers import allocate_payment, credit_payment, record_bank_transfer
from metering import clock
from metering.api.base import ApiView, page_output
from metering.api.customers import find_customer
from metering.idempotency import idempotent
from metering.serializers.fields import checked


@describe.PAYMENTS
class Payments(ApiView):
    @idempotent()
    def post(self, request: Request) -> Response:
        sent = checked(BankTransferInput, request.data).validated_data
        invoice = find_invoice(sent["invoiceId"]) if "invoiceId" in sent else None
        customer = find_customer(sent["customerId"]) if "customerId" in sent else None
        payment = record_bank_transfer(
            amount=sent["amount"],
            currency=sent["currency"],
            reference=sent["reference"],
            received_at=sent["receivedAt"],
            invoice_id=invoice.pk if invoice else None,
            customer_id=customer.pk if customer else None,
            at=clock.now(invoice.customer if invoice else customer),
        )
        return Response(_shown(payment.pk), status=201)

    def get(self, request: Request) -> Response:
        asked = checked(PaymentListInput, request.query_params).validated_data
        found = unmatched_payments() if asked["unmatched"] else Payment.objects.order_by("-received_at", "-pk")
        if "customerId" in asked:
            found = found.filter(payments_of(find_customer(asked["customerId"]).pk)).distinct()
        if "invoiceId" in asked:
            found = found.filter(allocations__invoice__ulid=asked["invoiceId"]).distinct()
        return Response(page_output(_loaded(found), asked, _outputs))


@describe.PAYMENT
class PaymentDetail(ApiView):
    def get(self, request: Request, payment_id: str) -> Response:
        return Response(_shown(_find_payment(payment_id).pk))


@describe.ALLOCATIONS
class PaymentAllocations(ApiView):
    @idempotent()
    def post(self, request: Request, payment_id: str) -> Response:
        payment = _find_payment(payment_id)
        sent = checked(AllocationInput, request.data).validated_data
        if "invoiceId" in sent:
            invoice = find_invoice(sent["invoiceId"])
            allocate_payment(
                payment_id=payment.pk,
                invoice_id=invoice.pk,
                amount=sent.get("amount"),
                at=clock.now(invoice.customer),
            )
        else:
            customer = find_customer(sent["customerId"])
            credit_payment(payment_id=payment.pk, customer_id=customer.pk, at=clock.now(customer))
        return Response(_shown(payment.pk), status=201)


@describe.BALANCES
class CustomerBalances(ApiView):
    def get(self, request: Request, customer_id: str) -> Response:
        customer = find_customer(customer_id)
        return Response(balances_output(balances_of([customer.pk]).get(customer.pk, {})))


def _find_payment(payment_id: str) -> Payment:
    found = Payment.objects.filter(ulid=payment_id.upper()).first()
    if found is None:
        raise Http404(f"There is no payment {payment_id}. Name one by its id.")
    return found


def _shown(pk: int) -> dict[str, Any]:
    return _outputs(_loaded(Payment.objects.filter(pk=pk)))[0]


def _loaded(payments: QuerySet[Payment]) -> QuerySet[Payment]:
    found = payments.select_related("invoice")
    return found.prefetch_related("allocations__invoice", "balance_entries__customer")


def _outputs(payments: Iterable[Payment]) -> list[dict[str, Any]]:
    return [payment_output(payment, unplaced_of(payment)) for payment in payments]
