"""Bodies that come slowly, in part, or too long take no thread and little memory, and are refused with a sentence."""

import asyncio
import json
import socket

import pytest
from granian.rsgi import ProtocolClosed

from billing_site.bodies import Bodies, BodyRefused
from tests.event_loop import in_loop
from tests.live_server import LiveServer, wait_for
from tests.metering.doors import EITHER, MANY, event

HALF_SENT = b"POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"
LENGTH = "content-length"
CHUNKED = {"transfer-encoding": "chunked"}


class Sent:
    """A body as the web server hands it out: these pieces, and then nothing more for ever if it `stalls`."""

    def __init__(self, *pieces, stalls=False, breaks=False):
        self._pieces = pieces
        self._stalls = stalls
        self._breaks = breaks
        self.taken = 0

    async def __call__(self):
        whole = b"".join([piece async for piece in self])
        if self._breaks:
            raise ProtocolClosed
        return whole

    async def __aiter__(self):
        for piece in self._pieces:
            self.taken += 1
            yield piece
        if self._stalls:
            await asyncio.get_running_loop().create_future()


def bodies(*, max_bytes=10, held_bytes=1_000_000, stall_seconds=60.0):
    return Bodies(max_bytes=max_bytes, held_bytes=held_bytes, stall_seconds=stall_seconds)


def read(reader, sent, headers):
    return in_loop(reader.read(sent, headers))


def refused(reader, sent, headers):
    with pytest.raises(BodyRefused) as found:
        read(reader, sent, headers)
    return found.value.status, found.value.detail


def test_a_request_without_a_body_has_an_empty_one():
    assert read(bodies(), Sent(stalls=True), {}) == b""


@pytest.mark.parametrize("headers", [{LENGTH: "10"}, CHUNKED])
def test_it_hands_on_a_body_up_to_the_limit(headers):
    assert read(bodies(), Sent(b"01234", b"56789"), headers) == b"0123456789"


@pytest.mark.parametrize("headers", [{LENGTH: "11"}, CHUNKED])
def test_it_reads_what_is_a_little_too_long_to_its_end_and_refuses_it(headers):
    sent = Sent(b"01234", b"56789", b"a")
    said = (413, "The body is longer than 10 bytes; send it in smaller parts.")
    assert refused(bodies(), sent, headers) == said
    assert sent.taken == 3


@pytest.mark.parametrize("headers", [{LENGTH: "41"}, {LENGTH: "11", "expect": "100-continue"}])
def test_it_does_not_read_what_is_far_too_long_or_waits_for_leave(headers):
    sent = Sent(b"0" * 41)
    assert refused(bodies(), sent, headers)[0] == 413
    assert sent.taken == 0


@pytest.mark.parametrize("length", [10, 100_000])
def test_it_refuses_a_body_that_ends_too_early(length):
    reader = bodies(max_bytes=100_000)
    status, detail = refused(reader, Sent(b"01234", breaks=True), {LENGTH: str(length)})
    assert (status, "ended before its Content-Length" in detail) == (400, True)


@pytest.mark.parametrize("length", [10, 100_000])
def test_it_gives_up_a_body_that_does_not_go_on(length):
    reader = bodies(max_bytes=100_000, stall_seconds=0.02)
    status, detail = refused(reader, Sent(b"01234", stalls=True), {LENGTH: str(length)})
    assert (status, detail) == (408, "The body did not go on for 0.02 seconds; send the request again.")


def test_large_bodies_find_room_again_once_others_are_released():
    reader = bodies(max_bytes=100_000, held_bytes=150_000)
    headers = {LENGTH: "90000"}
    first = read(reader, Sent(b"x" * 90_000), headers)
    status, detail = refused(reader, Sent(b"x" * 90_000), headers)
    assert (status, "Too many large bodies" in detail) == (503, True)
    # A small one always fits.
    assert read(reader, Sent(b"x" * 10), {LENGTH: "10"}) == b"x" * 10
    reader.release(first)
    assert len(read(reader, Sent(b"x" * 90_000), headers)) == 90_000


@pytest.fixture
def impatient_server(spare_data_dir):
    server = LiveServer(spare_data_dir, variables={"BILLING_BODY_STALL_SECONDS": "2"}).start()
    yield server
    server.stop()


def test_the_server_takes_events_while_hundreds_of_bodies_are_half_sent_and_gives_those_up(impatient_server):
    server = impatient_server
    assert server.api_key
    held = [socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in range(300)]
    try:
        for connection in held:
            connection.sendall(HALF_SENT)
        assert server.request("/health", key="").status == 200
        stored = server.request("/api/v1/events", json.dumps(event("1")).encode(), Content_Type=EITHER)
        assert stored.status == 204
        answers = [everything(connection) for connection in held]
        assert all(
            answer.startswith(b"HTTP/1.1 408 ") and b"did not go on for 2 seconds" in answer for answer in answers
        )
    finally:
        for connection in held:
            connection.close()


def everything(connection):
    """Return what the server says until it closes the connection."""
    said = b""
    while piece := connection.recv(65_536):
        said += piece
    return said


def test_the_server_takes_ten_thousand_events_that_come_slower_than_it_would_wait_for_silence(impatient_server):
    server = impatient_server
    body = json.dumps([event(f"slow-{number}", subject="slow") for number in range(10_000)]).encode()
    head = f"POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: {MANY}\r\nAuthorization: Bearer "
    head += f"{server.api_key}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(head.encode())
        # 6 pieces half a second apart: 3 seconds in all, where 2 of silence would be too many.
        size = len(body) // 6 + 1
        for begin in range(0, len(body), size):
            assert not wait_for(lambda: False, 0.5)
            connection.sendall(body[begin : begin + size])
        assert everything(connection).startswith(b"HTTP/1.1 204 ")


@pytest.mark.parametrize(("_case", "chunked"), [("with a length", False), ("in chunks", True)])
def test_the_server_refuses_a_body_over_ten_mebibytes(live_billing, _case, chunked):
    body = b"x" * (10 * 1024 * 1024 + 1)
    answer = live_billing.request("/api/v1/events", iter([body]) if chunked else body, Content_Type="application/json")
    assert answer.status == 413
    assert "longer than 10485760 bytes" in answer.json()["detail"]
