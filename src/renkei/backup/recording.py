"""Telling the installation what was done; that it cannot be told undoes nothing."""

import logging
from datetime import datetime
from pathlib import Path
from typing import Any

from renkei.backup import services
from renkei.policy.standing import HOST

log = logging.getLogger("renkei.backup")


def record(kind: str, place: Path, began: datetime, *, outcome: str, **told: Any) -> None:
    """Record a run; if the database cannot take it, the log says so."""
    whole = {"generation": "", "bytes": 0, "files": 0, "why": "", **told}
    try:
        services.record_backup(
            HOST, None, kind=kind, place=str(place), began_at=began, outcome=outcome, **whole
        )
    except Exception as error:  # BLE: the copy stands, whatever became of its record
        facts = {"kind": kind, "outcome": outcome, "error": type(error).__name__}
        log.error("the run could not be recorded", extra={"facts": facts})
