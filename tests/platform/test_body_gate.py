"""Half-sent bodies take half of the threads at most, and only for a while."""

import io
import json
import socket
import threading

import pytest

from billing_site.body_gate import BodyGate
from tests.live_server import LiveServer, wait_for

HALF_SENT = b"POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"


class Stalled:
    """A body that comes when the test says so."""

    def __init__(self):
        self.entered = threading.Event()
        self.goes_on = threading.Event()

    def read(self, size):
        self.entered.set()
        assert self.goes_on.wait(30)
        return b"x" * size


def echo(environ, start_response):
    start_response("200 OK", [])
    return [environ["wsgi.input"].read()]


def gate(*, readers=2, stall_seconds=60.0, replace_process=lambda: None, max_bytes=10):
    return BodyGate(
        echo, max_bytes=max_bytes, readers=readers, stall_seconds=stall_seconds, replace_process=replace_process
    )


def post(application, stream, **environ):
    said = []
    body = application(
        {"wsgi.input": stream, "REQUEST_METHOD": "POST", **environ},
        lambda status, headers: said.append((status, headers)),
    )
    return said[0][0], dict(said[0][1]), b"".join(body)


@pytest.mark.parametrize(
    ("_case", "environ"),
    [("with a length", {"CONTENT_LENGTH": "10"}), ("in chunks", {"HTTP_TRANSFER_ENCODING": "chunked"})],
)
def test_it_hands_on_a_body_up_to_the_limit(_case, environ):
    assert post(gate(), io.BytesIO(b"0123456789"), **environ) == ("200 OK", {}, b"0123456789")


@pytest.mark.parametrize(
    ("_case", "environ"),
    [("with a length", {"CONTENT_LENGTH": "11"}), ("in chunks", {"HTTP_TRANSFER_ENCODING": "chunked"})],
)
def test_it_refuses_a_body_over_the_limit_with_a_sentence(_case, environ):
    status, headers, body = post(gate(), io.BytesIO(b"0123456789a"), **environ)
    assert status == "413 " + json.loads(body)["title"]
    assert headers["Content-Type"] == "application/problem+json"
    assert json.loads(body)["detail"] == "The body is longer than 10 bytes; send it in smaller parts."


def test_it_refuses_a_body_that_ends_too_early():
    status, _, body = post(gate(), io.BytesIO(b"01234"), CONTENT_LENGTH="10")
    assert status == "400 Bad Request"
    assert "ended before its Content-Length" in json.loads(body)["detail"]


def test_it_refuses_the_next_body_unread_while_all_readers_wait_and_takes_it_afterwards():
    shared = gate(readers=2)
    stalled = [Stalled(), Stalled()]
    threads = [threading.Thread(target=post, args=(shared, body), kwargs={"CONTENT_LENGTH": "1"}) for body in stalled]
    for thread, body in zip(threads, stalled, strict=True):
        thread.start()
        assert body.entered.wait(30)
    unread = io.BytesIO(b"x")
    status, headers, _ = post(shared, unread, CONTENT_LENGTH="1")
    assert (status, headers["Retry-After"], unread.tell()) == ("503 Service Unavailable", "5", 0)
    for thread, body in zip(threads, stalled, strict=True):
        body.goes_on.set()
        thread.join()
    assert post(shared, io.BytesIO(b"x"), CONTENT_LENGTH="1")[0] == "200 OK"


def test_it_has_the_process_replaced_once_a_quarter_of_the_readers_has_stalled():
    replaced = threading.Event()
    shared = gate(readers=4, stall_seconds=0.02, replace_process=replaced.set)
    body = Stalled()
    thread = threading.Thread(target=post, args=(shared, body), kwargs={"CONTENT_LENGTH": "1"})
    thread.start()
    assert replaced.wait(30)
    body.goes_on.set()
    thread.join()


@pytest.fixture
def impatient_server(spare_data_dir):
    server = LiveServer(spare_data_dir, variables={"BILLING_BODY_STALL_SECONDS": "5"}).start()
    yield server
    server.stop()


def test_the_server_answers_while_more_bodies_than_it_has_threads_are_half_sent_and_recovers(impatient_server):
    server = impatient_server
    assert server.api_key
    held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(80)]
    try:
        for connection in held:
            connection.sendall(HALF_SENT)
        assert server.request("/health", key="").status == 200
        refused = server.request("/api/v1/events", b"{}", Content_Type="application/json")
        assert refused.status == 503
        assert refused.headers["Retry-After"] == "5"
        assert refused.headers["content-type"] == "application/problem+json"
        assert wait_for(lambda: takes_bodies(server), seconds=60)
        assert "Request bodies have stalled" in server.log
    finally:
        for connection in held:
            connection.close()


def takes_bodies(server):
    try:
        # 400 is what the lane says of this body, so the body was read.
        return server.request("/api/v1/events", b"{}", Content_Type="application/json").status == 400
    except OSError:
        # The moment in which one process ends and the other serves.
        return False


@pytest.mark.parametrize(("_case", "chunked"), [("with a length", False), ("in chunks", True)])
def test_the_server_refuses_a_body_over_ten_mebibytes(live_billing, _case, chunked):
    body = b"x" * (10 * 1024 * 1024 + 1)
    answer = live_billing.request("/api/v1/events", iter([body]) if chunked else body, Content_Type="application/json")
    assert answer.status == 413
    assert "longer than 10485760 bytes" in answer.json()["detail"]
