"""Who opens which page where: every address of the program, filled from the invented region.

Run on a copy of the demo's data, in a process of its own: it makes what the demo lacks (a reuse
request, an erasure, an incident, a relative), asks for every address as one after another of the
people, and prints as JSON who gets a page, and what all others were answered with.

    python -m tests.e2e.everywhere SESSIONS SHARE SHARES
"""

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID
from zlib import crc32

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "renkei.config.settings")
import django

django.setup()

from django.conf import settings  # noqa: E402
from django.test import Client  # noqa: E402

from renkei.group.admission import invite  # noqa: E402
from renkei.group.archiving import archive_group  # noqa: E402
from renkei.group.models import Group, Member  # noqa: E402
from renkei.kernel import clock  # noqa: E402
from renkei.people.models import Account, PractitionerRole  # noqa: E402
from renkei.people.sessions import SessionStore, stored_key  # noqa: E402
from renkei.policy.standing import Actor  # noqa: E402
from renkei.region.models import Region  # noqa: E402
from renkei.region.services import publish_notice  # noqa: E402
from tests.cast import (  # noqa: E402
    NOBODY,
    PASSWORD,
    Cast,
    Person,
    group_of_kind,
    make_account,
    make_device,
    make_disaster,
    person,
    post,
)
from tests.web.test_routes import WALKED, address_of  # noqa: E402

WHO = {
    "manager": "takatori@tsumugi.example",
    "nurse": "fujigaya@hoshimi.example",
    "physician": "fujigaya@hoshimi.example",
    "invited": "tsuji.shiori@hoshimi.example",
    "sole": "tanaka.megumi@todai.example",
    "administrator_same": "itomaki@tsumugi.example",
    "administrator_other": "ogai@hoshimi.example",
    "operator": "rashin@suishin.example",
}
# In this order a page is offered: whoever gets it first shows it.
ORDER = (NOBODY, "manager", "administrator_same", "operator", "nurse", "invited",
         "administrator_other", "sole", "family")  # fmt: skip
# What looks different to each of them, and in each kind of group.
FOR_EVERYBODY = ("home", "menu", "groups", "me", "notifications", "patients", "help", "points")
IN_EVERY_KIND = ("timeline", "members", "group_manage", "files", "basics", "group_leave",
                 "group_close", "notification_level", "message", "charter", "whom", "since",
                 "tasks")  # fmt: skip
FINAL = ("only sent to", "no page of its own")
PLACES = {"station": "tsumugi", "clinic": "hoshimi", "pharmacy": "todai", "helpers": "omusubi"}
RELATIVE = ("relative@example.org", "野々宮 ふみ", "ののみや ふみ")


def people_of(sessions: list[dict[str, Any]]) -> dict[str, Person]:
    """The cast's names for people of the demo, with their sessions."""
    cookies = {one["email"]: one["cookie"] for one in sessions}
    found = {NOBODY: Person(NOBODY, Actor(session="0" * 40))}
    for name, email in WHO.items():
        account = Account.objects.get(email=email)
        role = PractitionerRole.objects.filter(account=account, ended_at=None).first()
        cookie = cookies[email].split(";")[0].split("=", 1)[1]
        found[name] = Person(
            name, Actor(session=stored_key(cookie)), cookie, account.id,
            role.id if role else None, role.organization_id if role else None, email,
        )  # fmt: skip
    return found


def show_again(one: Person) -> None:
    """As if they had just typed their password once more."""
    store = SessionStore(one.cookie)
    store["account_authentication_methods"] = [{"method": "password", "at": time.time() + 3600}]
    store.save()


