"""A relative's account at every address there is, and at the live stream (A11.5)."""

from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import transaction
from django.http import HttpResponse

from renkei.communication.filing import see_files
from renkei.communication.live_backend import LiveBackend
from renkei.communication.services import save_draft
from renkei.config.routes import LIVE, routes
from renkei.group.models import Group, Member
from renkei.kernel import clock
from renkei.kernel.errors import Refused, Unknown
from renkei.patient.models import Basics
from renkei.patient.services import change_basics_in_group
from renkei.people.models import Account
from renkei.policy.loading import load
from renkei.policy.rules import RULES, may
from renkei.policy.standing import LOADS
from tests.cast import Cast, group_of_kind, post
from tests.web.test_routes import SENT, address_of, browser

pytestmark = [pytest.mark.clause("A11.5"), pytest.mark.once]

WALKED = [one for one in routes() if one["route"] not in (LIVE["route"], "metrics")]
SECRETS = ("内輪の申し送り", "内輪の基本情報")
# What a relative may open at all; every other address answers that there is nothing to see. An
# address that is new has to be put here, or be closed to them.
PLACES = {
    "account_change_password", "account_reauthenticate", "archive", "attachment", "attachments",
    "charter", "charter_read", "confirm", "correct", "disaster", "disaster_band", "draft",
    "entries", "files", "former_groups", "group_leave", "groups", "basics", "home", "me",
    "own_backup",
    "me_appearance", "me_photo", "members", "menu", "messages", "mfa_activate_totp", "move_draft",
    "mfa_add_webauthn", "mfa_index", "mfa_list_webauthn", "notice", "notice_confirm", "points",
    "notification_address", "notification_device", "notification_level", "notification_test",
    "notifications",
    "addressed", "bookmarks", "network_people", "since", "task", "task_finish", "task_make",
    "tasks", "template", "templates", "whom",
    "pins", "policy_confirm", "read", "receipts", "reuses",
    "search", "session_left", "session_stay", "sessions", "sign_ins", "timeline",
    "understand", "withdraw",
}  # fmt: skip


def filled(cast: Cast, one: dict[str, Any], group: UUID) -> str:
    return address_of(cast, "family", one, str(UUID(int=1))).replace(str(cast.group), str(group))


def both(cast: Cast) -> UUID:
    """The patient's group with secrets in it, and beside it one in which the relative is."""
    post(cast, "nurse", SECRETS[0])
    change_basics_in_group(
        cast["manager"], cast.group, basics=Basics(conditions=SECRETS[1]), relatives=[]
    )
    return group_of_kind(cast, "family", {"manager": True, "family": False})[0]


def asked(cast: Cast, address: str) -> list[HttpResponse]:
    client, answers = browser(cast, "family"), []
    for ask in (client.get, client.post):
        mark = transaction.savepoint()
        answers.append(ask(address, SENT))
        transaction.savepoint_rollback(mark)
    return answers  # type: ignore[return-value]


def strangers(cast: Cast) -> set[str]:
    """The names of everybody who is not in a group with the relative."""
    known = {cast.account("manager"), cast.account("family")}
    people = Account.objects.exclude(pk__in=known).exclude(operator_roles__isnull=False)
    return {one.profile.name for one in people}


def test_nothing_of_the_professionals_group_at_any_address(cast: Cast) -> None:
    group, hidden = both(cast), [*SECRETS, *strangers(cast)]
    opened = set()
    for one in WALKED:
        for place in (cast.group, group):
            address = filled(cast, one, place)
            for answer in asked(cast, address):
                said = answer.content.decode(errors="replace") if not answer.streaming else ""
                found = [word for word in hidden if word in said]
                assert not found, (one["name"], address, found)
                assert answer.status_code < 500
                inside = answer.status_code in (200, 204, 303, 422)
                if inside and one["permission"] in RULES:
                    opened.add(one["name"])
                about_other = str(cast.group) in address or "<uuid:patient>" in one["route"]
                if about_other and one["permission"] in RULES:
                    assert answer.status_code in (302, 403, 404, 405), (one["name"], address)
    assert not opened - PLACES, " ".join(sorted(opened - PLACES))


def test_why_there_is_no_consent_stands_in_the_professionals_group_alone(cast: Cast) -> None:
    """Why somebody could not be asked, or took it back, was written down for the team."""
    group = both(cast)
    assert see_files(cast["manager"], cast.group).consents
    for name in ("family", "manager"):
        assert see_files(cast[name], group).consents == []


def test_no_rule_lets_a_relative_do_more_than_take_part(cast: Cast) -> None:
    """In the patient's group none at all; with the family what a member does, and no managing."""
    group = both(cast)
    judged = [name for name, rule in RULES.items() if rule.needs <= LOADS["group"]]
    inside = {name for name in judged if may(load(cast["family"], "group", group), name)}
    outside = {name for name in judged if may(load(cast["family"], "group", cast.group), name)}
    about_groups = {name for name in inside if "group" in RULES[name].needs}
    assert about_groups == {
        "attachment.add",
        "group.see", "group.leave", "charter.see", "charter.read", "communication.send",
        "communication.draft", "notification.level",
    }  # fmt: skip
    assert not {name for name in outside if RULES[name].needs & {"group", "patient"}}


def test_a_place_in_a_group_of_another_kind_is_worth_nothing(cast: Cast) -> None:
    """A row that nobody can make here, put in from outside, opens nothing either."""
    post(cast, "nurse", SECRETS[0])
    key = Group.objects.get(pk=cast.group).key_id
    Member.objects.bulk_create([
        Member(group_id=cast.group, key_id=key, account_id=cast.account("family"),
               relation="relative", origin="family", joined_at=clock.now())
    ])  # fmt: skip
    answer = browser(cast, "family").get(f"/groups/{cast.group}")
    assert answer.status_code in (403, 404)
    assert SECRETS[0] not in answer.content.decode()


def test_the_stream_carries_their_group_alone(cast: Cast) -> None:
    group = both(cast)
    cookie = f"{settings.SESSION_COOKIE_NAME}={cast.people['family'].cookie}"
    heard = LiveBackend().admit(cookie)
    assert heard is not None and set(heard.groups) == {group}


def test_drafts_of_the_other_group_are_refused(cast: Cast) -> None:
    both(cast)
    with pytest.raises((Refused, Unknown)):
        save_draft(cast["family"], cast.group, text="x")
