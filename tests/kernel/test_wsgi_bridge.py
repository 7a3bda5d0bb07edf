"""A WSGI application behind a real ASGI server: what goes in and what comes out."""

import asyncio
import io
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any

import pytest
import uvicorn
import uvloop

from renkei.config.door import Door
from renkei.config.protocol import Protocol
from renkei.kernel import wsgi_bridge, wsgi_request
from renkei.kernel.wsgi_bridge import WSGIBridge

Story = Callable[[int], Coroutine[Any, Any, None]]


class App:
    """A WSGI application with a few behaviours, by path."""

    def __init__(self) -> None:
        self.environs: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []
        self.closed = 0
        self.made = 0
        self.begun = threading.Event()
        self.go = threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        self.environs.append(environ)
        name = environ["PATH_INFO"].strip("/") or "plain"
        return getattr(self, name, self.plain)(environ, start_response)

    def plain(self, environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
        return [b"hello"]

    def echo(self, environ: dict[str, Any], start_response: Any) -> Any:
        self.begun.set()
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        self.bodies.append(body)
        start_response("200 OK", [])
        return [b"%d" % len(body)]

    def piecewise(self, environ: dict[str, Any], start_response: Any) -> Any:
        while piece := environ["wsgi.input"].read(10_000):
            self.bodies.append(piece)
        start_response("200 OK", [])
        return [b"%d" % sum(map(len, self.bodies))]

    def unread(self, environ: dict[str, Any], start_response: Any) -> Any:
        start_response("403 Forbidden", [("Content-Length", "2")])
        return [b"no"]

    def hasty(self, environ: dict[str, Any], start_response: Any) -> Any:
        environ["wsgi.input"].read(400_000)
        return self.unread(environ, start_response)

    def stream(self, environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "application/octet-stream")])
        return Pieces(self, int(environ["QUERY_STRING"] or 100))

    def late(self, environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [])
        yield b"first"
        self.go.wait(5)
        yield b"second"

    def file(self, environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [("Content-Length", "300000")])
        return environ["wsgi.file_wrapper"](io.BytesIO(bytes(300_000)), 10)

    def crash(self, environ: dict[str, Any], start_response: Any) -> Any:
        raise ValueError("secret words")

    def crash_late(self, environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [])
        yield b"first"
        raise ValueError("secret words")

    def mute(self, environ: dict[str, Any], start_response: Any) -> Any:
        return [b"nothing was started"]

    def written(self, environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [])(b"one ")
        return [b"two"]

    def empty(self, environ: dict[str, Any], start_response: Any) -> Any:
        start_response("304 Not Modified", [("Content-Length", "77"), ("ETag", '"x"')])
        return []

    def twice(self, environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [])
        try:
            raise ValueError
        except ValueError as error:
            info = (ValueError, error, error.__traceback__)
            start_response("503 Service Unavailable", [], info)
        return [b"sorry"]

    def slow(self, environ: dict[str, Any], start_response: Any) -> Any:
        self.begun.set()
        self.go.wait(5)
        return self.plain(environ, start_response)


class Pieces:
    """An endless-looking response that counts what was taken and whether it was closed."""

    def __init__(self, app: App, count: int) -> None:
        self.app, self.count = app, count

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(self.count):
            self.app.made += 1
            yield b"x" * 16_384

    def close(self) -> None:
        self.app.closed += 1


def play(app: Any, story: Story, threads: int = 4, patience: int | None = None) -> None:
    """Run a story against a real server on a port of its own."""

    async def run() -> None:
        bridge = WSGIBridge(app, threads)
        protocol: Any = partial(Protocol, Door())
        config = uvicorn.Config(
            bridge, host="127.0.0.1", port=0, http=protocol, log_config=None, lifespan="off",
            interface="asgi3", timeout_graceful_shutdown=patience,
        )  # fmt: skip
        server = uvicorn.Server(config)
        task = asyncio.create_task(server._serve())
        while not server.started:
            await asyncio.sleep(0.01)
        try:
            await asyncio.wait_for(story(server.servers[0].sockets[0].getsockname()[1]), 30)
        finally:
            server.should_exit = True
            await task
            bridge.close()

    uvloop.run(run())


