"""No table is forgotten when a group or a record is erased; and a killed host goes on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connections
from django.db.models import Field, ForeignKey, ManyToManyField, UUIDField

from renkei.config.erasing import carry_out
from renkei.config.verification import verify
from renkei.disclosure import executing, remains
from renkei.disclosure.models import Erasure
from renkei.disclosure.remains import BESIDE, EMPTIED, OF_GROUP, OF_PATIENT, STAYS, Beside
from renkei.files import store
from renkei.files.models import File
from renkei.group.models import Group, Member
from renkei.incident.models import Told
from renkei.kernel import vault
from renkei.kernel.clock import today
from renkei.kernel.entity import uuid7
from renkei.patient.models import HandOver, Patient, SamePerson
from tests.backup.conftest import url_of
from tests.cast import Cast, group_about, hand_over_of, incident_of, loading, make_account
from tests.conftest import _POSTGRESQL
from tests.disclosure.world import confirmed, over, talk

pytestmark = pytest.mark.clause("A11.7")

# Columns named like a group or a patient that are of neither.
OTHERS = {
    "files.File.key_id": "found by the key itself",
}
ABOUT = ("group", "patient")


def listed() -> set[str]:
    return {one.label for one in (*OF_GROUP, *OF_PATIENT)}


def names_something_of_theirs(field: Field, known: set[str]) -> bool:
    """Whether a column points at a group, a patient, or a row that goes with one of them."""
    if isinstance(field, ForeignKey | ManyToManyField):
        return field.related_model._meta.label in known
    called = field.name.removesuffix("_id").removesuffix("s")
    return isinstance(field, UUIDField) and called.split("_")[-1] in ABOUT


def columns() -> list[tuple[str, Field]]:
    return [
        (model._meta.label, field)
        for model in apps.get_models(include_auto_created=True)
        if model.__module__.startswith("renkei.")
        for field in (*model._meta.local_fields, *model._meta.local_many_to_many)
    ]


@pytest.mark.once
def test_every_table_that_names_a_group_or_a_patient_is_on_the_list() -> None:
    """And every table that names one of those: until nothing is added any more."""
    known = listed() | set(EMPTIED) | set(STAYS)
    forgotten = {
        f"{label}.{field.name}"
        for label, field in columns()
        if names_something_of_theirs(field, listed()) and label not in known
    }
    assert forgotten == set(), "add it to disclosure/remains.py"


@pytest.mark.once
def test_the_list_names_what_there_is_and_each_before_what_it_stands_on() -> None:
    for parts in (OF_GROUP, OF_PATIENT):
        order = [one.label for one in parts]
        for label, field in columns():
            if label in order and isinstance(field, ForeignKey):
                on = field.related_model._meta.label
                if on in order and on != label:
                    assert order.index(label) < order.index(on), (label, on)
    for label in (*EMPTIED, *STAYS):
        apps.get_model(label)


@pytest.mark.once
def test_a_table_that_is_forgotten_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above can fail."""
    shorter = tuple(one for one in OF_GROUP if one.label != "communication.Draft")
    monkeypatch.setitem(globals(), "OF_GROUP", shorter)
    with pytest.raises(AssertionError):
        test_every_table_that_names_a_group_or_a_patient_is_on_the_list()


def test_what_is_kept_elsewhere_is_asked_too(
    committed: Cast, travel, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {committed.group: 3}

    def remove(gone: remains.Gone) -> None:
        for group in gone.groups:
            kept.pop(group, None)

    def left(gone: remains.Gone) -> int:
        return sum(kept.get(group, 0) for group in gone.groups)

    monkeypatch.setattr(remains, "BESIDE", [Beside("index", lambda gone: None, left)])
    erasure = confirmed(committed)
    over(travel)
    (outcome,) = carry_out()
    assert (outcome.done, outcome.why) == (False, "left")  # no certificate while words are there
    monkeypatch.setattr(remains, "BESIDE", [Beside("index", remove, left)])
    (outcome,) = carry_out()
    assert outcome.done and not kept
    assert Erasure.objects.get(pk=erasure.pk).state == "done"
    assert isinstance(BESIDE, list)


def test_that_somebody_was_told_of_an_incident_stays_without_whom(committed: Cast, travel) -> None:
    incident = incident_of(committed)
    told = Told(
        id=uuid7(), key_id=Group.objects.get(pk=committed.group).region.key_id,
        incident_id=incident, patient_id=committed.patient, on=today(),
        by_id=committed.account("manager"), at=executing.clock.now(),
    )  # fmt: skip
    told.seal("how_sealed", "長男に電話")
    told.save(force_insert=True)
    confirmed(committed)
    over(travel)
    carry_out()
    told.refresh_from_db()
    assert told.patient_id is None
    assert told.unseal("how_sealed") == ""


# ── Stopped in the middle ────────────────────────────────────────────────────────────────────────

STEPS = [("vault.destroy", "before"), ("vault.destroy", "after"), ("remains.remove_files", "after"),
         ("remove", "after"), ("certify", "before")]  # fmt: skip
KILLED = """
import os, signal, sys
import django
django.setup()
from renkei.kernel import clock
from datetime import timedelta
from renkei.config import erasing
from renkei.disclosure import executing
step, after = sys.argv[1], sys.argv[2] == "after"
owner, name = executing, step
if "." in step:
    part, name = step.split(".")
    owner = getattr(executing, part)
kept = getattr(owner, name)
def dies(*given, **named):
    if after:
        kept(*given, **named)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(owner, name, dies)
with clock.shifted(timedelta(days=8)):
    erasing.carry_out()
"""


def host(*arguments: str) -> subprocess.CompletedProcess:
    """A process of the host on this installation."""
    environment = {**os.environ, "RENKEI_DATA": str(settings.DATA)}
    environment["DJANGO_SETTINGS_MODULE"] = "renkei.config.settings"
    environment.pop("DATABASE_URL", None)
    if _POSTGRESQL:
        environment["DATABASE_URL"] = url_of(str(connections.settings["default"]["NAME"]))
    return subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=120
    )


