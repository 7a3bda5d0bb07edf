"""Erasing, as the host: the keys first, then files, rows and all that follows from them (A11.7).

Every step is its own short transaction or can be repeated without harm, and what has been done is
on record before the next begins: whoever is killed in the middle goes on where it stood. From the
moment the keys are gone nobody can open anything, whatever is still to be removed.
"""

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.apps import apps
from django.db.models import QuerySet

from renkei.communication import holding
from renkei.disclosure import certificate, remains
from renkei.disclosure.erasing import erased_groups, taken
from renkei.disclosure.models import Erasure
from renkei.disclosure.remains import Gone
from renkei.group.models import Group, Member
from renkei.kernel import clock, vault
from renkei.kernel.database import shred
from renkei.patient.models import Patient
from renkei.people.models import Account
from renkei.policy.standing import HOST
from renkei.policy.use_case import Change, use_case
from renkei.region.models import Region

log = logging.getLogger("renkei.erasing")
_TABLES: Final = (*remains.OF_GROUP, *remains.OF_PATIENT)


def due(at: datetime | None = None) -> list[UUID]:
    """The erasures whose cooling-off is over, and those that were begun, the oldest first."""
    over = Erasure.objects.filter(state=Erasure.State.CONFIRMED, due_at__lte=at or clock.now())
    begun = Erasure.objects.filter(state=Erasure.State.BEGUN)
    return list((over | begun).order_by("due_at", "pk").values_list("pk", flat=True))


def gone_with(erasure: Erasure) -> Gone:
    """What it erases, as it was written down when it began."""
    patients = {erasure.patient_id} if erasure.patient_id else set()
    return Gone(
        groups=frozenset(map(UUID, erasure.groups)),
        patients=frozenset(patients),
        keys=frozenset(map(UUID, erasure.keys)),
    )


def execute(erasure: UUID) -> bool:
    """Erase what is due, as far as it has not been done; whether nothing is left of it.

    Where copies of the keys lie is not known here: ``note_copies`` says what became of them, and
    ``certify`` follows it.

    Raises:
        StillThere: the keys are destroyed, but somebody reads the key store; once more later.
        BlockingIOError: a copy of the files is being made; once more later.
    """
    if not begin(HOST, erasure):
        return False
    one = Erasure.objects.get(pk=erasure)
    gone = gone_with(one)
    if one.removed_at is not None:
        return True
    vault.destroy(gone.keys)
    holding.forget()  # the names in memory as well; other processes see by themselves
    note_destroyed(HOST, erasure)
    remains.remove_beside(gone)
    remains.remove_files(gone)
    while remove(HOST, erasure):
        pass
    shred(*_names())
    return note_removed(HOST, erasure)


def _names() -> list[str]:
    return [apps.get_model(one.label)._meta.db_table for one in _TABLES]


# ── The steps ────────────────────────────────────────────────────────────────────────────────────


@use_case("erasure.begin", on="erasure")
def begin(change: Change) -> bool:
    """Begin: everybody is out, and there is no way back; whether it has begun.

    It says once and for all which groups and keys it is about. It does nothing for one that was
    withdrawn, or is not due.
    """
    erasure = taken(change)
    if erasure.state == Erasure.State.BEGUN:
        change.silent = True
        return True
    if (
        erasure.state != Erasure.State.CONFIRMED
        or erasure.due_at is None
        or erasure.due_at > change.now
    ):
        change.silent = True
        return False
    record = erasure.patient_id
    rows_of = Patient.objects.select_for_update()
    patient = rows_of.filter(pk=record).first() if record else None
    groups = list(erased_groups(erasure).select_for_update().order_by("pk"))
    _close(change, groups)
    keys = [one.key_id for one in groups] + ([patient.key_id] if patient else [])
    family = list(_family(groups)) if patient else []
    keys += [one.key_id for one in family]
    erasure.groups = [one.id.hex for one in groups]
    erasure.keys = [key.hex for key in keys]
    managing = patient.organization_id if patient else groups[0].organization_id if groups else None
    erasure.organization_id = managing or erasure.organization_id  # it may have been handed over
    erasure.state, erasure.begun_at = Erasure.State.BEGUN, change.now
    erasure.counts = remains.counted(gone_with(erasure))
    erasure.save(update_fields=["groups", "keys", "organization", "state", "begun_at", "counts"])
    change.detail |= {"groups": erasure.groups, "keys": erasure.keys, "counts": erasure.counts}
    change.detail["accounts"] = [one.id.hex for one in family]
    return True


def _family(groups: Iterable[Group]) -> QuerySet[Account]:
    """The accounts that go with the groups of a record: those that have a key of their own."""
    found = remains.family_accounts([one.id for one in groups])
    return found.exclude(key_id__in=Region.objects.values("key_id")).order_by("pk")


def _close(change: Change, groups: list[Group]) -> None:
    """Let everybody out, so that pages and streams that are open show nothing any more."""
    for group in groups:
        Member.objects.filter(group=group, ended_at=None).update(ended_at=change.now)
        group.closed_at = group.closed_at or change.now
        group.save(update_fields=["closed_at"])
        change.end_standings(group=group.id)


@use_case("erasure.destroy", on="erasure")
def note_destroyed(change: Change) -> None:
    """Put on record that the keys are destroyed, which nothing undoes."""
    erasure = taken(change)
    if erasure.destroyed_at is not None:
        change.silent = True
        return
    destroyed = vault.destroyed()
    erasure.destroyed_at = max((destroyed[UUID(key)] for key in erasure.keys), default=change.now)
    erasure.save(update_fields=["destroyed_at"])
    change.detail |= {"keys": erasure.keys, "at": clock.to_us(erasure.destroyed_at)}


