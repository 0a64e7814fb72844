"""Whether this process can serve: for `serve`, load balancers and monitors."""

from functools import cache

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe


@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """Answer 200 once the database answers and every migration is applied, else 503."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        _require_migrations()
    except (DatabaseError, _NotMigrated) as error:
        return JsonResponse({"status": "unavailable", "detail": _sentence(error)}, status=503)
    return JsonResponse({"status": "ok"})


class _NotMigrated(Exception):
    pass


@cache
def _require_migrations() -> None:
    # A raised exception is not cached, so this asks until the migrations are done and never again.
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise _NotMigrated


def _sentence(error: Exception) -> str:
    if isinstance(error, _NotMigrated):
        return "Migrations are missing; run manage.py migrate."
    return "The database does not answer."
