"""The OpenAPI document on `metering.api.customers`."""

from drf_spectacular.utils import extend_schema_view

from metering.api.schema.base import operation
from metering.serializers.customers import (
    CustomerGetInput,
    CustomerInput,
    CustomerListInput,
    CustomerOutput,
    CustomerPageOutput,
)

_TAG = "Customers"

CUSTOMERS = extend_schema_view(
    get=operation("listCustomers", _TAG, "List customers", query=CustomerListInput, answer=CustomerPageOutput),
    post=operation(
        "createCustomer",
        _TAG,
        "Create a customer",
        body=CustomerInput,
        answer=CustomerOutput,
        status=201,
        problems=[409],
        is_idempotent=True,
    ),
)
CUSTOMER = extend_schema_view(
    get=operation("getCustomer", _TAG, "Get a customer", query=CustomerGetInput, answer=CustomerOutput, problems=[404]),
    put=operation(
        "updateCustomer",
        _TAG,
        "Replace a customer",
        body=CustomerInput,
        answer=CustomerOutput,
        problems=[404, 409, 412],
    ),
    delete=operation("deleteCustomer", _TAG, "Delete a customer", status=204, problems=[404, 409]),
)
