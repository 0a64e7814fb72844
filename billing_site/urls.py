"""The table of prefixes."""

from django.urls import include, path, re_path

from billing_site.admin_site import secured_urls
from billing_site.api_document import ApiDocument, show_document
from billing_site.health import health
from metering.problems import unknown_route

urlpatterns = [
    path("health", health),
    path("admin/", secured_urls()),
    # First, as paths of metering take whatever follows a customer.
    path("api/v1/", include("invoicing.urls")),
    path("api/v1/", include("pricing.urls")),
    path("api/v1/", include("metering.urls")),
    path("api/v2/", include("metering.urls_v2")),
    path("api/docs/", show_document, name="api-docs"),
    path("api/schema/", ApiDocument.as_view(), name="api-document"),
    re_path(r"^api/", unknown_route),
    path("accounts/", include("portal.account_urls")),
    path("", include("portal.urls")),
]

handler400 = "metering.problems.bad_request"
handler500 = "metering.problems.server_error"
