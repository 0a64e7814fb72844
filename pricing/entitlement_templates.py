"""Pure: what a rate card says of the entitlement it brings, in OpenMeter's JSON shape."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from pricing.issues import Issue, length_issues

METERED, STATIC, BOOLEAN = "metered", "static", "boolean"
_MEMBERS = {
    METERED: (
        "isSoftLimit",
        "issueAfterReset",
        "issueAfterResetPriority",
        "preserveOverageAtReset",
        "usagePeriod",
    ),
    STATIC: ("config",),
    BOOLEAN: (),
}
_PATH = ".entitlementTemplate"


def allowance_of(template: Mapping[str, Any] | None) -> Decimal | None:
    """Return what a metered template issues after each reset, in units; None if it is none or issues nothing."""
    if template is None or template.get("type") != METERED or template.get("issueAfterReset") is None:
        return None
    return Decimal(str(template["issueAfterReset"]))


def usage_period_of(template: Mapping[str, Any], billing_cadence: str | None) -> str | None:
    """Return how often a metered template resets, which is as often as the rate card bills unless it says."""
    return template.get("usagePeriod") or billing_cadence


def template_issues(template: object, *, has_feature: bool, has_meter: bool) -> Iterator[Issue]:
    """Yield what is wrong with a template; paths start at the rate card."""
    if not isinstance(template, Mapping) or template.get("type") not in _MEMBERS:
        words = ", ".join(_MEMBERS)
        yield _critical("entitlement_template_invalid", f"Set the type of the template to one of {words}.", ".type")
        return
    if not has_feature:
        message = "Name the feature that the entitlement is to."
        yield Issue("entitlement_template_with_no_feature", message, ".featureKey")
    known = ("type", "metadata", *_MEMBERS[template["type"]])
    for name in template.keys() - set(known):
        message = f"Remove {name}: only {', '.join(known)} can be set here."
        yield _critical("entitlement_template_invalid", message, f".{name}")
    match template["type"]:
        case "metered":
            yield from _metered_issues(template)
            if has_feature and not has_meter:
                message = "Give the feature a meter, or choose a static or boolean entitlement."
                yield Issue("entitlement_template_with_feature_and_no_meter", message, ".featureKey")
        case "static":
            yield from _static_issues(template)


def _metered_issues(template: Mapping[str, Any]) -> Iterator[Issue]:
    yield from _allowance_issues(template)
    for name in ("isSoftLimit", "preserveOverageAtReset"):
        if not isinstance(template.get(name, False), bool):
            yield _critical("entitlement_template_invalid", f"Set {name} to true or false.", f".{name}")
    if template.get("usagePeriod") is not None:
        yield from length_issues(
            template["usagePeriod"],
            what="usage period",
            code="entitlement_template_usage_period_less_then_an_hour",
            field=f"{_PATH}.usagePeriod",
        )


def _allowance_issues(template: Mapping[str, Any]) -> Iterator[Issue]:
    priority = template.get("issueAfterResetPriority")
    if priority is not None and not (type(priority) is int and 1 <= priority <= 255):
        message = "Set issueAfterResetPriority to a whole number from 1 to 255."
        yield _critical("entitlement_template_invalid", message, ".issueAfterResetPriority")
    if template.get("issueAfterReset") is None:
        message = "Set issueAfterReset to how much may be used in each period, such as 1000."
        yield Issue("entitlement_template_issue_after_reset_required", message, f"{_PATH}.issueAfterReset")
        if priority is not None:
            message = "Set issueAfterReset as well, or leave issueAfterResetPriority out."
            code = "entitlement_template_invalid_issue_after_reset_with_priority"
            yield Issue(code, message, f"{_PATH}.issueAfterReset")
    elif not _is_quantity(template["issueAfterReset"]):
        yield _critical("entitlement_template_invalid", "Set issueAfterReset to zero or more.", ".issueAfterReset")


def _static_issues(template: Mapping[str, Any]) -> Iterator[Issue]:
    config = template.get("config")
    try:
        if not isinstance(config, str):
            raise ValueError
        json.loads(config)
    except ValueError:
        message = 'Write config as JSON in a string, such as "{\\"model\\": \\"large\\"}".'
        yield _critical("entitlement_template_invalid_json_config", message, ".config")


def _is_quantity(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return False
    try:
        number = Decimal(value)
    except InvalidOperation:
        return False
    return number.is_finite() and number >= 0


def _critical(code: str, message: str, field: str) -> Issue:
    return Issue(code, message, _PATH + field, is_critical=True)
