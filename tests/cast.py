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
from django.db.models import F

from renkei.communication.models import Attachment, Task
from renkei.communication.services import send_communication
from renkei.device.models import Device, Listing, TakeOut
from renkei.device.services import take_over_device
from renkei.disclosure.models import ReuseItem, ReuseRequest
from renkei.enrollment.models import Paper
from renkei.enrollment.papers import make_code
from renkei.enrollment.services import confirm_policy
from renkei.group.admission import invite
from renkei.group.models import Group, Invitation, Member
from renkei.group.selectors import visible_to
from renkei.group.services import leave_group, take_over_group
from renkei.kernel import clock, vault
from renkei.kernel.entity import uuid7
from renkei.kernel.sealed import about
from renkei.patient.models import Basics, HandOver, Identity, Patient, Signature
from renkei.patient.services import ConsentForm, record_consent, register_patient
from renkei.people.models import Account, Organization, PractitionerRole, Profile, Session
from renkei.people.services import (
    add_staff,
    appoint_operator,
    register_account,
    register_organization,
)
from renkei.people.sessions import SessionStore, stored_key
from renkei.policy.loading import load
from renkei.policy.standing import Actor
from renkei.policy.use_case import batch
from renkei.region.models import DisasterUse, Issuer, Notice, PolicyDraft, PolicyVersion, Region
from renkei.region.notices import write_notice
from renkei.region.services import open_region

LOADER = Actor(system="loader")
PASSWORD = "kaede-yama-2026"
NOBODY = "nobody"
LONG_AGO = date(2026, 4, 1)

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
    "family": (None, "", False),  # a relative: an account of that kind, and no work for anybody
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
    disaster: UUID  # a storm of long ago, declared by somebody else
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
    work = role or account.roles.filter(ended_at=None).first()
    responsible = (work is not None and work.administrator) or account.operator_roles.exists()
    shows = responsible or account.family  # a second step
    listing = Listing.objects.filter(organization=work.organization_id).first() if work else None
    Session.objects.filter(pk=stored_key(cookie)).update(
        idle_until=F("until"),  # until the first thing that is done: the world is made once a run
        device_id=listing.device_id if listing else None,
        second_factor="totp" if shows else "",
    )
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
        applied_on=LONG_AGO,
        pledged_on=LONG_AGO,
        approved_on=LONG_AGO,
        trained_on=LONG_AGO,
    )


def make_device(organization: UUID, number: str = "T-01") -> UUID:
    """A device in the ledger of an organization."""
    far = clock.now() + timedelta(days=365)
    return take_over_device(LOADER, organization, number=number, type="tablet", usable_until=far).id


def device_of(cast: Cast, name: str = "station") -> UUID:
    """The first device in the ledger of an organization."""
    devices = Device.objects.filter(organization=cast.organizations[name]).order_by("added_at")
    return devices.values_list("pk", flat=True)[0]


def take_out_of(cast: Cast, name: str = "manager", **facts: object) -> UUID:
    """Somebody wants to take something out, as a row: the same one when asked again."""
    found = TakeOut.objects.filter(account=cast.account(name)).first()
    if found is not None and not facts:
        return found.id
    organization = Organization.objects.get(pk=cast.people[name].organization)
    taken = TakeOut(
        **{
            "id": uuid7(),
            "key_id": organization.key_id,
            "organization": organization,
            "account_id": cast.account(name),
            "patients": 2,
            "encrypted": False,
            "from_at": clock.now(),
            "to_at": clock.now() + timedelta(hours=4),
            "asked_at": clock.now(),
            **facts,
        }
    )
    asked = {"content": "計画書", "medium": "紙", "purpose": "会議", "destination": "公民館"}
    taken.seal("asked_sealed", asked)
    taken.save(force_insert=True)
    return taken.id


