"""The paths of invoicing under /api/v1."""

from django.urls import path

from invoicing.api.invoices import InvoiceSimulation

urlpatterns = [
    path("billing/customers/<path:customer_id>/invoices/simulate", InvoiceSimulation.as_view()),
]
