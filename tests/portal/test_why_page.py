import csv
import json

import pytest
from django.db import connection

from tests.invoicing.contracts import day
from tests.portal.conftest import use
from tests.portal.pages import rows_of, text_of

HTMX = {"HX-Request": "true"}


@pytest.fixture
def page(invoice, usage_line):
    return f"/invoices/{invoice.ulid}/lines/{usage_line.ulid}/"


def test_it_shows_the_steps_to_the_amount(portal, page):
    text = text_of(portal.get(page))
    assert "Tier 1: 100 units from 0 to 100 at 0.1 each = 10.00 $10.00" in text
    assert "Tier 2: 60 units from 100 to 160 at 0.05 each = 3.00 $3.00" in text
    assert "Amount of this line $13.00" in text


def test_it_shows_usage_by_day_as_chart_and_table(portal, page):
    response = portal.get(page)
    rows = rows_of(response, "Usage by day")
    assert len(rows) == 33
    assert [row for row in rows[1:] if row[1] != "0"] == [
        ["Jan 5, 2026", "120"],
        ["Jan 19, 2026", "40"],
        ["Total", "160"],
    ]
    assert response.content.decode().count('class="bar s0"') == 2


def test_it_shows_the_events_newest_first(portal, page):
    rows = rows_of(portal.get(page), "Events")
    assert [(row[0], row[2]) for row in rows[1:]] == [
        ("Jan 19, 2026, 00:00:00", '{"model":"large","tokens":40}'),
        ("Jan 5, 2026, 23:00:00", '{"model":"small","tokens":30}'),
        ("Jan 5, 2026, 09:00:00", '{"model":"large","tokens":90}'),
    ]


def test_it_pages_through_events_and_gives_htmx_those_alone(portal, customer, usage_line, page, monkeypatch):
    monkeypatch.setattr("portal.views.why._EVENTS_A_PAGE", 2)
    response = portal.get(f"{page}?page=2", headers=HTMX)
    assert "<html" not in response.content.decode()
    assert [row[0] for row in rows_of(response, "Events")[1:]] == ["Jan 5, 2026, 09:00:00"]
    assert "3 counted, newest first." in text_of(response)
    assert "Page 2 of 2" in text_of(response)


def test_it_leaves_out_events_that_came_after_the_bill(portal, customer, page):
    use(customer, 1000, "large", day(1, 10))
    text = text_of(portal.get(page))
    assert "3 counted, newest first." in text
    assert "Amount of this line $13.00" in text


def test_it_sends_all_events_as_csv_with_every_digit(portal, invoice, usage_line, page):
    response = portal.get(f"{page}events.csv")
    assert response.headers["Content-Disposition"] == f'attachment; filename="{invoice.number}-line-2-events.csv"'
    rows = list(csv.DictReader(response.getvalue().decode().splitlines()))
    assert [(row["time"], json.loads(row["data"])["tokens"]) for row in rows] == [
        ("2026-01-19T00:00:00+00:00", 40),
        ("2026-01-05T23:00:00+00:00", 30),
        ("2026-01-05T09:00:00+00:00", 90),
    ]


def test_it_recomputes_the_same_digits_from_the_events(portal, page):
    response = portal.get(f"{page}recompute/", headers=HTMX)
    assert "<html" not in response.content.decode()
    assert "Every digit is the same." in text_of(response)
    assert rows_of(response, "Both results")[1:] == [["Quantity", "160", "160"], ["Amount", "$13.00", "$13.00"]]


def test_it_says_so_when_events_and_invoice_disagree(portal, page):
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            """UPDATE metering_event SET data = '{"tokens": 41, "model": "large"}' WHERE time = '2026-01-19Z'"""
        )
        cursor.execute("SET session_replication_role = DEFAULT")
    response = portal.get(f"{page}recompute/")
    assert "<html" in response.content.decode()
    text = text_of(response)
    assert "The result differs." in text
    assert "The quantity is 161, not 160." in text


def test_it_explains_a_flat_fee_without_events(portal, invoice):
    fee = invoice.lines.get(type="flat_fee")
    text = text_of(portal.get(f"/invoices/{invoice.ulid}/lines/{fee.ulid}/"))
    assert "Flat price = 20.00" in text
    assert "Events" not in text
