"""The warnings that a password ends soon (A14.3)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from renkei.group.to_do.task import Task
from renkei.kernel import clock
from renkei.kernel.clock import JAPAN
from renkei.kernel.database import execute
from renkei.people.disclosures import PasswordState, password_state
from renkei.people.reminders import WARNINGS
from renkei.policy.standing import Standing
from renkei.policy.use_case import own_record


def warning(standing: Standing) -> Iterator[Task]:
    """That it ends soon, on the days on which the person is warned."""
    state = password_state(standing)
    if _warned_today(state):
        yield Task("password", until=state.until, count=state.days_left)


def _warned_today(state: PasswordState) -> bool:
    """Whether to warn: on the first day on which the person sees each warning, not every day."""
    warned = state.warned_at
    today = warned is not None and warned.astimezone(JAPAN).date() == clock.today()
    return _warns_anew(state) or (today and _warning_since(state) is not None)


def _warns_anew(state: PasswordState) -> bool:
    since = _warning_since(state)
    return since is not None and (state.warned_at is None or state.warned_at < since)


def _warning_since(state: PasswordState) -> datetime | None:
    """When the warning that is due now began to be due: 14, 7 or 1 days before the end."""
    if state.until is None:
        return None
    starts = (state.until - timedelta(days=days) for days in WARNINGS)
    return next((start for start in starts if start <= clock.now()), None)


def note_shown(standing: Standing) -> None:
    """Take note of the first showing of a warning; nothing is written for the next ones."""
    assert standing.who.account is not None
    if _warns_anew(password_state(standing)):
        with own_record(standing, "home.see", f"Account/{standing.who.account.hex}") as change:
            change.silent = True
            execute(
                "UPDATE people_account SET password_warned_at = %s WHERE id = %s",
                [change.now_us, standing.who.account.hex],
            )
