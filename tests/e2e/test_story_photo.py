"""Scenario S3: a photo of a red heel, on a line that breaks, with consent asked for on the spot."""

import io
import os
import re

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, Route, expect

from tests.communication.attached import pdf
from tests.e2e.conftest import DESK, PHONE, People, World

SECRET = "SECRETCAMERA"


def heel() -> bytes:
    """A photo as a phone takes it: large, turned, with place and camera in it."""
    image = Image.frombytes("RGB", (400, 300), os.urandom(360_000)).resize((3200, 2400))
    ImageDraw.Draw(image).ellipse((1200, 900, 2000, 1700), fill="#d86b5b")
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, SECRET
    written = io.BytesIO()
    image.save(written, "JPEG", quality=92, exif=exif)
    return written.getvalue()


def choose(page: Page, name: str, kind: str, content: bytes) -> None:
    file = {"name": name, "mimeType": kind, "buffer": content}
    page.locator(".attach:not(.attach--camera) input").set_input_files([file])


def groups_of(page: Page, world: World) -> list[str]:
    """The groups that stand on somebody's home."""
    page.goto(f"{world.origin}/home")
    found = re.findall(r"/groups/(0[0-9a-f-]{35})", page.content())
    return sorted(set(found))


def paint(page: Page) -> None:
    """A finger over the middle of the photo."""
    room = page.locator("#editor canvas").bounding_box()
    assert room
    x, y = room["x"] + room["width"] / 2, room["y"] + room["height"] / 2
    page.mouse.move(x - 40, y)
    page.mouse.down()
    page.mouse.move(x + 40, y, steps=6)
    page.mouse.up()
    expect(page.locator("#editor [data-undo]")).to_be_enabled()


@pytest.mark.clause("A17.1", "A17.2", "A15.5")
def test_a_photo_arrives_over_a_broken_line_with_consent_and_is_only_looked_at(
    people: People, world: World
) -> None:
    nurse = people.ready(world.who(email="takatori@tsumugi.example"), PHONE)
    other = people.ready(world.who(email="sakimoto@sumire.example"), DESK)
    both = set(groups_of(nurse, world)) & set(groups_of(other, world))
    for group in sorted(both):
        nurse.goto(f"{world.origin}/groups/{group}")
        if nurse.locator("[data-group=patient]").count():  # and not that of the whole network
            break
    sent: list[bytes] = []

    def bring(route: Route) -> None:
        """The first pieces are lost on the way: what was sent, and then the answer to it."""
        sent.append(route.request.post_data_buffer or b"")
        if len(sent) == 2:
            return route.abort()
        if len(sent) == 3:
            route.fetch()
            return route.abort()
        route.continue_()

    nurse.route(
        "**/upload",
        lambda route: bring(route) if route.request.method == "PATCH" else route.continue_(),
    )
    choose(nurse, "IMG_0001.jpg", "image/jpeg", heel())
    expect(nurse.locator("#editor")).to_be_visible()
    paint(nurse)
    nurse.locator("#editor [data-done]").click()
    tray = nurse.locator("[data-attachment]")
    expect(tray).to_have_count(1, timeout=40_000)
    assert len(sent) > 3
    assert SECRET.encode() not in b"".join(sent)  # the original never left the device

    # without an answer it does not go
    nurse.fill("#write [name=text]", "右の踵が赤くなっています。")
    nurse.click("#write [data-check]")
    expect(nurse.locator("#write [data-error]")).to_contain_text("写って")
    tray.locator("a[href$='/answer']").click()
    nurse.locator("#consent .choice", has_text="ご家族").click()
    nurse.locator("#consent .choice", has_text="口頭").click()
    nurse.locator("#sheet .sheet-foot .btn--primary").click()
    expect(tray).to_contain_text("ご家族の同意あり")
    nurse.click("#write [data-check]")
    expect(nurse.locator("#send .thumbs")).to_contain_text("ご家族の同意あり")
    nurse.locator("#sheet [data-go]").click()
    shown = nurse.locator("#log .thumb--picture").last
    expect(shown).to_contain_text("ご家族の同意あり")
    expect(nurse.locator("[data-attachment]")).to_have_count(0)

    # the next one with one tap; and a document, of which one page stays out
    choose(nurse, "IMG_0002.jpg", "image/jpeg", heel())
    nurse.locator("#editor [data-done]").click()
    nurse.locator("[data-answer='shows=same']").click(timeout=40_000)
    expect(tray).to_contain_text("ご家族の同意あり")
    choose(nurse, "計画書.pdf", "application/pdf", pdf(3))
    nurse.locator("[data-answer*=source]").click(timeout=40_000)
    nurse.get_by_role("link", name="ページを選ぶ").click()
    nurse.locator(".page-picker label").first.click()  # of one's own all are chosen at first
    nurse.locator("#sheet .sheet-foot .btn--primary").click()
    expect(tray.last).to_contain_text("2ページ", timeout=20_000)
    nurse.click("#write [data-check]")
    nurse.locator("#sheet [data-go]").click()
    expect(nurse.locator("#log .thumb--pdf").last).to_contain_text("計画書.pdf")

    # three papers of one hospital are answered for at once; the pages are chosen for each
    for number in range(3):
        choose(nurse, f"紹介状{number}.pdf", "application/pdf", pdf(1))
    expect(nurse.locator("[data-attachment]")).to_have_count(3, timeout=40_000)
    nurse.locator("[data-together] a").click()
    answer_all = nurse.locator("#sheet .sheet-foot .btn--primary")
    expect(answer_all).to_have_text("3点まとめて記録する")
    nurse.locator("#sheet [data-all=no]").click()
    expect(answer_all).to_have_text("この内容で記録する")
    nurse.locator("#sheet [data-all=yes]").click()
    nurse.locator("#source [name=source][value=outside]").check()
    nurse.fill("#source [name=name]", "県央中央病院")
    nurse.locator("#source [name=allowed]").check()
    answer_all.click()
    expect(nurse.locator("[data-attachment] .waiting-done")).to_have_count(3)
    expect(nurse.locator("[data-together]")).to_have_count(0)
    for left in (2, 1, 0):
        nurse.locator("[data-remove]").first.click()
        expect(nurse.locator("[data-attachment]")).to_have_count(left)

    # a colleague looks at it: nothing to save, their name across it
    other.goto(f"{world.origin}/groups/{group}/files")
    expect(other.locator(".thumb--pdf")).to_have_count(1)
    other.locator(".thumb--picture").first.click()
    picture = other.locator(".viewer-page img")
    expect(picture).to_be_visible()
    expect(other.locator(".viewer-foot")).to_contain_text("﨑本 航")
    address = picture.get_attribute("src") or ""
    answer = other.request.get(f"{world.origin}{address}")
    assert answer.ok and answer.headers["cache-control"] == "no-store"
    assert SECRET.encode() not in answer.body()
    signed_out = people.window().request.get(f"{world.origin}{address}")
    assert not signed_out.body().startswith(b"\xff\xd8")
