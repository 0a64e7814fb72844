"""What stands before Django in a web process."""

import io

import pytest

from billing_site import wsgi
from billing_site.network import LoopbackOnly, is_loopback


def answer_of(application, path, **environ):
    said = []
    request = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "HTTP_HOST": "localhost",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        **environ,
    }
    b"".join(application(request, lambda status, headers, *exception: said.append((status, dict(headers)))))
    return said[0]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("setting", "by_django"), [("on", False), ("off", True)])
def test_the_lane_answers_events_unless_it_is_switched_off(settings, setting, by_django):
    settings.INGEST_LANE = setting
    status, headers = answer_of(wsgi.build(), "/api/v1/events", REQUEST_METHOD="POST", HTTP_AUTHORIZATION="Bearer x")
    assert status == "401 Unauthorized"
    # Only Django's middleware adds this one.
    assert ("X-Frame-Options" in headers) is by_django


@pytest.mark.django_db
def test_health_answers_once_the_database_is_migrated(client):
    answer = client.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("_case", "environ", "is_let_in"),
    [
        ("this machine", {}, True),
        ("this machine by IPv6", {"REMOTE_ADDR": "::1", "HTTP_HOST": "[::1]:8000"}, True),
        ("this machine, mapped", {"REMOTE_ADDR": "::ffff:127.0.0.1"}, True),
        ("another machine", {"REMOTE_ADDR": "192.0.2.7"}, False),
        ("another machine behind a proxy", {"HTTP_X_FORWARDED_FOR": "192.0.2.7"}, False),
        ("a page whose name was made to resolve here", {"HTTP_HOST": "rebound.example"}, False),
    ],
)
def test_without_keys_only_this_machine_is_let_in(_case, environ, is_let_in):
    def inside(environ, start_response):
        start_response("200 OK", [])
        return []

    assert answer_of(LoopbackOnly(inside), "/", **environ)[0] == ("200 OK" if is_let_in else "403 Forbidden")


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("", False)],
)
def test_it_tells_loopback_from_the_rest(host, expected):
    assert is_loopback(host) is expected
