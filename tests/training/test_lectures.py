"""Courses held live, training from paper, and who is missing (A9, F1)."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from renkei.enrollment.form_1 import Form1, closed
from renkei.enrollment.models import Application
from renkei.kernel import clock
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem, Refused, Unknown
from renkei.people.models import Account, Organization, PractitionerRole
from renkei.region.models import Region
from renkei.training import certificates, desk, held, lectures
from renkei.training.models import FIRST, Attendance, Completion
from tests.cast import Cast
from tests.training.test_taking import line_of, place_trained_on, trained_on
from tests.training.world import lecture_of, take

pytestmark = pytest.mark.clause("A9", "F1")


def record(cast: Cast, *names: str, **given: object) -> list[str]:
    return lectures.record_attendance(
        cast["operator"],
        None,
        lecture=lecture_of(cast),
        accounts=[cast.account(name) for name in names],
        **given,  # type: ignore[arg-type]
    )


def test_who_stands_on_the_list_is_trained_on_the_day_of_the_lecture(cast: Cast) -> None:
    day = clock.today() - timedelta(days=3)
    lecture = lectures.hold_lecture(
        cast["operator"], None, course=FIRST, on=day, place="公民館", teacher="講師 一"
    )
    lectures.record_attendance(
        cast["operator"], None, lecture=lecture,
        accounts=[cast.account("nurse"), cast.account("administrator_other")],
    )  # fmt: skip
    assert trained_on(cast, "nurse") == day and place_trained_on(cast, "clinic") == day
    assert line_of(cast, "nurse").state.way == "lecture"
    assert Completion.objects.filter(lecture=lecture).count() == 2


def test_names_and_addresses_are_pasted_and_what_fits_nobody_or_several_is_given_back(
    cast: Cast,
) -> None:
    twin = Account.objects.get(pk=cast.account("former"))
    twin.seal("profile_sealed", {"name": "stranger さん", "kana": "さん"})
    twin.save()
    pasted = ["NURSE@example.org", "manager　さん", "stranger さん", "どこにも いない"]
    assert record(cast, lines="\n".join([*pasted, "family@example.org", ""])) == [
        "stranger さん",
        "どこにも いない",
        "family@example.org",
    ]
    found = set(Completion.objects.values_list("account", flat=True))
    assert found == {cast.account("nurse"), cast.account("manager")}


def test_recorded_twice_counts_once_and_by_mistake_not_at_all(cast: Cast) -> None:
    record(cast, "nurse", "administrator_other")
    record(cast, "nurse")
    done = Completion.objects.get(account=cast.account("nurse"))
    lectures.annul_completion(cast["operator"], None, completion=done.id)
    assert trained_on(cast, "nurse") is None and line_of(cast, "nurse").state.word == "missing"
    with pytest.raises(Unknown):
        certificates.see_certificate(cast["nurse"], None, done.number)
    verified = desk.verify_certificate(cast["operator"], None, done.number)
    assert verified is not None and verified.annulled
    with pytest.raises(Unknown):
        lectures.annul_completion(cast["operator"], None, completion=done.id)
    record(cast, "nurse")  # they were there after all
    assert trained_on(cast, "nurse") == clock.today()
    assert Attendance.objects.filter(account=cast.account("nurse")).count() == 1
    administrators = Completion.objects.get(account=cast.account("administrator_other"))
    lectures.annul_completion(cast["operator"], None, completion=administrators.id)
    assert place_trained_on(cast, "clinic") is None


def test_what_a_person_has_shown_themselves_nobody_annuls(cast: Cast) -> None:
    take(cast, "nurse")
    with pytest.raises(Unknown):
        lectures.annul_completion(cast["operator"], None, completion=Completion.objects.get().id)
    assert trained_on(cast, "nurse") == clock.today()


def test_nobody_was_at_a_lecture_that_is_still_to_come(cast: Cast) -> None:
    lecture = lectures.hold_lecture(
        cast["operator"], None, course=FIRST, on=clock.today() + timedelta(days=1), place="",
        teacher="講師 一",
    )  # fmt: skip
    with pytest.raises(Problem, match="still to come"):
        lectures.record_attendance(
            cast["operator"], None, lecture=lecture, accounts=[cast.account("nurse")]
        )
    assert not Completion.objects.exists()


def test_who_works_for_nobody_or_is_of_another_region_is_not_known(cast: Cast) -> None:
    PractitionerRole.objects.filter(pk=cast.role("stranger")).update(ended_at=clock.now())
    for account in (cast.account("family"), cast.account("stranger"), uuid4()):
        with pytest.raises(Unknown):
            lectures.record_attendance(
                cast["operator"], None, lecture=lecture_of(cast),
                accounts=[cast.account("nurse"), account],
            )  # fmt: skip
    assert not Completion.objects.exists()


@pytest.mark.parametrize("name", ["administrator_same", "nurse", "family"])
def test_only_the_operator_says_who_was_there(cast: Cast, name: str) -> None:
    lecture, station = lecture_of(cast), cast.organizations["station"]
    for step in (
        lambda: lectures.hold_lecture(
            cast[name], None, course=FIRST, on=clock.today(), place="", teacher="一"
        ),
        lambda: lectures.record_attendance(
            cast[name], None, lecture=lecture, accounts=[cast.account(name)]
        ),
        lambda: held.see_lecture(cast[name], None, lecture, station),
        lambda: lectures.record_training(cast[name], station, on=clock.today(), way="paper"),
        lambda: desk.see_overview(cast[name], None),
        lambda: desk.verify_certificate(cast[name], None, "2" * 12),
    ):
        with pytest.raises(Refused):
            step()


def test_guests_stand_on_the_list_and_train_the_organization_that_has_applied(cast: Cast) -> None:
    application = applied(cast)
    for state in (Application.State.DRAFT, Application.State.APPROVED, Application.State.REFUSED):
        Application.objects.filter(pk=application).update(state=state)
        with pytest.raises(Unknown):
            record(cast, guests="青葉 一郎", application=application)
    Application.objects.filter(pk=application).update(state=Application.State.SENT)
    record(cast, guests="", application=application)  # nobody was there
    assert Application.objects.get(pk=application).trained_on is None
    record(cast, guests="あおば訪問看護、青葉 一郎\n青葉 二郎", application=application)
    found = Application.objects.get(pk=application)
    assert (found.trained_on, found.trained_way) == (clock.today(), "lecture")
    seen = held.see_lecture(cast["operator"], None, lecture_of(cast), None)
    assert [(one.name, one.organization) for one in seen.there] == [
        ("青葉 二郎", ""),
        ("青葉 一郎", "あおば訪問看護"),
    ]
    assert seen.applications == [(application, "あおば訪問看護")]
    assert not Completion.objects.exists()
    with pytest.raises(Unknown):
        record(cast, guests="青葉 三郎", application=uuid4())


def applied(cast: Cast) -> UUID:
    """An organization has applied and waits, as a row."""
    region = Region.objects.get(pk=cast.region)
    now = clock.now()
    one = Application(
        id=uuid7(), key_id=region.key_id, region=region, token="a" * 64, made_at=now,
        changed_at=now, sent_at=now, state=Application.State.SENT,
    )  # fmt: skip
    one.seal("content", closed(Form1(name="あおば訪問看護")))
    one.save(force_insert=True)
    return one.id


def test_the_operator_records_an_organizations_training_from_paper(cast: Cast) -> None:
    station = cast.organizations["station"]
    day = clock.today() - timedelta(days=5)
    for bad in (
        {"on": clock.today() + timedelta(days=1), "way": "paper"},
        {"on": day, "way": "check"},
    ):
        with pytest.raises(Problem):
            lectures.record_training(cast["operator"], station, **bad)  # type: ignore[arg-type]
    assert place_trained_on(cast, "station") is None
    lectures.record_training(cast["operator"], station, on=day, way="paper")
    assert place_trained_on(cast, "station") == day
    assert trained_on(cast, "manager") is None  # each person's stays their own
    lectures.annul_completion(
        cast["operator"], None, completion=Completion.objects.get(organization=station).id
    )
    assert place_trained_on(cast, "station") is None


def test_the_first_date_of_an_organization_stays(cast: Cast) -> None:
    first = clock.today() - timedelta(days=400)
    Organization.objects.filter(pk=cast.organizations["clinic"]).update(trained_on=first)
    take(cast, "administrator_other")
    assert place_trained_on(cast, "clinic") == first


def test_the_administrator_sees_who_of_their_own_is_missing_and_nobody_elses(cast: Cast) -> None:
    take(cast, "nurse")
    clinic = cast.organizations["clinic"]
    place = desk.see_staff_training(cast["administrator_other"], clinic)
    words = {one.face.name: one.word for one in place.people}
    assert words == {
        "nurse さん": "valid", "physician さん": "missing", "invited さん": "missing",
        "administrator_other さん": "missing",
    }  # fmt: skip
    for name in ("administrator_same", "nurse", "operator", "family"):
        with pytest.raises(Refused):
            desk.see_staff_training(cast[name], clinic)


def test_the_operator_sees_who_is_missing_in_each_organization(cast: Cast) -> None:
    take(cast, "administrator_other")
    overview = desk.see_overview(cast["operator"], None)
    assert overview.before_use == "organization"
    by_name = {one.name: one for one in overview.places}
    assert by_name["clinic事業所"].trained_on == clock.today()
    assert by_name["clinic事業所"].count("missing") == 3
    assert overview.places[-1].name == "clinic事業所"  # those with nothing done come first


def test_a_certificate_is_verified_by_its_number_however_it_is_typed(cast: Cast) -> None:
    take(cast, "nurse")
    number = Completion.objects.get().number
    typed = f" {number[:4].lower()}-{number[4:8]} {number[8:]}"
    found = desk.verify_certificate(cast["operator"], None, typed)
    assert found is not None and found.name == "nurse さん" and not found.annulled
    assert desk.verify_certificate(cast["operator"], None, number[:-1]) is None
