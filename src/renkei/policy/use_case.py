"""The frames in which everything happens: ``use_case`` for writes, ``disclosure`` for reads.

A use case cannot forget. The frame opens one durable transaction, loads the standing inside it
with the rows locked that could end it, asks the rule, runs the change and writes its audit line;
neither change nor line exists without the other. A refusal leaves its line in the actor's own
stream, so that a stranger can neither hold up a group nor make its chain grow. Use cases do not
call each other: the transaction is durable, and Django refuses to nest it.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial, wraps
from threading import Lock
from typing import Concatenate, ParamSpec, TypeVar
from uuid import UUID

from django.db import transaction

from renkei.audit import trail
from renkei.audit.trail import Outcome
from renkei.kernel import clock, metrics
from renkei.kernel.bus import Hint, Kind, bus
from renkei.kernel.database import execute, one_writer, snapshot
from renkei.kernel.errors import Problem, Refused
from renkei.policy.loading import load
from renkei.policy.rules import check_loaded, closed_gate, may
from renkei.policy.standing import Actor, On, Standing, Where, Who

P = ParamSpec("P")
R = TypeVar("R")

USE_CASES: dict[str, str] = {}  # "group.invite": the function that does it
JOINED = timedelta(minutes=1)  # refusals of one kind by one person within it are one line


class GateClosed(Exception):
    """Something has to be done first: confirm the policy, change the password."""

    def __init__(self, gate: str) -> None:
        super().__init__(gate)
        self.gate = gate


@dataclass(slots=True)
class Change:
    """One use case while it runs: on what standing, at what moment, and what its line will say."""

    standing: Standing
    now: datetime
    stream: str = ""
    entity: str = ""
    detail: trail.Detail = field(default_factory=dict)
    silent: bool = False  # nothing changed, so there is nothing to record
    hints: list[Hint] = field(default_factory=list)

    @property
    def account(self) -> UUID:
        """The account of the person who acts; only for rules that ask for one."""
        assert self.standing.who.account is not None
        return self.standing.who.account

    @property
    def region(self) -> UUID:
        """The region of the person who acts."""
        assert self.standing.who.region is not None
        return self.standing.who.region

    @property
    def group(self) -> UUID:
        """The group it happens in; only for kinds that load one."""
        assert self.where.group is not None
        return self.where.group

    @property
    def patient(self) -> UUID:
        """The patient it is about; only for kinds that load one."""
        assert self.where.patient is not None
        return self.where.patient

    @property
    def where(self) -> Where:
        """The patient or group it happens in; only for kinds that load one."""
        assert self.standing.where is not None
        return self.standing.where

    @property
    def now_us(self) -> int:
        """The moment in microseconds."""
        return clock.to_us(self.now)

    def about(self, kind: str, thing: UUID, /, **detail: object) -> None:
        """Say what the audit line is about; ``detail`` holds ids, numbers and fixed words only."""
        self.entity = f"{kind}/{thing.hex}"
        self.detail |= detail

    def tell(
        self, kind: Kind, group: UUID | None, seq: int = 0, account: UUID | None = None
    ) -> None:
        """Tell the live streams after the commit."""
        self.hints.append(Hint(kind, group, seq, account))

    def end_standings(self, group: UUID | None = None, account: UUID | None = None) -> None:
        """Say that somebody's standing may have ended, so that streams ask again."""
        self.patients_changed()
        self.tell("standing", group, 0, account)

    def patients_changed(self) -> None:
        """Say that drafts may have to be held against other names and numbers from now on."""
        execute("UPDATE region_region SET standing_epoch = standing_epoch + 1", [])


def _own_stream(standing: Standing) -> str:
    who = standing.who
    return f"account:{who.account.hex}" if who.account else f"system:{who.system}"


def _stream(standing: Standing) -> str:
    """The chain a change belongs to: its group's, else its patient's or its actor's."""
    where = standing.where
    if where is not None and where.group is not None:
        return f"group:{where.group.hex}"
    if where is not None and where.patient is not None:
        return f"patient:{where.patient.hex}"
    return _own_stream(standing)


def _count(permission: str, outcome: Outcome) -> None:
    metrics.changed(permission, outcome.value)


def _publish(hints: list[Hint]) -> None:
    for hint in hints:
        bus().publish(hint)


