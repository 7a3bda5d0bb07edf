"""The cast: everyone who can stand in a relation to one patient's group, by sentence.

The world they live in is made once per run by the use cases themselves, and copied for each test
process; see ``conftest.py``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID, uuid4

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

from renkei.communication.services import send_communication
from renkei.enrollment.services import confirm_policy
from renkei.group.admission import invite
from renkei.group.models import Group, Invitation, Member
from renkei.group.services import leave_group, take_over_group
from renkei.kernel import clock, vault
from renkei.kernel.entity import uuid7
from renkei.kernel.sealed import about
from renkei.patient.models import Basics, Identity, Patient, Signature
from renkei.patient.services import ConsentForm, record_consent, register_patient
from renkei.people.models import Account, Organization, PractitionerRole, Profile
from renkei.people.services import (
    add_staff,
    appoint_operator,
    register_account,
    register_organization,
)
from renkei.people.sessions import SessionStore, stored_key
from renkei.policy.standing import Actor
from renkei.policy.use_case import batch
from renkei.region.services import open_region

LOADER = Actor(system="loader")
PASSWORD = "kaede-yama-2026"
NOBODY = "nobody"

# name: (organization, profession, administrator), and the sentence that says who it is.
PEOPLE = {
    "manager": ("station", "看護師", False),  # a nurse of the managing organization, in charge
    "nurse": ("clinic", "看護師", False),  # a member, of another organization
    "physician": ("clinic", "医師", False),  # a member of another one, put in charge as well
    "former": ("helpers", "訪問介護員", False),  # was a member and left
    "stranger": ("helpers", "介護福祉士", False),  # never was one
    "invited": ("clinic", "管理栄養士", False),  # is asked, and has not answered
    "administrator_same": ("station", "事務", True),  # of the managing organization, no member
    "administrator_other": ("clinic", "事務", True),  # of the nurse's organization, no member
    "self_inviting": ("station", "看護師", True),  # an administrator who asked themselves in
    "sole": ("pharmacy", "薬剤師", True),  # the only administrator of theirs, and asked
    "family": (None, "", False),  # an account, and no work for anybody
    "operator": (None, "", False),  # works for the operator
}
NAMES = (*PEOPLE, NOBODY)
ORGANIZATIONS = {
    "station": "訪問看護",  # manages the patient
    "clinic": "診療所",
    "pharmacy": "薬局",
    "helpers": "訪問介護",
}


@dataclass(frozen=True, slots=True)
class Person:
    """One of the cast, signed in."""

    name: str
    actor: Actor
    cookie: str = ""
    account: UUID | None = None
    role: UUID | None = None
    organization: UUID | None = None
    email: str = ""


@dataclass(slots=True)
class Cast:
    """The people, and the one group everything turns on."""

    people: dict[str, Person]
    organizations: dict[str, UUID]
    region: UUID
    policy: UUID
    patient: UUID
    group: UUID
    message: UUID  # the nurse's
    members: dict[str, UUID]
    invitations: dict[str, UUID] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Actor:
        return self.people[name].actor

    def __iter__(self) -> Iterator[str]:
        return iter(self.people)

    def account(self, name: str) -> UUID:
        """The account of somebody who has one."""
        found = self.people[name].account
        assert found is not None
        return found

    def role(self, name: str) -> UUID:
        """The role of somebody who has one."""
        found = self.people[name].role
        assert found is not None
        return found

    def invitee(self, name: str) -> tuple[UUID, UUID]:
        """What ``invite`` is about: the group, and the role of the person to ask."""
        return self.group, self.role(name)


def sign_in(account: Account) -> str:
    """A real session; the value of its cookie."""
    store = SessionStore()
    store[SESSION_KEY] = str(account.pk)
    store[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    store[HASH_SESSION_KEY] = account.get_session_auth_hash()
    store.create()
    assert store.session_key is not None
    return store.session_key


def person(
    name: str, account: Account, role: PractitionerRole | None = None, *, signed_in: bool = True
) -> Person:
    """Somebody who can act."""
    cookie = sign_in(account) if signed_in else ""
    return Person(
        name,
        Actor(session=stored_key(cookie)),
        cookie,
        account.id,
        role.id if role else None,
        role.organization_id if role else None,
        account.email,
    )


@contextmanager
def loading() -> Iterator[None]:
    """What the loader alone may do."""
    with batch(LOADER, "region.load"):
        yield


def make_region(name: str = "みどり野") -> tuple[UUID, UUID]:
    """A region with the first edition of its policy."""
    region = open_region(
        LOADER,
        None,
        name=name,
        operator_name="みどり野在宅医療連携拠点",
        phone="0312345678",
        email="kyoten@example.org",
        address="みどり野1-1",
        effective_on=date(2026, 4, 1),
        policy_text="# ポリシー\n\n本人の責任で使います。",
        parameters={},
    )
    assert region.policy_id is not None
    return region.id, region.policy_id


def make_organization(region: UUID, code: str, kind: str) -> Organization:
    """An organization that takes part."""
    from renkei.region.models import Region

    return register_organization(
        LOADER,
        None,
        region=Region.objects.get(pk=region),
        head_name="所長",
        code=code,
        kind=kind,
        name=f"{code}事業所",
        kana="じぎょうしょ",
        postal_code="1000001",
        address="みどり野2-2",
        phone="0312340000",
    )


def make_account(
    region: UUID, email: str, name: str = "山田 花", kana: str = "やまだ はな"
) -> Account:
    """A person's one ID, with a password of their own."""
    from renkei.region.models import Region

    account = register_account(
        LOADER,
        None,
        region=Region.objects.get(pk=region),
        email=email,
        profile=Profile(name, kana),
        demo=False,
    )
    return account


