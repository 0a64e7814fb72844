"""The paths of metering under /api/v1."""

from django.urls import path

from metering.api.clocks import TestClockDetail, TestClocks
from metering.api.corrections import (
    AmendEvent,
    CorrectionDetail,
    Corrections,
    MoveSubject,
    UndoCorrection,
    VoidEvents,
)
from metering.api.customers import CustomerDetail, Customers
from metering.api.debug import Metrics
from metering.api.events import Events
from metering.api.info import Currencies
from metering.api.meter_values import MeterGroupValues, MeterSubjects
from metering.api.meters import MeterDetail, Meters
from metering.api.portal import PortalMeterUsage, PortalTokenInvalidation, PortalTokens
from metering.api.progress import QueryProgressDetail
from metering.api.subjects import SubjectDetail, Subjects
from metering.api.usage import MeterUsage

urlpatterns = [
    path("customers", Customers.as_view()),
    path("customers/<path:id_or_key>", CustomerDetail.as_view()),
    path("debug/metrics", Metrics.as_view()),
    path("events", Events.as_view()),
    path("events/amend", AmendEvent.as_view()),
    path("events/corrections", Corrections.as_view()),
    path("events/corrections/<str:correction_id>", CorrectionDetail.as_view()),
    path("events/corrections/<str:correction_id>/undo", UndoCorrection.as_view()),
    path("events/void", VoidEvents.as_view()),
    path("info/currencies", Currencies.as_view()),
    path("info/progress/<path:client_id>", QueryProgressDetail.as_view()),
    path("meters", Meters.as_view()),
    path("meters/<path:id_or_slug>/group-by/<path:key>/values", MeterGroupValues.as_view()),
    path("meters/<path:id_or_slug>/query", MeterUsage.as_view()),
    path("meters/<path:id_or_slug>/subjects", MeterSubjects.as_view()),
    path("meters/<path:id_or_slug>", MeterDetail.as_view()),
    path("portal/meters/<path:slug>/query", PortalMeterUsage.as_view()),
    path("portal/tokens", PortalTokens.as_view()),
    path("portal/tokens/invalidate", PortalTokenInvalidation.as_view()),
    path("subjects", Subjects.as_view()),
    path("subjects/<path:id_or_key>/move", MoveSubject.as_view()),
    path("subjects/<path:id_or_key>", SubjectDetail.as_view()),
    path("test-clocks", TestClocks.as_view()),
    path("test-clocks/<str:clock_id>", TestClockDetail.as_view()),
]