async def ask(port: int, head: str, body: bytes = b"") -> bytes:
    """Send one request, read to the end of the connection, and give back everything."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{head}\r\nHost: h\r\nConnection: close\r\n\r\n".encode("latin-1") + body)
    answer = await reader.read()
    writer.close()
    return answer


async def until(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + 20  # a busy machine takes its time
    while not condition():
        assert time.monotonic() < limit, "it did not happen"
        await asyncio.sleep(0.01)


def test_the_environ_says_exactly_what_was_asked() -> None:
    app = App()

    async def story(port: int) -> None:
        answer = await ask(
            port,
            "GET /a%2Fb/%E7%99%BA%FF?q=%20&x HTTP/1.1\r\nX-One: 1\r\nX-One: 2\r\n"
            "Cookie: a=1\r\nCookie: b=2\r\nX_Two: forged\r\nContent-Type: text/x\r\nX-L: \xe9",
        )
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert answer.endswith(b"\r\n\r\nhello")

    play(app, story)
    environ = app.environs[0]
    assert environ["REQUEST_METHOD"] == "GET"
    assert environ["PATH_INFO"].encode("latin-1") == b"/a/b/\xe7\x99\xba\xff"
    assert environ["QUERY_STRING"] == "q=%20&x"
    assert environ["HTTP_X_ONE"] == "1,2"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert environ["HTTP_X_L"] == "\xe9"
    assert environ["CONTENT_TYPE"] == "text/x"
    assert "HTTP_X_TWO" not in environ
    assert environ["REMOTE_ADDR"] == "127.0.0.1"
    assert environ["SERVER_PROTOCOL"] == "HTTP/1.1"
    assert environ["wsgi.url_scheme"] == "http"
    assert environ["SCRIPT_NAME"] == ""
    assert "CONTENT_LENGTH" not in environ


def test_bodies_arrive_whole_however_they_are_sent() -> None:
    app = App()
    small, large = b"s" * 60_000, bytes(range(256)) * 12_000

    async def story(port: int) -> None:
        for path, body in (("echo", small), ("echo", large), ("piecewise", large)):
            app.bodies.clear()
            head = f"POST /{path} HTTP/1.1\r\nContent-Length: {len(body)}"
            answer = await ask(port, head, body)
            assert answer.endswith(b"\r\n\r\n%d" % len(body))
            assert b"".join(app.bodies) == body
        app.bodies.clear()
        chunked = b"5\r\nhello\r\n" + b"1\r\ny\r\n" * 20_000 + b"0\r\n\r\n"
        await ask(port, "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked", chunked)
        assert app.bodies == [b"hello" + b"y" * 20_000]

    play(app, story)


def test_too_much_or_of_unknown_length_is_refused() -> None:
    app = App()

    async def story(port: int) -> None:
        answer = await ask(port, "POST /echo HTTP/1.1\r\nContent-Length: 20000001")
        assert answer.startswith(b"HTTP/1.1 413 ")
        body = b"%x\r\n%s\r\n" % (300_000, b"x" * 300_000)
        answer = await ask(port, "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked", body)
        assert answer.startswith(b"HTTP/1.1 411 ")
        answer = await ask(port, "GET / HTTP/1.1\r\nX-Large: " + "x" * 40_000)
        assert answer.startswith(b"HTTP/1.1 431 ")
        answer = await ask(port, "GET / HTTP/1.1\r\nX-Large: " + "x" * 20_000)
        assert answer.startswith(b"HTTP/1.1 200 ")

    play(app, story)
    assert len(app.environs) == 1


def test_a_body_that_trickles_holds_no_thread() -> None:
    app = App()

    async def story(port: int) -> None:
        trickling = []
        for _ in range(3):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nx")
            trickling.append(writer)
        await asyncio.sleep(0.1)
        assert (await ask(port, "GET / HTTP/1.1")).endswith(b"hello")
        assert not app.begun.is_set()
        for writer in trickling:
            writer.close()

    play(app, story, threads=1)
    assert app.bodies == []


def test_an_upload_that_stalls_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wsgi_request, "STALL_SECONDS", 0.2)
    monkeypatch.setattr(wsgi_request, "PIECE_SECONDS", 0.2)
    app = App()

    async def story(port: int) -> None:
        head = "POST /echo HTTP/1.1\r\nContent-Length: 100"
        assert (await ask(port, head, b"x")).startswith(b"HTTP/1.1 408 ")
        head = "POST /echo HTTP/1.1\r\nContent-Length: 1000000"
        await ask(port, head, b"x" * 300_000)
        assert (await ask(port, "GET / HTTP/1.1")).endswith(b"hello")

    play(app, story, threads=1)


def test_an_upload_is_given_up_in_time_however_steadily_it_drips() -> None:
    class Dripping:
        """There is always one byte more."""

        came = 0

        def receive(self, room: memoryview, seconds: float) -> int:
            self.came += 1
            assert self.came < 10_000, "it went on"
            return 1

        def close(self) -> None:
            """Nothing is held."""

    line: Any = Dripping()
    rest = wsgi_request._Rest(b"", 1_000_000, line)
    rest.until = time.monotonic() + 0.001
    with pytest.raises(wsgi_request.Gone):
        while rest.read(1):
            pass


async def upload_begun(app: App, port: int) -> asyncio.StreamWriter:
    """A client that has sent less than a third of what it said, while the application reads."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n")
    writer.write(b"x" * 300_000)
    await until(app.begun.is_set)
    return writer


