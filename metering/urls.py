"""The paths of metering under /api/v1."""

from django.urls import path

from metering.api.customers import CustomerDetail, Customers

urlpatterns = [
    path("customers", Customers.as_view()),
    path("customers/<str:id_or_key>", CustomerDetail.as_view()),
]