def _done(permission: str, change: Change) -> None:
    """What follows the commit."""
    if not change.silent:
        _count(permission, Outcome.DONE)
    _publish(change.hints)


_refusals: dict[tuple[str, str, str], datetime] = {}
_refusals_lock = Lock()


def _is_news(standing: Standing, permission: str, now: datetime, about: str = "") -> bool:
    """Whether this refusal or failure gets a line, or is joined to one just written."""
    key = (_own_stream(standing), permission, about or _stream(standing))
    with _refusals_lock:
        if len(_refusals) > 10_000:
            _refusals.clear()
        news = key not in _refusals or abs(now - _refusals[key]) >= JOINED
        if news:
            _refusals[key] = now
    return news


def _record_refusal(standing: Standing, permission: str) -> None:
    now = clock.now()
    _count(permission, Outcome.REFUSED)
    if not _is_news(standing, permission, now):
        return
    trail.record(
        stream=_own_stream(standing),
        action=permission,
        entity=_stream(standing).replace(":", "/"),
        actor=standing.who.account,
        organization=standing.who.organization,
        outcome=Outcome.REFUSED.value,
    )


def _allowed(standing: Standing, permission: str) -> bool:
    if may(standing, permission):
        return True
    if gate := closed_gate(standing):
        raise GateClosed(gate)
    return False


def _emergency(who: Who) -> trail.Detail:
    """The mark of everything done on a device that a disaster let in (A20)."""
    mark: trail.Detail = {"disaster": who.emergency.hex} if who.emergency else {}
    return mark | ({"drill": True} if who.drill else {})


def _device(who: Who) -> trail.Detail:
    """On which device of the ledger something was shown (N3.10)."""
    return {"device": who.device.hex} if who.device else {}


def _line(change: Change, permission: str, outcome: str) -> None:
    running = _batch.get()
    source = {"taken_over": running.source} if running and running.source else {}
    who = change.standing.who
    where = change.standing.where
    acting = where.member.organization if where and where.member else who.organization
    trail.record(
        stream=change.stream or _stream(change.standing),
        action=permission,
        entity=change.entity,
        actor=who.account,
        organization=acting,
        outcome=outcome,
        detail=change.detail | source | _emergency(who),
        at_us=change.now_us,
    )


def _run(
    function: Callable[Concatenate[Change, P], R],
    permission: str,
    change: Change,
    *args: P.args,
    **kwargs: P.kwargs,
) -> R:
    """Run the change and write its line."""
    result = function(change, *args, **kwargs)
    if not change.silent:
        _line(change, permission, Outcome.DONE.value)
    transaction.on_commit(partial(_done, permission, change))
    return result


def _record_failure(change: Change, permission: str) -> None:
    """Leave a line about a change that was undone; what it would have told is not told.

    Those of one kind by one person about one thing within a minute are one line, so that nobody
    makes a chain grow by failing again and again.
    """
    _count(permission, Outcome.FAILED)
    if change.entity and _is_news(change.standing, permission, change.now, change.entity):
        with _transaction():
            _line(change, permission, Outcome.FAILED.value)


def use_case(
    permission: str, *, on: str
) -> Callable[[Callable[Concatenate[Change, P], R]], Callable[Concatenate[Actor, On, P], R]]:
    """Let an actor run the function only if the rule ``permission`` says yes of thing ``on``.

    The function is called with the actor and the id of the thing in front of its own arguments,
    and itself receives the running ``Change``.

    Raises:
        SignedOut, Unknown: from loading the standing.
        GateClosed: something has to be done first.
        Refused: the rule says no; recorded.
        Problem: what the change itself could not accept; nothing of it was kept.
    """
    check_loaded(permission, on)

    def frame(
        function: Callable[Concatenate[Change, P], R],
    ) -> Callable[Concatenate[Actor, On, P], R]:
        USE_CASES[permission] = f"{function.__module__}.{function.__name__}"

        @wraps(function)
        def run(actor: Actor, thing: On, /, *args: P.args, **kwargs: P.kwargs) -> R:
            running = _batch.get()
            asked = running.permission if running else permission
            change: Change | None = None
            try:
                with _transaction():
                    standing = load(actor, on, thing, lock=True)
                    if _allowed(standing, asked):
                        change = Change(standing, clock.now())
                        return _run(function, permission, change, *args, **kwargs)
                    _record_refusal(standing, permission)
            except Problem:
                if change is not None:
                    _record_failure(change, permission)
                raise
            raise Refused(permission)

        return run

    return frame


