"""One factory per model; each makes one valid row, in a world that starts on 1 January 2026, and knows no services."""

import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import factory
from factory import LazyAttribute, LazyFunction, SelfAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory

from invoicing import models as invoicing
from metering import models as metering
from metering.identity import event_key, text_hash
from pricing import models as pricing

START = datetime(2026, 1, 1, tzinfo=UTC)
API_SECRET = "bil_only_for_tests_0000"


class UserFactory(DjangoModelFactory):
    class Meta:
        model = metering.User
        skip_postgeneration_save = True

    email = Sequence(lambda n: f"user{n}@acme.example")
    name = "Accounts"
    password = factory.django.Password("not-a-real-password")

    class Params:
        operator = factory.Trait(is_staff=True, is_superuser=True)


class ApiKeyFactory(DjangoModelFactory):
    """A key whose secret is `API_SECRET` and a number; `secret=` sets another."""

    class Meta:
        model = metering.ApiKey

    class Params:
        secret = Sequence(lambda n: f"{API_SECRET}{n}")

    name = Sequence(lambda n: f"key {n}")
    prefix = LazyAttribute(lambda key: key.secret[:12])
    secret_hash = LazyAttribute(lambda key: hashlib.sha256(key.secret.encode()).digest())
    scopes = [metering.Scope.ADMIN]
    created_at = START


class PortalTokenFactory(DjangoModelFactory):
    """A token for all meters that expires long after the tests' world; `secret=` sets its secret."""

    class Meta:
        model = metering.PortalToken

    class Params:
        secret = Sequence(lambda n: f"bil_portal_only_for_tests_{n}")

    subject = "subject"
    secret_hash = LazyAttribute(lambda token: hashlib.sha256(token.secret.encode()).digest())
    created_at = START
    expires_at = START + timedelta(days=36_500)


class QueryProgressFactory(DjangoModelFactory):
    class Meta:
        model = metering.QueryProgress

    client_id = Sequence(lambda n: f"client-{n}")
    client_hash = LazyAttribute(lambda progress: text_hash(progress.client_id))
    total = 1
    updated_at = START


class SubjectSearchFactory(DjangoModelFactory):
    class Meta:
        model = metering.SubjectSearch

    name = Sequence(lambda n: f"search-{n}")
    updated_at = START


class TestClockFactory(DjangoModelFactory):
    __test__ = False

    class Meta:
        model = metering.TestClock

    name = Sequence(lambda n: f"Clock {n}")
    now_at = START
    created_at = START


class CustomerFactory(DjangoModelFactory):
    class Meta:
        model = metering.Customer

    key = Sequence(lambda n: f"customer-{n}")
    name = Sequence(lambda n: f"Customer {n} Ltd")
    created_at = START
    updated_at = START


class MemberFactory(DjangoModelFactory):
    class Meta:
        model = metering.Member

    customer = SubFactory(CustomerFactory)
    user = SubFactory(UserFactory)
    created_at = START


class BatchFactory(DjangoModelFactory):
    class Meta:
        model = metering.Batch

    received_at = START


class SubjectFactory(DjangoModelFactory):
    class Meta:
        model = metering.Subject

    key = Sequence(lambda n: f"subject-{n}")
    key_hash = LazyAttribute(lambda subject: text_hash(subject.key))
    created_at = START
    updated_at = START


class SubjectLinkFactory(DjangoModelFactory):
    class Meta:
        model = metering.SubjectLink

    subject = SubFactory(SubjectFactory)
    customer = SubFactory(CustomerFactory)
    made_batch = SubFactory(BatchFactory, kind=metering.BatchKind.LINK, is_rolled_up=True)
    created_at = START


class EventFactory(DjangoModelFactory):
    """An event of 10 tokens; it is in a batch that waits for roll-up."""

    class Meta:
        model = metering.Event

    source = "tests"
    event_id = Sequence(lambda n: f"event-{n}")
    key = LazyAttribute(lambda event: event_key(event.source, event.event_id))
    type = "request"
    subject = "subject"
    time = START
    time_was_sent = True
    data = {"tokens": 10, "model": "large"}
    batch = SubFactory(BatchFactory, accepted=1, first_event_at=SelfAttribute("..time"))


