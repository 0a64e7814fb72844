"""What the installation says about itself, by OpenMeter's Python SDK."""

import pytest
from corehttp.exceptions import ResourceNotFoundError

from tests.clients.sdk import make_event, make_meter


def test_it_lists_currencies(client):
    found = {currency.code: currency for currency in client.currencies.list_currencies()}
    assert (found["EUR"].name, found["EUR"].symbol, found["EUR"].subunits) == ("Euro", "€", 2)
    assert (found["JPY"].subunits, found["TND"].subunits) == (0, 3)


def test_it_counts_the_events_of_today_by_subject(client, name):
    client.events.ingest_events([make_event(name, 1, subject=name, time=None) for _ in range(3)])
    lines = client.debug.metrics().splitlines()
    [line] = [line for line in lines if f'subject="{name}"' in line]
    assert line.split()[0] == f'openmeter_events_total{{subject="{name}"}}'
    assert float(line.split()[1]) == 3
    assert lines[-1] == "# EOF"


def test_it_tells_how_far_a_named_query_is(client, name):
    make_meter(client, name)
    client.events.ingest_event(make_event(name, 1))
    client.meters.query_json(name, client_id=name)
    progress = client.progress.get_progress(name)
    assert (progress.success, progress.failed) == (progress.total, 0)
    assert progress.total >= 1
    with pytest.raises(ResourceNotFoundError):
        client.progress.get_progress(f"{name}-other")
