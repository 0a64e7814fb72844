"""The OpenAPI document is valid, is served, and says of what is built what OpenMeter's document says."""

import json
import re
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator

from tests.openapi_shapes import Document

# The structure of OpenMeter's document (paths, parameters, schemas) lies beside the checkout where it is available.
OPENMETER = Path(__file__).resolve().parents[2] / "shared/openmeter-v1.json"

# Where ours differs, and why: `-` is what OpenMeter's document has, `+` what ours has.
DEVIATIONS = {
    r"/billing/.*- answer .*\.children\[\]\..*(description|metadata|taxes)[\[. ]": "The line has them.",
    r"/billing/.*- answer .*\.children\[\]\..*(externalIds|deletedAt|creditAllocations|discounts)[\[. ]": "The same.",
    r"/billing/.*- answer .*\.creditAllocations[\[. ]": "Credits come later; none is on an invoice.",
    r"/billing/.*- .*\.(correlationId|surcharge|externalIds\.tax) ": "We have none.",
    r"/billing/.*- .*\.(terms\.detail|notes|percent|validationIssues\[\]\.metadata|preceding\[\]\.description) ": (
        "The same."
    ),
    r"/billing/.*- answer .*\.(lines\[\]|amount\[\]|usage\[\])\.externalIds[. ]": "Apps know invoices, not lines.",
    r"/billing/.*- answer .*\.(amount\[\]|usage\[\]|validationIssues\[\])\.deletedAt ": "They go with their line.",
    r"/billing/.*- answer .*\.usage\[\]\.description ": "Its quantity says it.",
    r"/billing/.*- answer .*\.terms\.type is one of instant": "Each has a due date.",
    r"/billing/.*[+-] answer .*\.status is one of .*draft": "Our document names the deleted ones that both answer.",
    r"/billing/.*[+-] .*\.apps\.\w+\.(livemode|maskedAPIKey|stripeAccountId|type|listing)": "Stripe comes later.",
    r"/billing/.*- .*\.recurringPeriod\.interval is one of": "Taken as well, and shown as a duration.",
    r"/billing/.*\.(numberPrefix|creditNotePrefix|zeroInvoices|corrections|spendThresholds|largestTotal) ": (
        "Our own: how a seller numbers, corrects and holds invoices."
    ),
    r"/billing/.*\+ answer .*\.(settled|due) ": "Our own: what of an invoice was paid, and what is left.",
    r"/void: [+-] request ": "All of an invoice is voided, and the body may be left out.",
    r"\+ request .*\.quantityByGroups[\[. ]": "Our own: what was used with which group values, for prices by groups.",
    r"\+ header Idempotency-Key": "Our own: any creating request can be repeated.",
    r"[+-] .*\.annotations ": "We keep nothing of the system's own beside metadata.",
    r"\+ .*\.timeZone ": "Our own: the zone in which a customer's days and periods start.",
    r"\+ .*\.testClockId ": "Our own: the clock on which a customer lives.",
    r"/subscriptions.*: - .*\.deletedAt |- .*\.subscriptions\[\]\.deletedAt ": "A deleted subscription is gone.",
    r"- .*\.phases?(\[\])?\.discounts[ .]": "Rate cards have discounts, phases have none.",
    r"[+-] .*\.included\.entitlement": "The template is shown: nothing is made of it yet.",
    r"[+-] request .*\$\.(plan|customPlan) ": "One shape for both: a plan or a custom plan.",
    r"[+-] request .*\.startAfter ": "May be left out, as its null may be.",
    r"/change: \+ request .*\$\.activate ": "Our own: the old plan may go on until the new one is paid.",
    r"\+ .*\.(awaitsPayment|carriesUsage|minimumAmount|prorateMinimum) ": "Our own: what a plan agrees beside prices.",
    r"\+ answer 200 application/openmetrics-text": "Our own: a scraper that asks by name is answered so.",
    r"\+ answer .*\.verdict ": "Our own: what became of an event.",
    r"\+ answer .*\.verdict\.": "The same.",
    r"POST /api/v1/events: \+ (header Prefer|answer 200)": "Our own: what became of each event, for those who ask.",
    r"POST /api/v1/events: [+-] request .*\.specversion": "OpenMeter takes events without it as well.",
    r"- answer .*\.event\.(datacontenttype|dataschema) ": "Taken with an event, and not kept, as in OpenMeter.",
    r"POST /api/v1/portal/tokens: \+ request .*\.expiresAt": "Read only there by its document, not by its code.",
    r"\+ .*\.price\.(cells|default|dimensions)[ \[]": "Our own: prices by values of a meter's groups.",
    r"\+ .*\.price\.type is one of matrix": "The same.",
    r"\+ .*\.price\.flatPriceAtZeroUsage ": "Our own: whether the first tier is entered without usage.",
    r"\+ .*\.(unitConfig|prorateCommitments)[ .]": "In its v3 document, and our own.",
    r"\+ answer .*\.warnings[ \[]": "Our own: what of a plan may not be meant.",
    r"/plans/\{planId\}/addons.*\+ answer .*\.id ": "In its v3 document: what a plan offers has an id.",
    r"[+-] request .*\.duration ": "The last phase has none, so it may be left out.",
    r"- answer .*\.validationErrors\[\]\.attributes ": "The sentence says what these would.",
    r"- answer .*\.unitCost\.pricing[ .]": "There are no prices of language models yet.",
    r"(features|addons).*- answer .*\$(\[\]|\.items\[\])?\.deletedAt ": "Archived, or gone.",
    r"(/apps|/marketplace/).*(livemode|maskedAPIKey|secretAPIKey|stripe)": "Stripe is not one of our apps yet.",
    r"(/apps|/marketplace/).*(sandbox|no_credentials_required)$": "So there are fewer types, and one way to install.",
    r"(/apps|/marketplace/).*- .*is one of no_credentials_required, with_api_key": "The same.",
    r"\+ answer .*\.backfill[ .]": "Our own: how far a new meter is with older events.",
}
OWN = {
    "GET /api/v1/billing/credit-notes",
    "GET /api/v1/billing/customers/{customerId}/balances",
    "GET /api/v1/billing/invoices/{invoiceId}/credit-notes",
    "GET /api/v1/billing/payments",
    "GET /api/v1/billing/payments/{paymentId}",
    "GET /api/v1/tax-codes",
    "GET /api/v1/tax-rates",
    "POST /api/v1/billing/invoices/{invoiceId}/credit-notes",
    "POST /api/v1/billing/payments",
    "POST /api/v1/billing/payments/{paymentId}/allocations",
    "POST /api/v1/subscriptions/{subscriptionId}/activate",
    "POST /api/v1/tax-codes",
    "POST /api/v1/tax-rates",
    "POST /api/v1/tax-rates/{rateId}/end",
    "GET /api/v1/billing/invoices/{invoiceId}/lines/{lineId}/events",
    "GET /api/v1/billing/invoices/{invoiceId}/lines/{lineId}/explanation",
    "GET /api/v1/billing/invoices/{invoiceId}/lines/{lineId}/recompute",
    "GET /api/v1/billing/invoices/{invoiceId}/lines/{lineId}/usage",
    "GET /api/v1/events/corrections",
    "GET /api/v1/events/corrections/{correctionId}",
    "POST /api/v1/events/amend",
    "POST /api/v1/events/corrections/{correctionId}/undo",
    "POST /api/v1/events/void",
    "POST /api/v1/subjects/{subjectIdOrKey}/move",
    "GET /api/v1/test-clocks",
    "GET /api/v1/test-clocks/{clockId}",
    "POST /api/v1/test-clocks",
    "POST /api/v1/test-clocks/{clockId}/advance",
}


