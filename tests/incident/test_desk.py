"""The incident desk: who sees which, what is done stays, the clock of the law (N3.11)."""

from datetime import date, timedelta

import pytest
from django.core import mail
from django.db import DatabaseError, transaction

from renkei.audit import trail
from renkei.audit.models import AuditEvent
from renkei.group.home import see_home
from renkei.incident import handling
from renkei.incident.case import see_incident
from renkei.incident.deadlines import deadlines, next_due
from renkei.incident.desk import see_incidents
from renkei.incident.handling import Statement
from renkei.incident.models import Entry, Incident
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused, Unknown
from tests.cast import Cast, group_about, incident_of, loading, make_account, make_region, person

TODAY = {"severity": "serious", "wrongful": False, "assigned": None}


def assess(cast: Cast, incident: object, name: str = "administrator_same", **facts: object) -> None:
    handling.assess(
        cast[name], incident, **{**TODAY, "duty": "checking", "known_on": clock.today(), **facts}
    )


@pytest.mark.clause("N3.11", "N2.3")
@pytest.mark.parametrize(
    "name", ["nurse", "manager", "physician", "administrator_other", "sole", "stranger", "family"]
)
def test_the_desk_of_another_organization_is_closed(cast: Cast, name: str) -> None:
    incident = incident_of(cast)  # of the station
    with pytest.raises(Refused):
        see_incident(cast[name], incident)
    with pytest.raises(Refused):
        handling.note(cast[name], incident, word="note", text="x")
    if name in ("administrator_other", "sole"):
        assert see_incidents(cast[name], None) == []
    else:
        with pytest.raises(Refused):
            see_incidents(cast[name], None)


@pytest.mark.clause("N3.11")
def test_its_own_administrators_and_the_operator_see_to_it(cast: Cast) -> None:
    incident = incident_of(cast)
    for name in ("administrator_same", "self_inviting", "operator"):
        assert see_incident(cast[name], incident).report["what"].startswith("タブレット")
        handling.note(cast[name], incident, word="phoned", text="")
    assert Entry.objects.filter(incident=incident, word="phoned").count() == 3


@pytest.mark.clause("N3.11")
def test_what_was_done_is_never_written_over_even_by_who_holds_the_database(cast: Cast) -> None:
    handling.note(cast["operator"], incident_of(cast), word="phoned", text="折り返した")
    entry = Entry.objects.latest("at")
    before = list(Entry.objects.values())
    entry.word = "note"
    for change in (entry.save, entry.delete, Entry.objects.all().delete):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()
    assert list(Entry.objects.values()) == before


def test_of_a_minor_one_the_operator_sees_facts_alone(cast: Cast) -> None:
    incident = incident_of(cast, severity="minor")
    lines = see_incidents(cast["operator"], None)
    assert [(one.number, one.kind, one.opens) for one in lines] == [(1, "lost_device", False)]
    assert "タブレット" not in repr(lines)
    with pytest.raises(Refused):
        see_incident(cast["operator"], incident)


def test_who_is_accused_does_not_see_the_report_and_not_who_made_it(cast: Cast) -> None:
    incident = incident_of(
        cast, kind="misuse", severity="minor", account_id=cast.account("administrator_same")
    )
    with pytest.raises(Refused):
        see_incident(cast["administrator_same"], incident)
    assert see_incidents(cast["administrator_same"], None) == []
    assert see_home(cast["administrator_same"], None).tasks == [
        one for one in see_home(cast["administrator_same"], None).tasks if one.kind != "incident"
    ]
    see_incident(cast["self_inviting"], incident)  # the other administrator
    see_incident(cast["operator"], incident)


def test_another_regions_operator_meets_nothing(cast: Cast) -> None:
    incident = incident_of(cast)
    with loading():
        region, policy = make_region("隣の地域")
        account = make_account(region, "neighbour@example.org")
        from renkei.people.services import appoint_operator
        from tests.cast import LOADER

        appoint_operator(LOADER, None, account=account)
    account.acknowledged_id, account.password_changed_at = policy, clock.now()
    account.save()
    neighbour = person("neighbour", account).actor
    assert see_incidents(neighbour, None) == []
    with pytest.raises(Unknown):
        see_incident(neighbour, incident)


