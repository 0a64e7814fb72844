"""The paths of invoicing under /api/v1."""

from django.urls import path

from invoicing.api.apps import AppDetail, Apps, CustomerAppDetail, CustomerApps
from invoicing.api.clocks import TestClockMove
from invoicing.api.credit_notes import CreditNotes, CreditNotesOfInvoice
from invoicing.api.custom_invoicing import DraftSynchronized, IssuingSynchronized, PaymentStatus
from invoicing.api.customer_billing import CustomerBillingDetail, CustomerBillings
from invoicing.api.explanations import LineEvents, LineExplanationDetail, LineRecomputation, LineUsage
from invoicing.api.invoice_actions import (
    AdvanceInvoice,
    ApproveInvoice,
    PendingLines,
    RecalculateTaxes,
    RetryInvoice,
    SnapshotQuantities,
    VoidInvoice,
)
from invoicing.api.invoice_now import InvoiceNow
from invoicing.api.invoices import InvoiceDetail, Invoices, InvoiceSimulation
from invoicing.api.marketplace import InstallApp, MarketplaceListingDetail, MarketplaceListings
from invoicing.api.payments import CustomerBalances, PaymentAllocations, PaymentDetail, Payments
from invoicing.api.profiles import BillingProfileDetail, BillingProfiles
from invoicing.api.taxes import TaxCodes, TaxRateEnd, TaxRates

_INVOICE = "billing/invoices/<str:invoice_id>"
_LINE = f"{_INVOICE}/lines/<str:line_id>"

urlpatterns = [
    path("apps", Apps.as_view()),
    path("apps/<str:id>", AppDetail.as_view()),
    path("apps/custom-invoicing/<str:invoice_id>/draft/synchronized", DraftSynchronized.as_view()),
    path("apps/custom-invoicing/<str:invoice_id>/issuing/synchronized", IssuingSynchronized.as_view()),
    path("apps/custom-invoicing/<str:invoice_id>/payment/status", PaymentStatus.as_view()),
    path(f"{_LINE}/events", LineEvents.as_view()),
    path(f"{_LINE}/explanation", LineExplanationDetail.as_view()),
    path(f"{_LINE}/recompute", LineRecomputation.as_view()),
    path(f"{_LINE}/usage", LineUsage.as_view()),
    path("billing/invoices", Invoices.as_view()),
    path("billing/invoices/invoice", InvoiceNow.as_view()),
    path(_INVOICE, InvoiceDetail.as_view()),
    path(f"{_INVOICE}/advance", AdvanceInvoice.as_view()),
    path(f"{_INVOICE}/approve", ApproveInvoice.as_view()),
    path(f"{_INVOICE}/credit-notes", CreditNotesOfInvoice.as_view()),
    path(f"{_INVOICE}/retry", RetryInvoice.as_view()),
    path(f"{_INVOICE}/snapshot-quantities", SnapshotQuantities.as_view()),
    path(f"{_INVOICE}/taxes/recalculate", RecalculateTaxes.as_view()),
    path(f"{_INVOICE}/void", VoidInvoice.as_view()),
    path("billing/customers/<path:customer_id>/invoices/pending-lines", PendingLines.as_view()),
    path("billing/customers/<path:customer_id>/invoices/simulate", InvoiceSimulation.as_view()),
    path("billing/customers/<path:customer_id>/balances", CustomerBalances.as_view()),
    # After the others, because the key of a customer may hold slashes.
    path("billing/customers/<path:customer_id>", CustomerBillingDetail.as_view()),
    path("billing/customers", CustomerBillings.as_view()),
    path("billing/credit-notes", CreditNotes.as_view()),
    path("billing/payments", Payments.as_view()),
    path("billing/payments/<str:payment_id>", PaymentDetail.as_view()),
    path("billing/payments/<str:payment_id>/allocations", PaymentAllocations.as_view()),
    path("billing/profiles", BillingProfiles.as_view()),
    path("billing/profiles/<str:id>", BillingProfileDetail.as_view()),
    path("customers/<path:id_or_key>/apps", CustomerApps.as_view()),
    path("customers/<path:id_or_key>/apps/<str:app_id>", CustomerAppDetail.as_view()),
    path("marketplace/listings", MarketplaceListings.as_view()),
    path("marketplace/listings/<str:type>", MarketplaceListingDetail.as_view()),
    path("marketplace/listings/<str:type>/install", InstallApp.as_view()),
    path("tax-codes", TaxCodes.as_view()),
    path("tax-rates", TaxRates.as_view()),
    path("tax-rates/<str:rate_id>/end", TaxRateEnd.as_view()),
    path("test-clocks/<str:clock_id>/advance", TestClockMove.as_view()),
]
