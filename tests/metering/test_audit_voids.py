"""The audit names what is wrong with voids; each corruption is raw SQL."""

import pytest

from tests.metering.voided import corrupt, findings, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _world():
    make_world()


VOID = "(SELECT min(id) FROM metering_eventvoid)"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (f"UPDATE metering_eventvoid SET event_key = gen_random_uuid() WHERE id = {VOID}", "no such event is stored"),
        (
            "UPDATE metering_event SET batch_id = (SELECT max(id) FROM metering_batch) WHERE event_id = '7'",
            "it is older than the event",
        ),
        ("UPDATE metering_batch SET kind = 'link' WHERE kind = 'void'", "found link, then restore"),
        ("UPDATE metering_batch SET kind = 'void' WHERE kind = 'events'", "a batch of kind void brought events"),
        (
            "INSERT INTO metering_eventvoid (event_key, voided_batch_id, restored_batch_id) SELECT event_key,"
            " voided_batch_id - 1, NULL FROM metering_eventvoid WHERE restored_batch_id IS NOT NULL",
            "it begins before the event was restored",
        ),
    ],
)
def test_it_names_a_wrong_void(statement, expected):
    corrupt(statement)
    assert any(expected in found for found in findings())
