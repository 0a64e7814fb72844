"""Sums for the operator."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from invoicing.models import Invoice, InvoiceStatus
from invoicing.queries import CurrencyTotal, failed_payments, open_amounts, revenue_by_month
from tests import factories
from tests.invoicing.contracts import day

pytestmark = pytest.mark.django_db


def issued(total, at, currency="USD", status=InvoiceStatus.PAID):
    return factories.InvoiceFactory(issued=True, total=Decimal(total), issued_at=at, currency=currency, status=status)


def test_it_sums_what_was_issued_by_month_and_currency():
    issued("20.00", day(1, 1))
    issued("12.50", day(1, 31, hour=23))
    issued("7.00", day(1, 5), currency="EUR")
    issued("1.00", day(2, 1))
    factories.InvoiceFactory(total=Decimal(99))
    december, january, february = revenue_by_month(at=day(2, 15), months=3)
    assert (december.month.start, february.month.end) == (datetime(2025, 12, 1, tzinfo=UTC), day(3, 1))
    assert december.totals == ()
    # 20.00 + 12.50
    assert january.totals == (CurrencyTotal("EUR", Decimal("7.00"), 1), CurrencyTotal("USD", Decimal("32.50"), 2))
    assert february.totals == (CurrencyTotal("USD", Decimal("1.00"), 1),)


def test_months_are_those_of_the_sellers_zone(settings):
    settings.SELLER_TIME_ZONE = "America/New_York"
    issued("20.00", day(2, 1, hour=4))
    january, february = revenue_by_month(at=day(2, 15), months=2)
    assert (january.month.start, january.month.end) == (day(1, 1, hour=5), day(2, 1, hour=5))
    assert (january.totals, february.totals) == ((CurrencyTotal("USD", Decimal("20.00"), 1),), ())


def test_twelve_months_reach_back_over_the_year():
    months = revenue_by_month(at=day(1, 1))
    assert [months[0].month.start, months[-1].month.start] == [datetime(2025, 2, 1, tzinfo=UTC), day(1, 1)]
    assert len(months) == 12


def test_it_sums_what_is_open():
    issued("20.00", day(1, 1), status=InvoiceStatus.PAYMENT_PENDING)
    issued("5.00", day(1, 1), status=InvoiceStatus.PAYMENT_FAILED)
    issued("100.00", day(1, 1), status=InvoiceStatus.PAID)
    Invoice.objects.filter(total=20).update(settled=Decimal("12.50"))
    # 20 - 12.50 + 5
    assert open_amounts() == (CurrencyTotal("USD", Decimal("12.50"), 2),)


def test_it_lists_what_nobody_pays_oldest_first():
    late = issued("5.00", day(1, 2), status=InvoiceStatus.OVERDUE)
    early = issued("5.00", day(1, 1), status=InvoiceStatus.PAYMENT_FAILED)
    issued("5.00", day(1, 1))
    assert list(failed_payments()) == [early, late]
