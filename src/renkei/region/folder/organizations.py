"""organizations.csv: who takes part."""

from renkei.region.folder.directory import Directory
from renkei.region.folder.model import DOCUMENTS_POLICIES, KINDS, Fault, OrganizationLine
from renkei.region.folder.row import NAME_MAX, Row, rows
from renkei.region.folder.table import read_table

FILE = "organizations.csv"
REQUIRED = (
    "code", "kind", "name", "kana", "postal_code", "address", "phone", "fax", "email",
    "manager_name",
)  # fmt: skip
OPTIONAL = ("application_date", "pledge_date", "listed", "documents_policy")
_IN_A_READING = "0-9A-Za-z０-９Ａ-Ｚａ-ｚ&＆"  # organizations are called デイ24 and the like


def read_organizations(
    data: bytes | None, faults: list[Fault]
) -> tuple[list[OrganizationLine], Directory]:
    """The organizations, and their codes for other files to refer to."""
    table = read_table(FILE, data, REQUIRED, OPTIONAL)
    faults += table.faults
    codes = Directory(readable=table.readable and "code" in table.columns)
    records = []
    for row in rows(FILE, table, REQUIRED, faults):
        declare(row, codes)
        if not row.broken and (record := _organization(row)):
            records.append(record)
    return records, codes


def declare(row: Row, codes: Directory) -> str:
    """Enter the row's code; the second of two equal ones is the fault, and an unread one is ""."""
    code = row.code("code") if "code" in row.cells else ""
    if not code:
        codes.unreadable += 1
    elif codes.knows(code):
        codes.repeated += 1
        if not row.broken:
            row.fault("code", f"コード「{code}」が2回目です。")
    codes.codes |= {code} - {""}
    return code


def _organization(row: Row) -> OrganizationLine | None:
    record = OrganizationLine(
        code=row.code("code"),
        kind=row.choice("kind", KINDS),
        name=row.text("name", NAME_MAX),
        kana=row.kana("kana", also=_IN_A_READING),
        postal_code=row.postal_code("postal_code"),
        address=row.address("address"),
        phone=row.phone("phone"),
        fax=row.phone("fax", required=False),
        email=row.email("email", required=False),
        manager_name=row.name("manager_name"),
        application_date=row.date("application_date", required=False),
        pledge_date=row.date("pledge_date", required=False),
        listed=row.flag("listed", required=False),
        documents_policy=row.choice("documents_policy", DOCUMENTS_POLICIES, required=False),
        line=row.line,
        raw_sha256=row.raw_sha256,
    )
    return record if row.good else None
