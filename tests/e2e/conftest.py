"""A real server on the invented region, and a real browser in front of it.

The stories run where Chromium is; without it they are skipped and say so. With
``RENKEI_E2E=required`` they fail instead, which is what CI asks for.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from benchmarks.server import free_port

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "e2e" in item.path.parts:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.xdist_group("e2e"))


@dataclass(frozen=True)
class World:
    """A running server and who can sign in."""

    origin: str
    people: list[dict]
    password: str
    data: Path

    def who(self, **wanted: str) -> dict:
        """The first person with these properties."""
        for person in self.people:
            if all(person[name] == value for name, value in wanted.items()):
                return person
        raise LookupError(wanted)


def _wait(origin: str, process: subprocess.Popen, log: Path) -> None:
    for _ in range(1800):  # a machine that does other things as well
        try:
            urllib.request.urlopen(f"{origin}/readyz", timeout=1).read()
            return
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
    raise RuntimeError(log.read_text()[-3000:])


def _chromium() -> None:
    """Be sure that there is a browser."""
    if not Path(CHROMIUM).exists():
        if os.environ.get("RENKEI_E2E") == "required":
            pytest.fail("the browser stories need Chromium, and it is not here")
        pytest.skip("browser stories skipped: Chromium is not installed")


def _demo(data: Path, *arguments: str) -> list[str]:
    """The command for the demonstration on this folder."""
    region = ROOT / "examples" / "midorino"
    place = ["--region", str(region), "--data", str(data)]
    return [sys.executable, "-m", "renkei", "demo", *place, *arguments]


def _environment() -> dict[str, str]:
    kept = {name: one for name, one in os.environ.items() if not name.endswith(("_URL", "_DATA"))}
    return kept | {"RENKEI_PUSH_LOOPBACK": "1"}


@pytest.fixture(scope="session")
def midorino(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The invented region as it is loaded, before anybody did anything."""
    _chromium()
    data = tmp_path_factory.mktemp("midorino") / "renkei"
    made = subprocess.run(
        _demo(data, "--no-serve"), env=_environment(), capture_output=True, text=True
    )
    assert made.returncode == 0, made.stdout + made.stderr
    return data


@pytest.fixture(scope="module")
def world(midorino: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world for the stories of one file: what they change is in nobody else's way."""
    folder = tmp_path_factory.mktemp("world")
    data, sessions, log = folder / "renkei", folder / "sessions.json", folder / "server.log"
    shutil.copytree(midorino, data)
    port = free_port()
    with log.open("w") as output:
        process = subprocess.Popen(
            _demo(data, "--port", str(port), "--sessions", str(sessions)),
            stdout=output, stderr=output, env=_environment(),
        )  # fmt: skip
    try:
        origin = f"http://localhost:{port}"
        _wait(origin, process, log)
        written = json.loads(sessions.read_text())
        yield World(origin, written["people"], written["password"], data)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    _chromium()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


class People:
    """Opens a browser window as somebody."""

    def __init__(self, browser: Browser, world: World) -> None:
        self._browser = browser
        self._world = world
        self.contexts: list[BrowserContext] = []

    def window(self, size: dict | None = None) -> Page:
        """A window in which nobody is signed in."""
        context = self._browser.new_context(
            viewport=size or DESK, locale="ja-JP", timezone_id="Asia/Tokyo"
        )
        context.set_default_timeout(10_000)
        self.contexts.append(context)
        return context.new_page()

    def sign_in(self, person: dict, size: dict | None = None) -> Page:
        """Sign in as somebody would, through the page; confirms the policy if asked."""
        page = self.window(size)
        page.goto(f"{self._world.origin}/sign-in")
        page.fill("input[name=login]", person["email"])
        page.fill("input[name=password]", self._world.password)
        page.press("input[name=password]", "Enter")
        page.wait_for_url("**/home")
        return page

    def ready(self, person: dict, size: dict | None = None) -> Page:
        """A window in which somebody is signed in already."""
        page = self.window(size)
        cookies = [pair.split("=", 1) for pair in person["cookie"].split("; ")]
        page.context.add_cookies(
            [{"name": name, "value": value, "url": self._world.origin} for name, value in cookies]
        )
        page.goto(f"{self._world.origin}/home")
        return page


@pytest.fixture
def people(browser: Browser, world: World) -> Iterator[People]:
    opened = People(browser, world)
    yield opened
    for context in opened.contexts:
        context.close()