def test_a_client_that_leaves_during_an_upload_frees_the_thread() -> None:
    app = App()

    async def story(port: int) -> None:
        (await upload_begun(app, port)).close()
        assert (await ask(port, "GET / HTTP/1.1")).endswith(b"hello")

    play(app, story, threads=1)


def test_an_upload_waits_for_the_application() -> None:
    app = App()

    def lazy(environ: dict[str, Any], start_response: Any) -> Any:
        app.begun.set()
        app.go.wait(5)
        return app.echo(environ, start_response)

    async def story(port: int) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 20000000\r\n\r\n")
        sent = 0
        while sent < 20_000_000:
            writer.write(bytes(1_000_000))
            sent += 1_000_000
            try:
                await asyncio.wait_for(writer.drain(), 0.3)
            except TimeoutError:
                break
        assert sent < 15_000_000
        app.go.set()
        writer.transport.abort()

    play(lazy, story)


def test_an_application_need_not_read_the_body() -> None:
    async def story(port: int) -> None:
        head = "POST /unread HTTP/1.1\r\nContent-Length: 300000"
        answer = await ask(port, head, b"x" * 300_000)
        assert answer.startswith(b"HTTP/1.1 403 ")
        assert answer.endswith(b"\r\n\r\nno")

    play(App(), story)