class CorrectionFactory(DjangoModelFactory):
    """A void of one event that is done."""

    class Meta:
        model = metering.Correction

    kind = metering.CorrectionKind.VOID
    status = metering.CorrectionStatus.DONE
    filter = {"id": "event"}
    reason = "Sent twice"
    bound = 0
    matched = 1
    done = 1
    voided = 1
    created_at = START
    finished_at = START


class EventVoidFactory(DjangoModelFactory):
    """A void of one event that still holds."""

    class Meta:
        model = metering.EventVoid

    event_key = LazyFunction(lambda: EventFactory().key)
    voided_batch = SubFactory(
        BatchFactory, kind=metering.BatchKind.VOID, is_rolled_up=True, correction=SubFactory(CorrectionFactory)
    )


class EventImportFactory(DjangoModelFactory):
    """A file of 100 bytes that was read to its middle."""

    class Meta:
        model = metering.EventImport

    hash = Sequence(lambda n: hashlib.sha256(str(n).encode()).digest())
    name = Sequence(lambda n: f"usage-{n}.csv")
    columns = [["type", "llm_tokens"]]
    size = 100
    position = 50
    line = 5
    created_at = START
    updated_at = START


class MeterFactory(DjangoModelFactory):
    """A SUM of `$.tokens`; it has no version yet, see `MeterVersionFactory`."""

    class Meta:
        model = metering.Meter

    slug = Sequence(lambda n: f"meter_{n}")
    name = LazyAttribute(lambda meter: meter.slug)
    event_type = "request"
    aggregation = metering.Aggregation.SUM
    value_property = "$.tokens"
    created_at = START
    updated_at = START


class MeterVersionFactory(DjangoModelFactory):
    """The first version of a new meter, grouped by model and read from raw events until it is back-filled."""

    class Meta:
        model = metering.MeterVersion

    meter = SubFactory(MeterFactory)
    number = 1
    group_by = {"model": "$.model"}
    floor_batch = 0
    created_at = START


class SeriesFactory(DjangoModelFactory):
    class Meta:
        model = metering.Series

    meter_version = SubFactory(MeterVersionFactory)
    subject = "subject"
    subject_hash = LazyAttribute(lambda series: text_hash(series.subject))
    group_values = ["large"]
    hash = Sequence(lambda n: text_hash(f"series {n}"))


class BucketFactory(DjangoModelFactory):
    class Meta:
        model = metering.Bucket

    series = SubFactory(SeriesFactory)
    start_at = START
    events = 1
    values = 1
    sum = Decimal(10)
    first_at = START
    last_at = START
    max_batch = 1


class BucketValueFactory(DjangoModelFactory):
    class Meta:
        model = metering.BucketValue

    bucket = SubFactory(BucketFactory)
    hash = Sequence(lambda n: text_hash(str(n)))


class DayBucketFactory(DjangoModelFactory):
    class Meta:
        model = metering.DayBucket

    series = SubFactory(SeriesFactory)
    start_at = START
    events = 1
    values = 1
    sum = Decimal(10)
    first_at = START
    last_at = START
    max_batch = 1


class DayValueFactory(DjangoModelFactory):
    class Meta:
        model = metering.DayValue

    bucket = SubFactory(DayBucketFactory)
    hash = Sequence(lambda n: text_hash(str(n)))


class IdempotencyKeyFactory(DjangoModelFactory):
    class Meta:
        model = metering.IdempotencyKey

    api_key = SubFactory(ApiKeyFactory)
    key = Sequence(lambda n: f"request-{n}")
    request_hash = bytes(32)
    status = 201
    body = "{}"
    created_at = START


class FeatureFactory(DjangoModelFactory):
    """A feature on a meter that has a version."""

    class Meta:
        model = pricing.Feature

    class Params:
        version = SubFactory(MeterVersionFactory)

    key = Sequence(lambda n: f"feature_{n}")
    name = "Tokens"
    meter = SelfAttribute("version.meter")
    created_at = START
    updated_at = START


class PlanFactory(DjangoModelFactory):
    """A draft without phases; `active=True` makes it take effect at the start."""

    class Meta:
        model = pricing.Plan

    class Params:
        active = factory.Trait(effective_from=START)

    key = Sequence(lambda n: f"plan_{n}")
    version = 1
    name = "Pro"
    currency = "USD"
    created_at = START
    updated_at = START


