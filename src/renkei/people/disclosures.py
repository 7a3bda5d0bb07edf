"""What a person is shown of themselves and of colleagues."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from renkei.files.store import Missing
from renkei.kernel import clock
from renkei.kernel.database import as_uuid, row, rows
from renkei.kernel.errors import Unknown
from renkei.people.faces import COLUMNS, WIDTH, Face, face, open_profile, photo
from renkei.people.models import Account
from renkei.people.passwords import Profile, least_of, profile_of
from renkei.people.selectors import ADMINISTERS
from renkei.people.simultaneous import Asked, asked
from renkei.policy.standing import Actor, On, Standing, Who
from renkei.policy.use_case import disclosure
from renkei.region import parameters
from renkei.region.disclosures import public_region
from renkei.region.edition import IN_FORCE, RULES, rules_in


@dataclass(frozen=True, slots=True)
class Me:
    """The signed-in person as the frame of every page needs them."""

    face: Face
    administrator: bool
    operator: bool
    region: str
    operator_name: str
    operator_phone: str
    text_size: str
    contrast: str
    initials_only: bool
    language: str
    several_roles: bool
    idle_seconds: int  # how long the session lasts without anything being done
    asked: Asked | None  # another place where the ID is in use at the same time
    family: bool = False  # a patient or relative: no colleagues, no patients' list (A11.5)
    device: str = ""  # "closed": nobody listed it; "shut": listed, and opens nothing at the moment


_ME = f"""
    SELECT {COLUMNS}, rg.name, rg.operator_name, rg.phone, a.text_size, a.contrast,
      a.initials_only, a.language,
      (SELECT COUNT(*) FROM people_practitionerrole x
        WHERE x.account_id = a.id AND x.ended_at IS NULL)
    FROM people_account a
    JOIN region_region rg ON rg.id = a.region_id
    LEFT JOIN people_practitionerrole r ON r.id = %s
    LEFT JOIN people_organization o ON o.id = r.organization_id
    WHERE a.id = %s"""


def me(standing: Standing) -> Me:
    """The signed-in person; for pages whose own rule has been asked already."""
    who = standing.who
    assert who.account is not None
    found = row(_ME, [who.role.hex if who.role else None, who.account.hex])
    assert found is not None
    return Me(
        face=face(found[:WIDTH]),
        administrator=who.administrator,
        operator=who.operator,
        region=found[WIDTH],
        operator_name=found[WIDTH + 1],
        operator_phone=found[WIDTH + 2],
        text_size=found[WIDTH + 3],
        contrast=found[WIDTH + 4],
        initials_only=bool(found[WIDTH + 5]),
        language=found[WIDTH + 6],
        several_roles=found[WIDTH + 7] > 1,
        idle_seconds=who.idle_seconds,
        asked=asked(who.asked, who.session) if who.asked else None,
        family=who.family,
        device=_device_word(who),
    )


def _device_word(who: Who) -> str:
    """What keeps patient data closed on the device; nothing for who works for nobody."""
    if who.organization is None or who.anywhere or who.device_fits:
        return ""
    return "shut" if who.device is not None else "closed"


def see_photo(actor: Actor, on: On, account: UUID) -> tuple[bytes, int]:
    """The face photo of somebody in the region, as JPEG, and when it was set in microseconds.

    Raises:
        Unknown: nobody of that id in this region, or no photo.
        Missing, Tampered, Erased: from reading its file.
    """
    try:
        return _see_photo(actor, on, account)
    except Missing:  # as a rule it was replaced this very moment, and another is there
        return _see_photo(actor, on, account)


@disclosure("people.see", on="region")
def _see_photo(standing: Standing, account: UUID) -> tuple[bytes, int]:
    assert standing.who.region is not None
    people = Account.objects.select_related("photo")
    found = people.filter(pk=account, region_id=standing.who.region).first()
    picture = photo(found) if found else b""
    if not picture:
        raise Unknown("photo")
    assert found is not None and found.photo_changed_at is not None
    return picture, clock.to_us(found.photo_changed_at)


@dataclass(frozen=True, slots=True)
class Work:
    """One of the person's own organizations."""

    role: UUID
    organization: str
    kind: str
    phone: str
    profession: str
    administrator: bool
    chosen: bool


@dataclass(frozen=True, slots=True)
class PasswordState:
    """How old one's own password is, and until when it holds (A14.3)."""

    days_old: int  # -1 while it was never set by the person
    until: datetime | None
    fresh: bool
    least: int  # characters
    most_days: int
    profile: Profile
    history: int  # passwords that are not taken again
    warned_at: datetime | None  # when it was last said that it ends soon

    @property
    def days_left(self) -> int:
        """Whole days until it has to be changed; 0 when that is over."""
        return max(0, (self.until - clock.now()).days) if self.until else 0


