"""Fills an empty data folder with people, groups and messages, and writes ready sessions.

Run as ``python -m benchmarks.fill SHAPE FILE`` with ``RENKEI_DATA`` set.
"""

import json
import os
import random
import sys
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "renkei.config.settings")
import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.db import transaction  # noqa: E402
from django.middleware.csrf import _get_new_csrf_string  # noqa: E402

from renkei.communication.from_paper import take_over_communication  # noqa: E402
from renkei.config.installation import prepare  # noqa: E402
from renkei.device.models import Device  # noqa: E402
from renkei.device.services import take_over_device  # noqa: E402
from renkei.enrollment.models import Acknowledgement  # noqa: E402
from renkei.group.models import Member  # noqa: E402
from renkei.group.services import take_over_group  # noqa: E402
from renkei.kernel import clock  # noqa: E402
from renkei.patient.models import Basics, Identity, Signature  # noqa: E402
from renkei.patient.services import ConsentForm, record_consent, register_patient  # noqa: E402
from renkei.people import services as people  # noqa: E402
from renkei.people.models import Account, PractitionerRole, Profile, Session  # noqa: E402
from renkei.people.sessions import SessionStore  # noqa: E402
from renkei.policy.standing import Actor  # noqa: E402
from renkei.policy.use_case import batch  # noqa: E402
from renkei.region.models import Region  # noqa: E402
from renkei.region.services import open_region  # noqa: E402

LOADER = Actor(system="loader")
PASSWORD = "kaede2026benchmark"
TEXT = "朝の訪問です。体温36.5度、血圧132/74、脈拍78、SpO2 96。体重46.2kg。"


# What is said in a group of messages that differ: how often in a hundred, and the words.
PHRASES = (
    (90, "体温{}度{}分、血圧{}の{}でした。"),
    (30, "食事は{}割ほど召し上がりました。"),
    (20, "夜間に発熱があり、水分をこまめにとっていただきました。"),
    (15, "服薬カレンダーに残りがありました。"),
    (10, "ご家族から入浴の時間について相談がありました。"),
    (6, "仙骨部の褥瘡を処置し、写真で大きさを比べました。"),
    (4, "訪問看護の時間を三十分遅らせてほしいとのことです。"),
    (3, "むせこみが増えたので言語聴覚士に見ていただきたいです。"),
    (1, "脱水症状がみられ、主治医の指示で点滴をしました。"),
)


def varied(number: int) -> str:
    """What is said for the so manieth time: the same in every run, and like nothing before."""
    chance = random.Random(number)
    said = [
        words.format(*(chance.randint(1, 9) for _ in range(4)))
        for often, words in PHRASES
        if chance.randrange(100) < often
    ]
    chance.shuffle(said)
    return "".join(said) + f"{chance.choice('東西南北')}の窓を{chance.randint(2, 90)}分あけました。"


@dataclass(frozen=True)
class Shape:
    """How much of everything."""

    groups: int = 50
    members: int = 20
    messages: int = 60  # in every group
    long: int = 0  # messages of the first group
    person_in: int = 0  # groups that person 0 takes part in, at least
    outside: int = 0  # people in no group
    varied: bool = False  # every message says something else


SHAPES = {
    "ordinary": Shape(),
    "long": Shape(groups=4, long=10_000),
    "wide": Shape(groups=100, members=5, messages=3, person_in=100),
    "crowd": Shape(groups=50, members=20, messages=1),
    "region": Shape(groups=500, members=8, messages=200),
    "archive": Shape(groups=100, members=5, messages=1000, person_in=100, varied=True),
    "small": Shape(groups=4, members=5, messages=3, person_in=4, outside=4),
}


def region() -> Region:
    """An empty region."""
    return open_region(
        LOADER,
        None,
        name="かえで",
        operator_name="かえで事務局",
        phone="0000-00-0001",
        email="office@kaede.example",
        address="かえで市1番",
        effective_on=date(2026, 1, 1),
        policy_text="# かえで\n",
        parameters={},
    )


def device(organizations: list[Any]) -> None:
    """One device in the ledgers of all."""
    take_over_device(
        LOADER,
        organizations[0].id,
        number="B-1",
        type="computer",
        usable_until=clock.now() + timedelta(days=365),
        accepted_by=[one.id for one in organizations[1:]],
    )


JOINED = date(2026, 1, 1)  # since when everybody is in good standing


