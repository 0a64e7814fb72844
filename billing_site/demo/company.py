"""The company that the demo shows: what it sells, and to whom. Plain data."""

from dataclasses import dataclass

SELLER = "Northlight Inference"
OPERATOR_EMAIL = "operator@northlight.example"


@dataclass(frozen=True)
class Model:
    """A language model: its share of the traffic, and how long prompts and answers are (medians, in tokens)."""

    name: str
    share: float
    input_median: int
    output_median: int


MODELS = (
    Model("lark-small", 0.62, 700, 160),
    Model("lark-medium", 0.28, 1_500, 320),
    Model("lark-large", 0.10, 3_200, 700),
)


@dataclass(frozen=True)
class PlanOffer:
    """A plan: its flat fee a month, and prices per token as (up to, unit price); None is open-ended."""

    key: str
    name: str
    monthly: str
    input_tiers: tuple[tuple[str | None, str], ...]
    output_tiers: tuple[tuple[str | None, str], ...]


PLANS = (
    PlanOffer(
        "starter",
        "Starter",
        "5.00",
        (("200000", "0"), (None, "0.000015")),
        (("50000", "0"), (None, "0.00006")),
    ),
    PlanOffer(
        "growth",
        "Growth",
        "29.00",
        (("1000000", "0.000012"), ("5000000", "0.00001"), (None, "0.000008")),
        (("250000", "0.00005"), ("1250000", "0.00004"), (None, "0.00003")),
    ),
    PlanOffer(
        "scale",
        "Scale",
        "199.00",
        (("5000000", "0.000009"), ("25000000", "0.000007"), (None, "0.000005")),
        (("1000000", "0.00004"), ("5000000", "0.00003"), (None, "0.00002")),
    ),
)

# To the larger plans, an add-on; and a plan that starts with a trial.
SUPPORTED_PLANS = ("growth", "scale")
SUPPORT_MONTHLY = "19.00"
TEAM_MONTHLY = "39.00"
TEAM_PACKAGE = "0.50"
TEAM_INCLUDED = "200"
TEAM_INPUT_TIERS = (("2000000", "0.00001"), (None, "0.000008"))

ZONES = ("America/New_York", "America/Los_Angeles", "Europe/Berlin", "Europe/London", "Asia/Tokyo", "Asia/Kolkata")

CUSTOMERS = (
    "Alder Analytics",
    "Basalt Robotics",
    "Birchwood Legal",
    "Bluefin Logistics",
    "Brightwater Health",
    "Cedar & Stone",
    "Cinder Games",
    "Cobalt Finance",
    "Copperline Energy",
    "Coral Travel",
    "Crestview Media",
    "Dovetail Design",
    "Driftwood Studios",
    "Eastgate Insurance",
    "Elmfield Education",
    "Ember Kitchens",
    "Fernhill Biotech",
    "Flint & Forge",
    "Foxglove Pharma",
    "Glacier Data",
    "Granite Security",
    "Greenfield Farms",
    "Harbourlight Shipping",
    "Hazel Retail",
    "Highmoor Aerospace",
    "Indigo Mobility",
    "Ironbridge Construction",
    "Juniper Support",
    "Kestrel Drones",
    "Lakeshore Realty",
    "Lantern Publishing",
    "Larkspur Music",
    "Limestone Archives",
    "Maple Recruiting",
    "Marigold Flowers",
    "Meadow Mobile",
    "Mistral Wind",
    "Moonstone Jewellery",
    "Nettle Labs",
    "Oakridge Schools",
    "Obsidian Chips",
    "Opal Optics",
    "Orchard Foods",
    "Pebble Toys",
    "Pinecone Camping",
    "Quarry Metals",
    "Redwood Support",
    "Saffron Catering",
    "Tidewater Ports",
    "Willow Wellness",
)
