"""What several people do with one plan at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from pricing.models import Plan
from pricing.services.addons import archive_addon
from pricing.services.features import archive_feature
from pricing.services.plan_addons import attach_addon
from pricing.services.plans import DraftExists, PhaseInput, RateCardInput, create_plan, publish_plan
from tests.factories import AddonFactory, FeatureFactory

pytestmark = pytest.mark.django_db(transaction=True)
AT = datetime(2026, 1, 1, tzinfo=UTC)
UNIT = {"type": "unit", "amount": "0.01"}


def draft():
    cards = [RateCardInput("usage_based", "tokens", "Tokens", UNIT, feature_key="tokens")]
    return create_plan(key="pro", name="Pro", currency="USD", at=AT, phases=[PhaseInput(cards)])


def test_it_drafts_the_first_version_once_when_several_do_so_at_once():
    FeatureFactory(key="tokens")
    barrier = threading.Barrier(4)

    def work(_):
        try:
            barrier.wait(timeout=10)
            return draft()
        except DraftExists as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(work, range(4)))
    assert sum(isinstance(one, DraftExists) for one in found) == 3
    assert [(plan.version, plan.phases.count()) for plan in Plan.objects.all()] == [(1, 1)]


@pytest.mark.parametrize("what", ["feature", "addon"])
def test_whoever_archives_what_a_plan_needs_waits_until_it_is_published(what):
    feature, addon = FeatureFactory(key="tokens"), AddonFactory(active=True)
    plan = draft()
    attach_addon(plan_id=plan.pk, addon_id=addon.pk, from_phase_key="default", at=AT.replace(year=2027))

    def archive():
        try:
            if what == "feature":
                archive_feature(feature_id=feature.pk, at=AT.replace(year=2028))
            else:
                archive_addon(addon_id=addon.pk, at=AT.replace(year=2028))
        finally:
            connection.close()

    with transaction.atomic():
        publish_plan(plan_id=plan.pk, at=AT.replace(year=2027))
        thread = threading.Thread(target=archive)
        thread.start()
        thread.join(timeout=0.5)
        assert thread.is_alive()
    thread.join(timeout=10)
    plan.refresh_from_db()
    assert plan.effective_from is not None
