"""Checks of metering's data on the live database, and what the checks of the apps above share."""

from metering.audit import buckets, corrections, days, events
from metering.audit.report import Check, Finding, Scope, stream
from metering.audit.usage import Usage, measure_again

__all__ = ["CHECKS", "Check", "Finding", "Scope", "Usage", "measure_again", "stream"]

CHECKS = (*events.CHECKS, *buckets.CHECKS, *days.CHECKS, *corrections.CHECKS)