def staff(place: Region, count: int) -> list[PractitionerRole]:
    """People of ten organizations."""
    organizations = [
        people.register_organization(
            LOADER,
            None,
            region=place,
            head_name="長 太郎",
            code=f"K{number}",
            kind="訪問看護",
            name=f"かえで第{number}訪問看護",
            kana=f"かえで{number}",
            postal_code="000-0001",
            address="かえで市2番",
            phone="0000-00-0002",
            **dict.fromkeys(("applied_on", "pledged_on", "approved_on", "trained_on"), JOINED),
        )
        for number in range(10)
    ]
    device(organizations)
    roles = []
    for number in range(count):
        account = people.register_account(
            LOADER,
            None,
            region=place,
            email=f"person{number}@kaede.example",
            profile=Profile(f"看護 花子{number}", "かんご はなこ"),
            demo=True,
        )
        roles.append(
            people.add_staff(
                LOADER,
                organizations[number % 10].id,
                account=account,
                profession="看護師",
                administrator=number < 10,
                pledged_on=JOINED,
                trained_on=None,
            )
        )
    return roles


def team(roles: list[PractitionerRole], number: int, shape: Shape) -> list[Any]:
    """The members of group ``number``; every organization in turn manages."""
    start = number * shape.members
    chosen = [roles[(start + place) % len(roles)] for place in range(shape.members)]
    if number < shape.person_in and roles[0] not in chosen:
        chosen[-1] = roles[0]
    return [(role, "訪問看護", place == 0) for place, role in enumerate(chosen)]


def group(place: Region, roles: list[PractitionerRole], number: int, shape: Shape) -> UUID:
    """One patient with consent, team and messages."""
    members = team(roles, number, shape)
    manager = members[0][0]
    patient = register_patient(
        LOADER,
        manager.organization_id,
        identity=Identity(f"楓 さくら{number}", "かえで さくら", "1940-01-01", "女"),
        basics=Basics(physician_name="医師 一", physician_phone="0000-00-0003"),
    )
    form = ConsentForm(
        "given",
        Signature(signer="楓 さくら", relationship="本人"),
        signed_on=date(2026, 1, 1),
        original_kept_by=manager.organization_id,
        copy_given_on=date(2026, 1, 1),
    )
    record_consent(LOADER, patient.id, form=form)
    made = take_over_group(LOADER, patient.id, region=place.id, team=members)
    count = shape.long if number == 0 and shape.long else shape.messages
    for said in range(count):
        role = members[said % len(members)][0]
        take_over_communication(
            LOADER,
            made.id,
            author=role.account_id,
            role=role.id,
            text=varied(number * count + said)
            if shape.varied
            else TEXT + f"（{said + 1}回目の記録）",
            said_at=clock.now() - timedelta(minutes=count - said),
        )
    return made.id


def session(account: Account) -> dict[str, Any]:
    """A signed-in browser of this person."""
    store = SessionStore()
    store[SESSION_KEY] = str(account.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = account.get_session_auth_hash()
    store.create()
    Session.objects.filter(account=account).update(
        device_id=Device.objects.values_list("pk", flat=True).first(), second_factor="demo"
    )
    secret = _get_new_csrf_string()
    cookies = f"{settings.SESSION_COOKIE_NAME}={store.session_key}; "
    cookies += f"{settings.CSRF_COOKIE_NAME}={secret}"
    groups = Member.objects.filter(account=account, ended_at=None).order_by("joined_at", "pk")
    return {
        "email": account.email,
        "cookie": cookies,
        "csrf_token": secret,
        "account": str(account.pk),
        "role": account.roles.get().pk.hex,
        "groups": [str(one) for one in groups.values_list("group_id", flat=True)],
    }


def main(shape_name: str, file: str) -> None:
    """Fill and write the sessions."""
    shape = SHAPES[shape_name]
    prepare()
    with batch(LOADER, "region.load"):
        place = region()
        roles = staff(place, min(shape.groups * shape.members + shape.outside, 500))
        for number in range(shape.groups):
            group(place, roles, number, shape)
    with transaction.atomic():
        first = Account.objects.order_by("made_at").first()
        assert first is not None
        first.set_password(PASSWORD)
        place.refresh_from_db()
        Account.objects.update(
            password=first.password,
            password_changed_at=clock.now(),
            acknowledged_id=place.policy_id,
        )
        Member.objects.update(read_seq=0)
        for account in Account.objects.all():
            Acknowledgement.objects.create(
                account=account, policy_id=place.policy_id, at=clock.now()
            )
    sessions = [session(account) for account in Account.objects.order_by("made_at", "pk")]
    Path(file).write_text(json.dumps({"password": PASSWORD, "people": sessions}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
