"""The OpenAPI document as JSON or YAML, and the page that shows it."""

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class ApiDocument(APIView):
    """Anybody may read it: it says nothing of what this installation holds."""

    schema = None
    authentication_classes = []
    permission_classes = []
    content_negotiation_class = DefaultContentNegotiation
    renderer_classes = [OpenApiJsonRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer2, OpenApiYamlRenderer]

    def get(self, request: Request) -> Response:
        return Response(_document())


def show_document(request: HttpRequest) -> HttpResponse:
    """Show the document as a page on which every operation can be tried out."""
    return render(request, "api/docs.html")


@cache
def _document() -> dict[str, Any]:
    # It is made of code alone, so one is enough for the life of a process.
    document: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return document
