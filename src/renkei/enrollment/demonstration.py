"""Letting invented people in: one demo password for all, and ready sessions for measurements.

Demo accounts are marked as such, and ``serve`` never shows them to anybody but this machine.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import orjson
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password
from django.db import transaction
from django.db.models import Count, F, Q
from django.utils.crypto import get_random_string

from renkei.communication.services import send_communication
from renkei.device import keys
from renkei.device.models import Device
from renkei.device.services import take_over_device
from renkei.enrollment.cast import Person, people, people_to_try
from renkei.enrollment.loader import LOADER
from renkei.enrollment.services import confirm_policy
from renkei.group.admission import invite
from renkei.group.models import Group
from renkei.group.network import network_of
from renkei.group.ranges import take_over_ranges
from renkei.kernel import clock, durable
from renkei.kernel.entity import uuid7
from renkei.people.models import Account, PractitionerRole, Session
from renkei.people.sessions import SessionStore, stored_key
from renkei.policy.loading import load
from renkei.policy.rules import may
from renkei.policy.standing import Actor
from renkei.policy.use_case import Change, use_case
from renkei.region.models import Notice, Region
from renkei.region.services import publish_notice
from renkei.region.vitals import Range

PASSWORD = "midori2026"
DEVICE = "デモ"  # the number in the ledger
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
    _list_device(region)


def _list_device(region: Region) -> None:
    """A device in the ledger of every organization, for all the browsers that show the demo."""
    organizations = list(region.organizations.order_by("code").values_list("pk", flat=True))
    if device_of(region) is None and organizations:
        take_over_device(
            LOADER,
            organizations[0],
            number=DEVICE,
            type=Device.Type.COMPUTER,
            usable_until=clock.now() + timedelta(days=3650),
            accepted_by=organizations[1:],
        )


def device_of(region: Region) -> UUID | None:
    """The device on which invented people work."""
    shown = Device.objects.filter(organization__region=region, number=DEVICE)
    return shown.values_list("pk", flat=True).first()


def enroll(account: Account, session: str) -> None:
    """Let an invented person's session (its stored key) count as on the demo's device.

    Not where certificates are asked for: there they alone count, for invented people too.
    """
    if account.demo and not settings.DEVICE_CERTIFICATE_HEADER:
        Session.objects.filter(pk=session, device_id=None).update(
            device_id=device_of(account.region)
        )


def enroll_browser(account: Account, session: str) -> str | None:
    """The same for a browser that signs in: it gets a key of the demo's device as any other would.

    Returns the cookie to set; None if nothing is to be set.
    """
    device = device_of(account.region) if account.demo else None
    unlisted = Session.objects.filter(pk=session, device_id=None)
    if device is None or settings.DEVICE_CERTIFICATE_HEADER or not unlisted.exists():
        return None
    key, cookie = keys.make_key(device, DEVICE, clock.now())
    unlisted.update(device_id=device, device_key_id=key.id)
    return cookie


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
    _say_in_network(region, everybody)
    _set_ranges(region)
    _invite_somebody(region, everybody, shown)


SAID = (  # in the network of the region, by people of several organizations and the operator
    "12月10日(木)の研修会「心不全と在宅」は、オンラインでも聞けるようにしました。参加の方法は、"
    "お知らせをご覧ください。",
    "年末年始に当番で開けている薬局の一覧があると助かります。どなたか取りまとめをされていますか。",
    "薬剤師会で作っています。12月15日(火)までに、ここでお知らせします。",
    "訪問のときに使う体重計の置き方について、よい資料がありました。次の研修会で配ります。",
)


def _say_in_network(region: Region, everybody: list[Person]) -> None:
    """A few things said to everybody, by the ordinary use case."""
    group = network_of(region.id)
    working = [one for one in everybody if one.role is not None and one.seats]
    operator = next((one for one in everybody if one.role is None), None)
    if group is None or operator is None or not working:
        return
    step = max(1, len(working) // len(SAID))
    people_ = [operator, *working[::step]]
    for person, text in zip(people_, SAID, strict=False):
        with _acting(region, person) as actor:
            if may(load(actor, "group", group.id), "communication.send"):
                send_communication(actor, group.id, text=text, key=uuid7(), confirmed=True)


USUAL = {  # of the patient of whom most is measured
    "systolic": Range(100, 145),
    "diastolic": Range(None, 85),
    "pulse": Range(55, 95),
    "spo2": Range(93, None),
    "weight": Range(44, 47),
}


def _set_ranges(region: Region) -> None:
    """What is usual for one patient, as their physician said before."""
    measured = Count("communications", filter=Q(communications__measured__isnull=False))
    groups = Group.objects.filter(region=region, kind=Group.Kind.PATIENT, closed_at=None)
    group = groups.annotate(measured=measured).filter(measured__gt=0).order_by("-measured").first()
    if group is None:
        return
    physician = group.members.filter(ended_at=None, role__profession="医師").first()
    if physician is not None and physician.role_id is not None:
        take_over_ranges(
            LOADER, group.id, ranges=USUAL, author=physician.account_id, role=physician.role_id
        )


def _invite_somebody(region: Region, everybody: list[Person], shown: set[UUID]) -> None:
    """A manager asks one of the people shown first into a group they are not in."""
    for manager in everybody:
        for seat in manager.seats:
            group = seat.group
            if not seat.manager or not seat.role:
                continue
            if seat.role.organization_id != group.organization_id:
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
    if region.edition and person.account.acknowledged_id != region.edition:
        confirm_policy(actor, None, policy=region.edition)
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
        if region.edition and person.account.acknowledged_id != region.edition:
            confirm_policy(Actor(session=stored_key(key)), None, policy=region.edition)
    entries = [_entry(person, key) for person, key in zip(everybody, keys, strict=True)]
    durable.put(file, orjson.dumps({"origin": origin, "password": PASSWORD, "people": entries}))
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
    enroll(account, stored_key(key))
    Session.objects.filter(pk=stored_key(key)).update(
        second_factor="demo",
        idle_until=F("until"),  # ready to be used for the first time at any hour of the day
    )
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
