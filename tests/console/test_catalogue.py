"""Meters, features and plans made by form."""

from datetime import timedelta

import pytest
from django.urls import reverse

from metering.models import Meter
from pricing.models import Feature, Plan
from pricing.services.plans import PhaseInput, RateCardInput, create_plan, publish_plan
from tests.factories import START, FeatureFactory, MeterVersionFactory, PlanFactory, PlanPhaseFactory, RateCardFactory

ADD_PLAN = reverse("admin:pricing_plan_add")
_TIER_PARTS = ("up_to", "unit", "flat")


def plan_form(*cards, initial=0, **changes):
    plan = {
        "name": "Pro",
        "key": "pro",
        "currency": "USD",
        "billing_cadence": "P1M",
        "description": "",
        "metadata": "",
        "change_reason": "",
        "cards-TOTAL_FORMS": str(len(cards)),
        "cards-INITIAL_FORMS": str(initial),
    }
    inputs = {f"cards-{number}-{name}": value for number, card in enumerate(cards) for name, value in card.items()}
    return plan | inputs | changes


def flat(**changes):
    return {
        "kind": "flat_fee",
        "name": "Base fee",
        "cadence": "P1M",
        "key": "base_fee",
        "amount": "20",
        "payment_term": "in_advance",
    } | changes


def usage(feature, *tiers, **changes):
    # A browser sends the inputs of flat fees too, though they are hidden.
    hidden = {"key": feature.key, "amount": "", "payment_term": "in_advance"}
    card = {"kind": "usage_based", "name": "Tokens", "cadence": "P1M", "feature": feature.pk} | hidden
    for number, tier in enumerate(tiers):
        card |= {f"tier_{number}_{part}": value for part, value in zip(_TIER_PARTS, tier, strict=True)}
    return card | changes


def test_it_makes_a_meter(console):
    form = {
        "name": "Tokens",
        "slug": "tokens",
        "event_type": "llm_tokens",
        "aggregation": "SUM",
        "value_property": "$.tokens",
        "group_by": "model = $.model\ntype = $.type",
        "event_from_0": "",
        "event_from_1": "",
        "description": "",
        "metadata": "team = inference",
        "change_reason": "",
    }
    assert console.post(reverse("admin:metering_meter_add"), form).status_code == 302
    meter = Meter.objects.get()
    assert (meter.slug, meter.event_type, meter.aggregation, meter.value_property, meter.metadata) == (
        "tokens",
        "llm_tokens",
        "SUM",
        "$.tokens",
        {"team": "inference"},
    )
    assert meter.current_version.group_by == {"model": "$.model", "type": "$.type"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"value_property": ""}, "value property"),
        ({"value_property": "tokens"}, "$"),
        ({"slug": "Not A Slug"}, "slug"),
        ({"group_by": "model = model"}, "model"),
    ],
)
def test_it_refuses_a_meter_that_cannot_measure(console, changes, message):
    form = {"name": "T", "slug": "t", "event_type": "e", "aggregation": "SUM", "value_property": "$.tokens"} | changes
    page = console.post(reverse("admin:metering_meter_add"), form)
    assert page.status_code == 200
    assert message in str(page.context["adminform"].form.errors)
    assert not Meter.objects.exists()


def test_it_changes_a_meters_name_and_nothing_it_counts(console):
    meter = MeterVersionFactory(meter__slug="tokens").meter
    url = reverse("admin:metering_meter_change", args=(meter.pk,))
    fixed = {"event_type": "forged", "group_by": "model = $.model"}
    form = {"name": "All tokens", "description": "", "metadata": "", "change_reason": "", **fixed}
    assert console.post(url, form).status_code == 302
    meter.refresh_from_db()
    assert (meter.name, meter.event_type, meter.versions.count()) == ("All tokens", "request", 1)


def test_it_counts_by_other_groups_in_a_new_version(console):
    meter = MeterVersionFactory(meter__slug="tokens").meter
    url = reverse("admin:metering_meter_change", args=(meter.pk,))
    assert "model = $.model" in console.get(url).content.decode()
    form = {"name": "tokens", "description": "", "metadata": "", "change_reason": "", "group_by": "team = $.team"}
    assert console.post(url, form).status_code == 302
    assert [version.group_by for version in meter.versions.order_by("number")] == [
        {"model": "$.model"},
        {"team": "$.team"},
    ]
    page = console.post(url, form | {"group_by": "subject = $.team"})
    assert "Every meter can be grouped by subject." in page.content.decode()
    assert meter.versions.count() == 2


