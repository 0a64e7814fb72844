"""Every model's pages open, and what is read-only refuses to be written."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.urls import reverse

from billing_site import admin as other_models
from metering.models import Event
from tests import factories

_OWN_APPS = ("metering", "pricing", "invoicing")
_FACTORIES = {factory._meta.model: factory for factory in factories.DjangoModelFactory.__subclasses__()}
_OWN = [model for model in admin.site._registry if model._meta.app_label in _OWN_APPS]
_OTHERS = [model for model in admin.site._registry if model not in _OWN]
_LEDGERS = {
    "allocation",
    "auditrun",
    "balanceentry",
    "batch",
    "billingrun",
    "bucket",
    "bucketvalue",
    "daybucket",
    "dayvalue",
    "detailedline",
    "event",
    "eventimport",
    "idempotencykey",
    "invoice",
    "invoicedocument",
    "invoiceline",
    "invoicesequence",
    "invoicetax",
    "meterversion",
    "payment",
    "portaltoken",
    "queryprogress",
    "series",
    "subjectlink",
}


def _name(model):
    return model._meta.label_lower


def _url(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def test_it_registers_every_model_of_ours():
    ours = {
        model
        for app in _OWN_APPS
        for model in apps.get_app_config(app).get_models()
        if not hasattr(model, "pgh_tracked_model")
    }
    assert ours == set(_OWN)


@pytest.mark.parametrize("model", _OWN, ids=_name)
def test_it_lists_and_searches(console, model):
    row = _FACTORIES[model]()
    page = console.get(_url(model, "changelist"))
    assert page.status_code == 200
    assert (
        _url(model, "change", row.pk) in page.content.decode() or admin.site._registry[model].list_display_links is None
    )
    assert console.get(_url(model, "changelist"), {"q": "nothing like it 123"}).status_code == 200
    assert admin.site._registry[model].search_fields


@pytest.mark.parametrize("model", _OWN, ids=_name)
def test_it_shows_one_row(console, model):
    page = console.get(_url(model, "change", _FACTORIES[model]().pk))
    assert page.status_code == 200


@pytest.mark.parametrize("model", _OTHERS, ids=_name)
def test_it_lists_models_of_other_packages(console, model):
    assert console.get(_url(model, "changelist")).status_code == 200


@pytest.mark.parametrize("model", _OWN, ids=_name)
def test_it_offers_a_form_where_rows_may_be_added(console, model, rf, operator):
    request = rf.get("/")
    request.user = operator
    allowed = admin.site._registry[model].has_add_permission(request)
    assert console.get(_url(model, "add")).status_code == (200 if allowed else 403)
    assert not (allowed and model._meta.model_name in _LEDGERS)


@pytest.mark.parametrize("model", [model for model in _OWN if model._meta.model_name in _LEDGERS], ids=_name)
def test_it_refuses_to_write_ledgers(console, model):
    row = _FACTORIES[model]()
    before = model.objects.filter(pk=row.pk).values().get()
    assert console.post(_url(model, "change", row.pk), {"name": "forged", "total": "1"}).status_code == 403
    assert console.post(_url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert console.post(_url(model, "add"), {}).status_code == 403
    assert model.objects.filter(pk=row.pk).values().get() == before


@pytest.mark.parametrize("model", [model for model in _OWN if hasattr(model, "pgh_event_model")], ids=_name)
def test_it_shows_the_history_of_tracked_rows(console, model):
    page = console.get(_url(model, "history", _FACTORIES[model]().pk))
    assert page.status_code == 200
    assert "Made" in page.content.decode()


def test_it_has_no_history_of_ledgers(console):
    assert console.get(_url(Event, "history", factories.EventFactory().pk)).status_code == 404


def test_it_keeps_strangers_out(client, db):
    page = client.get(reverse("admin:index"))
    assert page.status_code == 302
    assert page["Location"].startswith("/admin/login/")
    sign_in = client.get(page["Location"])
    assert sign_in.status_code == 302
    assert sign_in["Location"].startswith("/accounts/")


def test_it_keeps_customers_out(client, db):
    client.force_login(factories.UserFactory())
    assert client.get(reverse("admin:login")).status_code == 403


def test_it_widens_the_content_policy_for_the_console_alone(console):
    policy = console.get(reverse("admin:index"))["Content-Security-Policy"]
    assert "'unsafe-eval'" in policy
    assert "'unsafe-inline'" in policy
    assert "unsafe" not in console.get("/health")["Content-Security-Policy"]


def test_it_lists_queued_jobs_in_its_own_look():
    assert isinstance(admin.site._registry[other_models.Failure], other_models.FailureAdmin)