def make_role(
    account: Account, organization: UUID, profession: str = "看護師", administrator: bool = False
) -> PractitionerRole:
    """A person's work for an organization."""
    return add_staff(
        LOADER,
        organization,
        account=account,
        profession=profession,
        administrator=administrator,
        pledged_on=None,
        trained_on=None,
    )


def identity(name: str = "髙橋 節子", kana: str = "たかはし せつこ", **facts: str) -> Identity:
    """Who a patient is."""
    return Identity(
        **{"name": name, "kana": kana, "birth_date": "1942-03-03", "sex": "女", **facts}
    )


def given(keeper: UUID | None, **facts: object) -> ConsentForm:
    """Form 4, agreed to in full."""
    return ConsentForm(
        **{  # type: ignore[arg-type]
            "state": "given",
            "signature": Signature("髙橋 節子", "本人", original_place="金庫"),
            "signed_on": date(2026, 5, 1),
            "original_kept_by": keeper,
            "copy_given_on": date(2026, 5, 1),
            **facts,
        }
    )


def build() -> Cast:
    """Make the whole world; the one password is hashed once, because hashing is slow on purpose."""
    people: dict[str, Person] = {NOBODY: Person(NOBODY, Actor(session="0" * 40))}
    with loading():
        region, policy = make_region()
        organizations = {
            name: make_organization(region, name, kind).id for name, kind in ORGANIZATIONS.items()
        }
        accounts: dict[str, Account] = {}
        roles: dict[str, PractitionerRole] = {}
        for name, (organization, profession, administrator) in PEOPLE.items():
            accounts[name] = make_account(region, f"{name}@example.org", f"{name} さん", "さん")
            if organization:
                roles[name] = make_role(
                    accounts[name], organizations[organization], profession, administrator
                )
        appoint_operator(LOADER, None, account=accounts["operator"])
        patient = register_patient(
            LOADER, organizations["station"], identity=identity(), basics=Basics()
        )
        record_consent(LOADER, patient.id, form=given(organizations["clinic"]))
        team = [(roles[name], "看護", name in ("manager", "physician"))
                for name in ("manager", "nurse", "physician", "former")]  # fmt: skip
        group = take_over_group(LOADER, patient.id, region=region, team=team)
    accounts["manager"].set_password(PASSWORD)
    for name, account in accounts.items():
        account.password = accounts["manager"].password
        account.password_changed_at = clock.now()
        account.save(update_fields=["password", "password_changed_at"])
        people[name] = person(name, account, roles.get(name))
        confirm_policy(people[name].actor, None, policy=policy)
    cast = Cast(
        people={name: people[name] for name in NAMES},
        organizations=organizations,
        region=region,
        policy=policy,
        patient=patient.id,
        group=group.id,
        message=uuid4(),
        members={
            name: Member.objects.get(group=group, account=accounts[name]).id
            for name in ("manager", "nurse", "physician", "former")
        },
    )
    leave_group(cast["former"], cast.group, reason="担当を外れました")
    cast.message = post(cast, "nurse", "朝の血圧は130/80でした。")
    cast.invitations = {
        name: invite(cast["manager"], cast.invitee(name), role_in_care="栄養の相談").id
        for name in ("invited", "sole")
    }
    cast.invitations["self_inviting"] = put_invitation(cast, "self_inviting", "self_inviting")
    return cast


def post(cast: Cast, name: str, text: str = "お知らせ", group: UUID | None = None) -> UUID:
    """Say something."""
    return send_communication(
        cast[name], group or cast.group, text=text, key=uuid4(), confirmed=True
    ).id


def put_invitation(cast: Cast, who: str, by: str, **facts: object) -> UUID:
    """An invitation as a row, for what no use case would let happen."""
    group = Group.objects.get(pk=cast.group)
    invitation = Invitation(
        **{
            "id": uuid7(),
            "key_id": group.key_id,
            "group": group,
            "account_id": cast.account(who),
            "role_id": cast.role(who),
            "role_in_care": "看護",
            "invited_by_id": cast.account(by),
            "invited_at": clock.now(),
            "expires_at": clock.now() + timedelta(days=14),
            **facts,
        }
    )
    invitation.save(force_insert=True)
    return invitation.id


def group_about(
    cast: Cast, organization: str, team: dict[str, bool], *, consented: bool = True
) -> tuple[UUID, UUID]:
    """Another patient with a group: the patient and the group. ``team``: name → manager."""
    home = cast.organizations[organization]
    with loading():
        patient: Patient = register_patient(LOADER, home, identity=identity(), basics=Basics())
        if consented:
            record_consent(LOADER, patient.id, form=given(home))
        roles = [
            (PractitionerRole.objects.get(pk=cast.role(name)), "看護", manager)
            for name, manager in team.items()
        ]
        group = take_over_group(LOADER, patient.id, region=cast.region, team=roles)
    return patient.id, group.id


def reason_of(member: Member) -> str:
    """Why somebody left, unsealed."""
    assert member.end_reason is not None
    place = about(member._meta.label, member.id, "end_reason")
    return str(vault.unseal_json(member.key_id, member.end_reason, about=place))
