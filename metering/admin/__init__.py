"""The operator's pages of metering; importing the modules registers them."""

from metering.admin import access, clocks, corrections, customers, events, imports, meters, people, subjects

__all__ = ["access", "clocks", "corrections", "customers", "events", "imports", "meters", "people", "subjects"]
