"""Why a line costs what it costs, in words, as the portal and the console both show it."""

import re
from datetime import date
from decimal import Decimal
from html import unescape

import pytest
from django.template.loader import render_to_string

from invoicing.lines import LineState
from invoicing.queries import LineExplanation
from metering.periods import Period
from metering.spans import Span
from pricing.models import RateCardType
from pricing.rating import Step
from tests import factories
from tests.invoicing.contracts import day

pytestmark = pytest.mark.django_db
JANUARY = Period(day(1, 1), day(2, 1))


def state(quantity, bound, subjects):
    return LineState(
        period=JANUARY,
        whole=JANUARY,
        quantity=Decimal(quantity),
        bound=bound,
        spans=tuple(Span(subject, None, None) for subject in subjects),
    )


def explanation(before, now):
    cost = Decimal("15.00")
    step = Step("Tier 1: 1,500 units", Decimal(1500), Decimal("0.01"), cost, cost, "tier_1_usage")
    return LineExplanation(
        steps=(step,), usage_by_day=((date(2026, 1, 5), Decimal(1500)),), event_count=1200, before=before, now=now
    )


def usage_line():
    return factories.InvoiceLineFactory(
        name="Tokens",
        type=RateCardType.USAGE_BASED,
        meter_version=factories.MeterVersionFactory(meter__name="Tokens <used>"),
        filters={"model": {"$in": ["large", "small"]}},
        quantity=Decimal(500),
        amount=Decimal("5.00"),
    )


def rows(line, explained):
    """Return the text of each row and paragraph, cells parted by bars."""
    html = render_to_string("invoicing/_why.html", {"line": line, "explanation": explained})
    found = re.findall(r"<(tr|p)>(.*?)</\1>", html, re.DOTALL)
    texts = (re.sub(r"<[^>]+>", " ", re.sub(r"</t[hd]>\s*<t", "|<t", inner)) for _, inner in found)
    return [unescape(" ".join(text.split())).replace(" |", "|").replace("\N{EN DASH}", "-") for text in texts]


def test_it_tells_the_steps_and_what_was_counted():
    assert rows(usage_line(), explanation(None, state(1500, 7, ["acme"]))) == [
        "Step| Amount",
        "Tier 1: 1,500 units| $15.00",
        "Amount of this line| $5.00",
        "Counted by the meter Tokens <used>: 1,200 events, model large or small.",
        "In the time zone UTC| On this invoice",
        "Usage of| Jan 1 - 31, 2026",
        "Sent under| acme",
        "Received up to batch| 7",
        "Quantity| 1,500",
    ]


def test_it_sets_what_was_billed_before_beside_it():
    before, now = state(1000, 7, ["acme"]), state(1500, 9, ["acme", "acme-eu"])
    assert rows(usage_line(), explanation(before, now))[2:] == [
        "Amount of this line, less what was billed before| $5.00",
        "Counted by the meter Tokens <used>: 1,200 events, model large or small.",
        "In the time zone UTC| Billed before| Now",
        "Usage of| Jan 1 - 31, 2026| Jan 1 - 31, 2026",
        "Sent under| acme| acme, acme-eu",
        "Received up to batch| 7| 9",
        "Quantity| 1,000| 1,500",
    ]


def test_it_names_a_few_of_many_subjects():
    many = [f"<device {n}>" for n in range(1, 8)]
    named = "<device 1>, <device 2>, <device 3>, <device 4>, <device 5> and others, 7 in all"
    assert f"Sent under| {named}" in rows(usage_line(), explanation(None, state(1, 7, many)))
    assert "Sent under| nobody" in rows(usage_line(), explanation(None, state(1, 7, [])))


def test_a_fee_counts_nothing():
    line = factories.InvoiceLineFactory(name="Base fee")
    assert rows(line, explanation(None, state(1, None, []))) == [
        "Step| Amount",
        "Tier 1: 1,500 units| $15.00",
        "Amount of this line| $20.00",
    ]
