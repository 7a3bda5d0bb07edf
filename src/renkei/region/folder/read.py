"""Reading a region folder: every file, in the order in which one refers to the other."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from renkei.region.folder import messages, organizations, patients, region_file, staff, teams
from renkei.region.folder.measured import VITALS
from renkei.region.folder.model import Fault, RegionFolder

FILES = (
    region_file.FILE,
    organizations.FILE,
    staff.FILE,
    patients.FILE,
    teams.FILE,
    messages.FILE,
)
_COLUMNS = {
    region_file.FILE: (*region_file.REGION_KEYS, "kana"),
    organizations.FILE: organizations.REQUIRED + organizations.OPTIONAL,
    staff.FILE: staff.REQUIRED + staff.OPTIONAL,
    patients.FILE: patients.REQUIRED + patients.OPTIONAL,
    teams.FILE: teams.REQUIRED,
    messages.FILE: (*messages.KEYS, VITALS),
}
_TOKYO = ZoneInfo("Asia/Tokyo")  # the patients' calendar


def read_folder(
    path: Path,
    *,
    check_parameter: region_file.Check | None = None,
    now: datetime | None = None,
) -> RegionFolder:
    """What the folder says, with all its faults in the order of files, lines and columns.

    A folder with faults is read all the same, and nothing is raised for what stands in it.

    Args:
        path: the folder.
        check_parameter: why a policy parameter cannot have a value, as a sentence, or None;
            by default the policy's own parameters decide.
        now: an aware moment from which the future is told; the clock's if not given.

    Raises:
        OSError: a file is there and cannot be read.
    """
    now = now or datetime.now(UTC)
    found: list[Fault] = []
    region, operator_staff = region_file.read_region_file(
        _bytes(path, region_file.FILE), check_parameter or _policy_check, found
    )
    organization_lines, codes = organizations.read_organizations(
        _bytes(path, organizations.FILE), found
    )
    staff_lines, people = staff.read_staff(_bytes(path, staff.FILE), codes, operator_staff, found)
    patient_lines, known = patients.read_patients(
        _bytes(path, patients.FILE), codes, now.astimezone(_TOKYO).date(), found
    )
    team_lines, members = teams.read_teams(_bytes(path, teams.FILE), codes, people, known, found)
    message_lines = messages.read_messages(_bytes(path, messages.FILE), known, members, now, found)
    for directory in (codes, people.emails, people.roles, known.codes, *members.members.values()):
        found += directory.settle()
    return RegionFolder(
        region,
        operator_staff,
        organization_lines,
        staff_lines,
        patient_lines,
        team_lines,
        message_lines,
        _in_order(found),
    )


def _bytes(folder: Path, file: str) -> bytes | None:
    """The bytes of a file; None if there is none."""
    try:
        return (folder / file).read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _in_order(faults: list[Fault]) -> list[Fault]:
    """Each place once, by file, line and column."""
    once = {(fault.file, fault.line, fault.column): fault for fault in reversed(faults)}
    return sorted(once.values(), key=_place)


def _place(fault: Fault) -> tuple[int, int, int, str]:
    columns = _COLUMNS[fault.file]
    column = columns.index(fault.column) if fault.column in columns else len(columns)
    return FILES.index(fault.file), fault.line, column if fault.column else -1, fault.column


def _policy_check(name: str, value: object) -> str | None:
    """The policy's own judgement on a parameter, if this installation has one.

    Imported late: the parameters need the database's models, and a folder can do without.
    """
    try:
        from renkei.region.parameters import check
    except ImportError:
        return None
    return check(name, value)
