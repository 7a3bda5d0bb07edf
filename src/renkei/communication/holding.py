"""The patients and colleagues of each author, made ready for checking drafts and kept in memory.

A roster is asked for with the region's epoch, which comes with every standing: as long as it stands
still nothing is read. When it has moved, the rows are compared by what their seals begin with, and
the roster is made anew only if one of them changed. Nothing of it is ever written down.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Lock
from time import monotonic
from typing import Any, Final
from uuid import UUID

from renkei.communication.guard import writings
from renkei.communication.guard.check import ASK, DIRECT, FREE, PASS, STOP, Verdict, check
from renkei.communication.guard.roster import Roster, make_ready
from renkei.communication.guard.writings import Person
from renkei.kernel import clock, vault
from renkei.kernel.damage import DAMAGE
from renkei.kernel.database import as_uuid, id_of, rows
from renkei.patient.identity import open_identity
from renkei.people.faces import open_profile
from renkei.policy.rules import may
from renkei.policy.standing import Standing, Where, Who

MOST_STRINGS: Final = 300_000  # in all rosters together: some 60 MB
_UNASKED_SECONDS: Final = 1800  # then a roster is let go
_VERDICTS: Final = 64  # kept beside a roster, so that what was confirmed is not checked again

# The patients of the groups one is in, and those whose records one keeps.
_PATIENTS = """
    SELECT p.id, p.key_id, p.identity_sealed, p.basics_sealed FROM patient_patient p
    WHERE p.id IN (SELECT g.patient_id FROM group_member m JOIN group_group g ON g.id = m.group_id
        WHERE m.account_id = %s AND m.ended_at IS NULL AND g.patient_id IS NOT NULL)
      OR p.organization_id = %s
    ORDER BY p.id"""
# The colleagues in those groups, and of the organization one acts for.
_COLLEAGUES = """
    SELECT a.id, a.key_id, a.profile_sealed, MIN(r.profession) FROM people_practitionerrole r
    JOIN people_account a ON a.id = r.account_id
    WHERE r.ended_at IS NULL AND (r.organization_id = %s OR r.id IN (
      SELECT x.role_id FROM group_member m JOIN group_group g ON g.id = m.group_id
        JOIN group_member x ON x.group_id = m.group_id AND x.ended_at IS NULL
        WHERE m.account_id = %s AND m.ended_at IS NULL AND g.kind <> 'network'))
    GROUP BY a.id, a.key_id, a.profile_sealed ORDER BY a.id"""

_WEIGHT: Final = {PASS: 0, ASK: 1, STOP: 2}

_Key = tuple[UUID, UUID | None, bool]
_Rows = list[tuple[Any, ...]]


@dataclass(slots=True)
class _Held:
    epoch: int
    seals: bytes  # what the roster was made of
    roster: Roster
    asked_at: float
    verdicts: "OrderedDict[bytes, Verdict]" = field(default_factory=OrderedDict)


_held: "OrderedDict[_Key, _Held]" = OrderedDict()  # whoever asked last comes last
_strings = 0  # in all of them
_lock = Lock()


def forget() -> None:
    """Let go of every roster."""
    global _strings
    with _lock:
        _held.clear()
        _strings = 0
    writings.forget()


def judge(standing: Standing, text: str) -> Verdict:
    """What a text gives away if this person writes it into the group of the standing."""
    assert standing.where is not None
    return _judged(standing.who, _place(standing.where), text)


def judge_free(who: Who, text: str) -> Verdict:
    """What a text gives away if this person writes it where nothing stands about patients."""
    return _judged(who, FREE, text)


def _judged(who: Who, place: str, text: str) -> Verdict:
    held = _roster(who)
    today = clock.today()
    asked = sha256(f"{place}\0{today}\0{text}".encode("utf-8", "surrogatepass")).digest()
    if (known := held.verdicts.get(asked)) is not None:
        return known
    verdict = check(text, place, held.roster, today)
    with _lock:
        held.verdicts[asked] = verdict
        if len(held.verdicts) > _VERDICTS:
            held.verdicts.popitem(last=False)
    return verdict


def judge_all(standing: Standing, text: str, names: Sequence[str]) -> tuple[Verdict, list[Verdict]]:
    """What a text gives away with the names of the files that go with it, and what each name does.

    The first carries the verdict on the whole, and what was found in the text.
    """
    of_text = judge(standing, text)
    of_names = [judge_name(standing, name) for name in names]
    worst = max([of_text, *of_names], key=lambda one: _WEIGHT[one.verdict])
    return Verdict(worst.verdict, of_text.phone, of_text.findings), of_names


def judge_name(standing: Standing, name: str) -> Verdict:
    """What the name of a file gives away; nobody cries for help in one."""
    found = judge(standing, name)
    given_away = tuple(one for one in found.findings if one.kind != "emergency")
    return Verdict(found.verdict, False, given_away)


def _place(where: Where) -> str:
    """In the network group, as in a free one, nothing stands about patients (A12.2, A18)."""
    if where.patient is not None:
        return where.patient.hex
    return DIRECT if where.kind == "direct" else FREE


def _roster(who: Who) -> _Held:
    assert who.account is not None
    organization = who.organization
    keeps = organization is not None and may(
        Standing(who, Where(organization=organization)), "patient.see"
    )
    key = (who.account, organization, keeps)
    with _lock:
        held = _held.get(key)
        if held is not None and held.epoch == who.epoch:
            _held.move_to_end(key)
            held.asked_at = monotonic()
            return held
    at = organization.hex if organization else None
    patients = rows(_PATIENTS, [who.account.hex, at if keeps else None])
    colleagues = rows(_COLLEAGUES, [at, who.account.hex])
    seals = _seals(patients, colleagues)
    if held is not None and held.seals == seals:
        held = _Held(who.epoch, seals, held.roster, monotonic(), held.verdicts)
    else:
        held = _Held(who.epoch, seals, _made(patients, colleagues), monotonic())
    with _lock:
        _keep(key, held)
    return held


def _keep(key: _Key, held: _Held) -> None:
    """Keep it as the newest, and let go of the oldest to stay in bounds; the lock is held."""
    global _strings
    if (before := _held.pop(key, None)) is not None:
        _strings -= len(before.roster.patterns)
    _held[key] = held
    _strings += len(held.roster.patterns)
    while len(_held) > 1:
        oldest = next(iter(_held.values()))
        if _strings <= MOST_STRINGS and held.asked_at - oldest.asked_at <= _UNASKED_SECONDS:
            return
        _strings -= len(_held.popitem(last=False)[1].roster.patterns)


def _seals(patients: _Rows, colleagues: _Rows) -> bytes:
    """Another value as soon as any row is another: a seal begins with a number used once."""
    seen = sha256()
    for found in (*patients, *colleagues):
        seen.update(str(found[0]).encode())
        for sealed in found[2:]:
            seen.update(bytes(sealed[:16]) if isinstance(sealed, bytes | memoryview) else b"-")
    return seen.digest()


def _made(patients: _Rows, colleagues: _Rows) -> Roster:
    vault.warm(as_uuid(found[1]) for found in patients)
    return make_ready(
        [one for found in patients if (one := _patient(found)) is not None],
        [one for found in colleagues if (one := _colleague(found)) is not None],
    )


def _patient(found: tuple[Any, ...]) -> Person | None:
    """Who a patient is; None where it does not open: no name is known then."""
    patient, key = id_of(found[0]), id_of(found[1])
    identity = open_identity(patient, key, found[2])
    if not identity.birth_date:
        return None
    return Person(
        id=patient.hex,
        name=identity.name,
        kana=identity.kana,
        birth_date=identity.birth_date,
        phones=tuple(filter(None, (identity.phone, identity.mobile))),
        address=identity.address,
        insurer_number=_insurer_number(patient, key, found[3]),
    )


def _insurer_number(patient: UUID, key: UUID, sealed: bytes | None) -> str:
    if sealed is None:
        return ""
    try:
        basics = vault.unseal_json(
            key, sealed, about=f"patient.Patient/{patient.hex}/basics_sealed"
        )
    except DAMAGE:
        return ""
    return str(basics.get("insurer_number") or "")


def _colleague(found: tuple[Any, ...]) -> Person | None:
    profile = open_profile(id_of(found[0]), id_of(found[1]), found[2])
    if not profile["kana"]:
        return None
    return Person(
        id=id_of(found[0]).hex,
        name=profile["name"],
        kana=profile["kana"],
        profession=found[3] or "",
    )
