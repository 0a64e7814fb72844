"""What the console asks before it changes a subscription."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import QuerySet
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextInputWidget,
)

from metering.admin.pages import ActionForm
from metering.models import Customer
from pricing.admin.subscription_words import when
from pricing.contract_periods import billing_period
from pricing.models import Addon, Plan, Subscription, SubscriptionAddon
from pricing.services.subscriptions.timing import Timing

NOW, NEXT_CYCLE, ON_PAYMENT = "immediate", "next_billing_cycle", "on_payment"
_BOUNDS = 12
_PHASE_HELP = "Key of the phase to begin in, such as one after a trial. Empty: the first."


def timing_of(data: dict[str, Any]) -> Timing:
    """Return the timing that a form's choice stands for."""
    match data["timing"]:
        case "immediate" | "on_payment":
            return "immediate"
        case "next_billing_cycle":
            return "next_billing_cycle"
        case time:
            return datetime.fromisoformat(time)


def newer_versions(subscription: Subscription) -> QuerySet[Plan]:
    """Return the published versions of a subscription's plan that are newer, the newest first."""
    plan = subscription.plan
    if plan is None:
        return Plan.objects.none()
    newer = Plan.objects.filter(key=plan.key, version__gt=plan.version, deleted_at=None)
    return newer.filter(effective_from__isnull=False).order_by("-version")


def untaken_addons(subscription: Subscription) -> QuerySet[Addon]:
    """Return the add-ons that a subscription's plan offers and it has never had."""
    offered = Addon.objects.filter(plan_addons__plan=subscription.plan_id, plan_addons__plan__isnull=False)
    return offered.exclude(pk__in=subscription.addons.values("addon")).order_by("name")


def _select(**kwargs: Any) -> forms.ChoiceField:
    return forms.ChoiceField(widget=UnfoldAdminSelectWidget(), **kwargs)


def _plan_field() -> forms.ModelChoiceField:
    return forms.ModelChoiceField(
        Plan.objects.filter(deleted_at=None),
        widget=AutocompleteSelect(Subscription._meta.get_field("plan"), admin.site),
        error_messages={"invalid_choice": "Choose a plan that was not deleted."},
    )


def _phase_field() -> forms.CharField:
    return forms.CharField(
        label="Starting phase",
        required=False,
        max_length=64,
        help_text=_PHASE_HELP,
        widget=UnfoldAdminTextInputWidget(),
    )


class StartForm(ActionForm):
    customer = forms.ModelChoiceField(
        Customer.objects.live(),
        widget=AutocompleteSelect(Subscription._meta.get_field("customer"), admin.site),
        error_messages={"invalid_choice": "Choose a customer that was not deleted."},
    )
    plan = _plan_field()
    active_from = forms.SplitDateTimeField(
        label="Start",
        required=False,
        help_text="Empty: now, by the customer's clock.",
        widget=UnfoldAdminSplitDateTimeWidget(),
    )
    billing_anchor = forms.SplitDateTimeField(
        label="Periods step from",
        required=False,
        help_text="Empty: the start. A first of a month makes periods whole months.",
        widget=UnfoldAdminSplitDateTimeWidget(),
    )
    starting_phase = _phase_field()


class TimedForm(ActionForm):
    """For what takes effect now or with the next billing period."""

    timing = _select(label="When")

    def __init__(self, *args: Any, subscription: Subscription, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.subscription, self.at = subscription, at
        choices = list(self.timings())
        self.fields["timing"].choices = choices  # type: ignore[attr-defined]

    def timings(self) -> Iterator[tuple[str, str]]:
        """Yield when it may take effect."""
        yield NOW, "Now"
        yield NEXT_CYCLE, f"At the end of the billing period, {self.text(next(self.bounds()))}"

    def bounds(self) -> Iterator[datetime]:
        """Yield the ends of the billing periods from now on."""
        contract, rhythm, at = self.subscription.agreed, self.subscription.rhythm, self.at
        while True:
            end = billing_period(contract, rhythm, at).end
            yield end
            if end <= at:
                return
            at = end

    def text(self, at: datetime) -> str:
        return when(at, self.subscription.zone)


class CancelForm(TimedForm):
    timing = _select(label="When")

    def timings(self) -> Iterator[tuple[str, str]]:
        yield from super().timings()
        for bound in islice(self.bounds(), 1, _BOUNDS):
            yield bound.isoformat(), f"At {self.text(bound)}, where billing periods meet"


class ChangeForm(TimedForm):
    plan = _plan_field()
    starting_phase = _phase_field()
    field_order = ("plan", "timing", "starting_phase", "change_reason")

    def timings(self) -> Iterator[tuple[str, str]]:
        yield from super().timings()
        yield ON_PAYMENT, "Once it is paid; until then the current plan goes on"


class MigrateForm(TimedForm):
    version = _select(label="To version")
    starting_phase = _phase_field()
    field_order = ("version", "timing", "starting_phase", "change_reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].choices = [  # type: ignore[attr-defined]
            (str(version.version), f"{version.name} v{version.version}, {version.status(self.at).label.lower()}")
            for version in newer_versions(self.subscription)
        ]


class AddonForm(TimedForm):
    addon = forms.ModelChoiceField(Addon.objects.none(), label="Add-on", widget=UnfoldAdminSelectWidget())
    quantity = forms.IntegerField(initial=1, min_value=1, widget=UnfoldAdminIntegerFieldWidget())
    field_order = ("addon", "quantity", "timing", "change_reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["addon"].queryset = untaken_addons(self.subscription)  # type: ignore[attr-defined]


class QuantityForm(TimedForm):
    addon = forms.ModelChoiceField(SubscriptionAddon.objects.none(), label="Add-on", widget=UnfoldAdminSelectWidget())
    quantity = forms.IntegerField(min_value=0, help_text="0 removes it.", widget=UnfoldAdminIntegerFieldWidget())
    field_order = ("addon", "quantity", "timing", "change_reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["addon"]
        field.queryset = self.subscription.addons.order_by("name")  # type: ignore[attr-defined]
        field.label_from_instance = lambda addon: addon.name  # type: ignore[attr-defined]
