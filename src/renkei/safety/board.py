"""The safety board (安否): what became of patients, staff and organizations (A20)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from renkei.group.selectors import FROM_VISIBLE, VISIBLE, reaching
from renkei.kernel import vault
from renkei.kernel.clock import from_us
from renkei.kernel.damage import DAMAGE, sentence
from renkei.kernel.database import id_of, row, rows
from renkei.kernel.errors import Unknown
from renkei.kernel.japanese import sort_key
from renkei.kernel.sealed import SealedEntity, about
from renkei.patient.identity import open_identity
from renkei.patient.models import Basics, Identity
from renkei.people.faces import open_profile
from renkei.policy.standing import Actor, Standing
from renkei.policy.use_case import disclosure, own_record
from renkei.region.disaster import Disaster, readable
from renkei.safety.models import PlaceReport, SafetyReport, StaffReport, State


@dataclass(frozen=True, slots=True)
class Reported:
    """What was reported last, by whom and when."""

    state: str
    place: str
    note: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PatientLine:
    """A patient of one's groups."""

    group: UUID
    identity: Identity
    powered: bool  # life depends on electricity
    power_devices: str
    said: Reported | None


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """An organization of the region."""

    id: UUID
    name: str
    phone: str
    said: Reported | None


@dataclass(frozen=True, slots=True)
class StaffLine:
    """Somebody who works for one's organization."""

    name: str
    profession: str
    said: Reported | None


@dataclass(frozen=True, slots=True)
class Board:
    """What one person sees: the patients whose life depends on electricity first."""

    disaster: Disaster | None  # None: there is none to be read
    patients: list[PatientLine]
    myself: Reported | None
    works: bool  # acts for an organization, and can report on it and on themselves
    place: Reported | None  # of the organization acted for
    organization: str

    @property
    def writable(self) -> bool:
        """Whether something can be reported now."""
        return self.disaster is not None and self.disaster.on

    @property
    def waiting(self) -> int:
        """Patients of whom nothing was reported yet."""
        return sum(one.said is None for one in self.patients)


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────

_PATIENTS = f"""
    SELECT g.id, p.id, p.key_id, p.identity_sealed, p.basics_sealed {FROM_VISIBLE}
    WHERE {VISIBLE} AND g.patient_id IS NOT NULL AND g.kind = 'patient' AND g.closed_at IS NULL
      AND g.archived_at IS NULL AND p.deceased_at IS NULL"""
_REPORTS = """
    SELECT r.id, r.patient_id, r.key_id, r.state, r.content, r.at, a.id, a.key_id, a.profile_sealed
    FROM safety_safetyreport r JOIN people_account a ON a.id = r.by_id
    WHERE r.disaster_id = %s AND r.patient_id IN ({}) ORDER BY r.at, r.id"""


def _said(label: str, found: tuple[Any, ...]) -> Reported:
    """From the columns id, (whose), key, state, content, at, account, its key, its profile."""
    report, key, by, by_key = (id_of(found[at]) for at in (0, 2, 6, 7))
    try:
        said = vault.unseal_json(key, found[4], about=about(label, report, "content"))
    except DAMAGE as damage:
        said = {"note": sentence(damage)}
    name = open_profile(by, by_key, found[8])["name"]
    return Reported(found[3], said.get("place", ""), said.get("note", ""), name, from_us(found[5]))


def _latest(
    model: type[SealedEntity], sql: str, disaster: UUID, of: list[UUID]
) -> dict[UUID, Reported]:
    if not of:
        return {}
    query = sql.format(", ".join(["%s"] * len(of)))
    last = {id_of(one[1]): one for one in rows(query, [disaster.hex, *(one.hex for one in of)])}
    vault.warm(id_of(one[at]) for one in last.values() for at in (2, 7))
    return {whose: _said(model._meta.label, one) for whose, one in last.items()}


def _basics(patient: UUID, key: UUID, sealed: bytes | None) -> Basics:
    if sealed is None:
        return Basics()
    try:
        place = about("patient.Patient", patient, "basics_sealed")
        return Basics(**vault.unseal_json(key, sealed, about=place))
    except DAMAGE:
        return Basics(power_dependent=True)  # nobody knows: rather too early than too late


def _patients(standing: Standing, disaster: Disaster) -> list[PatientLine]:
    found = rows(_PATIENTS, reaching(standing.who.reach))
    vault.warm(id_of(one[2]) for one in found)
    said = _latest(SafetyReport, _REPORTS, disaster.id, [id_of(one[1]) for one in found])
    lines = []
    for group, patient, key, identity, sealed in found:
        this, its_key = id_of(patient), id_of(key)
        basics = _basics(this, its_key, sealed)
        lines.append(
            PatientLine(
                group=id_of(group),
                identity=open_identity(this, its_key, identity),
                powered=basics.power_dependent,
                power_devices=basics.power_devices,
                said=said.get(this),
            )
        )
    return sorted(lines, key=lambda one: (not one.powered, sort_key(one.identity.kana), one.group))