def test_it_refuses_groups_from_a_page_that_another_browser_has_overtaken(console):
    meter = MeterVersionFactory(meter__slug="tokens").meter
    url = reverse("admin:metering_meter_change", args=(meter.pk,))
    page = console.get(url)
    seen = page.context["adminform"].form["unless_changed_since"].value()
    assert f'name="unless_changed_since" value="{seen}"' in page.content.decode()
    form = {"name": "tokens", "description": "", "metadata": "", "change_reason": "", "unless_changed_since": seen}
    assert console.post(url, form | {"group_by": "model = $.model\nteam = $.team"}).status_code == 302
    page = console.post(url, form | {"group_by": "model = $.model\nregion = $.region", "name": "Mine"})
    assert "somebody has changed it since you opened it" in page.content.decode()
    # As this page was opened before the other's change too, even a name would take the other's groups back.
    assert console.post(url, form | {"group_by": "model = $.model", "name": "Mine"}).status_code == 200
    meter.refresh_from_db()
    groups = {"model": "$.model", "team": "$.team"}
    assert (meter.name, meter.current_version.number, meter.current_version.group_by) == ("tokens", 2, groups)
    again = console.get(url).context["adminform"].form["unless_changed_since"].value()
    assert console.post(url, form | {"group_by": "", "unless_changed_since": again}).status_code == 302
    assert meter.current_version.group_by == {}


def test_it_makes_a_feature_with_filters(console):
    meter = MeterVersionFactory(meter__slug="tokens").meter
    form = {"name": "Large", "key": "large", "meter": meter.pk, "filters": "model = large, xl", "metadata": ""}
    assert console.post(reverse("admin:pricing_feature_add"), form).status_code == 302
    feature = Feature.objects.get()
    assert (feature.key, feature.meter, feature.filters) == ("large", meter, {"model": {"$in": ["large", "xl"]}})


def test_it_drafts_a_plan_with_a_flat_fee_and_tiers(console):
    feature = FeatureFactory(key="tokens")
    card = usage(feature, ("1000", "0.002", ""), ("50000.5", "0.0015", "5"), ("", "0.00000125", ""))
    blank = {"kind": "", "name": "", "cadence": "P1M", "payment_term": "in_advance"}
    assert console.post(ADD_PLAN, plan_form(flat(), card, blank)).status_code == 302
    plan = Plan.objects.get()
    fee, tokens = plan.phases.get().rate_cards.order_by("position")
    assert (plan.version, plan.effective_from, fee.key, tokens.key) == (1, None, "base_fee", "tokens")
    assert fee.price == {"type": "flat", "amount": "20", "paymentTerm": "in_advance"}
    unit = {"type": "unit"}
    assert tokens.price == {
        "type": "tiered",
        "mode": "graduated",
        "tiers": [
            {"upToAmount": "1000", "unitPrice": unit | {"amount": "0.002"}},
            {
                "upToAmount": "50000.5",
                "flatPrice": {"type": "flat", "amount": "5"},
                "unitPrice": unit | {"amount": "0.0015"},
            },
            {"unitPrice": unit | {"amount": "0.00000125"}},
        ],
    }


def test_it_shows_a_draft_as_it_was_written(console):
    feature = FeatureFactory(key="tokens")
    console.post(ADD_PLAN, plan_form(flat(), usage(feature, ("1000", "0.002", ""), ("", "0.001", "5"))))
    plan = Plan.objects.get()
    page = console.get(reverse("admin:pricing_plan_change", args=(plan.pk,)))
    card = page.context["adminform"].form.cards.forms[1]
    assert [[field.value() for field in row] for row in card.tier_rows][:3] == [
        ["1000", "0.002", ""],
        ["", "0.001", "5"],
        [None, None, None],
    ]


def test_it_replaces_one_card_and_removes_another(console):
    feature = FeatureFactory(key="tokens")
    console.post(ADD_PLAN, plan_form(flat(), flat(key="seat", name="Seat"), usage(feature, ("", "0.001", ""))))
    plan = Plan.objects.get()
    cards = (flat(amount="25.50"), flat(key="seat", name="Seat", DELETE="on"), usage(feature, ("", "0.001", "")))
    url = reverse("admin:pricing_plan_change", args=(plan.pk,))
    assert console.post(url, plan_form(*cards, initial=3, name="Pro plus")).status_code == 302
    plan.refresh_from_db()
    kept = plan.phases.get().rate_cards.order_by("position")
    assert plan.name == "Pro plus"
    assert [(card.key, card.price.get("amount")) for card in kept] == [("base_fee", "25.50"), ("tokens", None)]


@pytest.mark.parametrize(
    ("tiers", "field", "message"),
    [
        ([("1000", "0.1", "")], "tier_0_up_to", "Leave it empty in the last tier"),
        ([("", "0.1", ""), ("", "0.2", "")], "tier_0_up_to", "Write where this tier ends"),
        ([("10", "0.1", ""), ("5", "0.2", ""), ("", "1", "")], "tier_1_up_to", "Raise it above 10"),
        ([("", "-1", "")], "tier_0_unit", "Set price per unit of tier 1 to zero or more."),
        ([("", "much", "")], "tier_0_unit", "Write a number such as 0.002"),
        ([], "tier_0_unit", "Write at least one tier"),
    ],
)
def test_it_says_which_tier_is_wrong(console, tiers, field, message):
    page = console.post(ADD_PLAN, plan_form(usage(FeatureFactory(key="tokens"), *tiers)))
    assert page.status_code == 200
    errors = page.context["adminform"].form.cards.forms[0].errors
    assert list(errors) == [field]
    assert message in errors[field][0]
    assert not Plan.objects.exists()


