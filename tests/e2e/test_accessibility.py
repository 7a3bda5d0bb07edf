"""Pages that everybody can read and use: WCAG 2.2 A and AA as far as axe-core can tell."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.e2e.conftest import DESK, PHONE, People, World

WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
PUBLIC = ["/", "/?ja=easy", "/policy", "/organizations", "/news", "/help", "/join", "/join/back",
          "/offline", "/report", "/forms", "/sign-in", "/password/forgotten"]  # fmt: skip
OF_ADMINISTRATORS = ["/home", "/menu", "/patients", "/groups", "/me", "/staff", "/staff/new",
                     "/staff/import", "/devices", "/consents", "/incidents", "/points",
                     "/training", "/training/staff", "/training/courses/first",
                     "/training/courses/first/parts/1", "/papers", "/rights", "/me/notifications",
                     "/addressed", "/organization/templates",
                     "/organization/templates/visit-nurse"]  # fmt: skip
OF_THE_OPERATOR = ["/home", "/applications", "/applications/new", "/administrators", "/disasters",
                   "/backups", "/news/desk", "/news/new",
                   "/notices/new", "/training/all", "/training/courses", "/training/lectures",
                   "/papers", "/form-texts", "/form-texts/form-3-staff-pledge",
                   "/form-texts/form-3-staff-pledge/0", "/rights/counts"]  # fmt: skip


def found_wrong(page: Page, address: str) -> list[str]:
    """What axe-core finds on a page, and whether it can be read without scrolling sideways."""
    page.goto(address)
    found = Axe().run(page, options=WCAG).response["violations"]
    wrong = [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return wrong + ([f"{wide} px too wide"] if wide > 0 else [])


def walk(page: Page, world: World, addresses: list[str]) -> dict[str, list[str]]:
    found = {one: found_wrong(page, world.origin + one) for one in addresses}
    return {address: wrong for address, wrong in found.items() if wrong}


@pytest.mark.clause("A19.1")
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_public_pages(people: People, world: World, size: dict) -> None:
    assert walk(people.window(size), world, PUBLIC) == {}


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_pages_of_an_administrator(people: People, world: World, size: dict) -> None:
    page = people.ready(world.who(email="itomaki@tsumugi.example"), size)
    assert walk(page, world, OF_ADMINISTRATORS) == {}


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_pages_of_the_operator(people: People, world: World, size: dict) -> None:
    page = people.ready(world.who(email="sunadokei@suishin.example"), size)
    assert walk(page, world, OF_THE_OPERATOR) == {}


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_pages_about_one_colleague(people: People, world: World, size: dict) -> None:
    page = people.ready(world.who(email="itomaki@tsumugi.example"), size)
    page.goto(f"{world.origin}/staff?q=toriizuka")
    one = page.locator("tbody a.btn").first.get_attribute("href")
    assert one and walk(page, world, [one, f"{one}/leave"]) == {}


@pytest.mark.parametrize(
    ("size", "email"),
    [(PHONE, "toriizuka@tsumugi.example"), (DESK, "ide@tsumugi.example")],
    ids=["phone", "desk"],
)
def test_the_pages_of_a_group_and_its_writing_box(
    people: People, world: World, size: dict, email: str
) -> None:
    nurse = world.who(email=email)  # whose draft, left open, is in no other story's way
    page, group = people.ready(nurse, size), f"/groups/{nurse['groups'][0]['id']}"
    assert walk(page, world, [f"{group}/tasks", f"{group}/since", f"{group}/whom"]) == {}
    page.goto(world.origin + group)
    page.focus("#write [name=text]")
    page.click("[data-forms]")
    page.click("#sheet [name=choose][value=visit-nurse]")
    page.wait_for_selector("[data-slot] :focus", state="attached")  # the form has come
    page.locator("#write [name=text]").press_sequentially("@")
    page.wait_for_selector("#at-list li")
    found = Axe().run(page, options=WCAG).response["violations"]
    assert [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]] == []


# How much of the screen is left between what stays at its head and at its foot; and by how much a
# date runs over the message whose date it is.
ROOM = """() => {
  const kept = [...document.querySelectorAll(".group-head, .group-head > *")].filter(
    (one) => getComputedStyle(one).position === "sticky",
  );
  const head = Math.max(0, ...kept.map((one) => one.getBoundingClientRect().bottom));
  return (document.querySelector(".composer").getBoundingClientRect().top - head) / innerHeight;
}"""
OVER = """() => Math.max(...[...document.querySelectorAll(".message-head time")].map((time) => {
  time.textContent = "2025年12月29日(月) 10:08";
  const words = document.createRange();
  words.selectNodeContents(time);
  const [one, whole] = [words, time.closest("article")].map((it) => it.getBoundingClientRect());
  return one.right - whole.right;
}))"""


@pytest.mark.clause("A19.1")
@pytest.mark.parametrize(("wide", "high"), [(320, 640), (360, 740), (390, 844)])
def test_the_largest_text_leaves_room_to_read_on_a_phone(
    people: People, world: World, wide: int, high: int
) -> None:
    nurse = world.who(email="takatori@tsumugi.example")
    page = people.ready(nurse, {"width": wide, "height": high})
    page.goto(f"{world.origin}/groups/{nurse['groups'][0]['id']}")
    page.evaluate("document.documentElement.dataset.text = 'largest'")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    assert page.evaluate(ROOM) > 0.25
    assert page.evaluate(OVER) <= 0


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_what_can_be_done_with_a_message_leaves_the_message_in_sight(
    people: People, world: World, size: dict
) -> None:
    nurse = world.who(email="takatori@tsumugi.example")
    page = people.ready(nurse, {**size, "height": 560})  # more can be done than there is room for
    page.goto(f"{world.origin}/groups/{nurse['groups'][0]['id']}")
    page.locator("article.message .receipts a[aria-label]").last.click()
    seen = page.locator("#sheet .log--one").bounding_box()
    assert seen and seen["height"] > 80
