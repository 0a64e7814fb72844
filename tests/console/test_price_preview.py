"""What a rate card would cost, on the page of a plan and of an add-on, to the cent."""

import re

import pytest
from django.urls import reverse

from pricing.models import Addon, Plan
from pricing.services.plans import publish_plan
from tests.console.plan_inputs import flat, phase, plan_form, sent, usage
from tests.factories import START, FeatureFactory, MeterVersionFactory

NEW = reverse("admin:pricing_plan_preview", args=("new",))


@pytest.fixture
def tokens(db):
    meter = MeterVersionFactory(meter__slug="tokens", group_by={"region": "$.region"}).meter
    return FeatureFactory(key="tokens", meter=meter)


def shown(page):
    assert page.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.content.decode()))


def test_it_shows_the_price_of_a_card_that_is_not_saved(console, tokens):
    card = usage(tokens, "graduated", ("100", "0", ""), ("1000", "0.02", ""), ("", "0.01", "5"), percentage="10")
    form = plan_form(phase(flat(), card)) | {"preview_card": "phases-0-cards-1", "preview_quantity": "1500"}
    page = shown(console.post(NEW, form))
    # (100 x 0 + 900 x 0.02 + 500 x 0.01 + 5) less 10 % = 28 - 1.80 - 0.50 - 0.50
    assert "25.20 USD" in page
    assert "Tier 2: 900 units from 100 to 1,000 at 0.02 each = 18.00" in page
    assert "-1.80 USD" in page
    assert not Plan.objects.exists()


def test_it_shows_the_price_of_a_matrix_by_groups(console, tokens):
    cells = [{"match": "region = eu", "kind": "unit", "amount": "0.03"}]
    rest = [{"kind": "package", "amount": "1", "size": "100"}]
    form = plan_form(phase(usage(tokens, "matrix", dimensions="region", cells=cells, rest=rest)), currency="JPY")
    asked = {"preview_card": "phases-0-cards-0", "preview_groups": "region = eu: 150\nregion = us: 201\n"}
    # 150 x 0.03 = 4.5, rounded to 5 yen; 201 begin 3 packages of 100 at 1 yen.
    assert "8 JPY" in shown(console.post(NEW, form | asked))
    wrong = shown(console.post(NEW, form | asked | {"preview_groups": "region = eu"}))
    assert "Write each line as region = eu, tier = gold: 100" in wrong


def test_it_prices_what_is_stored_of_a_published_plan(console):
    console.post(reverse("admin:pricing_plan_add"), plan_form(phase(flat(amount="19.99"))))
    plan = publish_plan(plan_id=Plan.objects.get().pk, at=START)
    url = reverse("admin:pricing_plan_preview", args=(plan.pk,))
    assert f'hx-get="{url}"' in console.get(reverse("admin:pricing_plan_change", args=(plan.pk,))).content.decode()
    assert "19.99 USD" in shown(console.get(url, {"preview_card": "phases-0-cards-0", "preview_quantity": "5"}))
    assert "Choose a rate card." in shown(console.get(url, {"preview_card": "cards-7"}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"phases-0-cards-0-amount": ""}, "Write amount as a decimal number"),
        ({"phases-0-cards-0-amount": "much"}, "Base fee: Amount: Write a number such as 0.002."),
        ({"preview_quantity": "-1"}, "Quantity: Set it to zero or more."),
        ({"phases-0-cards-0-kind": "none"}, "Base fee has no price"),
    ],
)
def test_it_says_what_keeps_a_card_from_being_priced(console, changes, message):
    form = plan_form(phase(flat())) | {"preview_card": "phases-0-cards-0", "preview_quantity": "1"}
    assert message in shown(console.post(NEW, form | changes))


def test_it_edits_publishes_and_prices_add_ons_alike(console):
    form = {"name": "Seats", "key": "seats", "currency": "USD", "instance_type": "multiple", "cards": [flat()]}
    add = reverse("admin:pricing_addon_add")
    page = console.post(add, sent(**form | {"cards": [flat(amount="")]}))
    assert list(page.context["editor"].rows["cards"][0].errors) == ["amount"]
    assert console.post(add, sent(**form)).status_code == 302
    addon = Addon.objects.get()
    change = reverse("admin:pricing_addon_change", args=(addon.pk,))
    assert console.post(change, sent(**form | {"cards": [flat(amount="25")]})).status_code == 302
    asked = {"preview_card": "cards-0", "preview_quantity": ""}
    assert "25.00 USD" in shown(console.get(reverse("admin:pricing_addon_preview", args=(addon.pk,)), asked))
    for name in ("publish", "next_version", "archive"):
        assert console.post(reverse(f"admin:pricing_addon_{name}_action", args=(addon.pk,)), {}).status_code == 302
    assert [row.effective_to is None for row in Addon.objects.order_by("version")] == [False, True]
    assert "25.00 USD, in advance" in console.get(change).content.decode()
    assert console.post(change, sent(**form)).status_code == 403
