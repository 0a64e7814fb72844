"""The table of prefixes."""

from django.contrib import admin
from django.urls import include, path

from billing_site.health import health

urlpatterns = [
    path("health", health),
    path("admin/", admin.site.urls),
    path("api/v1/", include("metering.urls")),
    path("accounts/", include("portal.account_urls")),
    path("", include("portal.urls")),
]