@pytest.mark.parametrize("path", ["echo", "unread", "hasty", "written"])
def test_what_follows_on_a_large_body_is_the_next_request(path: str) -> None:
    """Whether the application read all of it, a part or nothing, and whenever the rest comes."""
    app, body = App(), b"GET / HTTP/1.1\r\n\r\n" * 50_000

    async def story(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            head = f"POST /{path} HTTP/1.1\r\nHost: h\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body[:700_000])
            if path != "echo":
                await reader.readuntil(b"\r\n\r\n")
            writer.write(body[700_000:] + b"GET /next HTTP/1.1\r\nHost: h\r\n\r\n")
            await reader.readuntil(b"hello")
        writer.close()

    play(app, story)
    asked = [environ["PATH_INFO"] for environ in app.environs]
    assert asked == [f"/{path}", "/next"] * 2
    assert app.bodies == ([body] * 2 if path == "echo" else [])


def test_what_follows_on_a_last_request_is_passed_over_behind_a_large_body_as_well() -> None:
    app = App()
    last = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

    async def story(port: int) -> None:
        for size in (0, 1_000, 400_000):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            head = f"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: {size}\r\n\r\n"
            writer.write(head.encode() + bytes(size))
            await reader.readuntil(b"\r\n\r\n%d" % size)
            writer.write(last + b"\r\n" + last)
            answer = await reader.read()
            assert answer.count(b"HTTP/1.1 ") == answer.count(b"HTTP/1.1 200 ") == 1, answer
            writer.close()

    play(app, story)


def test_an_answer_that_has_begun_ends_the_reading() -> None:
    late = []

    def hasty(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Length", "10")])
        yield b"first"
        try:
            late.append(environ["wsgi.input"].read(1))
        except ValueError:
            yield b"ended"

    async def story(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n")
        writer.write(b"x" * 1_000_000)
        await reader.readuntil(b"firstended")
        writer.close()

    play(hasty, story)
    assert not late


def test_a_server_that_stops_does_not_wait_for_an_upload() -> None:
    app = App()

    async def story(port: int) -> None:
        await upload_begun(app, port)

    began = time.monotonic()
    play(app, story, patience=0)
    assert time.monotonic() - began < 5
    assert app.bodies == []


def test_who_leaves_while_waiting_for_a_turn_holds_up_nobody() -> None:
    app = App()

    async def story(port: int) -> None:
        head = b"POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n"
        _, first = await asyncio.open_connection("127.0.0.1", port)
        first.write(head + b"x" * 1_000_000)
        await until(app.begun.is_set)
        _, second = await asyncio.open_connection("127.0.0.1", port)
        second.write(head.replace(b"slow", b"echo") + b"x" * 300_000)
        await second.drain()
        second.transport.abort()
        app.go.set()
        answer = await ask(port, "POST /echo HTTP/1.1\r\nContent-Length: 400000", b"x" * 400_000)
        assert answer.endswith(b"400000")

    play(app, story)
    assert [len(body) for body in app.bodies] == [400_000]


def test_long_responses_arrive_whole_and_are_closed() -> None:
    app = App()

    async def story(port: int) -> None:
        answer = await ask(port, "GET /stream?200 HTTP/1.0")
        assert answer.count(b"x") >= 200 * 16_384
        assert (await ask(port, "GET /file HTTP/1.1")).endswith(bytes(300_000))

    play(app, story)
    assert app.closed == 1


def test_the_first_piece_does_not_wait_for_the_second() -> None:
    app = App()

    async def story(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /late HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        assert b"first" in await reader.readuntil(b"first")
        app.go.set()
        assert b"second" in await reader.read()
        writer.close()

    play(app, story)


def test_a_response_is_not_made_faster_than_it_is_taken() -> None:
    app = App()

    async def story(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(b"GET /stream?10000 HTTP/1.1\r\nHost: h\r\n\r\n")
        await reader.readline()
        await asyncio.sleep(0.5)
        made = app.made
        assert made < 2000
        await asyncio.sleep(0.2)
        assert app.made == made
        writer.transport.abort()
        await until(lambda: app.closed == 1)

    play(app, story)
    assert app.made < 2100


def test_a_client_that_takes_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wsgi_bridge, "STALL_SECONDS", 0.3)
    app = App()

    async def story(port: int) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(b"GET /stream?10000 HTTP/1.1\r\nHost: h\r\n\r\n")
        await until(lambda: app.closed == 1)
        assert (await ask(port, "GET / HTTP/1.1")).endswith(b"hello")
        writer.transport.abort()

    play(app, story, threads=1)


def test_errors_say_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def story(port: int) -> None:
        for path in ("crash", "mute"):
            answer = await ask(port, f"GET /{path} HTTP/1.1")
            assert answer.startswith(b"HTTP/1.1 500 ")
            assert b"secret" not in answer
        answer = await ask(port, "GET /crash_late HTTP/1.1")
        assert b"secret" not in answer
        assert not answer.endswith(b"0\r\n\r\n")
        assert (await ask(port, "GET / HTTP/1.1")).endswith(b"hello")

    play(App(), story)
    assert "ValueError in " in caplog.text
    assert "secret words" not in caplog.text


def test_the_odd_corners_of_the_protocol() -> None:
    async def story(port: int) -> None:
        assert (await ask(port, "GET /written HTTP/1.1")).endswith(b"one two")
        answer = await ask(port, "GET /empty HTTP/1.1")
        assert answer.startswith(b"HTTP/1.1 304 ")
        assert answer.endswith(b"\r\n\r\n")
        assert b"77" not in answer
        answer = await ask(port, "HEAD / HTTP/1.1")
        assert b"content-length: 5" in answer
        assert answer.endswith(b"\r\n\r\n")
        answer = await ask(port, "GET /twice HTTP/1.1")
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert answer.endswith(b"sorry")

    play(App(), story)


def test_one_connection_serves_many_requests() -> None:
    async def story(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for size in (10, 0, 300_000, 3):
            head = f"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: {size}\r\n\r\n"
            writer.write(head.encode() + b"x" * size)
            await reader.readuntil(b"\r\n\r\n")
            expected = b"%d" % size
            assert await reader.readexactly(len(expected)) == expected
        writer.close()

    play(App(), story)


def test_a_client_that_leaves_does_not_stop_what_it_asked_for() -> None:
    app = App()

    async def story(port: int) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
        await until(app.begun.is_set)
        writer.transport.abort()
        app.go.set()
        await until(lambda: len(app.environs) == 1)
        assert (await ask(port, "GET / HTTP/1.1")).endswith(b"hello")

    play(app, story)
