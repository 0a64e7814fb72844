"""A meter over events that were there before, and one with new groups: right from the first query on."""

import pytest

from metering.services.rollups import advance_rollups
from tests.metering.corrected import roll_up, store, void
from tests.metering.doors import event

pytestmark = pytest.mark.django_db
URL = "/api/v1/meters"
TOKENS = {"slug": "tokens", "eventType": "tokens", "aggregation": "SUM", "valueProperty": "$.tokens"}


def _store(*events):
    """Store each event as a batch of its own."""
    return [store(event(str(number), data=data)) for number, data in events]


def _values(api, **asked):
    rows = api.get(f"{URL}/tokens/query", asked).json()["data"]
    return {row["groupBy"].get("region"): row["value"] for row in rows}


def test_it_shows_how_far_backfill_is_and_is_right_all_the_while(api):
    batches = _store((1, {"tokens": 1, "region": "eu"}), (2, {"tokens": 2, "region": "us"}), (3, {"tokens": 4}))
    advance_rollups()
    made = api.post(URL, TOKENS, format="json").json()
    assert made["backfill"] == {"done": 0, "total": batches[-1]}
    void(2)
    assert _values(api) == {None: 5}  # 1 + 4

    advance_rollups(limit=1)
    assert api.get(f"{URL}/tokens").json()["backfill"] == {"done": batches[0], "total": batches[-1]}
    assert api.get(URL).json()[0]["backfill"] == {"done": batches[0], "total": batches[-1]}
    void(1)
    _store((4, {"tokens": 8, "region": "eu"}))
    assert _values(api) == {None: 12}  # 4 + 8

    roll_up()
    assert "backfill" not in api.get(f"{URL}/tokens").json()
    assert _values(api) == {None: 12}


def test_new_groups_answer_at_once_while_they_are_filled(api):
    api.post(URL, {**TOKENS, "groupBy": {"model": "$.model"}}, format="json")
    batches = _store((1, {"tokens": 1, "region": "eu"}), (2, {"tokens": 2, "region": "us"}), (3, {"tokens": 4}))
    roll_up()
    groups = {"model": "$.model", "region": "$.region"}
    changed = api.put(f"{URL}/tokens", {"groupBy": groups}, format="json").json()
    assert (changed["groupBy"], changed["backfill"]) == (groups, {"done": 0, "total": batches[-1]})
    by_region = {"groupBy": "region"}
    assert _values(api, **by_region) == {"eu": 1, "us": 2, "": 4}

    advance_rollups(limit=1)
    void(1)
    _store((4, {"tokens": 8, "region": "us"}))
    assert api.get(f"{URL}/tokens").json()["backfill"]["done"] == batches[0]
    assert _values(api, **by_region) == {"us": 10, "": 4}  # 2 + 8

    roll_up()
    assert "backfill" not in api.get(f"{URL}/tokens").json()
    assert _values(api, **by_region) == {"us": 10, "": 4}


def test_a_meter_without_a_past_needs_no_backfill(api):
    assert "backfill" not in api.post(URL, TOKENS, format="json").json()
    _store((1, {"tokens": 1}))
    assert "backfill" not in api.get(f"{URL}/tokens").json()


def test_groups_that_stay_the_same_make_no_new_version(api):
    groups = {"model": "$.model"}
    api.post(URL, {**TOKENS, "groupBy": groups}, format="json")
    _store((1, {"tokens": 1}))
    roll_up()
    for body in [{"groupBy": groups}, {"name": "Tokens"}, {"groupBy": None}]:
        assert "backfill" not in api.put(f"{URL}/tokens", body, format="json").json()
