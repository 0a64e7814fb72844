"""The paths of metering under /api/v2."""

from django.urls import path

from metering.api.events import EventPages

urlpatterns = [
    path("events", EventPages.as_view()),
]
