"""What stands before Django in a web process, and how its answers get out."""

import json
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from billing_site import rsgi
from billing_site.network import is_loopback, is_own_caller
from billing_site.wsgi_threads import WsgiThreads, environ_of
from tests.event_loop import in_loop


class Headers(dict):
    """As the web server's: names in lower case, values of the same name one after the other."""

    def items(self):
        return [(name, value) for name, values in super().items() for value in values.split("|")]


class Said:
    """Takes the answer that the web server would send; of a long one, as much as the client wants."""

    wanted = -1

    async def __call__(self):
        return b""

    def response_bytes(self, status, headers, body):
        self.status, self.headers, self.body = int(status), dict(headers), body

    def response_file(self, status, headers, path):
        self.status, self.headers = int(status), dict(headers)
        self.client = threading.Thread(target=self._take, args=(path,))
        self.client.start()

    def _take(self, path):
        with Path(path).open("rb") as sent:
            self.body = sent.read(self.wanted)


def request(path="/", method="GET", client="127.0.0.1:5000", **headers):
    return SimpleNamespace(
        method=method,
        path=path,
        query_string="a=1",
        scheme="http",
        http_version="1.1",
        server="127.0.0.1:8000",
        client=client,
        headers=Headers({name.replace("_", "-"): value for name, value in {"host": "localhost", **headers}.items()}),
    )


def answer_of(application, scope):
    said = Said()
    in_loop(application.__rsgi__(scope, said))
    return said


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("setting", "by_django"), [("on", False), ("off", True)])
def test_the_lane_answers_events_unless_it_is_switched_off(settings, setting, by_django):
    settings.INGEST_LANE = setting
    said = answer_of(rsgi.build(), request("/api/v1/events", "POST", authorization="Bearer x"))
    assert (said.status, said.headers["WWW-Authenticate"]) == (401, "Bearer")
    # Only Django's middleware adds this one.
    assert ("X-Frame-Options" in said.headers) is by_django


@pytest.mark.django_db
def test_health_answers_once_the_database_is_migrated(client):
    answer = client.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_without_keys_another_machine_is_refused_whatever_it_asks(settings):
    settings.API_AUTH = "off"
    for path in ("/api/v1/events", "/health"):
        said = answer_of(rsgi.build(), request(path, "POST", client="192.0.2.7:5000"))
        assert (said.status, said.headers["Content-Type"]) == (403, "application/problem+json")
        assert "API keys are switched off" in json.loads(said.body)["detail"]


@pytest.mark.parametrize(
    ("_case", "remote", "host", "names", "expected"),
    [
        ("this machine", "127.0.0.1", "localhost:8000", [], True),
        ("this machine by IPv6", "::1", "[::1]:8000", [], True),
        ("this machine, mapped", "::ffff:127.0.0.1", None, [], True),
        ("another machine", "192.0.2.7", "localhost", [], False),
        ("another machine behind a proxy", "127.0.0.1", "localhost", ["x-forwarded-for"], False),
        ("a page whose name was made to resolve here", "127.0.0.1", "rebound.example", [], False),
    ],
)
def test_it_tells_its_own_callers_from_others(_case, remote, host, names, expected):
    assert is_own_caller(remote, host, names) is expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("", False)],
)
def test_it_tells_loopback_from_the_rest(host, expected):
    assert is_loopback(host) is expected


def test_django_is_told_of_a_request_as_wsgi_does():
    scope = request("/a b/ü", "POST", "[::1]:5000", x_twice="a|b", cookie="c=1|d=2", content_type="text/plain")
    scope.headers |= {"x_forwarded_for": "192.0.2.7", "content-length": "99", "transfer-encoding": "chunked"}
    environ = environ_of(scope, b"body")
    assert environ["wsgi.input"].read() == b"body"
    assert {name: value for name, value in environ.items() if not name.startswith("wsgi.")} == {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        # Bytes of UTF-8, each as one character.
        "PATH_INFO": "/a b/Ã¼",
        "QUERY_STRING": "a=1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "::1",
        "HTTP_HOST": "localhost",
        "HTTP_X_TWICE": "a,b",
        "HTTP_COOKIE": "c=1; d=2",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "4",
    }


def test_a_failing_application_is_answered_as_500_and_its_response_is_closed(caplog):
    closed = []

    class Broken:
        def __iter__(self):
            raise ZeroDivisionError("secret")

        def close(self):
            closed.append(True)

    application = rsgi.build()
    application._django = WsgiThreads(lambda environ, start_response: Broken(), 1)
    said = answer_of(application, request())
    assert (said.status, closed, b"secret" in said.body) == (500, [True], False)
    assert "ZeroDivisionError" in caplog.text


class Lines:
    """A response of many lines, which knows how many were asked of it and whether it was closed."""

    def __init__(self, count):
        self._count = count
        self.asked = 0
        self.is_closed = False

    def __call__(self, environ, start_response):
        start_response("200 OK", [("Content-Type", "text/csv")])
        return self

    def __iter__(self):
        for _ in range(self._count):
            self.asked += 1
            yield b"0123456789abcde\n"

    def close(self):
        self.is_closed = True


def streamed(lines, said):
    in_loop(WsgiThreads(lines, 1).serve(request(), said, b""))
    said.client.join(60)


def test_a_long_response_goes_out_whole():
    lines, said = Lines(200_000), Said()
    streamed(lines, said)
    # 200,000 lines of 16 bytes
    assert (said.status, said.headers, len(said.body)) == (200, {"Content-Type": "text/csv"}, 3_200_000)
    assert lines.is_closed


def test_a_long_response_ends_when_the_client_leaves():
    lines, said = Lines(10_000_000), Said()
    said.wanted = 1_000
    streamed(lines, said)
    # What is put together at first, and what fits into a pipe: 1 MiB and some, of 160 MB
    assert lines.asked < 200_000
    assert lines.is_closed
