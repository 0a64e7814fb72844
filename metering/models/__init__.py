"""The models of metering, for `from metering.models import …`."""

from metering.models.api_key import ApiKey, Scope
from metering.models.audit_run import AuditRun
from metering.models.base import NumericField, UlidField, tracked
from metering.models.correction import (
    CORRECTION_MOVES,
    Correction,
    CorrectionKind,
    CorrectionStatus,
    EventVoid,
    InvalidCorrectionMove,
)
from metering.models.customer import Customer, Member, Subject, SubjectLink, TestClock, TstzRange, same
from metering.models.event import Batch, BatchKind, Event
from metering.models.idempotency import IdempotencyKey
from metering.models.meter import Aggregation, Bucket, BucketValue, DayBucket, DayValue, Meter, MeterVersion, Series
from metering.models.portal_token import PortalToken
from metering.models.progress import EventImport, QueryProgress, SubjectSearch
from metering.models.user import User

__all__ = [
    "CORRECTION_MOVES",
    "Aggregation",
    "ApiKey",
    "AuditRun",
    "Batch",
    "BatchKind",
    "Bucket",
    "BucketValue",
    "Correction",
    "CorrectionKind",
    "CorrectionStatus",
    "Customer",
    "DayBucket",
    "DayValue",
    "Event",
    "EventImport",
    "EventVoid",
    "IdempotencyKey",
    "InvalidCorrectionMove",
    "Member",
    "Meter",
    "MeterVersion",
    "NumericField",
    "PortalToken",
    "QueryProgress",
    "Scope",
    "Series",
    "Subject",
    "SubjectLink",
    "SubjectSearch",
    "TestClock",
    "TstzRange",
    "UlidField",
    "User",
    "same",
    "tracked",
]
