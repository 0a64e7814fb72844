"""The pages of the portal."""

from django.urls import URLPattern, URLResolver, path

from portal.views import access, plan

urlpatterns: list[URLPattern | URLResolver] = [
    path("", plan.plan, name="portal_usage"),
    path("invoices/", plan.plan, name="portal_invoices"),
    path("plan/", plan.plan, name="portal_plan"),
    path("customers/", access.customers, name="portal_customers"),
]
