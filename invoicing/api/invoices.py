"""Invoices: `/api/v1/billing/invoices`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from invoicing.api.schema import invoices as describe
from invoicing.api.shown_invoices import loaded, outputs
from invoicing.lifecycle import InvoiceStatus
from invoicing.models import Invoice
from invoicing.queries.gatherings import with_something
from invoicing.queries.profiles import profile_of
from invoicing.serializers.invoices import (
    InvoiceGetInput,
    InvoiceListInput,
    InvoiceReplaceInput,
    party_changes,
    stored_buyer,
    stored_supplier,
)
from invoicing.serializers.line_inputs import line_changes, line_terms
from invoicing.serializers.profiles import query_lists
from invoicing.serializers.simulation import InvoiceSimulationInput, simulated_output
from invoicing.services.gathering import open_missing
from invoicing.services.invoice_replacement import LineToKeep, replace_invoice
from invoicing.services.invoices import delete_invoice
from invoicing.services.manual_lines import LineCannotBePriced, LineTerms
from invoicing.services.pending_lines import CustomerDeleted
from invoicing.simulation import LineToSimulate, SimulatedLine, simulate_line
from invoicing.workflow import Workflow
from metering import clock
from metering.api.base import ApiView
from metering.api.customers import find_customer
from metering.errors import DomainError
from metering.models import Customer, Scope
from metering.serializers.fields import checked
from pricing.models import Feature
from pricing.prices import InvalidPrice

_ORDER = {
    "customer.name": "customer__name",
    "issuedAt": "issued_at",
    "status": "status",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "periodStart": "period_start",
}
_TIMES = {
    "issuedAfter": "issued_at__gte",
    "issuedBefore": "issued_at__lt",
    "periodStartAfter": "period_start__gte",
    "periodStartBefore": "period_start__lt",
    "createdAfter": "created_at__gte",
    "createdBefore": "created_at__lt",
}
_LISTS = ("statuses", "extendedStatuses", "customers", "expand")


class FeatureNotFound(DomainError):
    """A line names a feature that there is not."""

    code = "invoice_line_feature_not_found"


@describe.INVOICES
class Invoices(ApiView):
    def get(self, request: Request) -> Response:
        asked = checked(InvoiceListInput, query_lists(request.query_params, _LISTS)).validated_data
        found = _matching(asked)
        page, size = asked["page"], asked["pageSize"]
        rows = loaded(found)[(page - 1) * size : page * size]
        items = outputs(list(rows), request=request, expand=asked["expand"])
        return Response({"items": items, "page": page, "pageSize": size, "totalCount": found.count()})


@describe.INVOICE
class InvoiceDetail(ApiView):
    def get(self, request: Request, invoice_id: str) -> Response:
        asked = checked(InvoiceGetInput, query_lists(request.query_params, _LISTS)).validated_data
        return Response(
            shown(invoice_id, request=request, expand=asked["expand"], include_removed=asked["includeDeletedLines"])
        )

    def put(self, request: Request, invoice_id: str) -> Response:
        invoice = find_invoice(invoice_id)
        sent = checked(InvoiceReplaceInput, request.data).validated_data
        replace_invoice(
            invoice_id=invoice.pk,
            lines=[_sent_line(line) for line in sent["lines"]],
            workflow=_workflow(invoice, sent["workflow"]["workflow"]),
            terms={
                "description": sent["description"] or "",
                "metadata": sent["metadata"] or {},
                "supplier": party_changes(sent["supplier"], stored_supplier(invoice)),
                "buyer": party_changes(sent["customer"], stored_buyer(invoice)),
            },
            at=clock.now(invoice.customer),
        )
        return Response(shown(invoice_id, request=request))

    def delete(self, request: Request, invoice_id: str) -> Response:
        invoice = find_invoice(invoice_id)
        delete_invoice(invoice_id=invoice.pk, at=clock.now(invoice.customer))
        return Response(status=204)


@describe.SIMULATION
class InvoiceSimulation(ApiView):
    # It stores nothing.
    required_scope = Scope.READ

    def post(self, request: Request, customer_id: str) -> Response:
        customer = find_customer(customer_id)
        if customer.deleted_at is not None:
            raise CustomerDeleted(f"Choose a customer that is not deleted instead of {customer.name}.")
        body = checked(InvoiceSimulationInput, request.data)
        currency = body.validated_data["currency"]
        lines = [_simulated(index, line, currency) for index, line in enumerate(body.asked_lines())]
        output = simulated_output(
            lines,
            customer=customer,
            subject_keys=_subject_keys(customer),
            profile=profile_of(customer),
            currency=currency,
            number=body.validated_data["number"],
            at=clock.now(customer),
        )
        return Response(output)


def find_invoice(invoice_id: str) -> Invoice:
    """
    Return the invoice that a request names, deleted or not, as `outputs` needs it.

    :raises Http404: if there is none.
    """
    found = loaded(Invoice.objects.filter(ulid=invoice_id.upper())).first()
    if found is None:
        raise Http404(f"There is no invoice {invoice_id}. Name one by its id.")
    return found


def shown(
    invoice_id: str, *, request: Request, expand: Sequence[str] = ("lines",), include_removed: bool = False
) -> dict[str, Any]:
    """Return an invoice as it stands now."""
    found = find_invoice(invoice_id)
    return outputs([found], request=request, expand=expand, include_removed=include_removed)[0]


def find_feature(key: str) -> Feature:
    """
    Return the feature that a line names.

    :raises FeatureNotFound: if there is none.
    """
    found = Feature.objects.select_related("meter").filter(key=key, archived_at=None).first()
    if found is None:
        raise FeatureNotFound(f"Name a feature that there is: {key} is none.")
    return found


def _matching(asked: Mapping[str, Any]) -> QuerySet[Invoice]:
    if _includes_gathering(asked):
        customers = Customer.objects.filter(ulid__in=asked["customers"]).values_list("pk", flat=True)
        open_missing(customer_ids=list(customers) if asked["customers"] else None, at=clock.now())
    found = with_something(Invoice.objects.all())
    if statuses := asked["statuses"]:
        of_statuses = Q(status__in=statuses)
        for status in statuses:
            of_statuses |= Q(status__startswith=f"{status}.")
        found = found.filter(of_statuses)
    if extended := asked["extendedStatuses"]:
        found = found.filter(status__in=extended)
    if not asked["includeDeleted"]:
        found = found.exclude(status=InvoiceStatus.DELETED)
    if customer_ids := asked["customers"]:
        found = found.filter(customer__ulid__in=customer_ids)
    found = found.filter(**{field: asked[name] for name, field in _TIMES.items() if name in asked})
    direction = "-" if asked["order"] == "DESC" else ""
    return found.order_by(direction + _ORDER[asked["orderBy"]], direction + "pk")


def _includes_gathering(asked: Mapping[str, Any]) -> bool:
    gathering = str(InvoiceStatus.GATHERING)
    return all(not asked[name] or gathering in asked[name] for name in ("statuses", "extendedStatuses"))


def _sent_line(sent: dict[str, Any]) -> LineToKeep | LineTerms:
    if "id" in sent:
        return LineToKeep(sent["id"], line_changes(sent, find_feature))
    return line_terms(sent, find_feature)


def _workflow(invoice: Invoice, sent: Mapping[str, Any]) -> Workflow:
    invoicing, was = sent["invoicing"], Workflow.from_json(invoice.workflow)
    return replace(
        was,
        is_auto_advancing=invoicing.get("autoAdvance", was.is_auto_advancing),
        draft_period=invoicing.get("draftPeriod", was.draft_period),
        due_after=invoicing.get("dueAfter", was.due_after),
        default_tax_config=invoicing.get("defaultTaxConfig"),
        collection_method=sent["payment"].get("collectionMethod", was.collection_method),
    )


def _simulated(index: int, line: LineToSimulate, currency: str) -> SimulatedLine:
    try:
        return simulate_line(line, currency)
    except InvalidPrice as error:
        field = f"$.lines[{index}].rateCard{error.field.removeprefix('$')}"
        code = error.code or LineCannotBePriced.code
        raise LineCannotBePriced(
            f"{line.name}: {error}",
            extensions={"validationErrors": [{"code": code, "message": str(error), "field": field}]},
        ) from error


def _subject_keys(customer: Customer) -> list[str]:
    return customer.named_subjects(link.subject.key for link in customer.current_links)  # type: ignore[attr-defined]
