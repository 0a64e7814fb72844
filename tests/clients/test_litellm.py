"""LiteLLM's OpenMeter callback, in both of its ways: awaited after an asynchronous call, and called by hand."""

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from tests.clients.sdk import make_meter

_SCRIPT = Path(__file__).parent / "litellm_calls.py"
# Ten tokens in and twenty out, of a model with a known price and of one without: a cost of 1.35e-05, and null.
_MODELS = ["gpt-4o-mini", "openai/none-such"]


@pytest.fixture
def report(live_billing, name):
    """Call models, and have the calls reported as events of the test's own type."""

    def report(**variables):
        done = subprocess.run(
            [sys.executable, str(_SCRIPT), name, *_MODELS],
            env={
                **os.environ,
                "OPENMETER_API_ENDPOINT": live_billing.url,
                "OPENMETER_API_KEY": live_billing.api_key,
                "OPENMETER_EVENT_TYPE": name,
                # Else it asks the network for prices as soon as it is imported.
                "LITELLM_LOCAL_MODEL_COST_MAP": "True",
                **variables,
            },
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        assert "OpenMeter logging error" not in done.stderr
        return json.loads(done.stdout)

    return report


def test_it_counts_every_call_and_adds_up_tokens_and_cost_to_the_digit(client, live_billing, report, name):
    make_meter(client, f"{name}_calls", "COUNT", event_type=name)
    make_meter(client, f"{name}_tokens", event_type=name, value_property="$.total_tokens")
    make_meter(client, f"{name}_cost", event_type=name, value_property="$.cost")
    reported = report()
    assert reported["outside"] == []

    def value(slug):
        answer = live_billing.request(f"/api/v1/meters/{name}_{slug}/query?subject={name}")
        [row] = json.loads(answer.body, parse_float=Decimal)["data"]
        return row["value"]

    assert value("calls") == 3
    assert value("tokens") == 67  # 30 + 30 + 7
    assert value("cost") == Decimal("0.0000485")  # 0.0000135 + null + 0.000035
    listed = {item.event.id: item for item in client.events_v2.list(filter={"type": {"$eq": name}})}
    assert set(reported["ids"]) < set(listed)
    event = listed[reported["ids"][0]].event
    assert (event.source, event.subject, event.data["model"]) == ("litellm-proxy", name, "gpt-4o-mini")
    assert "null" in listed[reported["ids"][1]].validation_error
