"""A process that dies at any statement of ingest, roll-up, billing or rendering leaves nothing half done."""

import json
import os
import signal
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from django.db import connection, connections
from django.db.models import Sum

from billing_site.audits import CHECKS
from invoicing.models import Invoice, InvoiceDocument, InvoiceSequence
from invoicing.pdf import render_pdf
from invoicing.queries.documents import invoice_document
from invoicing.services.billing_run import run_billing
from invoicing.services.documents import store_missing_documents
from metering.audit import Scope
from metering.ingest.decode import decode_events
from metering.ingest.writer import store_events
from metering.services.rollups import advance_rollups
from tests.invoicing.contracts import day, subscribe

_DEATHS = 50
_STATEMENTS = 40


def dies(work, at_statement):
    """Do some work in a process that kills itself with -9 before a statement; tell whether it came that far."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        left = [at_statement]

        def countdown(execute, sql, params, many, context):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            return execute(sql, params, many, context)

        try:
            with connection.execute_wrapper(countdown):
                work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def events_of(number, at, customers):
    """One event of 7.5 tokens for each customer; every third comes over a month late."""
    at = max(day(1, 1), at - timedelta(days=40 if number % 3 == 0 else 0))
    sent = [
        {"id": f"{customer.key}-{number}", "source": "tests", "type": "request", "subject": customer.key}
        | {"specversion": "1.0", "time": at.isoformat(), "data": {"tokens": 7.5}}
        for customer in customers
    ]
    body = json.dumps(sent).encode()
    return decode_events(body, "application/cloudevents-batch+json", at=at, api_key_id=None)


@pytest.mark.django_db(transaction=True)
def test_what_was_killed_is_finished_by_the_next_without_a_trace():
    random = Random(7)
    customers = [subscribe().customer for _ in range(2)]
    died = 0
    for number in range(_DEATHS):
        at = day(1, 1) + timedelta(days=4 * number)
        sent = events_of(number, at, customers)

        def work(sent=sent, at=at):
            store_events(sent, at=at)
            advance_rollups()
            run_billing(now=at)
            store_missing_documents(now=at)

        died += dies(work, random.randrange(1, _STATEMENTS))
        # Whoever sent it sends it again, and the worker does everything once more.
        work()
    assert died > _DEATHS * 0.9
    at += timedelta(days=62)
    run_billing(now=at)
    run_billing(now=at + timedelta(days=31))
    store_missing_documents(now=at + timedelta(days=31))
    assert [str(found) for check in CHECKS for found in check.find(Scope(at=at))] == []
    numbers = sorted(Invoice.objects.issued().values_list("sequence_number", flat=True))
    assert numbers == list(range(1, InvoiceSequence.objects.get(type="standard").last_number + 1))
    assert InvoiceDocument.objects.count() == len(numbers)
    for document in InvoiceDocument.objects.select_related("invoice").order_by("pk")[::7]:
        assert bytes(document.content) == render_pdf(invoice_document(document.invoice))
    totals = {customer.pk: total(customer) for customer in customers}
    assert len(set(totals.values())) == 1 and min(totals.values()) > Decimal(100)


def total(customer):
    return customer.invoices.issued().aggregate(sum=Sum("total"))["sum"]