class PlanPhaseFactory(DjangoModelFactory):
    class Meta:
        model = pricing.PlanPhase

    plan = SubFactory(PlanFactory)


class RateCardFactory(DjangoModelFactory):
    """A flat fee of 20 a month, in advance."""

    class Meta:
        model = pricing.RateCard

    phase = SubFactory(PlanPhaseFactory)
    type = pricing.RateCardType.FLAT_FEE
    key = Sequence(lambda n: f"fee_{n}")
    name = "Base fee"
    price = {"type": "flat", "amount": "20", "paymentTerm": "in_advance"}

    class Params:
        usage = factory.Trait(
            type=pricing.RateCardType.USAGE_BASED,
            name="Tokens",
            feature=SubFactory(FeatureFactory),
            key=SelfAttribute("feature.key"),
            price={"type": "unit", "amount": "0.01"},
        )


class AddonFactory(DjangoModelFactory):
    """A draft without rate cards; `active=True` makes it take effect at the start."""

    class Meta:
        model = pricing.Addon

    class Params:
        active = factory.Trait(effective_from=START)

    key = Sequence(lambda n: f"addon_{n}")
    version = 1
    name = "Extra"
    currency = "USD"
    created_at = START
    updated_at = START


class AddonRateCardFactory(DjangoModelFactory):
    """A flat fee of 5 a month, in advance."""

    class Meta:
        model = pricing.AddonRateCard

    addon = SubFactory(AddonFactory)
    type = pricing.RateCardType.FLAT_FEE
    key = Sequence(lambda n: f"extra_{n}")
    name = "Extra fee"
    price = {"type": "flat", "amount": "5", "paymentTerm": "in_advance"}


class PlanAddonFactory(DjangoModelFactory):
    class Meta:
        model = pricing.PlanAddon

    plan = SubFactory(PlanFactory)
    addon = SubFactory(AddonFactory, active=True)
    from_phase_key = "default"
    created_at = START
    updated_at = START


class SubscriptionFactory(DjangoModelFactory):
    class Meta:
        model = pricing.Subscription

    customer = SubFactory(CustomerFactory, currency="USD")
    plan = SubFactory(PlanFactory, active=True)
    name = SelfAttribute("plan.name")
    currency = SelfAttribute("plan.currency")
    billing_cadence = "P1M"
    billing_anchor = START
    time_zone = "UTC"
    active_from = START
    created_at = START
    updated_at = START


class SubscriptionPhaseFactory(DjangoModelFactory):
    """The one phase of a subscription; a second item of it shares the row."""

    class Meta:
        model = pricing.SubscriptionPhase
        django_get_or_create = ("subscription", "key")

    subscription = SubFactory(SubscriptionFactory)
    key = "default"
    name = "Default"
    position = 0
    active_from = SelfAttribute("subscription.active_from")
    created_at = START
    updated_at = START


class SubscriptionItemFactory(DjangoModelFactory):
    """A flat fee of 20 a month, in advance; `usage=True` makes it 0.01 per token."""

    class Meta:
        model = pricing.SubscriptionItem

    subscription = SubFactory(SubscriptionFactory)
    customer = SelfAttribute("subscription.customer")
    phase = SubFactory(SubscriptionPhaseFactory, subscription=SelfAttribute("..subscription"))
    key = Sequence(lambda n: f"fee_{n}")
    name = "Base fee"
    type = pricing.RateCardType.FLAT_FEE
    billing_cadence = "P1M"
    price = {"type": "flat", "amount": "20", "paymentTerm": "in_advance"}
    active_from = SelfAttribute("subscription.active_from")
    created_at = START
    updated_at = START

    class Params:
        usage = factory.Trait(
            type=pricing.RateCardType.USAGE_BASED,
            name="Tokens",
            feature=SubFactory(FeatureFactory),
            key=SelfAttribute("feature.key"),
            price={"type": "unit", "amount": "0.01"},
        )


