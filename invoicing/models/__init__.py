"""The models of invoicing, for `from invoicing.models import …`."""

from invoicing.lifecycle import InvoiceStatus
from invoicing.models.app import App, AppStatus, AppType, CustomerAppData
from invoicing.models.billing_run import BillingRun, ChangeWatermark, ParkedCustomer, UsageChange
from invoicing.models.invoice import (
    LEFT_OPEN,
    DetailedLine,
    DetailedLineCategory,
    Invoice,
    InvoiceDiscount,
    InvoiceDocument,
    InvoiceLine,
    InvoiceType,
    LineCause,
    ManagedBy,
)
from invoicing.models.payment import Allocation, BalanceEntry, Payment, PaymentMethod, PaymentStatus
from invoicing.models.profile import (
    Alignment,
    BillingProfile,
    CollectionMethod,
    Corrections,
    CustomerBilling,
    InvoiceSequence,
    ZeroInvoices,
)
from invoicing.models.tax import InvoiceTax, TaxBehavior, TaxCode, TaxRate

__all__ = [
    "LEFT_OPEN",
    "Alignment",
    "Allocation",
    "App",
    "AppStatus",
    "AppType",
    "BalanceEntry",
    "BillingProfile",
    "BillingRun",
    "ChangeWatermark",
    "CollectionMethod",
    "Corrections",
    "CustomerAppData",
    "CustomerBilling",
    "DetailedLine",
    "DetailedLineCategory",
    "Invoice",
    "InvoiceDiscount",
    "InvoiceDocument",
    "InvoiceLine",
    "InvoiceSequence",
    "InvoiceStatus",
    "InvoiceTax",
    "InvoiceType",
    "LineCause",
    "ManagedBy",
    "ParkedCustomer",
    "Payment",
    "PaymentMethod",
    "PaymentStatus",
    "TaxBehavior",
    "TaxCode",
    "TaxRate",
    "UsageChange",
    "ZeroInvoices",
]