def reuse_of(cast: Cast, name: str = "manager", **facts: object) -> UUID:
    """Somebody asked to use the nurse's message, who permitted it: the same one when asked again.

    As rows, so that it is there whatever somebody may do at the moment.
    """
    found = ReuseRequest.objects.filter(asked_by=cast.account(name)).first()
    if found is not None and not facts:
        return found.id
    group = Group.objects.get(pk=cast.group)
    request = ReuseRequest(
        **{
            "id": uuid7(),
            "key_id": group.key_id,
            "group": group,
            "number": make_code(),
            "asked_by_id": cast.account(name),
            "organization_id": cast.people[name].organization,
            "purpose": "record",
            "asked_at": clock.now(),
            "until": clock.now() + timedelta(days=7),
            "state": "permitted",
            **facts,
        }
    )
    request.seal("wish_sealed", {"detail": "訪問看護記録", "users": "本人", "shift": -9})
    request.save(force_insert=True)
    ReuseItem.objects.create(
        id=uuid7(),
        key_id=group.key_id,
        request=request,
        communication_id=cast.message,
        author_id=cast.account("nurse"),
        role_id=cast.role("nurse"),
        organization_id=cast.organizations["clinic"],
        answer="yes",
        answered_at=clock.now(),
    )
    return request.id


def accept_device(actor: Actor, organization: UUID) -> None:
    """Let another organization's people use the device on which somebody works."""
    Listing.objects.create(
        device_id=Session.objects.get(pk=actor.session).device_id,
        organization_id=organization,
        usable_until=clock.now() + timedelta(days=365),
        accepted_at=clock.now(),
    )


def make_disaster(
    region: UUID, declared_by: UUID, *, days_ago: int = 0, days: int = 1, **facts: object
) -> UUID:
    """A disaster use as a row; one of the past is settled and published."""
    of = Region.objects.get(pk=region)
    at = clock.now() - timedelta(days=days_ago)
    over = days_ago > days
    disaster = DisasterUse(
        **{
            "id": uuid7(),
            "key_id": of.key_id,
            "region": of,
            "declared_by": declared_by,
            "declared_at": at,
            "until": at + timedelta(days=days),
            "result": {} if over else None,
            "published_at": at if over else None,
            **facts,
        }
    )
    disaster.seal("reason", {"word": "storm", "note": "台風24号"})
    disaster.save(force_insert=True)
    return disaster.id


def make_account(
    region: UUID, email: str, name: str = "山田 花", kana: str = "やまだ はな"
) -> Account:
    """A person's one ID, with a password of their own."""
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
        pledged_on=LONG_AGO,
        trained_on=LONG_AGO,
    )


def draft_of(cast: Cast) -> UUID:
    """The next edition of the policy, which somebody else of the operator has written."""
    found = PolicyDraft.objects.filter(region=cast.region).first()
    return (found or PolicyDraft.objects.create(
        region_id=cast.region,
        source="# ポリシー\n\n本人の責任で使います。\n",
        effective_on=clock.today(),
        changed_by=uuid4(),
        changed_at=clock.now(),
    )).id  # fmt: skip


def issuer_of(cast: Cast) -> UUID:
    """Who issues documents and takes no part: the same one when asked again."""
    found = Issuer.objects.filter(region=cast.region).first()
    return (found or Issuer.objects.create(
        region_id=cast.region, name="星見市民病院", kana="ほしみしみんびょういん", kind="病院",
        changed_by=uuid4(), changed_at=clock.now(),
    )).id  # fmt: skip


def notice_draft_of(cast: Cast) -> UUID:
    """A notice that is still being written: the same one when asked again."""
    found = Notice.objects.filter(region=cast.region, published_at=None).first()
    said = {"title": "下書きのお知らせ", "body": "まだ誰も読めません。", "acknowledge": True}
    return found.id if found else write_notice(cast["operator"], None, **said)  # type: ignore[arg-type]


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
        for organization in organizations.values():
            make_device(organization)
        accounts: dict[str, Account] = {}
        roles: dict[str, PractitionerRole] = {}
        for name, (organization, profession, administrator) in PEOPLE.items():
            accounts[name] = make_account(region, f"{name}@example.org", f"{name} さん", "さん")
            if organization:
                roles[name] = make_role(
                    accounts[name], organizations[organization], profession, administrator
                )
        appoint_operator(LOADER, None, account=accounts["operator"])
        accounts["family"].family = True
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
        account.save(update_fields=["password", "password_changed_at", "family"])
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
        disaster=make_disaster(region, uuid4(), days_ago=200),
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