def password_state(standing: Standing) -> PasswordState:
    """How old one's own password is; for pages whose own rule has been asked already."""
    who = standing.who
    found = row(
        f"SELECT a.password_changed_at, {IN_FORCE}, a.password_warned_at, {RULES}"
        " FROM people_account a JOIN region_region rg ON rg.id = a.region_id WHERE a.id = %s",
        [clock.to_us(clock.now()), who.account.hex if who.account else None],
    )
    assert found is not None
    figures = parameters.of(as_uuid(found[1]), *rules_in(found[3]))
    profile, most = profile_of(figures), figures["password_max_age_days"]
    ages = profile.ages or (profile.factor and not who.second_factor)
    changed = clock.from_us(found[0]) if found[0] is not None else None
    return PasswordState(
        days_old=(clock.now() - changed).days if changed else -1,
        until=changed + timedelta(days=most) if changed and ages else None,
        fresh=who.password_fresh,
        least=least_of(figures),
        most_days=most,
        profile=profile,
        history=figures["password_history"],
        warned_at=clock.from_us(found[2]) if found[2] else None,
    )


@dataclass(frozen=True, slots=True)
class PasswordRule:
    """What a password has to be here, as anybody may know it."""

    profile: Profile
    least: int
    most_days: int
    history: int


def public_password_rule() -> PasswordRule:
    """The rule of the policy in force, for who comes with a one-time link."""
    figures = parameters.of(public_region().policy)
    return PasswordRule(
        profile_of(figures),
        least_of(figures),
        figures["password_max_age_days"],
        figures["password_history"],
    )


@disclosure("password.change", on="region")
def see_password(standing: Standing) -> PasswordState:
    """How old one's own password is, before changing it."""
    return password_state(standing)


@dataclass(frozen=True, slots=True)
class OwnProfile:
    """What a person can change about themselves."""

    email: str
    name: str
    kana: str
    phone: str
    work: list[Work]
    password: PasswordState


_WORK = """
    SELECT r.id, o.name, o.kind, o.phone, r.profession, r.administrator
    FROM people_practitionerrole r JOIN people_organization o ON o.id = r.organization_id
    WHERE r.account_id = %s AND r.ended_at IS NULL AND (r.until IS NULL OR r.until > %s)
      AND o.suspended_at IS NULL AND o.left_on IS NULL
    ORDER BY r.started_at, r.id"""


def own_work(standing: Standing) -> list[Work]:
    """The organizations the person works for; for pages whose own rule has been asked already."""
    who = standing.who
    assert who.account is not None
    work = []
    for found in rows(_WORK, [who.account.hex, clock.to_us(clock.now())]):
        role = as_uuid(found[0])
        assert role is not None
        _, name, kind, phone, profession, administrator = found
        work.append(
            Work(role, name, kind, phone, profession, bool(administrator), role == who.role)
        )
    return work


@disclosure("profile.change", on="region")
def see_profile(standing: Standing) -> OwnProfile:
    """One's own profile with the organizations one works for."""
    assert standing.who.account is not None
    account = Account.objects.get(pk=standing.who.account)
    profile = account.profile
    return OwnProfile(
        email=account.email,
        name=profile.name,
        kana=profile.kana,
        phone=profile.phone,
        work=own_work(standing),
        password=password_state(standing),
    )


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody to ring when something is wrong."""

    face: Face
    phone: str


@disclosure("policy.confirm", on="region")
def see_family_account(standing: Standing) -> bool:
    """Whether one's account is a patient's or relative's: pages speak plainer to them (A11.5)."""
    return standing.who.family


@disclosure("policy.confirm", on="region")
def see_contacts(standing: Standing) -> tuple[list[Work], list[Contact]]:
    """One's own organization, and its administrators with their own numbers.

    Shown before the policy is confirmed too: a lost telephone does not wait.
    """
    return contacts(standing)


def contacts(standing: Standing) -> tuple[list[Work], list[Contact]]:
    """The same, for pages whose own rule has been asked already."""
    chosen = [one for one in own_work(standing) if one.chosen]
    if standing.who.organization is None:
        return chosen, []
    found = rows(
        f"SELECT {COLUMNS} FROM people_practitionerrole r"
        " JOIN people_account a ON a.id = r.account_id"
        " JOIN people_organization o ON o.id = r.organization_id"
        f" WHERE o.id = %s AND {ADMINISTERS.format(role='r', account='a')}",
        [standing.who.organization.hex, clock.to_us(clock.now())],
    )
    faces = sorted((face(one) for one in found), key=lambda one: one.kana)
    accounts = Account.objects.in_bulk([one.account for one in faces])
    return chosen, [Contact(one, _phone(accounts[one.account])) for one in faces]


def _phone(account: Account) -> str:
    return open_profile(account.id, account.key_id, account.profile_sealed).get("phone", "")
