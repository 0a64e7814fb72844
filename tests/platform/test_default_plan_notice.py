"""`serve` says that the default plan is missing, and customers are made all the same."""

import json

from tests.live_server import LiveServer


def test_it_says_so_at_the_start_and_for_each_customer(spare_data_dir):
    server = LiveServer(spare_data_dir, variables={"BILLING_DEFAULT_PLAN": "fre"})
    try:
        server.start()
        assert "New customers get no subscription. No version of the plan 'fre' is published" in server.log
        made = server.request(
            "/api/v1/customers", json.dumps({"name": "Acme", "key": "acme"}).encode(), content_type="application/json"
        )
        assert (made.status, "currentSubscriptionId" in made.json()) == (201, False)
        assert "Acme (acme) is made without a subscription." in server.log
    finally:
        server.stop()
