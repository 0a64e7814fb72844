from dataclasses import asdict

import pytest
from django.core.management import call_command
from django_q.models import Schedule

from billing_site.schedules import SCHEDULES, Timing, sync_schedules

pytestmark = pytest.mark.django_db


def stored():
    fields = ("name", "func", "schedule_type", "minutes")
    return {row.pop("name"): row for row in Schedule.objects.values(*fields)}


def test_they_are_there_after_migrate():
    Schedule.objects.all().delete()
    call_command("migrate", verbosity=0)
    assert stored() == {name: asdict(timing) for name, timing in SCHEDULES.items()}


def test_a_changed_one_is_mended_and_keeps_when_it_runs_next():
    before = Schedule.objects.get(name="Billing run")
    Schedule.objects.filter(pk=before.pk).update(func="invoicing.tasks.gone", schedule_type=Schedule.YEARLY)
    sync_schedules()
    after = Schedule.objects.get(name="Billing run")
    assert (after.pk, after.func, after.schedule_type) == (before.pk, before.func, before.schedule_type)
    assert after.next_run == before.next_run


def test_one_that_left_the_list_is_dropped_and_a_foreign_one_stays(monkeypatch):
    Schedule.objects.create(name="Once ours", func="invoicing.tasks.gone")
    Schedule.objects.create(name="Not ours", func="other.tasks.job")
    monkeypatch.setitem(SCHEDULES, "New", Timing(func="invoicing.tasks.bill_due", schedule_type=Schedule.DAILY))
    sync_schedules()
    assert set(stored()) == {*SCHEDULES, "Not ours"}
