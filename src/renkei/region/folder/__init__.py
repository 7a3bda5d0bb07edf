"""A region folder: the files an office hands over, read whole, with every fault where it stands.

``read_folder`` reads ``region.toml``, ``organizations.csv``, ``staff.csv``, ``patients.csv``,
``teams.csv`` and ``messages.jsonl`` and writes nothing. No database and no Django stand behind it.
"""

from renkei.region.folder.model import (
    KINDS,
    PROFESSIONS,
    RELATIONSHIPS,
    SEXES,
    Fault,
    MessageLine,
    OperatorStaffLine,
    OrganizationLine,
    PatientLine,
    RegionFolder,
    RegionLine,
    StaffLine,
    TeamLine,
)
from renkei.region.folder.read import FILES, read_folder

__all__ = [
    "FILES",
    "KINDS",
    "PROFESSIONS",
    "RELATIONSHIPS",
    "SEXES",
    "Fault",
    "MessageLine",
    "OperatorStaffLine",
    "OrganizationLine",
    "PatientLine",
    "RegionFolder",
    "RegionLine",
    "StaffLine",
    "TeamLine",
    "read_folder",
]