@pytest.mark.slow
@pytest.mark.parametrize(("step", "when"), STEPS)
def test_a_host_killed_in_the_middle_goes_on_where_it_stood(
    committed: Cast, travel, step: str, when: str
) -> None:
    talk(committed, ["途中で止まる", "続きから"])
    erasure = confirmed(committed)
    files = list(File.objects.values_list("pk", flat=True))
    assert files
    connections.close_all()
    killed = host("-c", KILLED, step, when)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    vault.forget_everything()
    assert not [one for one in verify(lambda *_: None, given=[])
                if one.breaks and one.name not in ("files",)]  # fmt: skip
    over(travel)
    outcome = carry_out()
    done = Erasure.objects.get(pk=erasure.pk)
    assert done.state == "done", outcome
    assert remains.left(executing.gone_with(done)) == {}
    assert not [one for one in files if store.path_of(one).exists()]
    assert not [one.breaks for one in verify(lambda *_: None, given=[]) if one.breaks]
    assert not list(Path(settings.DATA).glob("files/*/*"))


def test_of_the_family_that_took_part_no_name_is_left(committed: Cast, travel) -> None:
    """Whoever is in somebody else's group as well stays who they are."""
    with loading():
        account = make_account(committed.region, "musume@example.org", "鷲尾 亀代", "わしお かめよ")
        other = make_account(committed.region, "musuko@example.org", "鷲尾 鶴男", "わしお つるお")
    for one in (account, other):  # each under a key of their own, as the family's desk makes them
        one.key_id, one.family = vault.make_key("account"), True
        one.seal("profile_sealed", {"name": "鷲尾 亀代", "kana": "わしお"})
        one.save()
    own, others = account.key_id, other.key_id
    account.photo = store.write(own, [b"a face"])
    account.photo.save(force_insert=True)
    account.save()
    photo = store.path_of(account.photo_id)
    _, elsewhere = group_about(committed, "station", {"manager": True})
    for one, group in ((account, committed.group), (other, committed.group), (other, elsewhere)):
        found = Group.objects.get(pk=group)
        Member.objects.create(
            id=uuid7(), key_id=found.key_id, group=found, account=one, relation="relative",
            origin="invited", joined_at=executing.clock.now(),
        )  # fmt: skip
    confirmed(committed)
    over(travel)
    assert [one.done for one in carry_out()] == [True]
    account.refresh_from_db()
    assert (account.profile.name, account.suspended_at is None) == ("", False)
    assert "musume" not in account.email and not account.has_usable_password()
    other.refresh_from_db()
    assert other.profile.name == "鷲尾 亀代" and other.suspended_at is None
    assert own in vault.destroyed() and others not in vault.destroyed()
    assert account.photo_id is None and not photo.exists()
    assert not [one.breaks for one in verify(lambda *_: None, given=[]) if one.breaks]


def test_who_was_thought_the_same_person_keeps_the_own_hand_over(committed: Cast, travel) -> None:
    other, _ = group_about(committed, "clinic", {"nurse": True})
    pair = SamePerson.objects.get(  # noticed when the second was registered under the same name
        one__in=[committed.patient, other], other__in=[committed.patient, other]
    )
    mine, theirs = hand_over_of(committed), uuid7()
    row = HandOver.objects.get(pk=mine)
    row.pk, row.patient_id, row.key_id = theirs, other, Patient.objects.get(pk=other).key_id
    row.seal("why", "転居")
    row.save(force_insert=True)
    HandOver.objects.update(pair=pair)
    confirmed(committed)
    over(travel)
    assert [one.done for one in carry_out()] == [True]
    kept = HandOver.objects.get()
    assert (kept.pk, kept.pair_id) == (theirs, None)
    assert not SamePerson.objects.exists()