class SubscriptionAddonFactory(DjangoModelFactory):
    class Meta:
        model = pricing.SubscriptionAddon

    subscription = SubFactory(SubscriptionFactory)
    addon = SubFactory(AddonFactory, active=True)
    name = SelfAttribute("addon.name")
    created_at = START
    updated_at = START


class AddonQuantityFactory(DjangoModelFactory):
    class Meta:
        model = pricing.AddonQuantity

    subscription_addon = SubFactory(SubscriptionAddonFactory)
    effective_at = SelfAttribute("subscription_addon.subscription.active_from")
    quantity = 1
    created_at = START


class AppFactory(DjangoModelFactory):
    class Meta:
        model = invoicing.App

    type = invoicing.AppType.SANDBOX
    name = "Sandbox"
    created_at = START
    updated_at = START


class CustomerAppDataFactory(DjangoModelFactory):
    class Meta:
        model = invoicing.CustomerAppData

    customer = SubFactory(CustomerFactory)
    app = SubFactory(AppFactory)
    created_at = START
    updated_at = START


class BillingProfileFactory(DjangoModelFactory):
    """A seller beside the default one."""

    class Meta:
        model = invoicing.BillingProfile

    name = Sequence(lambda n: f"Seller {n}")
    app = SubFactory(AppFactory)
    supplier_name = SelfAttribute("name")
    number_prefix = Sequence(lambda n: f"S{n}-")
    collection_interval = timedelta(hours=1)
    due_after = timedelta(days=30)
    created_at = START
    updated_at = START


class InvoiceSequenceFactory(DjangoModelFactory):
    class Meta:
        model = invoicing.InvoiceSequence

    profile = SubFactory(BillingProfileFactory)


class InvoiceFactory(DjangoModelFactory):
    """A draft of January 2026; `issued=True` numbers it."""

    class Meta:
        model = invoicing.Invoice

    customer = SubFactory(CustomerFactory)
    profile = SubFactory(BillingProfileFactory)
    draft_number = Sequence(lambda n: f"DRAFT-{n}")
    currency = "USD"
    status = invoicing.InvoiceStatus.DRAFT_COLLECTING
    billed_at = datetime(2026, 2, 1, tzinfo=UTC)
    period_start = START
    period_end = datetime(2026, 2, 1, tzinfo=UTC)
    amount = SelfAttribute("total")
    total = Decimal("20.00")
    created_at = datetime(2026, 2, 1, tzinfo=UTC)
    updated_at = SelfAttribute("created_at")

    class Params:
        issued = factory.Trait(
            status=invoicing.InvoiceStatus.ISSUED,
            sequence_number=Sequence(lambda n: n + 1),
            number=LazyAttribute(lambda invoice: f"{invoice.profile.number_prefix}{invoice.sequence_number}"),
            issued_at=datetime(2026, 2, 1, 2, tzinfo=UTC),
            due_at=datetime(2026, 3, 3, 2, tzinfo=UTC),
        )


class InvoiceLineFactory(DjangoModelFactory):
    """The flat fee of 20 for January 2026."""

    class Meta:
        model = invoicing.InvoiceLine

    invoice = SubFactory(InvoiceFactory)
    position = Sequence(lambda n: n % 30_000)
    subscription_item = SubFactory(SubscriptionItemFactory, subscription__customer=SelfAttribute("...invoice.customer"))
    name = SelfAttribute("subscription_item.name")
    type = SelfAttribute("subscription_item.type")
    price = SelfAttribute("subscription_item.price")
    currency = SelfAttribute("invoice.currency")
    period_start = SelfAttribute("invoice.period_start")
    period_end = SelfAttribute("invoice.period_end")
    invoice_at = SelfAttribute("invoice.billed_at")
    now = {}
    quantity = Decimal(1)
    amount = Decimal("20.00")
    trace = []
    created_at = SelfAttribute("invoice.created_at")
    updated_at = SelfAttribute("created_at")


class DetailedLineFactory(DjangoModelFactory):
    class Meta:
        model = invoicing.DetailedLine

    line = SubFactory(InvoiceLineFactory)
    position = 0
    key = "flat"
    name = "Base fee"
    category = "regular"
    quantity = Decimal(1)
    unit_amount = Decimal("20.00")
    amount = Decimal("20.00")


