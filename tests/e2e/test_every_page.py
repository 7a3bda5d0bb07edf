"""Every page that somebody may open: WCAG, the largest text on the smallest phone, the keyboard.

The addresses come from ``config/urls/`` itself (``everywhere.py`` fills them), so that a new page
is walked without being named here, and one that cannot be walked has to say why.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from benchmarks.server import free_port
from tests.commands import KEPT
from tests.e2e.conftest import DESK, PHONE, ROOT
from tests.e2e.keyboard import by_keyboard
from tests.e2e.test_accessibility import WCAG

SHARES = 16  # one is a minute's work
SMALLEST, ZOOMED = {"width": 320, "height": 640}, {"width": 640, "height": 400}  # 1280 at 200 %
# Where a form, a step or a thing must come first that this walk does not make.
NOT_WALKED = {
    "search_found": "after words were typed: test_story_search",
    "attachment_page": "a picture", "attachment_thumb": "a picture",
    "attachment_film": "a film", "face": "a picture",
    "training_video": "a film", "training_captions": "captions", "training_edition_video": "a film",
    "reuse_anonymise": "needs the purpose of a conference: test_story_reuse",
    "reuse_cut": "of a film that was permitted: test_story_reuse",
    "reuse_frame": "a picture",
    "withdrawn": "after a withdrawal: test_story_wrong_patient",
    "join_step": "after an application was begun: test_story_joining",
    "application_step": "after an application was begun on paper: test_story_joining",
    "metrics": "for the host alone",
    "me_photo": "only sent to; the page is /me", "device_ask": "the device is in the ledger",
    "mfa_authenticate": "in the middle of signing in: test_story_sign_in",
    "mfa_login_webauthn": "in the middle of signing in: test_story_sign_in",
    "card_step": "in the middle of signing in: test_story_flood",
    "mfa_reauthenticate": "with a second step set up: test_story_sign_in",
    "mfa_reauthenticate_webauthn": "with a second step set up: test_story_sign_in",
    "mfa_activate_totp": "after showing again who one is: test_story_sign_in",
    "mfa_deactivate_totp": "with a second step set up: test_story_sign_in",
    "mfa_add_webauthn": "after showing again who one is: test_story_sign_in",
    "mfa_remove_webauthn": "with a passkey set up: test_story_sign_in",
    "mfa_view_recovery_codes": "with a second step set up: test_story_sign_in",
    "mfa_generate_recovery_codes": "with a second step set up: test_story_sign_in",
    "sign_in_disown": "after somebody else signed in: test_story_lost",
    "training_certificate": "a paper", "account_review_paper": "a paper", "review_paper": "a paper",
    "staff_receipt": "a paper", "paper_scan": "a scan",
    "training_check": "after every part was read",
    "device_confirm": "on that device alone",
    "provision_end": "nothing of the region's own is kept",
    "rights_one": "no request of a patient was taken in",
    "erasure_certificate": "after an erasure: test_story_erasure",
    "erasure_facts": "after an erasure: test_story_erasure",
    "free_take_over": "a group that its managers have left",
    "family_link": "a relative who has not begun: test_story_family",
}  # fmt: skip


@pytest.fixture(scope="module")
def midorino(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Path:
    """The invented region, made once for all shares of this run."""
    data = tmp_path_factory.mktemp("everywhere")
    made = [sys.executable, "-m", "renkei", "demo", "--no-serve", "--data", str(data / "renkei")]
    region = str(ROOT / "examples" / "midorino")
    subprocess.run(
        [*made, "--region", region, "--sessions", str(data / "sessions.json")],
        env=KEPT, check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    return data


def filled(data: Path, share: int) -> dict[str, Any]:
    """The addresses of a share, and who opens them."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.everywhere", str(data / "sessions.json"), str(share),
         str(SHARES)],
        env={**KEPT, "RENKEI_DATA": str(data / "renkei"), "RENKEI_LOG": "ERROR"},
        cwd=ROOT, capture_output=True, text=True, timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def data(midorino: Path, tmp_path: Path) -> Path:
    """A copy of it: what one share makes is in no other's way."""
    return Path(shutil.copytree(midorino, tmp_path / "everywhere"))


