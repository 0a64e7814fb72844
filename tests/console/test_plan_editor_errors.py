"""What the plan editor says of a plan that cannot be, and the buttons that only change rows."""

import pytest
from django.urls import reverse

from pricing.models import Plan, VersionStatus
from tests.console.plan_inputs import flat, phase, plan_form, usage
from tests.factories import AddonFactory, FeatureFactory, MeterVersionFactory

ADD_PLAN = reverse("admin:pricing_plan_add")
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def tokens(db):
    return FeatureFactory(key="tokens", meter=MeterVersionFactory(meter__slug="tokens").meter)


def refused(console, form):
    page = console.post(ADD_PLAN, form)
    assert page.status_code == 200
    assert not Plan.objects.exists()
    return page.context["adminform"].form


def complaints(form):
    """Return what is said beside the inputs of rows, by the names of the inputs."""
    rows = [one for row in form.all_rows for one in row.everything()]
    return {f"{row.prefix}-{name}": messages[0] for row in rows for name, messages in row.errors.items()}


@pytest.mark.parametrize(
    ("tiers", "name", "message"),
    [
        ([("1000", "0.1", "")], "tiers-0-up_to", "Leave upToAmount out of the highest tier"),
        ([("", "0.1", ""), ("", "0.2", "")], "tiers-0-up_to", "Give each tier but the highest an upToAmount"),
        ([("10", "0.1", ""), ("10", "0.2", ""), ("", "1", "")], "tiers-1-up_to", "another tier ends at 10 too"),
        ([("", "", ""), ("", "-1", "")], "tiers-1-unit", "Set it to zero or more."),
        ([("", "much", "")], "tiers-0-unit", "Write a number such as 0.002."),
        ([], "kind", "List at least one tier."),
    ],
)
def test_it_says_which_tier_is_wrong(console, tokens, tiers, name, message):
    form = refused(console, plan_form(phase(flat()), phase(usage(tokens, "graduated", *tiers), key="b", name="B")))
    said = complaints(form)
    assert message in said[f"phases-1-cards-0-{name}"]


@pytest.mark.parametrize(
    ("card", "name"),
    [
        (flat(key="Base Fee"), "key"),
        (flat(key=""), "key"),
        (flat(amount=""), "amount"),
        (flat(cadence="P1W"), "cadence"),
        (flat(percentage="120"), "percentage"),
        (flat(minimum="20"), "minimum"),
        (flat(kind="unit", minimum="20", maximum="10"), "maximum"),
        (flat(unit_operation="divide", unit_factor="10"), "unit_operation"),
        (flat(tax_code="x"), "tax_code"),
        (flat(entitlement="static", config="{"), "config"),
        (flat(kind="unit"), "feature"),
        (flat(kind="matrix", dimensions=""), "dimensions"),
    ],
)
def test_it_puts_what_is_refused_beside_the_input(console, card, name):
    form = refused(console, plan_form(phase(flat(key="other"), card)))
    assert f"phases-0-cards-1-{name}" in complaints(form)
    assert form.non_field_errors() == ["Mend what is marked below."]


def test_it_says_everything_that_is_wrong_at_once(console, tokens):
    seats = AddonFactory(key="seats", currency="EUR", active=True)
    first = phase(flat(name=""), duration="soon")
    bad_cell = usage(tokens, "matrix", dimensions="region", cells=[{"match": "planet = x", "kind": "unit"}])
    last = phase(bad_cell, key="last", name="Last")
    # What the form itself sees comes first, what the service refuses once the form can be read.
    said = complaints(refused(console, plan_form(first, last)))
    assert list(said) == ["phases-0-cards-0-name"]
    said = complaints(refused(console, plan_form(first | {"cards": [flat()]}, last)))
    assert said.keys() == {"phases-0-duration", "phases-1-cards-0-cells-0-match"}
    form = refused(console, plan_form(phase(flat()), offers=[{"addon": seats.pk, "from_phase": "gold"}]))
    assert complaints(form).keys() == {"offers-0-addon", "offers-0-from_phase"}


def test_it_refuses_a_second_draft_of_a_plan(console):
    console.post(ADD_PLAN, plan_form(phase(flat())))
    page = console.post(ADD_PLAN, plan_form(phase(flat())))
    assert "a plan has one at a time" in str(page.context["adminform"].form.errors)
    assert Plan.objects.count() == 1


def test_it_asks_which_included_units_are_meant(console, tokens):
    card = usage(tokens, "graduated", ("100", "0", ""), ("", "1", ""), included="250")
    said = complaints(refused(console, plan_form(phase(card))))
    assert said == {
        "phases-0-cards-0-included": "The first tier leaves 100 units free: write as many here, or change it."
    }


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["without script", "htmx"])
def test_it_changes_rows_without_saving_or_complaining(console, headers):
    form = plan_form(phase(flat(name="One"), flat(name="Two", amount="much")), name="")
    for command, names in (
        ("down phases-0-cards-0", ["Two", "One"]),
        ("remove phases-0-cards-1", ["One"]),
        ("add phases-0-cards", ["One", "Two", None]),
        ("up phases-9-cards-x", ["One", "Two"]),
    ):
        page = console.post(ADD_PLAN, form | {"_edit": command}, **headers)
        shown = page.context["editor"]
        assert [card["name"].value() for card in shown.rows["phases"][0].rows["cards"]] == names
        assert complaints(shown) == {}
        assert shown.errors == {}
        assert ("<html" in page.content.decode()) == (not headers)
    assert not Plan.objects.exists()


def test_it_publishes_makes_the_next_version_and_archives(console):
    console.post(ADD_PLAN, plan_form(phase(flat(amount="7"), key="trial", name="Trial", duration="P1M"), phase(flat())))
    plan = Plan.objects.get()
    change = reverse("admin:pricing_plan_change", args=(plan.pk,))
    act = {name: reverse(f"admin:pricing_plan_{name}_action", args=(plan.pk,)) for name in ("publish", "archive")}
    assert "is in force" in console.post(act["publish"], {}, follow=True).content.decode()
    page = console.get(change).content.decode()
    assert "Trial (trial), for P1M" in page
    assert "7.00 USD, in advance" in page
    assert "editor-rows" not in page
    assert console.post(change, plan_form(phase(flat(amount="1")))).status_code == 403
    assert plan.phases.first().rate_cards.get().price["amount"] == "7"
    console.post(reverse("admin:pricing_plan_next_version_action", args=(plan.pk,)), {})
    draft = Plan.objects.get(version=2)
    assert [row.rate_cards.get().price["amount"] for row in draft.phases.order_by("position")] == ["7", "20"]
    assert "is archived" in console.post(act["archive"], {}, follow=True).content.decode()
    plan.refresh_from_db()
    assert plan.status(plan.updated_at) == VersionStatus.ARCHIVED


def test_it_says_what_keeps_a_plan_from_being_published(console):
    console.post(ADD_PLAN, plan_form(phase()))
    plan = Plan.objects.get()
    wanted = "Add at least one rate card to the phase"
    shown = console.get(reverse("admin:pricing_plan_change", args=(plan.pk,))).content.decode()
    refusal = console.post(reverse("admin:pricing_plan_publish_action", args=(plan.pk,)), {}).content.decode()
    assert wanted in shown
    assert wanted in refusal
    assert Plan.objects.get().effective_from is None
