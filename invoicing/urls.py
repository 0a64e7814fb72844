"""The paths of invoicing under /api/v1."""

from django.urls import path

from invoicing.api.explanations import LineEvents, LineExplanationDetail, LineRecomputation, LineUsage
from invoicing.api.invoices import InvoiceSimulation

_LINE = "billing/invoices/<str:invoice_id>/lines/<str:line_id>"

urlpatterns = [
    path(f"{_LINE}/events", LineEvents.as_view()),
    path(f"{_LINE}/explanation", LineExplanationDetail.as_view()),
    path(f"{_LINE}/recompute", LineRecomputation.as_view()),
    path(f"{_LINE}/usage", LineUsage.as_view()),
    path("billing/customers/<path:customer_id>/invoices/simulate", InvoiceSimulation.as_view()),
]
