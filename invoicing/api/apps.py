"""Apps and what they keep of customers: `/api/v1/apps`, `/api/v1/customers/{}/apps`."""

from collections.abc import Iterable
from typing import Any

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from invoicing.api.schema import apps as describe
from invoicing.models import App, CustomerAppData
from invoicing.serializers.apps import (
    APP_INPUTS,
    AppReplaceInput,
    CustomerAppDataListInput,
    CustomerAppInput,
    app_output,
    customer_data_outputs,
)
from invoicing.services.apps import change_app, forget_customer_data, keep_customer_data, uninstall_app
from metering import clock
from metering.api.base import ApiView, page_output
from metering.api.customers import find_customer
from metering.serializers.fields import PageInput, checked, checked_list


@describe.APPS
class Apps(ApiView):
    def get(self, request: Request) -> Response:
        asked = checked(PageInput, request.query_params).validated_data
        return Response(page_output(App.objects.filter(deleted_at=None).order_by("pk"), asked, _outputs))


@describe.APP
class AppDetail(ApiView):
    def get(self, request: Request, id: str) -> Response:
        return Response(app_output(find_app(id)))

    def put(self, request: Request, id: str) -> Response:
        app = find_app(id)
        # The type decides what else there is.
        type = checked(AppReplaceInput, request.data).validated_data["type"]
        body = checked(APP_INPUTS[type], request.data)
        return Response(app_output(change_app(app_id=app.pk, at=clock.now(), **body.values())))

    def delete(self, request: Request, id: str) -> Response:
        uninstall_app(app_id=find_app(id).pk, at=clock.now())
        return Response(status=204)


@describe.CUSTOMER_APPS
class CustomerApps(ApiView):
    def get(self, request: Request, id_or_key: str) -> Response:
        customer = find_customer(id_or_key)
        asked = checked(CustomerAppDataListInput, request.query_params).validated_data
        kept = CustomerAppData.objects.filter(customer=customer, app__deleted_at=None)
        if "type" in asked:
            kept = kept.filter(app__type=asked["type"])
        return Response(page_output(kept.select_related("app").order_by("pk"), asked, _customer_outputs))

    def put(self, request: Request, id_or_key: str) -> Response:
        customer = find_customer(id_or_key)
        entries = [read.entry() for read in checked_list(CustomerAppInput, request.data)]
        return Response(
            customer_data_outputs(keep_customer_data(customer_id=customer.pk, entries=entries, at=clock.now()))
        )


@describe.CUSTOMER_APP
class CustomerAppDetail(ApiView):
    def delete(self, request: Request, id_or_key: str, app_id: str) -> Response:
        forget_customer_data(customer_id=find_customer(id_or_key).pk, app_id=find_app(app_id).pk)
        return Response(status=204)


def find_app(app_id: str) -> App:
    """
    Return the app that a request names, installed or not.

    :raises Http404: if there is none.
    """
    found = App.objects.filter(ulid=app_id.upper()).first()
    if found is None:
        raise Http404(f"There is no app {app_id}. Name one by its id.")
    return found


def _outputs(apps: Iterable[App]) -> list[dict[str, Any]]:
    return [app_output(app) for app in apps]


def _customer_outputs(kept: Iterable[CustomerAppData]) -> list[dict[str, Any]]:
    return customer_data_outputs(list(kept))
