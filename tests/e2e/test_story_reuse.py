"""Scenario S9: three gait clips and two posts for a study meeting.

The patient declined that, so it is refused with the reason; later the family agrees in writing,
both authors and the managing organization's manager permit, and an extract without the person in it
is made: words decided place by place, of each film some seconds as pictures, covered by hand. It is
marked, logged, and ends. Meanwhile the care manager takes a permitted message over into her own
record; a hospital's letter in the same thread cannot be taken.
"""

import base64
import io
import re
import sqlite3
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.communication.attached import pdf
from tests.e2e.conftest import DESK, PHONE, People, World

SAID = "髙橋ハナさん（88歳）、11月3日から歩行器で廊下を往復。星見市民病院の鈴木先生に報告済みです。"
PAINS = "膝の痛みは朝だけです。"
PATIENT = "髙橋 ハナ"


LETTER = "退院時の様子です。"
FACE = (250, 200, 160)  # of who walks in the films
# Three seconds of somebody walking to the right, as a telephone records them.
RECORD = """async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 480, height: 270 });
  const pen = canvas.getContext("2d");
  const recorder = new MediaRecorder(canvas.captureStream(12), { mimeType: "video/mp4" });
  const parts = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  const over = new Promise((resolve) => (recorder.onstop = resolve));
  recorder.start();
  const began = performance.now();
  await new Promise((resolve) => {
    const drawing = setInterval(() => {
      const seconds = (performance.now() - began) / 1000;
      pen.fillStyle = "rgb(40, 90, 120)";
      pen.fillRect(0, 0, 480, 270);
      pen.fillStyle = "rgb(250, 200, 160)";
      pen.fillRect(20 + 100 * seconds, 30, 60, 60);
      pen.fillStyle = "rgb(20, 20, 40)";
      pen.fillRect(20 + 100 * seconds, 150, 60, 100);
      if (seconds > 3) resolve(clearInterval(drawing));
    }, 40);
  });
  recorder.stop();
  await over;
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  return btoa(Array.from(bytes, (one) => String.fromCharCode(one)).join(""));
}"""


def attach(page: Page, name: str, kind: str, content: bytes) -> None:
    """A file for the next message, as far as the tray."""
    there = page.locator("[data-attachment]").count()
    file = {"name": name, "mimeType": kind, "buffer": content}
    page.locator(".attach:not(.attach--camera) input").set_input_files([file])
    expect(page.locator("[data-attachment]")).to_have_count(there + 1, timeout=40_000)


def attach_film(page: Page, name: str, film: bytes) -> None:
    """A film with the patient in it, who agreed to its being posted here."""
    attach(page, name, "video/mp4", film)
    again = page.locator("[data-attachment] [data-answer='shows=same']")
    if again.count():
        again.last.click()
    else:
        page.locator("[data-attachment] a[href$='/answer']").last.click()
        page.locator("#consent .choice", has_text="ご本人").click()
        page.locator("#consent .choice", has_text="口頭").click()
        page.locator("#sheet .sheet-foot .btn--primary").click()
    answered(page)


def attach_letter(page: Page) -> None:
    """A letter of a hospital outside, which allowed it to be posted here."""
    attach(page, "看護サマリー.pdf", "application/pdf", pdf(1))
    page.locator("[data-attachment] a[href$='/answer']").last.click()
    page.locator("#source input[name=source][value=outside]").check()
    page.fill("#source [name=name]", "県央中央病院")
    page.locator("#source [name=allowed]").check()
    page.fill("#source [name=asked]", "地域連携室")
    page.locator("#sheet .sheet-foot .btn--primary").click()
    answered(page)


def answered(page: Page) -> None:
    """Nothing waits for an answer, and the sheet is closed: what is written goes into the box."""
    expect(page.locator("#sheet")).not_to_be_visible()
    waiting = page.locator("[data-attachment]")
    expect(waiting.locator(".waiting-done")).to_have_count(waiting.count())


def take_seconds(page: Page, number: int) -> None:
    """Of one film some seconds, while it plays; the way leads on to the editor."""
    page.locator("main a[href*='/films/']").nth(number).click()
    expect(page.locator("[data-unplayable]")).to_be_hidden()
    page.fill("[data-from]", "0.5")
    page.locator("input[name=length][value='4']").check(force=True)
    with page.expect_navigation(url=re.compile(r"/anonymise$"), timeout=90_000):
        page.locator("[data-take]").click()


