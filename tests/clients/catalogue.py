"""Plans, features and add-ons as bodies of requests, for the tests of OpenMeter's SDKs."""

MONTH = "P1M"


def flat(amount, term="in_advance"):
    return {"type": "flat", "amount": amount, "paymentTerm": term}


def unit(amount):
    return {"type": "unit", "amount": amount}


def tier(up_to, *, flat_amount=None, unit_amount=None):
    bound = {} if up_to is None else {"upToAmount": up_to}
    return {
        **bound,
        "flatPrice": flat_amount and {"type": "flat", "amount": flat_amount},
        "unitPrice": unit_amount and {"type": "unit", "amount": unit_amount},
    }


def fee_card(key="fee", price=None, **fields):
    price = flat("20") if price is None else price
    return {"type": "flat_fee", "key": key, "name": key.title(), "billingCadence": MONTH, "price": price, **fields}


def usage_card(key, price, **fields):
    card = {"type": "usage_based", "key": key, "featureKey": key, "name": "Usage", "billingCadence": MONTH}
    return {**card, "price": price, **fields}


def access_card(key, template):
    return {
        "type": "flat_fee",
        "key": key,
        "featureKey": key,
        "name": "Access",
        "billingCadence": None,
        "price": None,
        "entitlementTemplate": template,
    }


GRADUATED = {
    "type": "tiered",
    "mode": "graduated",
    "tiers": [
        tier("5", flat_amount="100"),
        tier("10", flat_amount="50"),
        tier("15", unit_amount="10"),
        tier(None, unit_amount="5"),
    ],
    "minimumAmount": "10",
    "maximumAmount": "1000",
}
VOLUME = {**GRADUATED, "mode": "volume", "minimumAmount": "150"}
PACKAGE = {"type": "package", "amount": "15", "quantityPerPackage": "10", "maximumAmount": "100"}
DYNAMIC = {"type": "dynamic", "multiplier": "1.33333"}
METERED = {
    "type": "metered",
    "issueAfterReset": 1000,
    "issueAfterResetPriority": 1,
    "isSoftLimit": True,
    "usagePeriod": MONTH,
}
STATIC = {"type": "static", "config": '{"model":"large"}'}
FEATURES = ("tokens", "calls", "batches", "spend", "seats", "region", "support")


def plan(plan_key, **fields):
    """A trial of two weeks, then a ramp of a month, then what goes on: every kind of price and of entitlement."""
    key = {feature: f"{plan_key}_{feature}" for feature in FEATURES}
    access = [access_card(key["region"], STATIC), access_card(key["support"], {"type": "boolean"})]
    trial = [usage_card(key["tokens"], None, entitlementTemplate=METERED), *access]
    tokens = usage_card(key["tokens"], GRADUATED, entitlementTemplate=METERED, discounts={"usage": {"quantity": "100"}})
    ramp = [fee_card(price=flat("10")), fee_card("setup", flat("99"), billingCadence=None), tokens, *access]
    usage = [
        usage_card(key["calls"], unit("0.01"), discounts={"percentage": {"percentage": 12.5}}),
        usage_card(key["batches"], PACKAGE),
        usage_card(key["spend"], DYNAMIC),
        usage_card(key["seats"], VOLUME),
    ]
    return {
        "key": plan_key,
        "name": "Pro",
        "description": "Everything",
        "currency": "USD",
        "billingCadence": MONTH,
        "metadata": {"tier": "2"},
        "phases": [
            {"key": "trial", "name": "Trial", "duration": "P2W", "rateCards": trial},
            {"key": "ramp", "name": "Ramp", "duration": MONTH, "rateCards": ramp},
            {
                "key": "standard",
                "name": "Standard",
                "duration": None,
                "rateCards": [fee_card(), tokens, *usage, *access],
            },
        ],
        **fields,
    }


def addon(name):
    """Seats on top of the fee, in any quantity."""
    return {
        "key": f"{name}_addon",
        "name": "More seats",
        "currency": "USD",
        "instanceType": "multiple",
        "rateCards": [fee_card(price=flat("5")), fee_card("extra", flat("7"))],
    }
