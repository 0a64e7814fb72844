from decimal import Decimal

import pytest

from metering.models import TestClock
from portal.price_words import TierRow, in_words
from pricing.prices import parse_charge
from pricing.services.plan_inputs import PhaseInput
from tests.factories import MemberFactory
from tests.invoicing.agreements import agree, fee, metered, unit
from tests.invoicing.contracts import FEE, TOKENS, day
from tests.portal.pages import rows_of, text_of


def test_it_shows_the_plan_with_its_prices_in_words(portal):
    response = portal.get("/plan/")
    text = text_of(response)
    assert "Pro Active Current period Jan 1 - 31, 2026 Next bill Feb 1, 2026 Since Jan 1, 2026 Currency USD" in text
    assert "Base fee Every month, in advance $20.00" in text
    assert rows_of(response, "Prices of Tokens")[1:] == [["The first 100", "$0.10"], ["Above 100", "$0.05"]]


def test_it_tells_when_a_subscription_ends(portal, customer):
    customer.subscriptions.update(active_to=day(1, 25))
    assert "Ends Jan 25, 2026" in text_of(portal.get("/plan/"))


def test_it_says_so_when_there_is_no_plan(client, db):
    client.force_login(MemberFactory().user)
    assert "No plan at present" in text_of(client.get("/plan/"))


def test_it_tells_a_customer_on_a_test_clock_what_time_it_is(portal):
    TestClock.objects.update(now_at=day(3, 7, 12))
    text = text_of(portal.get("/plan/"))
    assert "Test clock: it is Mar 7, 2026, 12:00:00." in text
    assert "Current period Mar 1 - 31, 2026" in text


@pytest.mark.parametrize(
    ("_case", "price", "cadence", "how"),
    [
        ("in advance", FEE, "P1M", "every month, in advance"),
        ("in arrears", {**FEE, "paymentTerm": "in_arrears"}, "P1Y", "every year, afterwards"),
        ("tiers", TOKENS, "P1M", "billed every month for what you used; each unit costs what its tier says"),
        ("one price", {**TOKENS, "tiers": TOKENS["tiers"][1:]}, "P1W", "billed every week for what you used"),
    ],
)
def test_it_says_how_a_price_is_charged(_case, price, cadence, how):
    assert in_words(parse_charge(price=price), cadence).how == how


def test_it_lists_tiers_from_where_the_one_before_ended():
    words = in_words(parse_charge(price=TOKENS), "P1M")
    assert words.tiers == (
        TierRow(Decimal(0), Decimal(100), Decimal("0.10"), Decimal(0)),
        TierRow(Decimal(100), None, Decimal("0.05"), Decimal(0)),
    )
    assert not words.has_flat_amounts


def test_it_shows_the_phase_of_now_and_what_comes_after_it(client, db):
    trial = PhaseInput([metered(None)], key="trial", name="Trial", duration="P14D")
    paid = PhaseInput([fee("30.00"), metered(unit("0.10"))], key="paid", name="Paid")
    subscription = agree(phases=[trial, paid], at=day(6, 1))
    client.force_login(MemberFactory(customer=subscription.customer).user)
    text = text_of(client.get("/plan/"))
    assert "Phase Trial Current period Jun 1 - 14, 2026 Next bill Jun 15, 2026" in text
    assert "From Jun 15, 2026: Paid Base fee Every month, in advance $30.00" in text
    TestClock.objects.update(now_at=day(6, 20))
    text = text_of(client.get("/plan/"))
    assert "Phase Paid Current period Jun 15 - 30, 2026" in text
    assert "From Jun 15" not in text
