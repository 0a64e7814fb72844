"""Pure: the names that drafts and invoices carry."""

import re
import unicodedata

_UNKNOWN = "UNKN"


def customer_code(name: str) -> str:
    """
    Return up to four capitals that hint at a customer: of one word its first four, of more two and two.

    >>> customer_code("Acme"), customer_code("Émile Zola & Sons"), customer_code("北京")
    ('ACME', 'EMZO', 'UNKN')
    """
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().upper()
    words = re.findall(r"[A-Z0-9]+", folded)
    if len(words) > 1:
        return words[0][:2] + words[1][:2]
    return words[0][:4] if words else _UNKNOWN


def draft_name(customer_name: str, count: int) -> str:
    """
    Return the name of an invoice that has no number yet.

    >>> draft_name("Acme Ltd", 17)
    'DRAFT-ACLT-17'
    """
    return f"DRAFT-{customer_code(customer_name)}-{count}"


def gathering_name(customer_name: str, currency: str, count: int) -> str:
    """
    Return the name of an invoice that gathers what is not billed yet.

    >>> gathering_name("Acme Ltd", "USD", 17)
    'GATHER-ACLT-USD-17'
    """
    return f"GATHER-{customer_code(customer_name)}-{currency}-{count}"


def invoice_number(prefix: str, count: int) -> str:
    """
    Return the number of an issued invoice: the series' prefix and at least six digits.

    >>> invoice_number("INV-", 42)
    'INV-000042'
    """
    return f"{prefix}{count:06d}"
