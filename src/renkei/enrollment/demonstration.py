"""Letting invented people in: one demo password for all, and ready sessions for measurements.

Demo accounts are marked as such, and ``serve`` never shows them to anybody but this machine.
"""

import os
from pathlib import Path

import orjson
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password
from django.db import transaction
from django.utils.crypto import get_random_string

from renkei.enrollment.cast import Person, people
from renkei.enrollment.loader import LOADER
from renkei.enrollment.services import confirm_policy
from renkei.people.models import Account
from renkei.people.sessions import SessionStore, stored_key
from renkei.policy.standing import Actor
from renkei.policy.use_case import Change, use_case
from renkei.region.models import Region

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
