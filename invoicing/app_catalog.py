"""Pure: the apps that can be installed, and what each of them can do."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Capability:
    """One thing an app can do, in OpenMeter's words; `key` tells it from those of other apps."""

    type: str
    key: str
    name: str
    description: str


@dataclass(frozen=True)
class Listing:
    """An app as the marketplace offers it; each of ours is installed without credentials."""

    type: str
    name: str
    description: str
    capabilities: tuple[Capability, ...]


def _capabilities(key: str, tax: str, invoices: str, payments: str) -> tuple[Capability, ...]:
    return (
        Capability("calculateTax", f"{key}_calculate_tax", "Calculate tax", tax),
        Capability("invoiceCustomers", f"{key}_invoice_customers", "Invoice customers", invoices),
        Capability("collectPayments", f"{key}_collect_payments", "Collect payments", payments),
    )


CATALOG: tuple[Listing, ...] = (
    Listing(
        type="sandbox",
        name="Sandbox",
        description="Tries everything out: no account is needed, and no money moves.",
        capabilities=_capabilities(
            "sandbox",
            "Tax is computed by the rates kept here.",
            "Invoices are issued here.",
            "Invoices are paid at once, or end as the customer's metadata asks.",
        ),
    ),
    Listing(
        type="custom_invoicing",
        name="Custom Invoicing",
        description="Another system sends the invoices and collects: it reads them here and calls back.",
        capabilities=_capabilities(
            "custom_invoicing",
            "Tax is computed by the rates kept here.",
            "Drafts and invoices wait, where asked for, until the other system has them.",
            "The other system tells of payments.",
        ),
    ),
)
LISTINGS = {listing.type: listing for listing in CATALOG}
