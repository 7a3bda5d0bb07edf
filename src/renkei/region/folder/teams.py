"""teams.csv: who takes part in which patient's care, for which organization."""

from collections import defaultdict
from dataclasses import dataclass, field

from renkei.region.folder.directory import Directory
from renkei.region.folder.model import Fault, TeamLine
from renkei.region.folder.patients import Patients
from renkei.region.folder.row import ROLE_MAX, Row, rows
from renkei.region.folder.staff import People, role
from renkei.region.folder.table import Table, read_table

FILE = "teams.csv"
REQUIRED = ("patient_code", "email", "organization_code", "role_in_care", "manager")


@dataclass(slots=True)
class Place:
    """A line of the table: who, for whom, and whether all of that could be read."""

    row: Row
    patient_code: str
    email: str
    organization_code: str
    manager: bool
    certain: bool = True  # False: some fault of this line or the one it means is known


@dataclass(slots=True)
class Teams:
    """Who is in which team, as e-mail addresses for each patient's code."""

    readable: bool
    members: dict[str, Directory] = field(default_factory=dict)
    astray: set[str] = field(default_factory=set)  # people in a line whose patient is not known

    def of(self, patient_code: str) -> Directory:
        """The team of a patient, if only an empty one."""
        return self.members.setdefault(patient_code, Directory(self.readable))

    def refer(self, patient_code: str, email: str, fault: Fault) -> bool:
        """Whether the person is in the team, or would be but for a fault told elsewhere."""
        return email in self.astray or self.of(patient_code).refer(email, fault)


def read_teams(
    data: bytes | None,
    organizations: Directory,
    people: People,
    patients: Patients,
    faults: list[Fault],
) -> tuple[list[TeamLine], Teams]:
    """The teams, and who is in them for the messages to refer to."""
    table = read_table(FILE, data, REQUIRED)
    faults += table.faults
    teams = Teams(readable=_names_members(table))
    records, places = [], []
    for row in rows(FILE, table, REQUIRED, faults):
        if row.broken:
            code = row.code("patient_code")
            teams.of(code).unreadable += 1
            places.append(Place(row, code, "", "", False, certain=False))
            continue
        record = _team(row)
        place = _place(record, row)
        _find_patient(place, patients, teams)
        _find_person(place, organizations, people, teams)
        _join(place, teams)
        places.append(place)
        if row.good:
            records.append(record)
    _check_consent(places, patients)
    _check_managers(places, patients)
    bad = {place.row.line for place in places if not place.row.good}
    return [record for record in records if record.line not in bad], teams


def _names_members(table: Table) -> bool:
    return table.readable and {"patient_code", "email"} <= set(table.columns)


def _team(row: Row) -> TeamLine:
    return TeamLine(
        patient_code=row.code("patient_code"),
        email=row.key("email"),
        organization_code=row.code("organization_code"),
        role_in_care=row.text("role_in_care", ROLE_MAX),
        manager=bool(row.flag("manager")),
        line=row.line,
        raw_sha256=row.raw_sha256,
    )


def _place(record: TeamLine, row: Row) -> Place:
    certain = not row.spoilt & {"patient_code", "email", "organization_code", "manager"}
    return Place(
        row,
        record.patient_code,
        record.email,
        record.organization_code,
        record.manager,
        certain,
    )


def _find_patient(place: Place, patients: Patients, teams: Teams) -> None:
    """The patient has to be there."""
    code = place.patient_code
    fault = Fault(FILE, place.row.line, "patient_code", f"患者コード「{code}」の患者がいません。")
    if not code or not patients.codes.refer(code, fault):
        place.certain = False
        place.row.spoilt.add("patient_code")
        teams.astray.add(place.email)


def _find_person(place: Place, organizations: Directory, people: People, teams: Teams) -> None:
    """The person has to be there and work for the organization named."""
    email, code, line = place.email, place.organization_code, place.row.line
    if not email or not people.emails.refer(
        email, Fault(FILE, line, "email", "このメールアドレスのスタッフがいません。")
    ):
        place.row.spoilt.add("email")
        teams.of(place.patient_code).unreadable += 1
    elif code and not people.roles.knows(role(email, code)):
        place.row.spoilt.add("organization_code")
        if organizations.knows(code) or not organizations.readable:
            sentence = f"この人は事業所「{code}」のスタッフではありません。"
            fault = Fault(FILE, line, "organization_code", sentence)
            people.roles.refer(role(email, code), fault)
        else:
            sentence = f"事業所コード「{code}」の事業所がありません。"
            organizations.refer(code, Fault(FILE, line, "organization_code", sentence))
    if place.row.spoilt & {"email", "organization_code"}:
        place.certain = False


def _join(place: Place, teams: Teams) -> None:
    """Nobody is twice in one team."""
    if not (place.patient_code and place.email):
        return
    team = teams.of(place.patient_code)
    if team.knows(place.email):
        place.row.fault("email", "この人はもうこのチームにいます。")
        team.repeated += 1
    team.codes.add(place.email)


def _check_consent(places: list[Place], patients: Patients) -> None:
    """Before consent nobody of another organization takes part (A6)."""
    for place in places:
        standing = patients.standings.get(place.patient_code)
        if standing is None or standing.consented is not False or not place.certain:
            continue
        managing = standing.organization_code
        if managing is not None and place.organization_code != managing:
            sentence = "同意のない患者のチームには、連携元のほかの事業所の人は入れません。"
            place.row.fault("patient_code", sentence)


def _check_managers(places: list[Place], patients: Patients) -> None:
    """Somebody of the managing organization manages each team (A4)."""
    teams = defaultdict(list)
    for place in places:
        teams[place.patient_code].append(place)
    strays = {
        place.organization_code
        for place in places
        if place.manager and place.patient_code not in patients.standings
    }
    for code, team in teams.items():
        standing = patients.standings.get(code)
        managing = standing.organization_code if standing else None
        if managing is None or managing in strays or not all(one.certain for one in team):
            continue
        if not any(one.manager and one.organization_code == managing for one in team):
            sentence = "このチームに、連携元の事業所の管理者（manager 1）がいません。"
            team[0].row.fault("manager", sentence)
