"""What the API answers about apps is what the document says, member by member."""

from invoicing.models import App
from invoicing.services.profiles import delete_profile
from tests.factories import START, CustomerFactory
from tests.test_openapi_answers import call, document  # noqa: F401 (fixtures)


def test_apps(call):  # noqa: F811
    call("GET /api/v1/marketplace/listings")
    call("GET /api/v1/marketplace/listings/{type}", type="custom_invoicing")
    call("GET /api/v1/marketplace/listings/{type}", type="stripe", status=404)
    call("POST /api/v1/marketplace/listings/{type}/install", {"name": "Books"}, type="custom_invoicing")
    call("GET /api/v1/apps")
    app = App.objects.get(name="Books")
    change = {"type": "custom_invoicing", "name": "Books", "description": "Ours", "metadata": {"a": "b"}}
    hooks = {"enableDraftSyncHook": True, "enableIssuingSyncHook": True}
    call("PUT /api/v1/apps/{id}", change | hooks, id=app.ulid)
    call("PUT /api/v1/apps/{id}", change, id=app.ulid, status=400)
    call("PUT /api/v1/apps/{id}", {"type": "sandbox", "name": "Books"}, id=app.ulid, status=400)
    call("GET /api/v1/apps/{id}", id=app.ulid)
    call("DELETE /api/v1/apps/{id}", id=app.ulid, status=409)
    delete_profile(profile_id=app.profiles.get().pk, at=START)
    call("DELETE /api/v1/apps/{id}", id=app.ulid, status=204)
    call("GET /api/v1/apps/{id}", id=app.ulid)
    call("GET /api/v1/apps/{id}", id=app.ulid[::-1], status=404)


def test_what_apps_keep_of_customers(call):  # noqa: F811
    customer = CustomerFactory(key="acme")
    app = App.objects.create(
        type="custom_invoicing", name="Books", created_at=customer.created_at, updated_at=customer.created_at
    )
    customers = "/api/v1/customers/{customerIdOrKey}/apps"
    given = [{"type": "sandbox"}, {"type": "custom_invoicing", "id": app.ulid, "metadata": {"account": "17"}}]
    call(f"PUT {customers}", given, customerIdOrKey="acme")
    call(f"PUT {customers}", [{"type": "custom_invoicing"}], customerIdOrKey="acme", status=400)
    call(f"GET {customers}", customerIdOrKey=customer.ulid)
    call(f"GET {customers}", query={"type": "custom_invoicing"}, customerIdOrKey="acme")
    call(f"DELETE {customers}/{{appId}}", customerIdOrKey="acme", appId=app.ulid, status=204)
    call(f"DELETE {customers}/{{appId}}", customerIdOrKey="acme", appId=app.ulid, status=404)
