"""What every answer carries, whatever made it, and that what an answer says itself stays."""

import io
from collections.abc import Iterable
from typing import Any

import pytest
from django.db import connections

from renkei.config.wsgi import application
from renkei.web import assets
from renkei.web.safety_headers import HEADERS, with_safety
from tests.cast import Cast

Answer = tuple[str, list[tuple[str, str]]]


def asked(path: str, method: str = "GET") -> Answer:
    """The status and headers with which the answer leaves the program."""
    found: list[Any] = []
    environ = {
        "REQUEST_METHOD": method, "PATH_INFO": path, "SCRIPT_NAME": "", "QUERY_STRING": "",
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost", "REMOTE_ADDR": "127.0.0.1", "wsgi.input": io.BytesIO(),
        "wsgi.url_scheme": "http", "wsgi.errors": io.StringIO(), "wsgi.version": (1, 0),
        "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False,
    }  # fmt: skip
    answer = application(environ, lambda *said: found.extend(said))
    list(answer)
    getattr(answer, "close", lambda: None)()
    return found[0], found[1]


@pytest.mark.clause("N3.9")
@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/sign-in", "GET", "200"), ("/", "GET", "200"), ("/no-such-page", "GET", "404"),
        ("/sign-in", "POST", "403"), (f"/{assets.PREFIX}/app.css", "GET", "200"),
    ],
)  # fmt: skip
def test_whatever_answers_the_browser_is_told_what_it_may_do(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, path: str, method: str, status: str
) -> None:
    for link in connections.all():  # the test's transaction goes on
        monkeypatch.setattr(link, "close_if_unusable_or_obsolete", lambda: None)
    said, headers = asked(path, method)
    assert said.startswith(status)
    for pair in HEADERS:
        assert headers.count(pair) == 1, pair
    policy = dict(headers)["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy and "script-src 'self';" in policy


def test_what_an_answer_says_itself_stays() -> None:
    def page(environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("x-frame-options", "SAMEORIGIN"), ("Set-Cookie", "a=1"),
                                  ("Set-Cookie", "b=2")])  # fmt: skip
        return [b""]

    found: list[Any] = []
    with_safety(page)({}, lambda *said: found.extend(said))
    names = [name.lower() for name, _ in found[1]]
    assert names.count("x-frame-options") == 1 and names.count("set-cookie") == 2
    assert ("x-frame-options", "SAMEORIGIN") in found[1]
    assert len(names) == 2 + len(HEADERS)
