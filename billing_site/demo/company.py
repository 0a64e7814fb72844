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
    """A plan: its flat fee a month, and prices per token as (up to, unit price, flat price); None is open-ended."""

    key: str
    name: str
    monthly: str
    input_tiers: tuple[tuple[str | None, str, str | None], ...]
    output_tiers: tuple[tuple[str | None, str, str | None], ...]


PLANS = (
    PlanOffer(
        "starter",
        "Starter",
        "19.00",
        ((("500000"), "0", None), (None, "0.000003", None)),
        ((("100000"), "0", None), (None, "0.000012", None)),
    ),
    PlanOffer(
        "growth",
        "Growth",
        "149.00",
        (("2000000", "0.0000025", None), ("10000000", "0.000002", None), (None, "0.0000015", None)),
        (("500000", "0.00001", None), ("2500000", "0.000008", None), (None, "0.000006", None)),
    ),
    PlanOffer(
        "scale",
        "Scale",
        "990.00",
        (("10000000", "0.0000018", None), ("50000000", "0.0000014", None), (None, "0.000001", None)),
        (("2500000", "0.000007", None), ("12500000", "0.0000055", None), (None, "0.000004", None)),
    ),
)

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
