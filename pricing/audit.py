"""Checks of pricing's data on the live database."""

from collections.abc import Iterator

from metering.audit import Check, Finding, Scope, stream


def items_stay_within_their_subscription(scope: Scope) -> Iterator[Finding]:
    """Yield items that are active while their subscription is not, or that belong to another customer."""
    scope.progress("comparing items with their subscriptions")
    for item, name, customers, expected, actual in stream(_ITEMS):
        offender = f"subscription item {item} ({name})"
        if customers:
            yield Finding(7, "it belongs to another customer than its subscription", offender, *customers.split())
        if expected != actual:
            yield Finding(7, "it is active outside its subscription", offender, f"within {expected}", actual)


def items_of_one_key_follow_each_other(scope: Scope) -> Iterator[Finding]:
    """Yield items of a subscription that have the same key at the same time, so that time is billed twice."""
    scope.progress("looking for items that overlap")
    for item, name, other, overlap in stream(_OVERLAPS):
        offender = f"subscription item {item} ({name})"
        yield Finding(7, "another item has its key at the same time", offender, "no overlap", f"{overlap} with {other}")


def published_versions_take_turns(scope: Scope) -> Iterator[Finding]:
    """Yield published versions of a plan that are in force at the same time."""
    scope.progress("looking for plan versions that overlap")
    for plan, version, other, overlap in stream(_PLANS):
        offender = f"plan {plan} v{version}"
        yield Finding(
            7, "another version is in force at the same time", offender, "no overlap", f"{overlap} with v{other}"
        )


_ITEMS = """
    SELECT item.id, item.name,
           CASE WHEN item.customer_id <> sub.customer_id
                THEN concat(sub.customer_id, ' ', item.customer_id) END AS customers,
           spans.of_subscription::text, CASE WHEN spans.of_item <@ spans.of_subscription
                THEN spans.of_subscription::text ELSE spans.of_item::text END
    FROM pricing_subscriptionitem item
    JOIN pricing_subscription sub ON sub.id = item.subscription_id
    CROSS JOIN LATERAL (
        SELECT tstzrange(item.active_from, item.active_to) AS of_item,
               tstzrange(sub.active_from, sub.active_to) AS of_subscription
    ) spans
    WHERE item.customer_id <> sub.customer_id OR NOT spans.of_item <@ spans.of_subscription
    ORDER BY item.id
"""
_OVERLAPS = """
    SELECT item.id, item.name, other.id,
           (tstzrange(item.active_from, item.active_to) * tstzrange(other.active_from, other.active_to))::text
    FROM pricing_subscriptionitem item
    JOIN pricing_subscriptionitem other
        ON other.subscription_id = item.subscription_id AND other.key = item.key AND other.id > item.id
           AND tstzrange(item.active_from, item.active_to) && tstzrange(other.active_from, other.active_to)
    ORDER BY item.id, other.id
"""
_PLANS = """
    SELECT plan.key, plan.version, other.version,
           (tstzrange(plan.effective_from, plan.effective_to)
            * tstzrange(other.effective_from, other.effective_to))::text
    FROM pricing_plan plan
    JOIN pricing_plan other
        ON other.key = plan.key AND other.version > plan.version
           AND tstzrange(plan.effective_from, plan.effective_to)
               && tstzrange(other.effective_from, other.effective_to)
    WHERE plan.effective_from IS NOT NULL AND other.effective_from IS NOT NULL
    ORDER BY plan.key, plan.version, other.version
"""

CHECKS = (
    Check(7, "Every item lies within its subscription", items_stay_within_their_subscription),
    Check(7, "No time of a subscription is priced twice under one key", items_of_one_key_follow_each_other),
    Check(7, "One version of a plan is in force at a time", published_versions_take_turns),
)