@pytest.fixture(scope="module")
def document():
    return SchemaGenerator().get_schema(request=None, public=True)


@pytest.fixture
def openmeter():
    if not OPENMETER.exists():
        pytest.skip(f"There is no {OPENMETER.name} beside the checkout.")
    return Document(json.loads(OPENMETER.read_text()))


def _differences(ours, theirs, name):
    for kind in ("parameters", "bodies"):
        here = set(getattr(ours, kind)(ours.operations()[name]))
        there = set(getattr(theirs, kind)(theirs.operations()[name]))
        yield from (f"{name}: - {fact}" for fact in sorted(there - here))
        yield from (f"{name}: + {fact}" for fact in sorted(here - there))


def test_it_is_valid_and_describes_every_view(capsys, tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "document.yaml"))
    assert "Warning" not in capsys.readouterr().err


def test_it_says_what_openmeter_says_of_the_operations_that_are_built(document, openmeter):
    ours = Document(document)
    built = ours.operations().keys() & openmeter.operations().keys()
    found = [line for name in sorted(built) for line in _differences(ours, openmeter, name)]
    assert [line for line in found if not any(re.search(rule, line) for rule in DEVIATIONS)] == []
    assert [rule for rule in DEVIATIONS if not any(re.search(rule, line) for line in found)] == []


def test_it_names_operations_as_openmeter_does(document, openmeter):
    ours, theirs = Document(document).operations(), openmeter.operations()
    names = {name: operation["operationId"] for name, operation in ours.items()}
    assert {
        name: found for name, found in names.items() if name in theirs and theirs[name]["operationId"] != found
    } == {}
    assert names.keys() - theirs.keys() == OWN
    assert len(set(names.values())) == len(names)


def test_it_tells_how_much_of_openmeter_is_covered(document, openmeter, capsys):
    ours, theirs = Document(document), openmeter
    built = ours.operations().keys() & theirs.operations().keys()
    missing = sum(": - " in line for name in built for line in _differences(ours, theirs, name))
    facts = sum(
        len({*theirs.parameters(operation), *theirs.bodies(operation)})
        for name, operation in theirs.operations().items()
        if name in built
    )
    with capsys.disabled():
        print(  # noqa: T201 (the share is for whoever runs the tests)
            f"\nOpenMeter's document: {len(built)} of {len(theirs.operations())} operations are built, "
            f"with {1 - missing / facts:.1%} of their {facts} parameters, fields and answers; {len(OWN)} are our own."
        )
    assert len(built) >= 101
    assert missing / facts < 0.1


@pytest.mark.parametrize(
    ("asked", "kind", "read"),
    [
        ({}, "application/json", json.loads),
        ({"headers": {"accept": "application/yaml"}}, "application/yaml; charset=utf-8", yaml.safe_load),
        ({"query_params": {"format": "yaml"}}, "application/yaml; charset=utf-8", yaml.safe_load),
        ({"headers": {"accept": "text/html,*/*"}}, "application/json", json.loads),
    ],
)
def test_it_is_served_to_anybody_as_json_and_yaml(client, document, asked, kind, read):
    response = client.get("/api/schema/", **asked)
    assert (response.status_code, response["Content-Type"]) == (200, kind)
    assert read(response.content)["paths"].keys() == document["paths"].keys()


def test_the_page_that_shows_it_needs_nothing_that_the_content_policy_forbids(client):
    response = client.get("/api/docs/")
    page = response.content.decode()
    assert "'unsafe" not in response["Content-Security-Policy"]
    assert re.findall(r"<(?:script|style)>| style=|https?://", page) == []
    for asset in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        assert client.get(asset).status_code == 200
