"""A list of people as an office has it, pasted or as a file, read whole, with every fault told.

``read`` understands what is copied out of Excel, CSV in UTF-8, CP932 or UTF-16, and Excel's own
workbooks (XLSX). It writes nothing and asks no database.
"""

from renkei.enrollment.roster.model import COLUMNS, Fault, Roster, RosterLine
from renkei.enrollment.roster.reading import LINES_MAX, read
from renkei.enrollment.roster.sheet import BYTES_MAX
from renkei.enrollment.roster.words import find_profession

__all__ = [
    "BYTES_MAX",
    "COLUMNS",
    "LINES_MAX",
    "Fault",
    "Roster",
    "RosterLine",
    "find_profession",
    "read",
]