def cast_of(sessions: list[dict[str, Any]]) -> Cast:
    """The cast of the other tests, out of people of the demo."""
    people = people_of(sessions)
    region = Region.objects.get()
    manager, nurse = people["manager"], people["nurse"]
    theirs = set(Member.objects.filter(account=nurse.account).values_list("group", flat=True))
    asked = people["invited"].account
    group = next(
        one.group
        for one in Member.objects.filter(account=manager.account, manager=True).order_by("pk")
        if one.group_id in theirs and not one.group.members.filter(account=asked).exists()
    )
    relative = make_account(region.id, *RELATIVE)
    relative.family, relative.acknowledged = True, region.policy
    relative.password_changed_at = clock.now()
    relative.set_password(PASSWORD)
    relative.save()
    people["family"] = person("family", relative)
    members = {
        name: Member.objects.get(group=group, account=people[name].account).id
        for name in ("manager", "nurse")
    }
    show_again(people["manager"])
    assert region.policy_id and group.patient_id
    cast = Cast(
        people=people,
        organizations={
            name: Account.objects.filter(email__endswith=f"@{place}.example")
            .values_list("roles__organization", flat=True)
            .first()
            for name, place in PLACES.items()
        },
        region=region.id,
        policy=region.policy_id,
        patient=group.patient_id,
        group=group.id,
        message=UUID(int=0),
        disaster=make_disaster(region.id, people["operator"].account, days_ago=200),
        members=members,
    )
    make_device(cast.organizations["station"])
    cast.message = post(cast, "nurse", "朝の血圧は130/80でした。")
    cast.invitations = {
        "invited": invite(cast["manager"], cast.invitee("invited"), role_in_care="栄養の相談").id
    }
    return cast


def kinds_of(cast: Cast) -> dict[str, Cast]:
    """The same people in a group of every kind, each with something said."""
    teams: dict[str, dict[str, bool]] = {
        "free": {"manager": True, "nurse": False},
        "family": {"manager": True, "nurse": False, "family": False},
        "direct": {"manager": False, "nurse": False},
    }
    found = {"patient": cast}
    for kind, team in teams.items():
        group, members = group_of_kind(cast, kind, team)
        there = replace(cast, group=group, members=members)
        there.message = post(there, "nurse", "来週の集まりは15時からです。")
        found[kind] = there
    found["network"] = replace(cast, group=Group.objects.get(kind="network").id)
    put_away, members = group_of_kind(cast, "free", {"manager": True, "nurse": False})
    archive_group(cast["manager"], put_away, reason="")
    found["archived"] = replace(cast, group=put_away, members=members)
    return found


def answers(cast: Cast, share: int, shares: int) -> list[dict[str, Any]]:
    """For every address of a share what it answered, and the first person who gets a page there."""
    notice = str(
        publish_notice(cast["operator"], None, title="停電", body="点検", acknowledge=True).id
    )
    kinds, found = kinds_of(cast), []
    for one in WALKED:
        if crc32(one["name"].encode()) % shares != share:
            continue
        wanted = ORDER if one["name"] in FOR_EVERYBODY else ()
        got = [answer(cast, one, notice, [name]) for name in wanted] or first(kinds, one, notice)
        found += [each for each in got if "not" not in each] or got[:1]
    return found


def first(kinds: dict[str, Cast], one: dict[str, Any], notice: str) -> list[dict[str, Any]]:
    """The page in the patient's group, or in the first that has it; in all where they differ."""
    found = []
    for kind, cast in kinds.items():
        got = answer(cast, one, notice, ORDER)
        found.append(got if kind == "patient" else got | {"kind": kind})
        if one["name"] not in IN_EVERY_KIND and ("not" not in got or got["not"] in FINAL):
            break
    return [each for each in found if "not" not in each] or found


def answer(cast: Cast, one: dict[str, Any], notice: str, names: Sequence[str]) -> dict[str, Any]:
    """Who of these gets a page at an address, or what everybody is told."""
    said = []
    for name in names:
        address = address_of(cast, name, one, notice)
        client = Client(raise_request_exception=False, SERVER_NAME="localhost")
        if name != NOBODY:
            client.cookies[settings.SESSION_COOKIE_NAME] = cast.people[name].cookie
        got = client.get(address)
        page = got.headers.get("Content-Type", "").startswith("text/html")
        said.append(f"{name}: {got.status_code} {got.headers.get('Location', '')}")
        if got.status_code == 200 and page and b"<html" in got.content:
            return {"name": one["name"], "address": address, "who": name}
        if got.status_code == 405:
            return {"name": one["name"], "address": address, "not": FINAL[0]}
        if got.status_code == 200:
            return {"name": one["name"], "address": address, "not": FINAL[1]}
    return {"name": one["name"], "address": address, "not": "; ".join(said)}


def main() -> None:
    cast = cast_of(json.loads(Path(sys.argv[1]).read_text())["people"])
    found = answers(cast, int(sys.argv[2]), int(sys.argv[3]))
    cookies = {name: one.cookie for name, one in cast.people.items()}
    json.dump({"cookies": cookies, "pages": found}, sys.stdout)


if __name__ == "__main__":
    main()
