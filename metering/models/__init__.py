"""The models of metering, for `from metering.models import …`."""

from metering.models.api_key import ApiKey, Scope
from metering.models.base import NumericField, UlidField, tracked
from metering.models.customer import Customer, Member, Subject, SubjectLink, TestClock, TstzRange, same
from metering.models.event import Batch, BatchKind, Event
from metering.models.idempotency import IdempotencyKey
from metering.models.meter import Aggregation, Bucket, Meter, MeterVersion, Series
from metering.models.user import User

__all__ = [
    "Aggregation",
    "ApiKey",
    "Batch",
    "BatchKind",
    "Bucket",
    "Customer",
    "Event",
    "IdempotencyKey",
    "Member",
    "Meter",
    "MeterVersion",
    "NumericField",
    "Scope",
    "Series",
    "Subject",
    "SubjectLink",
    "TestClock",
    "TstzRange",
    "UlidField",
    "User",
    "same",
    "tracked",
]