@pytest.mark.parametrize(
    ("card", "field"),
    [
        (flat(key="Base Fee"), "key"),
        (flat(amount=""), "amount"),
        (flat(cadence="P1W"), "cadence"),
    ],
)
def test_it_puts_what_the_service_refuses_beside_the_input(console, card, field):
    page = console.post(ADD_PLAN, plan_form(flat(key="other"), card))
    assert page.status_code == 200
    assert list(page.context["adminform"].form.cards.forms[1].errors) == [field]
    assert "Mend the rate cards marked below." in page.content.decode()
    assert not Plan.objects.exists()


def test_it_refuses_a_second_draft_of_a_plan(console):
    console.post(ADD_PLAN, plan_form(flat()))
    page = console.post(ADD_PLAN, plan_form(flat()))
    assert page.status_code == 200
    assert "a plan has one at a time" in str(page.context["adminform"].form.errors)
    assert Plan.objects.count() == 1


def test_it_publishes_a_plan_and_then_leaves_it_alone(console):
    console.post(ADD_PLAN, plan_form(flat()))
    plan = Plan.objects.get()
    publish = reverse("admin:pricing_plan_publish_action", args=(plan.pk,))
    assert console.post(publish, {"change_reason": "Go"}).status_code == 302
    plan.refresh_from_db()
    assert plan.effective_from is not None
    change = reverse("admin:pricing_plan_change", args=(plan.pk,))
    page = console.get(change).content.decode()
    assert "20.00 USD, in advance" in page
    assert "data-rate-cards" not in page
    assert console.post(change, plan_form(flat(amount="1"), initial=1)).status_code == 403
    assert plan.phases.get().rate_cards.get().price["amount"] == "20"


def test_it_says_what_keeps_a_plan_from_being_published(console):
    plan = PlanPhaseFactory(plan__key="empty").plan
    page = console.post(reverse("admin:pricing_plan_publish_action", args=(plan.pk,)), {})
    assert "Add at least one rate card to the phase" in page.content.decode()
    assert Plan.objects.get(pk=plan.pk).effective_from is None


def test_it_drafts_the_next_version(console):
    card = RateCardFactory(phase__plan__key="pro", price={"type": "flat", "amount": "7", "paymentTerm": "in_arrears"})
    published = publish_plan(plan_id=card.phase.plan_id, at=START + timedelta(days=1))
    url = reverse("admin:pricing_plan_next_version_action", args=(published.pk,))
    assert console.post(url, {}).status_code == 302
    draft = Plan.objects.get(version=2)
    assert (draft.key, draft.effective_from) == ("pro", None)
    assert draft.phases.get().rate_cards.get().price == card.price


def test_it_suggests_only_plans_that_can_be_subscribed_to(console):
    PlanFactory(key="draft")
    active = PlanFactory(key="live", active=True)
    query = {"app_label": "pricing", "model_name": "subscription", "field_name": "plan", "term": ""}
    found = console.get(reverse("admin:autocomplete"), query).json()["results"]
    assert [result["id"] for result in found] == [str(active.pk)]


def test_it_leaves_rate_cards_alone_when_a_draft_is_saved_as_it_was(console):
    feature = FeatureFactory(key="tokens")
    tiers = usage(feature, ("1000.50", "0.0020", ""), ("", "0.001", "5"))
    console.post(ADD_PLAN, plan_form(flat(amount="20.00"), tiers))
    plan = Plan.objects.get()
    before = list(plan.phases.get().rate_cards.order_by("pk").values())
    url = reverse("admin:pricing_plan_change", args=(plan.pk,))
    assert console.post(url, plan_form(flat(amount="20"), tiers, initial=2, description="For teams")).status_code == 302
    plan.refresh_from_db()
    assert plan.description == "For teams"
    assert list(plan.phases.get().rate_cards.order_by("pk").values()) == before


def test_it_keeps_tiers_and_cadences_that_came_through_the_api(console):
    feature = FeatureFactory(key="tokens")
    tiers = [{"upToAmount": str(number), "unitPrice": {"type": "unit", "amount": "1"}} for number in range(1, 12)]
    tiers.append({"unitPrice": {"type": "unit", "amount": "0.5"}})
    card = RateCardInput(
        type="usage_based",
        key="tokens",
        name="Tokens",
        price={"type": "tiered", "mode": "graduated", "tiers": tiers},
        feature=feature,
        billing_cadence="P12M",
    )
    phases = [PhaseInput([card])]
    plan = create_plan(key="pro", name="Pro", currency="USD", billing_cadence="P12M", phases=phases, at=START)
    url = reverse("admin:pricing_plan_change", args=(plan.pk,))
    form = console.get(url).context["adminform"].form
    shown = {field.html_name: field.value() for field in form.cards.forms[0] if field.value()}
    shown = {name: value for name, value in shown.items() if name.startswith("cards-0-")}
    sent = plan_form({}, initial=1, billing_cadence="P12M") | shown | {"cards-0-name": "All tokens"}
    assert console.post(url, sent).status_code == 302
    stored = plan.phases.get().rate_cards.get()
    assert (stored.name, stored.billing_cadence, len(stored.price["tiers"])) == ("All tokens", "P12M", 12)
