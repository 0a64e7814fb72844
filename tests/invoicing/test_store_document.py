"""An issued invoice is rendered once; whoever asks later gets the same bytes."""

import threading
from datetime import timedelta
from hashlib import sha256

import pytest
from django.db import connection

from invoicing import tasks
from invoicing.models import InvoiceDocument, InvoiceStatus
from invoicing.queries.documents import NotIssued
from invoicing.services import documents
from invoicing.services.documents import document_bytes, store_document, store_missing_documents
from tests import factories
from tests.invoicing.contracts import day
from tests.invoicing.documents import page_texts

AT = day(2, 1, hour=3)


def issued(**kwargs):
    names = {"supplier": {"name": "Tokens Ltd"}, "buyer": {"name": "Acme"}}
    return factories.InvoiceFactory(issued=True, **names | kwargs)


@pytest.fixture
def renderings(monkeypatch):
    """Count what is rendered."""
    made = []

    def counting(document):
        made.append(document.number)
        return render(document)

    render = documents.render_pdf
    monkeypatch.setattr(documents, "render_pdf", counting)
    return made


def test_it_keeps_bytes_and_their_hash(db):
    invoice = issued(number="INV-7")
    store_document(invoice_id=invoice.pk, at=AT)
    kept = InvoiceDocument.objects.get(invoice=invoice)
    content = bytes(kept.content)
    assert "Invoice number INV-7" in page_texts(content)[0]
    assert bytes(kept.sha256) == sha256(content).digest()
    assert kept.created_at == AT


def test_it_renders_once(db, renderings):
    invoice = issued(number="INV-7")
    first = store_document(invoice_id=invoice.pk, at=AT)
    again = store_document(invoice_id=invoice.pk, at=AT + timedelta(days=1))
    assert (again.pk, again.created_at, bytes(again.content)) == (first.pk, AT, bytes(first.content))
    assert renderings == ["INV-7"]


@pytest.mark.parametrize(
    "status", [InvoiceStatus.DRAFT_CREATED, InvoiceStatus.DRAFT_COLLECTING, InvoiceStatus.ISSUING_SYNCING]
)
def test_it_refuses_an_invoice_without_a_number(db, status):
    draft = factories.InvoiceFactory(status=status)
    with pytest.raises(NotIssued):
        store_document(invoice_id=draft.pk, at=AT)
    assert not InvoiceDocument.objects.exists()


def test_reading_renders_what_no_job_has_rendered_yet(db, renderings):
    invoice = issued(number="INV-7")
    content = document_bytes(invoice_id=invoice.pk, at=AT)
    assert content == bytes(store_document(invoice_id=invoice.pk, at=AT).content)
    assert renderings == ["INV-7"]


def test_the_job_renders_at_the_customers_time(db):
    clock = factories.TestClockFactory(now_at=day(6, 1))
    invoice = issued(customer__test_clock=clock)
    tasks.store_document(invoice_id=invoice.pk)
    assert InvoiceDocument.objects.get(invoice=invoice).created_at == day(6, 1)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_render_one_document(monkeypatch):
    invoice = issued()
    is_rendering, may_finish, kept, rendered = threading.Event(), threading.Event(), [], []
    render = documents.render_pdf

    def held_up(document):
        rendered.append(document.number)
        is_rendering.set()
        assert may_finish.wait(60)
        return render(document)

    def work():
        kept.append(store_document(invoice_id=invoice.pk, at=AT).pk)
        connection.close()

    monkeypatch.setattr(documents, "render_pdf", held_up)
    workers = [threading.Thread(target=work) for _ in range(2)]
    try:
        workers[0].start()
        assert is_rendering.wait(60)
        workers[1].start()
        wait_until_blocked()
    finally:
        may_finish.set()
        for worker in workers:
            worker.join(60)
    assert kept == [InvoiceDocument.objects.get().pk] * 2
    assert rendered == [invoice.number]


def wait_until_blocked():
    """Return once a session of this database waits for a lock."""
    with connection.cursor() as cursor:
        for _ in range(3000):
            cursor.execute(
                "SELECT count(*), pg_sleep(0.01) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return
    raise AssertionError("Nobody waits for a lock.")


def test_what_lacks_a_document_gets_one(db, renderings):
    clock = factories.TestClockFactory(now_at=day(6, 1))
    kept, missing = issued(number="INV-1"), issued(number="INV-2")
    on_a_clock = issued(number="INV-3", customer__test_clock=clock)
    factories.InvoiceFactory()
    store_document(invoice_id=kept.pk, at=AT)
    assert store_missing_documents(now=day(2, 2)) == 2
    times = dict(InvoiceDocument.objects.values_list("invoice_id", "created_at"))
    assert times == {kept.pk: AT, missing.pk: day(2, 2), on_a_clock.pk: day(6, 1)}
    assert store_missing_documents(now=day(2, 3)) == 0
    assert renderings == ["INV-1", "INV-2", "INV-3"]


def test_one_that_cannot_be_rendered_holds_up_no_other(db, monkeypatch, caplog):
    issued(number="INV-1")
    good = issued(number="INV-2")
    render = documents.render_pdf

    def fail_once(document):
        if document.number == "INV-1":
            raise RuntimeError("no font")
        return render(document)

    monkeypatch.setattr(documents, "render_pdf", fail_once)
    assert store_missing_documents(now=AT) == 2
    assert InvoiceDocument.objects.get().invoice == good
    assert "The document of invoice INV-1 could not be rendered" in caplog.text
    assert "no font" in caplog.text