class InvoiceDocumentFactory(DjangoModelFactory):
    class Meta:
        model = invoicing.InvoiceDocument

    invoice = SubFactory(InvoiceFactory, issued=True)
    content = b"%PDF-"
    sha256 = LazyAttribute(lambda document: hashlib.sha256(document.content).digest())
    created_at = SelfAttribute("invoice.issued_at")


class PaymentFactory(DjangoModelFactory):
    class Meta:
        model = invoicing.Payment

    invoice = SubFactory(InvoiceFactory, issued=True)
    attempt = 1
    provider = "sandbox"
    currency = SelfAttribute("invoice.currency")
    amount = SelfAttribute("invoice.total")
    status = invoicing.PaymentStatus.SUCCEEDED
    received_at = SelfAttribute("created_at")
    created_at = SelfAttribute("invoice.issued_at")


class BillingRunFactory(DjangoModelFactory):
    class Meta:
        model = invoicing.BillingRun

    as_of = datetime(2026, 2, 1, tzinfo=UTC)
    bound = 0
    started_at = datetime(2026, 2, 1, tzinfo=UTC)
    finished_at = datetime(2026, 2, 1, 0, 1, tzinfo=UTC)


class AuditRunFactory(DjangoModelFactory):
    class Meta:
        model = metering.AuditRun

    started_at = START
    finished_at = START + timedelta(minutes=1)
    checks = [[8, "Invoice numbers have no gap", 0]]


class AllocationFactory(DjangoModelFactory):
    class Meta:
        model = invoicing.Allocation

    payment = SubFactory(PaymentFactory)
    invoice = SelfAttribute("payment.invoice")
    amount = SelfAttribute("payment.amount")
    created_at = SelfAttribute("payment.created_at")


class BalanceEntryFactory(DjangoModelFactory):
    """Five to the customer's credit, their first movement."""

    class Meta:
        model = invoicing.BalanceEntry

    customer = SubFactory(CustomerFactory)
    currency = "USD"
    sequence = 1
    amount = Decimal("5.00")
    balance = Decimal("5.00")
    reason = "Overpaid"
    created_at = START


class ParkedCustomerFactory(DjangoModelFactory):
    class Meta:
        model = invoicing.ParkedCustomer

    customer = SubFactory(CustomerFactory)
    code = "subscription_item_cannot_be_priced"
    reason = "The price of 'Tokens' cannot be read."
    parked_at = START


class CustomerBillingFactory(DjangoModelFactory):
    class Meta:
        model = invoicing.CustomerBilling

    customer = SubFactory(CustomerFactory)
    profile = SubFactory(BillingProfileFactory)
    created_at = START
    updated_at = START


class UsageChangeFactory(DjangoModelFactory):
    class Meta:
        model = invoicing.UsageChange

    customer = SubFactory(CustomerFactory)
    since_batch = 1
    from_at = START
    to_at = START + timedelta(days=1)


class ChangeWatermarkFactory(DjangoModelFactory):
    class Meta:
        model = invoicing.ChangeWatermark
        django_get_or_create = ("id",)

    id = True


class InvoiceDiscountFactory(DjangoModelFactory):
    class Meta:
        model = invoicing.InvoiceDiscount

    invoice = SubFactory(InvoiceFactory)
    position = 0
    name = "Goodwill"
    percentage = Decimal(10)
    created_at = SelfAttribute("invoice.created_at")


class TaxCodeFactory(DjangoModelFactory):
    class Meta:
        model = invoicing.TaxCode

    key = Sequence(lambda n: f"code-{n}")
    name = "Software"
    created_at = START


class TaxRateFactory(DjangoModelFactory):
    class Meta:
        model = invoicing.TaxRate

    name = "VAT"
    country = Sequence(lambda n: f"{chr(65 + n // 26 % 26)}{chr(65 + n % 26)}")
    percentage = Decimal(19)
    valid_from = START
    created_at = START
    updated_at = START


class InvoiceTaxFactory(DjangoModelFactory):
    class Meta:
        model = invoicing.InvoiceTax

    invoice = SubFactory(InvoiceFactory)
    position = 0
    name = "VAT"
    country = "DE"
    percentage = Decimal(19)
    behavior = "exclusive"
    taxable = Decimal("20.00")
    amount = Decimal("3.80")