def set_parameters(cast: Cast, **parameters: object) -> None:
    """A new edition of the policy with these parameters, which everybody has confirmed."""
    number = PolicyVersion.objects.filter(region=cast.region).count() + 1
    edition = PolicyVersion.objects.create(
        region_id=cast.region,
        number=number,
        effective_on=clock.today(),
        text="",
        parameters=parameters,
        made_at=clock.now(),
    )
    Region.objects.filter(pk=cast.region).update(policy=edition)
    Account.objects.filter(region=cast.region).update(acknowledged=edition)


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


def group_of_kind(
    cast: Cast, kind: str, team: dict[str, bool], *, organization: str = "station"
) -> tuple[UUID, dict[str, UUID]]:
    """A group of another kind, as rows: its id, and its members' by name. ``team``: as above.

    In a family group, who has no role takes part as a relative.
    """
    home = None if kind in ("direct", "network") else cast.organizations[organization]
    group = Group(
        id=uuid7(),
        key_id=vault.make_key("group"),
        region_id=cast.region,
        kind=kind,
        patient_id=cast.patient if kind == "family" else None,
        organization_id=home,
        opened_at=clock.now(),
        entry="open" if kind == "free" else "",
    )
    if kind == "free":
        group.seal("about_sealed", {"name": "食支援を学ぶ会", "purpose": "学び", "use": "月に一度"})
    group.save(force_insert=True)
    members = {}
    for name, manager in team.items():
        role = cast.people[name].role
        member = Member(
            id=uuid7(),
            key_id=group.key_id,
            group=group,
            account_id=cast.account(name),
            role_id=role,
            role_in_care="看護" if role else "",
            relation="" if role else "relative",
            manager=manager,
            origin="opened",
            joined_at=clock.now(),
        )
        member.save(force_insert=True)
        members[name] = member.id
    return group.id, members


def application_of(cast: Cast) -> UUID:
    """An application that waits for the operator, as a row: the same one when asked again."""
    from renkei.enrollment.models import Application

    found = Application.objects.first()
    if found is not None:
        return found.id
    region = Region.objects.get(pk=cast.region)
    now = clock.now()
    application = Application(
        id=uuid7(),
        key_id=region.key_id,
        region=region,
        state="sent",
        token="f" * 64,
        keyed_by=cast.account("operator"),
        made_at=now,
        changed_at=now,
        sent_at=now,
    )
    application.seal("content", {"name": "宵待薬局", "contact": "yoimachi@example.org"})
    application.save(force_insert=True)
    return application.id


def visible(actor: Actor) -> list[UUID]:
    """The groups that are listed for somebody, on the device they work on."""
    return visible_to(load(actor, "region").who.reach)


def reason_of(member: Member) -> str:
    """Why somebody left, unsealed."""
    assert member.end_reason is not None
    place = about(member._meta.label, member.id, "end_reason")
    return str(vault.unseal_json(member.key_id, member.end_reason, about=place))


def attachment_of(cast: Cast) -> UUID:
    """A picture of the nurse's that waits to be posted, as a row without its files."""
    found = Attachment.objects.filter(group=cast.group).first()
    if found is not None:
        return found.id
    made = Attachment(
        id=uuid7(),
        key_id=Group.objects.get(pk=cast.group).key_id,
        group_id=cast.group,
        author_id=cast.account("nurse"),
        state=Attachment.State.READY,
        kind="picture",
        media="image/jpeg",
        size=1,
        made_at=clock.now(),
    )
    made.name = made.sealed("name", "写真.jpg")
    made.save(force_insert=True)
    return made.id


