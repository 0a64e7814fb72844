"""What the demo tells a person once it serves."""

from django.conf import settings

from billing_site.demo import company
from billing_site.demo.story import Story, totals
from billing_site.demo.traffic import EVENT_TYPE

_TEXT = """
{seller}: {customers} customers, {events:,} events posted over HTTP, {invoices} invoices issued ({billed} USD),
one open period. Built in {seconds:.0f} seconds. Live requests keep coming in until you press Ctrl-C.

  Operator's console   {base}/admin/     sign in as {operator}
  Customer's portal    {base}/           sign in as {customer}
  The sign-in code appears here, on this terminal. Use two browser profiles to be both at once.
  To see an invoice come into being: console, customer "{tester}", action "To month end".

Post an event of your own. The chart and the open bill show it at the next read:

  curl -i {base}/api/v1/events -H 'Authorization: Bearer {secret}' \\
    -H 'Content-Type: application/cloudevents+json' \\
    -d '{{"id": "mine-1", "source": "curl", "type": "{type}", "subject": "{subject}", "data": {data}}}'

The same with OpenMeter's Python SDK (pip install --pre openmeter):

  from openmeter import Client
  client = Client(endpoint="{base}", token="{secret}")
  event = {{"id": "mine-2", "source": "sdk", "specversion": "1.0", "type": "{type}", "subject": "{subject}"}}
  client.events.ingest_event(event | {{"data": {data}}})

The API's description, to try out: {base}/api/docs/. Commands work on the demo's data, in {folder}, like this:

  BILLING_DATA_DIR={folder} .venv/bin/python manage.py audit

ready {base}
"""
_DATA = '{"model": "lark-large", "input_tokens": 1000000, "output_tokens": 250000}'


def print_summary(*, story: Story, port: int, secret: str, seconds: float) -> None:
    """Print totals, addresses, sign-ins and what to try."""
    print(
        _TEXT.format(
            base=f"http://127.0.0.1:{port}",
            seller=company.SELLER,
            events=story.events,
            seconds=seconds,
            operator=company.OPERATOR_EMAIL,
            customer=story.featured.primary_email,
            subject=story.featured.key,
            tester=story.test_clock_customer.name,
            secret=secret,
            type=EVENT_TYPE,
            data=_DATA,
            folder=settings.DATA_DIR,
            **totals(),
        ),
        flush=True,
    )
