"""The OpenAPI document on `invoicing.api.custom_invoicing`."""

from drf_spectacular.utils import extend_schema_view

from invoicing.serializers.apps import DraftSynchronizedInput, IssuingSynchronizedInput, PaymentStatusInput
from metering.api.schema.base import operation

_TAG = "App: Custom Invoicing"

DRAFT = extend_schema_view(
    post=operation(
        "appCustomInvoicingDraftSynchronized",
        _TAG,
        "Tell that a draft is in the other system",
        body=DraftSynchronizedInput,
        answers={204: None},
        problems=[404],
    ),
)
ISSUING = extend_schema_view(
    post=operation(
        "appCustomInvoicingIssuingSynchronized",
        _TAG,
        "Tell that the other system issued an invoice",
        body=IssuingSynchronizedInput,
        answers={204: None},
        problems=[404],
    ),
)
PAYMENT = extend_schema_view(
    post=operation(
        "appCustomInvoicingUpdatePaymentStatus",
        _TAG,
        "Tell how the payment of an invoice fares",
        body=PaymentStatusInput,
        answers={204: None},
        problems=[404, 409],
    ),
)
