"""Invoices: `/api/v1/billing`."""

from rest_framework.request import Request
from rest_framework.response import Response

from invoicing.api.schema import invoices as describe
from invoicing.models import BillingProfile
from invoicing.serializers.simulation import InvoiceSimulationInput, simulated_output
from invoicing.simulation import LineToSimulate, SimulatedLine, simulate_line
from metering import clock
from metering.api.base import ApiView
from metering.api.customers import find_customer
from metering.errors import DomainError
from metering.models import Customer, Scope
from metering.serializers.fields import checked
from pricing.prices import InvalidPrice


class CustomerDeleted(DomainError):
    status = 412
    code = "customer_deleted"


class LineCannotBePriced(DomainError):
    """A line of a simulation says too little, or what cannot be."""

    code = "invoice_line_cannot_be_priced"


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
            profile=BillingProfile.objects.select_related("app").get(is_default=True),
            currency=currency,
            number=body.validated_data["number"],
            at=clock.now(customer),
        )
        return Response(output)


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
