"""Letting invented people in: one demo password for all, and ready sessions for measurements.

Demo accounts are marked as such, and ``serve`` never shows them to anybody but this machine.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import orjson
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password
from django.db import transaction
from django.utils.crypto import get_random_string

from renkei.enrollment.cast import Person, people, people_to_try
from renkei.enrollment.loader import LOADER
from renkei.enrollment.services import confirm_policy
from renkei.group.admission import invite
from renkei.people.models import Account, PractitionerRole
from renkei.people.sessions import SessionStore, stored_key
from renkei.policy.standing import Actor
from renkei.policy.use_case import Change, use_case
from renkei.region.models import Notice, Region
from renkei.region.services import publish_notice

PASSWORD = "midori2026"
CSRF_SECRET = 32  # characters: as long as Django's own


def is_here() -> bool:
    """Whether invented people have accounts here."""
    return Account.objects.filter(demo=True).exists()


@use_case("region.load", on="region")
def _admit(change: Change, *, region: Region) -> None:
    invented = Account.objects.filter(region=region, demo=True)
    without = invented.filter(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    if without.exists():
        without.update(password=make_password(PASSWORD))
    count = invented.update(password_changed_at=change.now)
    change.stream = f"region:{region.id.hex}"
    change.about("Region", region.id, demo_accounts=count)


def admit(region: Region) -> None:
    """Let every invented person in with the demo password, which counts as set today.

    Its hash is computed once for all of them. Who chose a password of their own keeps it.
    """
    _admit(LOADER, None, region=region)


NOTICES = (
    (
        "年末年始の連絡先をお知らせください",
        "12月28日(月)から1月3日(日)までの、当番の方と電話番号を、12月11日(金)までに運営事務局へ"
        "お知らせください。まとめて12月18日(金)にお配りします。\n\n急ぐことは、いつもどおり電話で。",
        True,
    ),
    (
        "12月の多職種研修会「心不全と在宅」",
        "12月10日(木) 18:30から、みどり野市広場の会議室で。体重の見方、塩分の伝え方を、職種を越えて"
        "話します。申込みは運営事務局まで。",
        False,
    ),
)


def enliven(region: Region) -> None:
    """Give the invented people something to do: notices to read, an invitation to answer.

    All of it by the ordinary use cases, in the name of people who are not shown first.
    """
    if Notice.objects.filter(region=region).exists():
        return
    shown = {person.account.pk for person, _ in people_to_try(region)}
    everybody = [person for person in people(region) if person.account.pk not in shown]
    operator = next((one for one in everybody if one.role is None), None)
    if operator is not None:
        with _acting(region, operator) as actor:
            for title, body, acknowledge in NOTICES:
                publish_notice(actor, None, title=title, body=body, acknowledge=acknowledge)
    _invite_somebody(region, everybody, shown)


def _invite_somebody(region: Region, everybody: list[Person], shown: set[UUID]) -> None:
    """A manager asks one of the people shown first into a group they are not in."""
    for manager in everybody:
        for seat in manager.seats:
            group = seat.group
            if not seat.manager or seat.role.organization_id != group.organization_id:
                continue
            inside = group.members.filter(ended_at=None).values("account")
            outside = PractitionerRole.objects.filter(
                account__in=shown, ended_at=None, profession="薬剤師"
            ).exclude(account__in=inside)
            invited = outside.first()
            if invited is not None:
                with _acting(region, manager) as actor:
                    invite(actor, (group.id, invited.id), role_in_care="薬の管理と服薬の相談")
                return


@contextmanager
def _acting(region: Region, person: Person) -> Iterator[Actor]:
    """Sign somebody in for a moment; they have confirmed the policy."""
    key = _sign_in(person.account)
    actor = Actor(session=stored_key(key))
    if region.policy_id and person.account.acknowledged_id != region.policy_id:
        confirm_policy(actor, None, policy=region.policy_id)
    try:
        yield actor
    finally:
        SessionStore().delete(key)


def write_sessions(region: Region, origin: str, file: Path) -> int:
    """Sign every invented person in and write how to go on as them; returns how many they are.

    The file lets anybody in who can read it, so only its owner can. It names patients by their
    ids alone.
    """
    everybody = people(region)
    with transaction.atomic():
        keys = [_sign_in(person.account) for person in everybody]
    for person, key in zip(everybody, keys, strict=True):
        if region.policy_id and person.account.acknowledged_id != region.policy_id:
            confirm_policy(Actor(session=stored_key(key)), None, policy=region.policy_id)
    entries = [_entry(person, key) for person, key in zip(everybody, keys, strict=True)]
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as written:
        written.write(orjson.dumps({"origin": origin, "password": PASSWORD, "people": entries}))
    return len(entries)


def _sign_in(account: Account) -> str:
    """A session as signing in makes it; the value of its cookie."""
    session = SessionStore()
    session[SESSION_KEY] = str(account.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = account.get_session_auth_hash()
    session.create()
    key = session.session_key
    assert key is not None
    return key


def _entry(person: Person, key: str) -> dict[str, object]:
    secret = get_random_string(CSRF_SECRET)
    cookie = f"{settings.SESSION_COOKIE_NAME}={key}; {settings.CSRF_COOKIE_NAME}={secret}"
    return {
        "email": person.account.email,
        "name": person.name,
        "profession": person.profession,
        "organization": person.organization,
        "cookie": cookie,
        "csrf_token": secret,
        "groups": [
            {
                "id": str(seat.group_id),
                "patient": str(seat.group.patient_id),
                "manager": seat.manager,
            }
            for seat in person.seats
        ],
    }
