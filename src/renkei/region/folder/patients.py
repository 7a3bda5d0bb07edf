"""patients.csv: the patients, who manages them, and what they have consented to on paper."""

from dataclasses import dataclass, field
from datetime import date

from renkei.region.folder.directory import Directory
from renkei.region.folder.model import RELATIONSHIPS, SEXES, Fault, PatientLine
from renkei.region.folder.organizations import declare
from renkei.region.folder.row import ROLE_MAX, Row, rows
from renkei.region.folder.table import read_table

FILE = "patients.csv"
REQUIRED = (
    "code", "organization_code", "name", "kana", "birth_date", "sex", "address", "phone",
    "consent_date", "consent_signer", "consent_relationship", "copy_given_date",
)  # fmt: skip
OPTIONAL = (
    "mobile", "insurer_number", "emergency_name", "emergency_relationship", "emergency_phone",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Standing:
    """What a team depends on: the managing organization and consent; None if it cannot be read."""

    organization_code: str | None
    consented: bool | None


@dataclass(slots=True)
class Patients:
    """The codes of the patients, and what their teams depend on."""

    codes: Directory
    standings: dict[str, Standing] = field(default_factory=dict)


def read_patients(
    data: bytes | None, organizations: Directory, today: date, faults: list[Fault]
) -> tuple[list[PatientLine], Patients]:
    """The patients, and their codes for other files to refer to."""
    table = read_table(FILE, data, REQUIRED, OPTIONAL)
    faults += table.faults
    patients = Patients(Directory(readable=table.readable and "code" in table.columns))
    records = []
    for row in rows(FILE, table, REQUIRED, faults):
        code = declare(row, patients.codes)
        if row.broken:
            patients.standings.setdefault(code, Standing(None, None))
            continue
        record = _patient(row, organizations, today)
        patients.standings.setdefault(code, _standing(row))
        if record is not None:
            records.append(record)
    return records, patients


def _patient(row: Row, organizations: Directory, today: date) -> PatientLine | None:
    _refer(row, organizations)
    birth_date = _birth_date(row, today)
    consent_date, copy_given_date = _consent_dates(row, birth_date)
    signed = consent_date is not None
    record = PatientLine(
        code=row.code("code"),
        organization_code=row.code("organization_code"),
        name=row.name("name"),
        kana=row.kana("kana"),
        birth_date=birth_date or date.min,
        sex=row.choice("sex", SEXES, required=False),
        address=row.address("address"),
        phone=row.phone("phone", required=False),
        consent_date=consent_date,
        consent_signer=row.name("consent_signer", required=signed),
        consent_relationship=row.choice("consent_relationship", RELATIONSHIPS, required=signed),
        copy_given_date=copy_given_date,
        mobile=row.phone("mobile", required=False),
        insurer_number=row.number("insurer_number"),
        emergency_name=row.name("emergency_name", required=False),
        emergency_relationship=row.text("emergency_relationship", ROLE_MAX, required=False),
        emergency_phone=row.phone("emergency_phone", required=False),
        line=row.line,
        raw_sha256=row.raw_sha256,
    )
    return record if row.good else None


def _refer(row: Row, organizations: Directory) -> None:
    """The managing organization has to be there."""
    code = row.code("organization_code")
    sentence = f"事業所コード「{code}」の事業所がありません。"
    if code and not organizations.refer(code, Fault(FILE, row.line, "organization_code", sentence)):
        row.spoilt.add("organization_code")


def _birth_date(row: Row, today: date) -> date | None:
    birth_date = row.date("birth_date")
    if birth_date and birth_date > today:
        row.fault("birth_date", "生年月日が未来の日付です。")
        return None
    return birth_date


def _consent_dates(row: Row, birth_date: date | None) -> tuple[date | None, date | None]:
    """The days of consent and of the copy, in their order: birth, consent, copy."""
    consent_date = row.date("consent_date", required=False)
    copy_given_date = row.date("copy_given_date", required=False)
    if consent_date and birth_date and consent_date < birth_date:
        row.fault("consent_date", "同意日が生年月日より前です。")
    elif consent_date and copy_given_date and copy_given_date < consent_date:
        row.fault("copy_given_date", "写しを渡した日が同意日より前です。")
    return consent_date, copy_given_date


def _standing(row: Row) -> Standing:
    """What can be read of the line for its team, whatever else is wrong with it."""
    consent_read = "consent_date" not in row.spoilt
    return Standing(
        row.code("organization_code") or None,
        bool(row.word("consent_date", 1000, required=False)) if consent_read else None,
    )