@pytest.mark.clause("N3.11")
def test_what_was_done_is_only_added_to_and_its_lines_commit_to_it(cast: Cast) -> None:
    incident = incident_of(cast)
    handling.note(cast["administrator_same"], incident, word="police", text="駅前交番 第12号")
    handling.note(cast["operator"], incident, word="note", text="電話で確認")
    entries = see_incident(cast["operator"], incident).entries
    assert [(one.word, one.text, one.by) for one in entries] == [
        ("police", "駅前交番 第12号", "administrator_same さん"),
        ("note", "電話で確認", "operator さん"),
    ]
    lines = AuditEvent.objects.filter(action="incident.handle")
    from hashlib import sha256

    for entry, line in zip(Entry.objects.order_by("at"), lines.order_by("at"), strict=True):
        assert sha256(bytes(entry.text_sealed or b"")).hexdigest() in line.detail
        assert "交番" not in line.detail
    assert trail.verify()[1] == []


@pytest.mark.clause("N3.11")
@pytest.mark.parametrize(
    ("wrongful", "first", "final"),
    [(False, date(2026, 12, 1), date(2026, 12, 26)), (True, date(2026, 12, 1), date(2027, 1, 25))],
)
def test_the_day_it_became_known_is_day_one_and_weekends_count(
    wrongful: bool, first: date, final: date
) -> None:
    friday = date(2026, 11, 27)
    due = deadlines(friday, wrongful=wrongful)
    assert (due.first_soon, due.first, due.final) == (date(2026, 11, 29), first, final)


def test_the_clock_shows_what_comes_next() -> None:
    known = {"known_on": date(2026, 11, 27), "kind": "leak", "duty": "checking", "wrongful": False}
    assert next_due(**known, first_done=False, final_done=False) == date(2026, 12, 1)
    assert next_due(**known, first_done=True, final_done=False) == date(2026, 12, 26)
    assert next_due(**known, first_done=True, final_done=True) is None
    assert next_due(**{**known, "duty": "not_required"}, first_done=False, final_done=False) is None
    assert next_due(**{**known, "kind": "system_fault"}, first_done=False, final_done=False) is None


@pytest.mark.clause("N3.11")
def test_home_counts_down_for_who_sees_to_it(cast: Cast) -> None:
    incident_of(cast)
    due = clock.today() + timedelta(days=4)
    for name in ("administrator_same", "operator"):
        tasks = [one for one in see_home(cast[name], None).tasks if one.kind == "incident"]
        assert [(one.until, one.count) for one in tasks] == [(due, 1)]
    for name in ("administrator_other", "nurse", "manager"):
        assert not [one for one in see_home(cast[name], None).tasks if one.kind == "incident"]


@pytest.mark.clause("N3.11")
def test_it_is_closed_with_a_cause_and_a_measure_and_not_before_the_report(cast: Cast) -> None:
    incident, admin = incident_of(cast), cast["administrator_same"]
    whole = {"cause": "置き忘れ", "measure": "ストラップを付ける"}
    with pytest.raises(Problem):  # nobody has decided what the law asks
        handling.close(admin, incident, **whole)
    assess(cast, incident, duty="required")
    with pytest.raises(Problem):
        handling.close(admin, incident, **whole)
    days = {"first_reported_on": clock.today(), "final_reported_on": clock.today()}
    with pytest.raises(Problem):
        handling.state(
            admin, incident, statement=Statement(), first_reported_on=None,
            final_reported_on=clock.today(),
        )  # fmt: skip
    handling.state(admin, incident, statement=Statement(cause="置き忘れ"), **days)
    for missing in whole:
        with pytest.raises(Problem):
            handling.close(admin, incident, **{**whole, missing: " "})
    handling.close(admin, incident, **whole)
    assert see_incident(admin, incident).closing == whole
    with pytest.raises(Refused):
        handling.note(admin, incident, word="note", text="あとから")
    assert Incident.objects.get(pk=incident).closed_at is not None


