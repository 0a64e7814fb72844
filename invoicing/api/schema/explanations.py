"""The OpenAPI document on `invoicing.api.explanations`."""

from typing import Any

from drf_spectacular.utils import extend_schema_view
from rest_framework import serializers

from invoicing.models import LineCause
from invoicing.serializers.line_inputs import LinePeriodInput
from metering.api.schema.base import JSON, operation
from metering.api.schema.events import EventOutput
from metering.api.schema.fields import CurrencyField, PageOutput, UlidField
from metering.serializers.fields import PageInput
from pricing.api.schema.rate_cards import NumericField

_TAG = "Billing"
_CSV = {"type": "string"}


class PriceStepOutput(serializers.Serializer[Any]):
    """One sum behind an amount."""

    text = serializers.CharField()
    key = serializers.CharField(allow_blank=True, help_text="Of the detailed line that it makes, empty for none.")
    quantity = NumericField()
    unitAmount = NumericField()
    exact = NumericField()
    amount = NumericField(help_text="Rounded to the digits of the currency.")


class LineAdjustmentOutput(serializers.Serializer[Any]):
    """What somebody gave or took by hand."""

    reason = serializers.CharField()
    amount = NumericField()


class CountedSubjectOutput(serializers.Serializer[Any]):
    subject = serializers.CharField()
    to = serializers.DateTimeField(required=False)

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of Python, so it cannot be declared above.
        return {"from": serializers.DateTimeField(required=False), **super().get_fields()}


class LineStateOutput(serializers.Serializer[Any]):
    """What was known of a service period when it was billed."""

    to = serializers.DateTimeField()
    batch = serializers.IntegerField(required=False, help_text="The last batch of events that counted.")
    part = serializers.CharField(help_text="The share of the whole period that is billed, such as 1 or 15/31.")
    isFinal = serializers.BooleanField(help_text="False for what is billed before its period ended.")
    quantity = NumericField()
    carriedQuantity = NumericField(required=False, help_text="Used before, under an earlier price; it fills tiers.")
    chargesCounted = NumericField(required=False, help_text="Of a minimum: what the other charges come to.")
    subjects = CountedSubjectOutput(many=True)

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of Python, so it cannot be declared above.
        return {"from": serializers.DateTimeField(), **super().get_fields()}


class LineChangeOutput(serializers.Serializer[Any]):
    text = serializers.CharField()
    amountBefore = NumericField()
    amountNow = NumericField()
    difference = NumericField()


class DayOfUsageOutput(serializers.Serializer[Any]):
    day = serializers.DateField()
    quantity = NumericField()


class InvoiceLineExplanationOutput(serializers.Serializer[Any]):
    lineId = UlidField()
    invoiceId = UlidField()
    invoiceNumber = serializers.CharField()
    name = serializers.CharField()
    cause = serializers.ChoiceField(choices=LineCause.values)
    correctsLineId = UlidField(required=False)
    meterSlug = serializers.CharField(required=False)
    filters = serializers.DictField(required=False, help_text="Which groups of the meter count.")
    change = LineChangeOutput(required=False, help_text="Where something was billed of this period before.")
    currency = CurrencyField()
    period = LinePeriodInput()
    timeZone = serializers.CharField()
    quantity = NumericField()
    amount = NumericField()
    steps = PriceStepOutput(many=True)
    adjustments = LineAdjustmentOutput(many=True)
    before = LineStateOutput(allow_null=True)
    now = LineStateOutput(allow_null=True)
    usageByDay = DayOfUsageOutput(many=True)
    eventCount = serializers.IntegerField()


class LineResultOutput(serializers.Serializer[Any]):
    quantity = NumericField()
    amount = NumericField()


class InvoiceLineRecomputationOutput(serializers.Serializer[Any]):
    matches = serializers.BooleanField(help_text="Whether every digit is the same.")
    differences = serializers.ListField(child=serializers.CharField())
    stored = LineResultOutput()
    recomputed = LineResultOutput()
    steps = PriceStepOutput(many=True)


class CountedEventOutput(serializers.Serializer[Any]):
    event = EventOutput()
    ingestedAt = serializers.DateTimeField()
    batch = serializers.IntegerField()


class CountedEventPageOutput(PageOutput):
    items = CountedEventOutput(many=True)


EXPLANATION = extend_schema_view(
    get=operation(
        "explainInvoiceLine",
        _TAG,
        "Explain what a line costs: the steps of its price, what was billed before, usage by day",
        answers={200: InvoiceLineExplanationOutput},
        problems=[404],
    )
)
RECOMPUTATION = extend_schema_view(
    get=operation(
        "recomputeInvoiceLine",
        _TAG,
        "Compute a line again from raw events, at the bounds that it stored",
        answers={200: InvoiceLineRecomputationOutput},
        problems=[404],
    )
)
EVENTS = extend_schema_view(
    get=operation(
        "listInvoiceLineEvents",
        _TAG,
        "List the events that a line counted, newest first; as CSV all of them",
        query=[PageInput],
        answers={200: {JSON: CountedEventPageOutput, "text/csv": _CSV}},
        problems=[404],
    )
)
USAGE = extend_schema_view(
    get=operation(
        "downloadInvoiceLineUsage",
        _TAG,
        "Download the usage by day that a line counted as CSV",
        answers={200: {"text/csv": _CSV}},
        problems=[404],
    )
)