def bar(page: Page, field: Locator) -> None:
    """A broad bar over the way of the head, drawn with the mouse."""
    room = field.locator("[data-room]")
    room.scroll_into_view_if_needed()
    place = room.bounding_box()
    assert place
    left, top = place["x"] + 2, place["y"] + 2
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move(left + place["width"] - 4, top + place["height"] * 0.42, steps=4)
    page.mouse.up()
    expect(field.locator("[data-open]")).to_be_hidden()


def pictures_of(content: bytes) -> list[Image.Image]:
    with Image.open(io.BytesIO(content), formats=["GIF"]) as image:
        found = []
        for number in range(image.n_frames):  # type: ignore[attr-defined]
            image.seek(number)
            found.append(image.convert("RGB"))
    return found


def shows_the_face(image: Image.Image) -> bool:
    """Whether anything of its colour is left."""
    colours = image.resize((96, 54), Image.Resampling.NEAREST).tobytes()
    pixels = (colours[at : at + 3] for at in range(0, len(colours), 3))
    return any(
        sum(abs(one - other) for one, other in zip(pixel, FACE, strict=True)) < 60
        for pixel in pixels
    )


def write(page: Page, text: str) -> None:
    page.fill("#write [name=text]", text)
    page.click("#write [data-check]")
    page.locator("#sheet [data-go]").click()
    expect(page.locator(".message-text", has_text=text).first).to_be_visible(timeout=20_000)
    expect(page.locator("[data-attachment]")).to_have_count(0)  # it may be heard before it is told


def group_of(page: Page, world: World) -> str:
    page.goto(f"{world.origin}/patients")
    row = page.locator("main a[href^='/groups/']", has_text=PATIENT).first
    found = re.search(r"/groups/([0-9a-f-]{36})", row.get_attribute("href") or "")
    assert found
    return found[1]


def choose(page: Page, world: World, group: str, *texts: str) -> None:
    """Choose messages in the timeline, and go on to asking."""
    page.goto(f"{world.origin}/groups/{group}")
    first = page.locator("article[data-message]", has_text=texts[0]).last
    first.locator(".receipts a[aria-label]").last.click()
    page.locator("#sheet").get_by_role("link", name="二次利用のお願い").click()
    expect(page.locator("#sheet")).to_be_hidden()
    expect(first.locator("> .message-head .pick input")).to_be_checked()
    for text in texts[1:]:
        article = page.locator("article[data-message]", has_text=text).last
        article.locator("> .message-head .pick input").check()
    page.click("[data-chooser] [data-go]")


def ask(page: Page, purpose: str, detail: str) -> str:
    """Fill in and send the request; its address."""
    page.locator(f"input[name=purpose][value={purpose}]").check(force=True)
    page.fill("[name=detail]", detail)
    page.get_by_role("button", name="お願いを送る").click()
    page.wait_for_url(re.compile(r"/reuse/[0-9a-f-]{36}$"))
    return page.url


def change_consent(
    page: Page, world: World, group: str, purpose_8: str, signer: str = "self"
) -> None:
    """The physician records, from paper, that purpose 8 of form 4 was changed."""
    with sqlite3.connect(f"file:{world.data / 'renkei.db'}?mode=ro", uri=True) as data:
        found = data.execute("SELECT patient_id FROM group_group WHERE id = ?", [UUID(group).hex])
        patient = UUID(found.fetchone()[0])
    page.goto(f"{world.origin}/patients/{patient}/consent/change")
    page.locator(f"input[name=purpose_8][value={purpose_8}]").check(force=True)
    today = (datetime.now(UTC) + timedelta(hours=9)).date().isoformat()
    page.fill("[name=changed_on]", today)
    page.locator("input[name=how][value=meeting]").check(force=True)
    page.locator(f"input[name=signer][value={signer}]").check(force=True)
    if signer != "self":
        page.fill("[name=proxy_name]", "髙橋 文乃")
        page.select_option("[name=relationship]", "子")
        page.fill("[name=proxy_reason]", "ご本人の手がふるえるため")
        page.locator("input[name=wish_confirmed]").check(force=True)
    page.locator("input[name=way][value=paper]").check(force=True)
    page.fill("[name=receipt_on]", today)
    page.locator("input[name=told]").check(force=True)
    page.locator("main form button.btn--primary").last.click()
    page.wait_for_url(re.compile(r"/patients/[0-9a-f-]{36}$"))