def test_no_day_lies_in_the_future(cast: Cast) -> None:
    incident, tomorrow = incident_of(cast), clock.today() + timedelta(days=1)
    with pytest.raises(Problem):
        assess(cast, incident, known_on=tomorrow)
    with pytest.raises(Problem):
        handling.state(
            cast["operator"], incident, statement=Statement(), first_reported_on=tomorrow,
            final_reported_on=None,
        )  # fmt: skip


def test_only_who_may_see_it_is_given_it(cast: Cast) -> None:
    incident = incident_of(cast)
    for name in ("nurse", "administrator_other", "manager"):
        with pytest.raises(Problem):
            assess(cast, incident, assigned=cast.account(name))
    assess(cast, incident, assigned=cast.account("self_inviting"))
    assert see_incident(cast["operator"], incident).line.assigned == "self_inviting さん"


def test_the_draft_of_the_report_is_filled_with_what_is_known(cast: Cast) -> None:
    case = see_incident(cast["administrator_same"], incident_of(cast))
    assert case.statement.outline.startswith("タブレット")
    assert "要配慮個人情報" in case.statement.exposed
    assert case.statement.number == "1"  # the manager is in one group


@pytest.mark.clause("N2.3")
def test_the_operator_sees_no_patient_of_an_incident(cast: Cast) -> None:
    incident = incident_of(cast)
    own = see_incident(cast["administrator_same"], incident)
    assert [name for _, name in own.patients] == ["髙橋 節子"]
    handling.tell(
        cast["administrator_same"],
        incident,
        patient=cast.patient,
        organization=None,
        day=clock.today(),
        how="電話でご本人に",
    )
    seen = see_incident(cast["operator"], incident)
    assert seen.patients == []
    assert "髙橋" not in repr(seen)
    with pytest.raises(Problem):
        handling.tell(
            cast["operator"], incident, patient=cast.patient, organization=None,
            day=clock.today(), how="x",
        )  # fmt: skip


def test_only_ones_own_patients_are_written_down_as_told(cast: Cast) -> None:
    incident = incident_of(cast)
    patient, _ = group_about(cast, "clinic", {"nurse": True})
    with pytest.raises(Problem):
        handling.tell(
            cast["administrator_same"], incident, patient=patient, organization=None,
            day=clock.today(), how="x",
        )  # fmt: skip


def test_one_without_organization_is_handed_over(cast: Cast) -> None:
    incident = incident_of(cast, organization=None, way="unproved", account_id=None)
    with pytest.raises(Refused):
        see_incident(cast["administrator_other"], incident)
    handling.hand_over(cast["operator"], incident, organization=cast.organizations["clinic"])
    see_incident(cast["administrator_other"], incident)
    with pytest.raises(Problem):
        handling.hand_over(cast["operator"], incident, organization=cast.organizations["station"])


def test_whoever_blocks_from_the_desk_blocks_their_own_devices_alone(cast: Cast) -> None:
    from renkei.device.models import Device

    incident = incident_of(cast)
    theirs = Device.objects.get(organization=cast.organizations["pharmacy"])
    with pytest.raises(Problem):
        handling.block(cast["administrator_same"], incident, device=theirs.id)
    assert Device.objects.get(pk=theirs.pk).state == "in_use"


@pytest.mark.clause("N3.11")
def test_mail_says_that_there_is_something_and_nothing_of_it(
    cast: Cast, settings: object, django_capture_on_commit_callbacks: object, monkeypatch: object
) -> None:
    from renkei.incident import reporting
    from renkei.people import post

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.EMAIL_HOST = "mail.example.org"
    monkeypatch.setattr(post, "Thread", Now)
    with django_capture_on_commit_callbacks(execute=True):
        reporting.report(cast["manager"], None, kind="leak", what="髙橋さんの紙をなくした")
    assert {one.to[0] for one in mail.outbox} == {
        "administrator_same@example.org", "self_inviting@example.org", "operator@example.org"
    }  # fmt: skip
    for one in mail.outbox:
        assert len(one.to) == 1
        assert "髙橋" not in one.body + one.subject and "manager" not in one.body


class Now:
    """A thread that runs before it is started for real."""

    def __init__(self, target, args, daemon):
        self.run = lambda: target(*args)

    def start(self):
        self.run()
