"""How the operator's console looks and what its sidebar offers, as data for django-unfold."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def _may_view(label: str) -> Callable[[HttpRequest], bool]:
    app, model = label.split(".")
    return lambda request: (
        request.user.has_perm(f"{app}.view_{model}") or request.user.has_perm(f"{app}.change_{model}")
    )


def _item(title: str, icon: str, label: str) -> dict[str, Any]:
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{label.replace('.', '_')}_changelist"),
        "permission": _may_view(label),
    }


def _group(title: str, *items: dict[str, Any], collapsible: bool = False) -> dict[str, Any]:
    return {"title": title, "separator": True, "collapsible": collapsible, "items": list(items)}


NAVIGATION = [
    {"items": [{"title": "Overview", "icon": "dashboard", "link": reverse_lazy("admin:index")}]},
    _group(
        "Customers",
        _item("Customers", "domain", "metering.customer"),
        _item("Subscriptions", "autorenew", "pricing.subscription"),
        _item("Subjects", "sell", "metering.subject"),
        _item("Test clocks", "schedule", "metering.testclock"),
    ),
    _group(
        "Usage",
        _item("Events", "bolt", "metering.event"),
        _item("Meters", "speed", "metering.meter"),
        _item("Corrections", "undo", "metering.correction"),
        _item("Batches", "inventory_2", "metering.batch"),
        _item("Imports", "upload_file", "metering.eventimport"),
    ),
    _group(
        "Catalogue",
        _item("Plans", "assignment", "pricing.plan"),
        _item("Add-ons", "add_shopping_cart", "pricing.addon"),
        _item("Features", "extension", "pricing.feature"),
    ),
    _group(
        "Billing",
        _item("Invoices", "receipt_long", "invoicing.invoice"),
        _item("Payments", "payments", "invoicing.payment"),
        _item("Billing runs", "play_circle", "invoicing.billingrun"),
        _item("Parked customers", "block", "invoicing.parkedcustomer"),
        _item("Balances", "savings", "invoicing.balanceentry"),
        _item("Tax rates", "percent", "invoicing.taxrate"),
        _item("Sellers", "storefront", "invoicing.billingprofile"),
    ),
    _group(
        "Access",
        _item("People", "group", "metering.user"),
        _item("Roles", "badge", "auth.group"),
        _item("Portal members", "contact_mail", "metering.member"),
        _item("API keys", "key", "metering.apikey"),
        _item("Portal tokens", "token", "metering.portaltoken"),
    ),
    _group(
        "System",
        _item("Audits", "fact_check", "metering.auditrun"),
        _item("Failed jobs", "error", "django_q.failure"),
        _item("Finished jobs", "task_alt", "django_q.success"),
        _item("Queue", "queue", "django_q.ormq"),
        _item("Schedules", "event_repeat", "django_q.schedule"),
        _item("Subject links", "link", "metering.subjectlink"),
        _item("Voids", "block", "metering.eventvoid"),
        _item("Meter versions", "history", "metering.meterversion"),
        _item("Series", "stacked_line_chart", "metering.series"),
        _item("Buckets", "bar_chart", "metering.bucket"),
        _item("Day buckets", "calendar_view_month", "metering.daybucket"),
        _item("Rate cards", "request_quote", "pricing.ratecard"),
        _item("Plan phases", "splitscreen", "pricing.planphase"),
        _item("Add-on rate cards", "request_quote", "pricing.addonratecard"),
        _item("Offered add-ons", "playlist_add", "pricing.planaddon"),
        _item("Subscription phases", "view_timeline", "pricing.subscriptionphase"),
        _item("Subscription items", "list_alt", "pricing.subscriptionitem"),
        _item("Subscription add-ons", "extension", "pricing.subscriptionaddon"),
        _item("Add-on quantities", "tune", "pricing.addonquantity"),
        _item("Invoice lines", "format_list_bulleted", "invoicing.invoiceline"),
        _item("Detailed lines", "segment", "invoicing.detailedline"),
        _item("Invoice discounts", "sell", "invoicing.invoicediscount"),
        _item("Invoice taxes", "percent", "invoicing.invoicetax"),
        _item("Allocations", "call_split", "invoicing.allocation"),
        _item("Documents", "picture_as_pdf", "invoicing.invoicedocument"),
        _item("Number series", "tag", "invoicing.invoicesequence"),
        _item("Payment apps", "apps", "invoicing.app"),
        _item("Tax codes", "category", "invoicing.taxcode"),
        _item("Customers' billing", "tune", "invoicing.customerbilling"),
        _item("Changed usage", "update", "invoicing.usagechange"),
        _item("Known changes", "bookmark", "invoicing.changewatermark"),
        _item("Subject searches", "person_search", "metering.subjectsearch"),
        _item("Query progress", "pending", "metering.queryprogress"),
        _item("Idempotency keys", "fingerprint", "metering.idempotencykey"),
        _item("E-mail addresses", "alternate_email", "account.emailaddress"),
        collapsible=True,
    ),
]

UNFOLD = {
    "SITE_TITLE": "billing_site.admin_site.site_name",
    "SITE_HEADER": "billing_site.admin_site.site_name",
    "SITE_SUBHEADER": "Operator console, times in UTC",
    "SITE_URL": "/",
    "SITE_ICON": lambda request: static("img/logo.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("img/favicon.svg")},
    ],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "billing_site.dashboard.overview",
    "STYLES": [lambda request: static("console/console.css")],
    "BORDER_RADIUS": "8px",
    # The portal's blue, in steps.
    "COLORS": {
        "primary": {
            "50": "#eef0fc",
            "100": "#e0e4fa",
            "200": "#c3cbf5",
            "300": "#b3beff",
            "400": "#97a6f5",
            "500": "#7d8ff0",
            "600": "#3448c5",
            "700": "#26379f",
            "800": "#212e80",
            "900": "#1c2766",
            "950": "#12193f",
        },
    },
    "COMMAND": {"search_callback": "billing_site.admin_site.find", "show_history": True},
    "SIDEBAR": {"show_search": False, "command_search": True, "navigation": NAVIGATION},
}