def task_of(cast: Cast) -> UUID:
    """What follows from the nurse's message for the manager, as a row: always the same."""
    found = Task.objects.filter(communication=cast.message).first()
    if found is not None:
        return found.id
    made = Task(
        id=uuid7(),
        key_id=Group.objects.get(pk=cast.group).key_id,
        group_id=cast.group,
        communication_id=cast.message,
        account_id=cast.account("manager"),
        made_by_id=cast.account("nurse"),
        made_at=clock.now(),
    )
    made.text = made.sealed("text", "クッションの位置を見る")
    made.save(force_insert=True)
    return made.id


def paper_of(cast: Cast, **facts: object) -> Paper:
    """A form of the patient that was printed, as a row: the same one when asked again."""
    found = Paper.objects.filter(patient_id=cast.patient).first()
    if found is not None and not facts:
        return found
    patient = Patient.objects.get(pk=cast.patient)
    paper = Paper(
        **{
            "id": uuid7(),
            "key_id": patient.key_id,
            "code": make_code(),
            "form": "form-4-patient-consent",
            "text_number": 0,
            "about": f"Patient/{cast.patient.hex}",
            "kept_by": "patient",
            "organization_id": patient.organization_id,
            "patient_id": cast.patient,
            "issued_by": cast.account("administrator_same"),
            "issued_at": clock.now(),
            **facts,
        }
    )
    paper.save(force_insert=True)
    return paper


def erasure_of(cast: Cast) -> UUID:
    """What the administrator asked to erase, the patient's record: the same when asked again."""
    from renkei.disclosure.models import Erasure

    found = Erasure.objects.filter(patient_id=cast.patient).first()
    if found is not None:
        return found.id
    patient = Patient.objects.get(pk=cast.patient)
    erasure = Erasure(
        id=uuid7(),
        key_id=patient.key_id,
        region_id=cast.region,
        number=Erasure.objects.count() + 1,
        kind="record",
        patient_id=cast.patient,
        organization_id=patient.organization_id,
        relation="bereaved",
        way="paper",
        wished_on=LONG_AGO,
        retention={"medical": "chart"},
        asked_by_id=cast.account("administrator_same"),
        asked_at=clock.now(),
    )
    erasure.seal("wish_sealed", {"who": "長女", "words": ""})
    erasure.save(force_insert=True)
    return erasure.id


def hand_over_of(cast: Cast, to: str = "clinic", **facts: object) -> UUID:
    """The patient is to pass to another organization, as a row: the same when asked again."""
    found = HandOver.objects.filter(patient_id=cast.patient, state="open").first()
    if found is not None:
        return found.id
    patient = Patient.objects.get(pk=cast.patient)
    proposed = HandOver(
        **{
            "id": uuid7(),
            "key_id": patient.key_id,
            "patient": patient,
            "source_id": patient.organization_id,
            "target_id": cast.organizations[to],
            "told_on": clock.today(),
            "proposed_by_id": cast.account("administrator_same"),
            "proposed_at": clock.now(),
            **facts,
        }
    )
    proposed.seal("why", "通院が難しくなったため")
    proposed.save(force_insert=True)
    return proposed.id


def incident_of(cast: Cast, name: str = "manager", **facts: object) -> UUID:
    """What somebody reported, as a row: the same one when asked again without more."""
    from renkei.incident.models import Incident

    role = PractitionerRole.objects.select_related("organization").get(pk=cast.role(name))
    known = Incident.objects.filter(reported_by=cast.account(name)).first()
    if known is not None and not facts:
        return known.id
    incident = Incident(
        **{
            "id": uuid7(),
            "key_id": role.organization.key_id,
            "region_id": cast.region,
            "organization": role.organization,
            "number": Incident.objects.count() + 1,
            "kind": "lost_device",
            "severity": "serious",
            "way": "signed_in",
            "account_id": cast.account(name),
            "reported_by_id": cast.account(name),
            "opened_at": clock.now(),
            "known_on": clock.today(),
            **facts,
        }
    )
    said = {"name": "", "organization": "", "phone": "0311112222", "when": "夕方"}
    incident.seal("report_sealed", {**said, "what": "タブレットをバスに置き忘れました。"})
    incident.save(force_insert=True)
    return incident.id
