"""The log: every line knows its request, a number can be said on the phone, and nobody is named."""

import json
import logging
import re
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from renkei.config.logs import JsonLine
from renkei.kernel import trace
from tests.cast import Cast
from tests.config.servers import SRC, Installation
from tests.web.test_patient import client


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    return [json.loads(JsonLine().format(one)) for one in caplog.records]


@pytest.fixture
def heard(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Lines as they are written, while what wrote them still runs."""
    written: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(JsonLine().format(record))

    ear = Ear()
    logging.getLogger().addHandler(ear)
    monkeypatch.setattr(logging.getLogger(), "level", logging.INFO)
    yield written  # type: ignore[misc]
    logging.getLogger().removeHandler(ear)


def test_every_line_of_a_request_has_its_id_and_the_page_has_its_number(
    cast: Cast, heard: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        logging.getLogger("renkei.anything").warning("%d things went by", 3)
        raise RuntimeError("髙橋 節子さんの熱")

    monkeypatch.setattr("renkei.web.home.see_home", fail)
    answer = client(cast, "nurse").get("/home")
    ident = answer["X-Request-ID"]
    number = trace.number(ident)
    assert re.fullmatch(r"\d{4}-\d{4}", number)
    assert answer.status_code == 500
    assert number in answer.content.decode()
    found = [json.loads(one) for one in heard]
    assert [one["event"] for one in found] == ["3 things went by", "fault", "request"]
    assert {(one["id"], one["number"]) for one in found} == {(ident, number)}
    assert "髙橋" not in "".join(heard)
    assert found[1]["error"] == "RuntimeError"
    as_json = client(cast, "nurse").get("/home", headers={"accept": "application/json"})
    assert as_json.json()["number"] == trace.number(as_json["X-Request-ID"])


@pytest.mark.parametrize("path", ["/nothing/here", "/groups/00000000-0000-7000-8000-000000000000"])
def test_every_error_page_has_a_number(cast: Cast, path: str) -> None:
    answer = client(cast, "nurse").get(path)
    assert answer.status_code == 404
    assert trace.number(answer["X-Request-ID"]) in answer.content.decode()


def test_two_requests_have_two_ids_and_none_stays_behind(cast: Cast) -> None:
    browser = client(cast, "nurse")
    ids = {browser.get("/home")["X-Request-ID"] for _ in range(3)}
    assert len(ids) == 3
    assert trace.request() == ""


def test_outside_a_request_lines_have_the_id_of_the_run() -> None:
    program = (
        "import logging, django; django.setup()\n"
        "for _ in range(2): logging.getLogger('renkei.x').warning('something')"
    )

    def run() -> set[str]:
        environment = {"PYTHONPATH": str(SRC), "DJANGO_SETTINGS_MODULE": "renkei.config.settings"}
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True
        )
        found = [json.loads(line) for line in done.stderr.splitlines()]
        assert len(found) == 2
        return {one["id"] for one in found}

    first, second = run(), run()
    assert len(first) == len(second) == 1
    assert first != second


def test_what_another_library_says_of_its_values_stays_out() -> None:
    def line(name: str, *values: object) -> str:
        record = logging.LogRecord(name, logging.INFO, "", 1, "%s happened", values, None)
        return str(json.loads(JsonLine().format(record))["event"])

    assert line("renkei.kernel.bus", "TimeoutError") == "TimeoutError happened"
    assert line("some.library", "髙橋 節子") == "%s happened"
    assert line("renkeilike", "髙橋 節子") == "%s happened"


@pytest.mark.slow
def test_a_real_server_logs_nobody_s_name_and_nothing_that_was_written(tmp_path: Path) -> None:
    made = Installation(tmp_path, RENKEI_LOG="DEBUG")
    made.start()
    made.wait_until_ready()
    person = made.people[0]
    group, secret = person["groups"][0]["id"], "夕べから眠れないそうです"
    cookie = f"Cookie: {person['cookie']}\r\nX-CSRFToken: {person['csrf_token']}\r\n"

    def ask(line: str, more: str = "", body: bytes = b"", kind: str = "json") -> tuple[int, str]:
        head = f"{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{more}"
        if body:
            head += f"Content-Type: application/{kind}\r\nContent-Length: {len(body)}\r\n"
        with socket.create_connection(("127.0.0.1", made.port), timeout=10) as link:
            link.sendall(f"{head}\r\n".encode() + body)
            said = b""
            while piece := link.recv(65536):
                said += piece
        text = said.decode("utf-8", "replace")
        named = re.search(r"(?i)x-request-id: (\S+)", text)
        return int(text.split(" ")[1]), named[1] if named else ""

    told = {"text": secret, "confirmed": "yes", "kind": "report", "importance": "normal"}
    sent = json.dumps(told).encode()
    ids = []
    for status, request in [
        (201, (f"POST /groups/{group}/messages", cookie + "Accept: application/json\r\n", sent)),
        (200, (f"GET /groups/{group}?q={quote(secret)}", cookie)),
        (404, (f"GET /people/{quote(person['name'])}", cookie)),
        (200, ("GET /home", cookie)),
        (401, (f"GET /live?after={quote(secret)}", "Cookie: renkei=forged-cookie\r\n")),
    ]:
        found, ident = ask(*request)
        assert found in (status, 400), (request[0], found)
        ids.append(ident)
    form = f"login={quote(person['email'])}&password=geheim123&csrfmiddlewaretoken="
    ask("POST /sign-in", cookie, (form + person["csrf_token"]).encode(), "x-www-form-urlencoded")
    with socket.create_connection(("127.0.0.1", made.port)) as stream:
        stream.sendall(f"GET /live HTTP/1.1\r\nHost: localhost\r\n{cookie}\r\n".encode())
        head = stream.recv(65536).decode("latin-1")
        named = re.search(r"(?i)x-request-id: (\S+)", head)
        assert named
        ids.append(named[1])
    assert made.stop() == 0
    log = made.log.read_text()
    for ident in ids[:4] + ids[5:]:
        assert f'"id":"{ident}"' in log
    written = [json.loads(line) for line in log.splitlines()]
    assert {"request", "stream"} <= {one["event"] for one in written}
    forbidden = [secret, "geheim123", "forged-cookie", group, quote(secret), "after="]
    forbidden += [person["cookie"].split("=")[1].split(";")[0], person["csrf_token"]]
    for one in made.people:
        forbidden += [one["email"], one["name"], *one["name"].split(), quote(one["name"])]
    for word in forbidden:
        assert word not in log, word