@pytest.fixture
def origin(data: Path) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "renkei", "serve", "--data", str(data / "renkei")]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        env={**KEPT, "RENKEI_LOG": "ERROR"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


class Windows:
    """A window of each size for each of the people."""

    def __init__(self, browser: Browser, origin: str, cookies: dict[str, str]) -> None:
        self._browser, self._origin, self._cookies = browser, origin, cookies
        self._open: dict[tuple[str, int], Page] = {}

    def at(self, who: str, size: dict[str, int], address: str) -> Page:
        key = (who, size["width"])
        if key not in self._open:
            context = self._browser.new_context(
                viewport=size, locale="ja-JP", timezone_id="Asia/Tokyo"
            )
            context.set_default_timeout(20_000)
            if self._cookies.get(who):
                context.add_cookies(
                    [{"name": "renkei", "value": self._cookies[who], "url": self._origin}]
                )
            self._open[key] = context.new_page()
        page = self._open[key]
        page.goto(self._origin + address)
        return page

    def close(self) -> None:
        for page in self._open.values():
            page.context.close()


def too_wide(page: Page) -> list[str]:
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [f"{wide} px too wide at {page.viewport_size}"] if wide > 0 else []


# Two sentences that stand apart, unless somebody wrote them so; and a field in which nothing is
# written, over which it says so.
SAYS = """() => {
  const typed = ".message-text, .hit-text, .row-text, .preview, .prose";
  const written = [...document.querySelectorAll(typed)].map((one) => one.innerText).join("\\n");
  const spaced = document.body.innerText.match(/.{0,20}。[ \\u00a0]+.{1,20}/g) ?? [];
  const chosen = "select, [type=radio], [type=checkbox], [type=file], [type=date]";
  const needed = [...document.querySelectorAll(".must")].filter((one) => {
    const control = one.closest("fieldset, .field")?.querySelector("input, select, textarea");
    return one.textContent === "必ず書く" && control?.matches(chosen);
  });
  return [
    ...spaced.filter((one) => !written.includes(one)),
    ...needed.map((one) => one.parentElement.textContent),
  ];
}"""


def wrong(windows: Windows, who: str, name: str, address: str) -> list[str]:
    """What is wrong with one page."""
    page = windows.at(who, PHONE, address)
    found = Axe().run(page, options=WCAG).response["violations"]
    said = [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]
    if page.locator("h1").count() != 1:
        said.append(f"{page.locator('h1').count()} headings of the page")
    said += page.evaluate(SAYS)
    if not page.title().strip():
        said.append("no title")
    said += by_keyboard(windows.at(who, DESK, address))
    page = windows.at(who, SMALLEST, address)
    page.evaluate("document.documentElement.dataset.text = 'largest'")
    return said + too_wide(page) + too_wide(windows.at(who, ZOOMED, address))


def wait(origin: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{origin}/readyz", timeout=1).read()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(origin)


@pytest.mark.clause("A19.1")
@pytest.mark.parametrize("share", range(SHARES), ids=lambda share: f"share-{share:02}")
def test_every_page_can_be_read_and_used(
    data: Path, browser: Browser, origin: str, share: int
) -> None:
    walked = filled(data, share)
    wait(origin)
    pages = [one for one in walked["pages"] if "not" not in one]
    left = {one["name"]: one["not"] for one in walked["pages"] if "not" in one}
    unknown = {name: why for name, why in left.items() if ";" in why and name not in NOT_WALKED}
    assert unknown == {}, "walked by nobody: make what they need, or say why not in NOT_WALKED"
    windows = Windows(browser, origin, walked["cookies"])
    only = os.environ.get("RENKEI_PAGE", "")
    try:
        found = {
            f"{one['who']} {one['address']} ({one['name']})": faults
            for one in pages
            if only in one["name"]
            and (faults := wrong(windows, one["who"], one["name"], one["address"]))
        }
    finally:
        windows.close()
    assert found == {}
