"""OpenMeter's Python SDK in its asynchronous form: the same wire, another transport."""

import asyncio

import pytest
from corehttp.exceptions import ResourceNotFoundError
from openmeter.aio import Client

from tests.clients.sdk import make_event, make_meter


def test_it_ingests_queries_and_lists_asynchronously(client, live_billing, name):
    make_meter(client, name)

    async def use():
        async with Client(endpoint=live_billing.url, token=live_billing.api_key, retry_total=0) as client:
            await client.events.ingest_event(make_event(name, 1))
            await client.events.ingest_events([make_event(name, 2), make_event(name, 4)])
            usage = await client.meters.query_json(name)
            walked = [item.event.id async for item in client.events_v2.list(limit=2, filter={"type": {"$eq": name}})]
            with pytest.raises(ResourceNotFoundError):
                await client.meters.get(f"{name}_other")
            return [row.value for row in usage.data], walked

    values, walked = asyncio.run(use())
    assert values == [7]  # 1 + 2 + 4
    assert len(set(walked)) == 3
