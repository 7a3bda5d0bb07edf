"""staff.csv: who works for which organization; one e-mail address is one person."""

from dataclasses import dataclass, field

from renkei.region.folder.directory import Directory
from renkei.region.folder.model import PROFESSIONS, SEXES, Fault, OperatorStaffLine, StaffLine
from renkei.region.folder.row import Row, rows
from renkei.region.folder.table import read_table

FILE = "staff.csv"
REQUIRED = (
    "organization_code", "profession", "name", "kana", "sex", "email", "administrator",
    "pledge_date",
)  # fmt: skip
OPTIONAL = ("training_date",)


@dataclass(slots=True)
class People:
    """Who there is: e-mail addresses, (e-mail, organization) pairs, and the name behind each."""

    emails: Directory
    roles: Directory
    names: dict[str, tuple[str, str]] = field(default_factory=dict)  # name and kana, "" if unread


def role(email: str, organization_code: str) -> str:
    """The key of a person's work for one organization."""
    return f"{email}\t{organization_code}"


def read_staff(
    data: bytes | None,
    organizations: Directory,
    operator_staff: list[OperatorStaffLine],
    faults: list[Fault],
) -> tuple[list[StaffLine], People]:
    """The staff, and the people for other files to refer to."""
    table = read_table(FILE, data, REQUIRED, OPTIONAL)
    faults += table.faults
    readable = table.readable and "email" in table.columns
    has_codes = "organization_code" in table.columns
    people = People(Directory(readable), Directory(readable and has_codes))
    people.names = {one.email: (_spaced(one.name), one.kana) for one in operator_staff}
    records = []
    for row in rows(FILE, table, REQUIRED, faults):
        if row.broken:
            people.emails.unreadable += 1
            people.roles.unreadable += 1
            continue
        record = _staff(row)
        _refer(row, record, organizations)
        _enter(row, record, people)
        if row.good:
            records.append(record)
    return records, people


def _staff(row: Row) -> StaffLine:
    return StaffLine(
        organization_code=row.code("organization_code"),
        profession=row.choice("profession", PROFESSIONS),
        name=row.name("name"),
        kana=row.kana("kana"),
        sex=row.choice("sex", SEXES, required=False),
        email=row.email("email"),
        administrator=bool(row.flag("administrator")),
        pledge_date=row.date("pledge_date", required=False),
        training_date=row.date("training_date", required=False),
        line=row.line,
        raw_sha256=row.raw_sha256,
    )


def _refer(row: Row, record: StaffLine, organizations: Directory) -> None:
    """The organization has to be there."""
    code = record.organization_code
    sentence = f"事業所コード「{code}」の事業所がありません。"
    if code and not organizations.refer(code, Fault(FILE, row.line, "organization_code", sentence)):
        row.spoilt.add("organization_code")


def _enter(row: Row, record: StaffLine, people: People) -> None:
    """Enter the person; the same address again is another role of the same person, or a fault."""
    code = record.organization_code
    email = record.email or row.cells.get("email", "").strip().lower()
    if not record.email:
        people.emails.unreadable += 1
    if not (record.email and code):
        people.roles.unreadable += 1
    key = role(email, code)
    name = (_spaced(record.name), record.kana)
    known = people.names.setdefault(email, name) if record.email else name
    if record.email and code and people.roles.knows(key):
        people.roles.repeated += 1
        people.emails.repeated += 1
        row.fault("email", "同じ事業所に同じメールアドレスの人がもういます。")
    elif all(known) and all(name) and known != name:
        people.emails.repeated += 1
        row.fault("email", "同じメールアドレスの人がもういて、名前かかなが違います。")
    people.emails.codes |= {email} - {""}
    people.roles.codes.add(key)


def _spaced(name: str) -> str:
    """A name for comparing, whatever spaces part it."""
    return " ".join(name.split())