def copy_as_text(page: Page) -> str:
    """Open the permitted copy as text; what leaves."""
    with page.expect_response(re.compile(r"/copy$")) as answered:
        page.get_by_role("button", name="文字で開く").click()
    text = answered.value.text()
    page.go_back()
    return text


def test_secondary_use(world: World, people: People) -> None:
    def who(email: str, size: dict | None = None) -> Page:
        return people.ready(world.who(email=email), size)

    nurse = who("takatori@tsumugi.example", PHONE)
    physician = who("fujigaya@hoshimi.example", DESK)
    dietitian = who("yamanashi@kaza.example", DESK)
    manager = who("ujii@koyomi.example", DESK)
    group = group_of(nurse, world)
    film = base64.b64decode(nurse.evaluate(RECORD))
    nurse.goto(f"{world.origin}/groups/{group}")
    attach_film(nurse, "歩行1.mp4", film)
    attach_film(nurse, "歩行2.mp4", film)
    write(nurse, SAID)
    attach_letter(nurse)
    write(nurse, LETTER)
    manager.goto(f"{world.origin}/groups/{group}")
    attach_film(manager, "歩行3.mp4", film)
    write(manager, PAINS)
    change_consent(physician, world, group, "no")

    # what the patient declined is refused, with the reason
    choose(dietitian, world, group, SAID, PAINS)
    first = ask(dietitian, "outside", "症例検討会で経過を紹介したいです。")
    expect(dietitian.locator("main")).to_contain_text("この目的での利用に同意していません")
    expect(dietitian.locator("main a[href$='/anonymise']")).to_have_count(0)

    # a month later the family agrees in writing: it can be asked for again, with the films
    change_consent(physician, world, group, "yes", signer="proxy")
    dietitian.goto(first)
    dietitian.get_by_role("link", name="もう一度お願いする").click()
    expect(dietitian.locator("input[name=f]")).to_have_count(3)
    for one in dietitian.locator("input[name=f]").all():
        one.check(force=True)
    dietitian.select_option("[name=agreed]", "family")
    dietitian.select_option("[name=agreed_how]", "paper")
    request = ask(dietitian, "outside", "症例検討会で経過を紹介したいです。")
    expect(dietitian.locator("main")).to_contain_text("グループ管理者")

    # both authors answer with one tap, and the managing organization's manager on his desk
    path = re.sub(r"^https?://[^/]+", "", request)
    for author in (nurse, manager):
        author.goto(f"{world.origin}/home")
        author.locator(f"a[href='{path}']").click()
        author.get_by_role("button", name="許可する", exact=True).click()
        expect(author.get_by_role("button", name="許可を取り消す")).to_be_visible()
    physician.goto(f"{world.origin}/home")
    physician.locator(f"a[href='{path}']").click()
    physician.get_by_role("button", name="許可する", exact=True).click()
    expect(physician.locator("main")).to_contain_text("許可しました")

    # of each film she chooses some seconds; the films themselves never leave
    for number in range(3):
        dietitian.goto(request)
        take_seconds(dietitian, number)

    # nothing opens before somebody has taken out who it is, place by place
    dietitian.goto(request)
    for word in ("文字で開く", "動く形"):
        expect(dietitian.get_by_role("button", name=word)).to_have_count(0)
    dietitian.locator("main a[href$='/anonymise']").click()
    dietitian.get_by_role("button", name="終える：この文だけを渡す").click()
    expect(dietitian.locator("[role=alert]")).to_contain_text("決めていない")
    dietitian.wait_for_load_state()
    for place in dietitian.locator("[data-decide]").all():
        place.locator("input[value=take]").check(force=True)
    expect(dietitian.locator("[data-after]").first).to_contain_text("Aさん")
    dietitian.locator("input[name=read]").check(force=True)
    finish = dietitian.get_by_role("button", name="終える：この文だけを渡す")
    finish.click()
    expect(dietitian.locator("[role=alert]")).to_contain_text("顔")
    dietitian.wait_for_load_state()
    for field in dietitian.locator("[data-cover]").all():
        bar(dietitian, field)
    finish.click()  # the server shows what it made of it
    expect(dietitian.locator(".cover-result img")).to_have_count(3, timeout=60_000)
    for result in dietitian.locator(".cover-result img").all():
        shown = base64.b64decode((result.get_attribute("src") or "").partition(",")[2])
        assert not shows_the_face(Image.open(io.BytesIO(shown)).convert("RGB"))
    finish.click()
    dietitian.wait_for_url(re.compile(r"/reuse/[0-9a-f-]{36}$"), timeout=60_000)

    text = copy_as_text(dietitian)
    assert "80代" in text and PAINS in text
    for secret in (
        "髙橋",
        "高橋",
        "ハナ",
        "88歳",
        "11月3日から",  # another date may have been moved to that day
        "星見市民病院",
        "鈴木",
        "鷹取",
        "つむぎ",
    ):
        assert secret not in text, secret

    # the clips move, without sound, and nobody is seen in any picture of them
    clips = dietitian.get_by_role("button", name="動く形")
    expect(clips).to_have_count(3)
    with dietitian.expect_response(re.compile(r"/clip$"), timeout=60_000) as answered:
        clips.first.click()
    moving = pictures_of(answered.value.body())
    assert len(moving) > 20 and not any(shows_the_face(one) for one in moving)
    assert shows_the_face(Image.new("RGB", (96, 54), FACE))
    dietitian.goto(request)
    expect(dietitian.locator("main")).to_contain_text("2回")

    # in parallel the care manager puts a permitted message into 支援経過, and no hospital's letter
    choose(manager, world, group, SAID, LETTER)
    letter = manager.locator("main li.row", has_text="看護サマリー.pdf")
    expect(letter).to_contain_text("他の事業所の文書は二次利用できません")
    expect(letter.locator("input")).to_be_disabled()
    record = ask(manager, "record", "支援経過に書きます。")
    nurse.goto(record)
    nurse.get_by_role("button", name="許可する", exact=True).click()
    manager.goto(record)
    manager.get_by_role("button", name="支援経過に貼る文にする").click()
    pasted = manager.locator("#record")
    expect(pasted).to_have_value(re.compile(f"鷹取 みさ.*\n{SAID}"))
    assert LETTER not in pasted.input_value()

    # nobody else opens it; it is in the register of both ends; and when taken back it is over
    dietitian.goto(record)
    expect(dietitian.locator("body")).not_to_contain_text(SAID)
    chief = who("ogai@hoshimi.example", DESK)
    chief.goto(f"{world.origin}/reuse/register")
    expect(chief.locator("main")).not_to_contain_text(SAID)
    nurse.goto(record)
    expect(nurse.locator("main")).to_contain_text("1回")
    nurse.get_by_role("button", name="許可を取り消す").click()
    manager.goto(record)
    expect(manager.get_by_role("button", name="文字で開く")).to_have_count(0)

    # and what was permitted for the meeting ends by itself: no picture opens after its day
    with sqlite3.connect(world.data / "renkei.db") as data:
        ends = int((datetime.now(UTC) - timedelta(minutes=1)).timestamp() * 1_000_000)
        number = UUID(request.rsplit("/", 1)[1]).hex
        data.execute("UPDATE disclosure_reuserequest SET until = ? WHERE id = ?", [ends, number])
    dietitian.goto(request)
    expect(dietitian.locator("main")).to_contain_text("期限")
    expect(dietitian.get_by_role("button", name="動く形")).to_have_count(0)
    csrf = dietitian.locator("[name=csrfmiddlewaretoken]").first.input_value()
    late = dietitian.request.post(
        f"{request}/copy", form={"way": "pdf", "csrfmiddlewaretoken": csrf},
        headers={"Origin": world.origin},
    )  # fmt: skip
    assert late.status == 403

    # printed, a timeline says how to ask
    nurse.goto(f"{world.origin}/groups/{group}")
    nurse.emulate_media(media="print")
    expect(nurse.locator(".print-words")).to_be_visible()
    expect(nurse.locator(".message-text").first).to_be_hidden()


@pytest.fixture(autouse=True)
def _each_opening_is_in_the_register(world: World) -> object:
    """After the story every copy that was opened has its line."""
    yield
    with sqlite3.connect(f"file:{world.data / 'renkei.db'}?mode=ro", uri=True) as data:
        ways = data.execute("SELECT way, COUNT(*) FROM disclosure_reuseopening GROUP BY way")
        assert dict(ways.fetchall()) == {"text": 1, "clip": 1, "record": 1}
