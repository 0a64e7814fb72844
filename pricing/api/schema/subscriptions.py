"""The OpenAPI document on `pricing.api.subscriptions` and `pricing.api.customer_subscriptions`."""

from typing import Any

from drf_spectacular.utils import extend_schema_view
from rest_framework import serializers

from metering.api.schema.base import operation
from metering.api.schema.customers import SubscriptionAlignmentOutput, SubscriptionOutput
from metering.api.schema.fields import CurrencyField, PageOutput, UlidField, texts
from pricing.api.schema.features import FeatureOutput
from pricing.api.schema.rate_cards import (
    DiscountsOutput,
    EntitlementTemplateOutputField,
    PriceOutputField,
    TaxConfigOutput,
    UnitConfigOutput,
)
from pricing.serializers.subscription_edits import SubscriptionEditInput
from pricing.serializers.subscription_inputs import (
    CustomerSubscriptionsInput,
    SubscriptionCancelInput,
    SubscriptionChangeInput,
    SubscriptionGetInput,
    SubscriptionInput,
    SubscriptionMigrateInput,
)

_TAG = "Subscriptions"


class PeriodOutput(serializers.Serializer[Any]):
    to = serializers.DateTimeField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `from` is a word of Python, so it cannot be declared above.
        return {"from": serializers.DateTimeField(), **super().get_fields()}


class SubscriptionExpandedAlignmentOutput(SubscriptionAlignmentOutput):
    currentAlignedBillingPeriod = PeriodOutput(required=False)


class SubscriptionItemIncludedOutput(serializers.Serializer[Any]):
    feature = FeatureOutput()
    entitlementTemplate = EntitlementTemplateOutputField(required=False)


class SubscriptionItemOutput(serializers.Serializer[Any]):
    id = UlidField()
    key = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField(required=False)
    metadata = texts(required=False)
    currency = CurrencyField(required=False)
    activeFrom = serializers.DateTimeField()
    activeTo = serializers.DateTimeField(required=False)
    featureKey = serializers.CharField(required=False)
    billingCadence = serializers.CharField(allow_null=True, help_text="An ISO 8601 duration; null bills once.")
    price = PriceOutputField(allow_null=True)
    discounts = DiscountsOutput(required=False)
    unitConfig = UnitConfigOutput(required=False)
    prorateCommitments = serializers.BooleanField(required=False)
    included = SubscriptionItemIncludedOutput(required=False)
    taxConfig = TaxConfigOutput(required=False)
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()


class SubscriptionPhaseExpandedOutput(serializers.Serializer[Any]):
    id = UlidField()
    key = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField(required=False)
    metadata = texts(required=False)
    activeFrom = serializers.DateTimeField()
    activeTo = serializers.DateTimeField(required=False)
    items = SubscriptionItemOutput(many=True, help_text="Those of the time that was asked for.")
    itemTimelines = serializers.DictField(
        child=SubscriptionItemOutput(many=True), help_text="All versions of each item, by its key."
    )
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()


class SubscriptionExpandedOutput(SubscriptionOutput):
    alignment = SubscriptionExpandedAlignmentOutput(required=False)
    phases = SubscriptionPhaseExpandedOutput(many=True)


class SubscriptionPageOutput(PageOutput):
    items = SubscriptionOutput(many=True)


class SubscriptionChangeResponseOutput(serializers.Serializer[Any]):
    current = SubscriptionOutput()
    next = SubscriptionExpandedOutput()


SUBSCRIPTIONS = extend_schema_view(
    post=operation(
        "createSubscription",
        _TAG,
        "Start a subscription",
        body=SubscriptionInput,
        answers={201: SubscriptionOutput},
        problems=[404, 409, 412],
        is_idempotent=True,
    ),
)
SUBSCRIPTION = extend_schema_view(
    get=operation(
        "getSubscription",
        _TAG,
        "Get a subscription with its phases and items",
        query=[SubscriptionGetInput],
        answers={200: SubscriptionExpandedOutput},
        problems=[404],
    ),
    patch=operation(
        "editSubscription",
        _TAG,
        "Edit a subscription",
        body=SubscriptionEditInput,
        answers={200: SubscriptionOutput},
        problems=[404, 409],
    ),
    delete=operation(
        "deleteSubscription",
        _TAG,
        "Delete a subscription that has not started",
        answers={204: None},
        problems=[404],
    ),
)
CUSTOMER_SUBSCRIPTIONS = extend_schema_view(
    get=operation(
        "listCustomerSubscriptions",
        _TAG,
        "List a customer's subscriptions",
        query=[CustomerSubscriptionsInput],
        answers={200: SubscriptionPageOutput},
        problems=[404],
    ),
)
CANCEL = extend_schema_view(
    post=operation(
        "cancelSubscription",
        _TAG,
        "Cancel a subscription",
        body=SubscriptionCancelInput,
        answers={200: SubscriptionOutput},
        problems=[404],
    ),
)
UNSCHEDULE_CANCELATION = extend_schema_view(
    post=operation(
        "unscheduleCancelation",
        _TAG,
        "Let a canceled subscription go on",
        answers={200: SubscriptionOutput},
        problems=[404, 409],
    ),
)
RESTORE = extend_schema_view(
    post=operation(
        "restoreSubscription",
        _TAG,
        "Let a canceled subscription go on in place of what is scheduled to follow",
        answers={200: SubscriptionOutput},
        problems=[404],
        is_deprecated=True,
    ),
)
CHANGE = extend_schema_view(
    post=operation(
        "changeSubscription",
        _TAG,
        "Change a subscription to another plan",
        body=SubscriptionChangeInput,
        answers={200: SubscriptionChangeResponseOutput},
        problems=[404, 409],
        is_idempotent=True,
    ),
)
MIGRATE = extend_schema_view(
    post=operation(
        "migrateSubscription",
        _TAG,
        "Move a subscription to a newer version of its plan",
        body=SubscriptionMigrateInput,
        answers={200: SubscriptionChangeResponseOutput},
        problems=[404, 409],
        is_idempotent=True,
    ),
)
ACTIVATE = extend_schema_view(
    post=operation(
        "activateSubscription",
        _TAG,
        "Say that a change is paid, so that it takes effect now",
        answers={200: SubscriptionChangeResponseOutput},
        problems=[404, 409],
    ),
)