@use_case("erasure.remove", on="erasure")
def remove(change: Change) -> bool:
    """Remove a batch of rows; whether there may be more. Only the last step leaves a line."""
    change.silent = True
    gone = gone_with(taken(change))
    remains.empty(gone)
    return remains.remove_some(gone)


@use_case("erasure.remove", on="erasure")
def note_removed(change: Change) -> bool:
    """Put on record that nothing is left; whether that is so."""
    erasure = taken(change)
    if erasure.removed_at is not None:
        change.silent = True
        return True
    gone = gone_with(erasure)
    Erasure.objects.filter(pk=erasure.pk).update(wish_sealed=None, reason_sealed=None)
    if left := remains.left(gone):
        change.silent = True
        log.error("something is left of what was erased", extra={"facts": left})
        return False
    erasure.removed_at = change.now
    erasure.save(update_fields=["removed_at"])
    change.detail |= {"groups": erasure.groups, "keys": erasure.keys, "counts": erasure.counts}
    return True


@use_case("erasure.copies", on="erasure")
def note_copies(change: Change, *, rewritten: int, waiting: int, given_up: int = 0) -> None:
    """Put on record what became of the copies of the keys, place by place.

    Args:
        rewritten: places where no copy of the destroyed keys lies any more.
        waiting: places that could not be reached yet.
        given_up: places whose copies, by the word of the host, were destroyed by hand.
    """
    erasure = taken(change)
    given_up = max(given_up, int(erasure.copies.get("given_up", 0)))
    said = {"rewritten": rewritten, "waiting": waiting, "given_up": given_up}
    if erasure.copies == said or erasure.state != Erasure.State.BEGUN:
        change.silent = True
        return
    erasure.copies = said
    erasure.save(update_fields=["copies"])
    change.detail |= said


@use_case("erasure.certify", on="erasure")
def certify(change: Change) -> bool:
    """Sign the certificate; whether there is one. Not before everything is removed everywhere."""
    erasure = taken(change)
    ready = erasure.removed_at is not None and not erasure.copies.get("waiting", 1)
    if erasure.state != Erasure.State.BEGUN or not ready:
        change.silent = True
        return erasure.state == Erasure.State.DONE
    erasure.state, erasure.done_at = Erasure.State.DONE, change.now
    erasure.certificate = certificate.made(erasure)
    erasure.save(update_fields=["state", "done_at", "certificate"])
    return True


# ── After a restore ──────────────────────────────────────────────────────────────────────────────


def replay() -> int:
    """Remove what a restore brought back of what was erased since; how many groups and records.

    Which that is, the destroyed keys say: they come from the erase list, which is joined to the
    key store before. An erasure that the copy knows only as asked for is closed.
    """
    keys = frozenset(vault.destroyed())
    count = 0
    for stream, gone in _brought_back(keys):
        remains.remove_beside(gone)
        remains.remove_files(gone)
        note_replayed(HOST, None, stream=stream, gone=gone)
        count += 1
    shred(*_names())
    return count


def _brought_back(keys: frozenset[UUID]) -> Iterator[tuple[str, Gone]]:
    for patient in Patient.objects.filter(key_id__in=keys).order_by("pk"):
        groups = list(patient.groups.values_list("pk", "key_id"))
        destroyed = frozenset([patient.key_id, *(key for _, key in groups)])
        if destroyed <= keys:
            ids = frozenset(group for group, _ in groups)
            family = remains.family_accounts(ids).values_list("key_id", flat=True)
            destroyed |= keys & frozenset(family)
            yield f"patient:{patient.id.hex}", Gone(ids, frozenset([patient.id]), destroyed)
    for group in Group.objects.filter(key_id__in=keys).order_by("pk"):
        gone = Gone(frozenset([group.id]), frozenset(), frozenset([group.key_id]))
        yield f"group:{group.id.hex}", gone


@use_case("erasure.replay", on="region")
def note_replayed(change: Change, *, stream: str, gone: Gone) -> None:
    """Remove the rows, and say in their chain that they were erased."""
    family = remains.family_accounts(gone.groups) if gone.patients else Account.objects.none()
    accounts = [one.hex for one in family.order_by("pk").values_list("pk", flat=True)]
    remains.empty(gone)
    while remains.remove_some(gone):
        pass
    subject = Erasure.objects.filter(group_id__in=gone.groups)
    subject |= Erasure.objects.filter(patient_id__in=gone.patients)
    at = vault.destroyed()
    facts: dict[str, Any] = {
        "groups": sorted(one.hex for one in gone.groups),
        "keys": sorted(one.hex for one in gone.keys),
        "accounts": accounts,
    }
    for erasure in subject.filter(state__in=Erasure.OPEN).select_for_update():
        erasure.groups, erasure.keys = facts["groups"], facts["keys"]
        confirmed = erasure.state != Erasure.State.ASKED
        erasure.state = Erasure.State.BEGUN if confirmed else Erasure.State.REPLAYED
        erasure.begun_at = erasure.destroyed_at = max(at[key] for key in gone.keys)
        erasure.removed_at = change.now
        erasure.save()
    change.stream = stream
    kind, _, digits = stream.partition(":")
    change.about(kind.capitalize(), UUID(digits), **facts)
