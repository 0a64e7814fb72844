"""What a browser sends from the editors of plans and add-ons."""


def sent(**rows):
    """Return the inputs of a form from trees: `cards=[{"name": "Fee"}]` gives `cards-0-name`."""
    return dict(_flat(rows, ""))


def _flat(tree, prefix):
    for name, value in tree.items():
        if isinstance(value, list):
            for number, row in enumerate(value):
                yield from _flat(row, f"{prefix}{name}-{number}-")
        else:
            yield f"{prefix}{name}", str(value)


def plan_form(*phases, **changes):
    plan = {
        "name": "Pro",
        "key": "pro",
        "currency": "USD",
        "billing_cadence": "P1M",
        "is_prorating": "on",
        "carries_usage": "on",
        "phases": list(phases),
    }
    return sent(**plan | changes)


def phase(*cards, **changes):
    return {"name": "Default", "key": "default", "cards": list(cards)} | changes


def flat(**changes):
    card = {"kind": "flat", "name": "Base fee", "cadence": "P1M", "key": "base_fee", "amount": "20"}
    return card | {"payment_term": "in_advance", "tiers": [{"up_to": "", "unit": "", "flat": ""}]} | changes


def usage(feature, kind, *tiers, **changes):
    rows = [dict(zip(("up_to", "unit", "flat"), tier, strict=True)) for tier in tiers]
    card = {"kind": kind, "name": feature.key.title(), "cadence": "P1M", "feature": feature.pk, "tiers": rows}
    return card | {"key": "", "flat_at_zero": "on"} | changes


def inputs_of(form):
    """Return what a browser would send of a page as it was shown."""
    fields = [field for row in form.all_rows for one in row.everything() for field in one]
    shown = {field.html_name: field.value() for field in [*form, *fields]}
    return {name: "" if value is None else value for name, value in shown.items() if value is not False}