_STAFF = """
    SELECT r.id, r.role_id, r.key_id, r.state, r.content, r.at, a.id, a.key_id, a.profile_sealed
    FROM safety_staffreport r JOIN people_practitionerrole pr ON pr.id = r.role_id
    JOIN people_account a ON a.id = pr.account_id
    WHERE r.disaster_id = %s AND r.role_id IN ({}) ORDER BY r.at, r.id"""
_PLACES = """
    SELECT r.id, r.organization_id, r.key_id, r.state, r.content, r.at, a.id, a.key_id,
      a.profile_sealed
    FROM safety_placereport r JOIN people_account a ON a.id = r.by_id
    WHERE r.disaster_id = %s AND r.organization_id IN ({}) ORDER BY r.at, r.id"""


def _of(standing: Standing) -> Disaster | None:
    return readable(standing.who.region) if standing.who.region else None


@disclosure("safety.see", on="region")
def _see(standing: Standing) -> tuple[Board, Standing]:
    who, disaster = standing.who, _of(standing)
    if disaster is None:
        return Board(None, [], None, False, None, ""), standing
    roles, places = ([one] if one else [] for one in (who.role, who.organization))
    own = row(
        "SELECT name FROM people_organization WHERE id = %s",
        [who.organization.hex if who.organization else None],
    )
    board = Board(
        disaster=disaster,
        patients=_patients(standing, disaster),
        myself=next(iter(_latest(StaffReport, _STAFF, disaster.id, roles).values()), None),
        works=bool(places),
        place=next(iter(_latest(PlaceReport, _PLACES, disaster.id, places).values()), None),
        organization=own[0] if own else "",
    )
    return board, standing


def see_board(actor: Actor) -> Board:
    """The board of one's own groups; that it was looked at is recorded before this returns."""
    board, standing = _see(actor, None)
    told = [one.group.hex for one in board.patients if one.said]
    if told and board.disaster is not None:
        assert standing.who.account is not None
        with own_record(standing, "safety.see", f"Account/{standing.who.account.hex}") as change:
            change.detail |= {"groups": told} | board.disaster.mark
    return board


@disclosure("group.see", on="group")
def see_history(standing: Standing) -> tuple[Identity, list[Reported], Disaster | None]:
    """Everything reported of one patient, the latest first."""
    disaster, where = _of(standing), standing.where
    assert where is not None
    if where.kind != "patient" or where.patient is None:
        raise Unknown("patient")
    found = row(
        "SELECT id, key_id, identity_sealed FROM patient_patient WHERE id = %s",
        [where.patient.hex],
    )
    assert found is not None
    identity = open_identity(id_of(found[0]), id_of(found[1]), found[2])
    if disaster is None:
        return identity, [], None
    reports = rows(_REPORTS.format("%s"), [disaster.id.hex, where.patient.hex])
    said = [_said(SafetyReport._meta.label, one) for one in reversed(reports)]
    return identity, said, disaster


@disclosure("safety.see", on="region")
def see_places(standing: Standing) -> tuple[list[PlaceLine], Disaster | None]:
    """Which organizations of the region are open."""
    disaster = _of(standing)
    found = rows(
        "SELECT id, name, phone FROM people_organization"
        " WHERE region_id = %s AND suspended_at IS NULL AND left_on IS NULL"
        " AND approved_on IS NOT NULL ORDER BY kana, name",
        [standing.who.region.hex if standing.who.region else None],
    )
    if disaster is None:
        return [], None
    said = _latest(PlaceReport, _PLACES, disaster.id, [id_of(one[0]) for one in found])
    lines = [PlaceLine(id_of(one[0]), one[1], one[2], said.get(id_of(one[0]))) for one in found]
    return lines, disaster


@disclosure("safety.see_staff", on="organization")
def see_staff_safety(standing: Standing) -> tuple[list[StaffLine], Disaster | None]:
    """What became of those who work for one's own organization; who said nothing comes first."""
    disaster, place = _of(standing), standing.what.target_organization
    assert place is not None
    if disaster is None:
        return [], None
    found = rows(
        "SELECT r.id, r.profession, a.id, a.key_id, a.profile_sealed"
        " FROM people_practitionerrole r JOIN people_account a ON a.id = r.account_id"
        " WHERE r.organization_id = %s AND r.ended_at IS NULL",
        [place.hex],
    )
    said = _latest(StaffReport, _STAFF, disaster.id, [id_of(one[0]) for one in found])
    lines = []
    for role, profession, account, key, sealed in found:
        name = open_profile(id_of(account), id_of(key), sealed)["name"]
        lines.append(StaffLine(name, profession, said.get(id_of(role))))
    order = ["", State.HELP.value, State.UNKNOWN.value, State.SAFE.value]
    lines.sort(key=lambda one: (order.index(one.said.state if one.said else ""), one.name))
    return lines, disaster
