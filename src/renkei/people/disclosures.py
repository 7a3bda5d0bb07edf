"""What a person is shown of themselves and of colleagues."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from renkei.kernel import clock
from renkei.kernel.database import as_uuid, row, rows
from renkei.kernel.errors import Unknown
from renkei.people import services
from renkei.people.faces import COLUMNS, WIDTH, Face, face
from renkei.people.models import Account
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure
from renkei.region import parameters


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
    )


@disclosure("people.see", on="region")
def see_photo(standing: Standing, account: UUID) -> tuple[bytes, int]:
    """The face photo of somebody in the region, as JPEG, and when it was set in microseconds.

    Raises:
        Unknown: nobody of that id in this region, or no photo.
    """
    assert standing.who.region is not None
    found = Account.objects.filter(pk=account, region_id=standing.who.region).first()
    picture = services.photo(found) if found else b""
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

    @property
    def days_left(self) -> int:
        """Whole days until it has to be changed; 0 when that is over."""
        return max(0, (self.until - clock.now()).days) if self.until else 0


def password_state(standing: Standing) -> PasswordState:
    """How old one's own password is; for pages whose own rule has been asked already."""
    who = standing.who
    found = row(
        "SELECT a.password_changed_at, rg.policy_id FROM people_account a"
        " JOIN region_region rg ON rg.id = a.region_id WHERE a.id = %s",
        [who.account.hex if who.account else None],
    )
    assert found is not None
    figures = parameters.of(as_uuid(found[1]))
    least, most = figures["password_min_length"], figures["password_max_age_days"]
    if found[0] is None:
        return PasswordState(-1, None, who.password_fresh, least, most)
    changed = clock.from_us(found[0])
    return PasswordState(
        days_old=(clock.now() - changed).days,
        until=changed + timedelta(days=most),
        fresh=who.password_fresh,
        least=least,
        most_days=most,
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
    WHERE r.account_id = %s AND r.ended_at IS NULL AND o.suspended_at IS NULL
    ORDER BY r.started_at, r.id"""


def own_work(standing: Standing) -> list[Work]:
    """The organizations the person works for; for pages whose own rule has been asked already."""
    who = standing.who
    assert who.account is not None
    work = []
    for found in rows(_WORK, [who.account.hex]):
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
def see_contacts(standing: Standing) -> tuple[list[Work], list[Contact]]:
    """One's own organization, and its administrators with their own numbers.

    Shown before the policy is confirmed too: a lost telephone does not wait.
    """
    chosen = [one for one in own_work(standing) if one.chosen]
    if standing.who.organization is None:
        return chosen, []
    found = rows(
        f"SELECT {COLUMNS} FROM people_practitionerrole r"
        " JOIN people_account a ON a.id = r.account_id"
        " JOIN people_organization o ON o.id = r.organization_id"
        " WHERE o.id = %s AND r.administrator AND r.ended_at IS NULL"
        " AND a.suspended_at IS NULL",
        [standing.who.organization.hex],
    )
    faces = sorted((face(one) for one in found), key=lambda one: one.kana)
    accounts = Account.objects.in_bulk([one.account for one in faces])
    return chosen, [Contact(one, accounts[one.account].profile.phone) for one in faces]