_opened: dict[tuple[str, ...], date] = {}
_opened_lock = Lock()


def forget_openings() -> None:
    """Remember nothing of which pages were opened today."""
    with _opened_lock:
        _opened.clear()


def note_openings(standing: Standing, page: str, things: Iterable[str]) -> None:
    """Note in the reader's own stream that a page about patients was shown to them (N3.11).

    Once per day, page and device; a process that begins anew may note it once more.

    Args:
        things: whose page it is, such as "Group/…", each once.
    """
    today, stream = clock.today(), _own_stream(standing)
    device = str(standing.who.device)
    with _opened_lock:
        news = [one for one in things if _opened.get((stream, page, one, device)) != today]
    if not news:
        return
    with _transaction():
        for thing in news:
            change = Change(standing, clock.now(), stream, thing)
            change.detail |= {**_device(standing.who), "opened": page}
            _line(change, "page.see", Outcome.DONE.value)
    with _opened_lock:
        if len(_opened) > 20_000:
            _opened.clear()
        _opened.update(dict.fromkeys(((stream, page, one, device) for one in news), today))


def _note_opening(standing: Standing, page: str) -> None:
    """Note that a page about the patient or group at hand was opened."""
    where = standing.where
    if standing.who.account is None or where is None:
        return
    thing = ("Group", where.group) if where.group else ("Patient", where.patient)
    note_openings(standing, page, [f"{thing[0]}/{thing[1].hex}" if thing[1] else ""])


def disclosure(
    permission: str, *, on: str, opens: str = ""
) -> Callable[[Callable[Concatenate[Standing, P], R]], Callable[Concatenate[Actor, On, P], R]]:
    """Let an actor read something only if the rule says yes; no write lock is taken.

    The function receives the standing; everything it reads is of one moment. What has to be
    recorded about the reading is recorded before the bytes leave: of the log by
    ``record_reading``, of a page about a patient by naming it here.

    Args:
        opens: a word for the page, such as "basics"; its opening is noted once a day.
    """
    check_loaded(permission, on)

    def frame(
        function: Callable[Concatenate[Standing, P], R],
    ) -> Callable[Concatenate[Actor, On, P], R]:
        @wraps(function)
        def run(actor: Actor, thing: On, /, *args: P.args, **kwargs: P.kwargs) -> R:
            with snapshot():
                standing = load(actor, on, thing)
                if allowed := _allowed(standing, permission):
                    found = function(standing, *args, **kwargs)
            if not allowed:
                with _transaction():
                    _record_refusal(standing, permission)
                raise Refused(permission)
            if opens:
                _note_opening(standing, opens)
            return found

        return run

    return frame


@contextmanager
def own_record(standing: Standing, action: str, entity: str) -> Iterator[Change]:
    """A short write in the reader's own stream: what was disclosed to them, and when.

    The caller fills ``detail``; nothing is written while ``silent`` is set.
    """
    with _transaction():
        change = Change(standing, clock.now(), _own_stream(standing), entity)
        change.detail |= _device(standing.who)
        yield change
        if not change.silent:
            _line(change, action, Outcome.DONE.value)
        if change.hints:
            transaction.on_commit(partial(_publish, change.hints))


@dataclass(slots=True)
class Batch:
    """Many use cases in one transaction, all judged by one rule.

    While ``source`` is set, every line written says from which record its fact was taken over.
    """

    permission: str
    source: trail.Detail = field(default_factory=dict)  # {"file", "line", "sha256"}


@contextmanager
def batch(actor: Actor, permission: str) -> Iterator[Batch]:
    """One transaction around many use cases, each a savepoint: all or nothing.

    Exists for loading a region and importing an installation, each under its own rule; every use
    case inside is judged by that rule.
    """
    if not may(load(actor, "region"), permission):
        raise Refused(permission)
    with transaction.atomic(durable=True):
        running = Batch(permission)
        token = _batch.set(running)
        try:
            yield running
        finally:
            _batch.reset(token)


_batch: ContextVar[Batch | None] = ContextVar("the running batch", default=None)


@contextmanager
def _transaction() -> Iterator[None]:
    """One durable transaction: it either commits here or never was. A savepoint in a batch."""
    with one_writer(), transaction.atomic(durable=_batch.get() is None):
        yield
