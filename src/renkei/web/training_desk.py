"""Who is missing: for administrators and the operator; lectures, and what was done on paper."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponse
from django.utils import translation
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from renkei.group.shell import see_shell
from renkei.training import desk, held, lectures
from renkei.training.desk import Place, Row
from renkei.web import training_words as words
from renkei.web.page import page, tried
from renkei.web.patient import after, own_organization
from renkei.web.sheet import sheet
from renkei.web.training_forms import AttendanceForm, LectureForm, RecordForm
from renkei.web.training_paper import attendance_paper
from renkei.web.values import id_or_none, ids_in

if TYPE_CHECKING:
    from renkei.web.frame import Request

HEAD = (
    "事業所", "氏名", "ふりがな", "職種", "講習", "状態", "修了した日", "有効期限", "方法", "番号",
)  # fmt: skip
FILTERS = {"": ("missing", "lapsed", "soon", "valid"), "due": ("missing", "lapsed", "soon")}


def _as_sheet(places: list[Place]) -> HttpResponse:
    """Everybody with every course, a line each; Japanese, whoever asks."""
    with translation.override("ja"):
        lines = [line for place in places for one in place.people for line in _lines(one)]
        return sheet("training", [HEAD, *lines])


def _lines(one: Row) -> list[tuple[str, ...]]:
    face = one.face
    return [
        (
            face.organization,
            face.name,
            face.kana,
            face.profession,
            state.title,
            str(words.STATES[state.word]),
            state.last_on.isoformat() if state.last_on else "",
            state.until.isoformat() if state.until else "",
            str(words.WAYS[state.way]) if state.last_on else "",
            state.number,
        )
        for state in one.states
    ]


@require_safe
def of_staff(request: "Request") -> HttpResponse:
    """One's own people, and what is missing or due of each."""
    shell = see_shell(request.actor, None)
    place = desk.see_staff_training(request.actor, own_organization(shell))
    if request.GET.get("csv"):
        return _as_sheet([place])
    chosen = request.GET.get("show", "")
    shown = FILTERS.get(chosen, FILTERS[""])
    people = [one for one in place.people if one.word in shown]
    return page(
        request, "training/staff.html", shell=shell, office=place, people=people, chosen=chosen,
        words=words,
    )  # fmt: skip


@require_safe
def of_all(request: "Request") -> HttpResponse:
    """All organizations, for the operator; and whether a certificate is genuine."""
    overview = desk.see_overview(request.actor, None)
    if request.GET.get("csv"):
        return _as_sheet(overview.places)
    number = request.GET.get("number", "").strip()[:40]
    found = desk.verify_certificate(request.actor, None, number) if number else None
    return page(
        request, "training/all.html", overview=overview, number=number, found=found, words=words
    )


@require_http_methods(["GET", "POST"])
def of_organization(request: "Request", organization: UUID) -> HttpResponse:
    """Record that an organization has done its training before use (F1)."""
    place, recorded = desk.see_organization(request.actor, organization)
    form = RecordForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and tried(
        form, lambda: lectures.record_training(request.actor, organization, **form.cleaned_data)
    ):
        return after("training_organization", organization=organization)
    return page(
        request, "training/organization.html", status=422 if form.is_bound else 200, form=form,
        office=place, recorded=recorded, words=words,
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def all_lectures(request: "Request") -> HttpResponse:
    """The lectures, and a form for the next."""
    lines, courses = held.see_lectures(request.actor, None)
    form = LectureForm(request.POST if request.method == "POST" else None, courses=courses)
    made: list[UUID] = []
    if form.is_valid() and tried(
        form,
        lambda: made.append(lectures.hold_lecture(request.actor, None, **form.cleaned_data)),
    ):
        return after("training_lecture", lecture=made[0])
    status = 422 if form.is_bound else 200
    return page(request, "training/lectures.html", status=status, form=form, lines=lines)


@require_http_methods(["GET", "POST"])
def lecture(request: "Request", lecture: UUID) -> HttpResponse:
    """One lecture: who was there; ticked, pasted or keyed in."""
    chosen = id_or_none(request.GET.get("organization", ""))
    found = held.see_lecture(request.actor, None, lecture, chosen)
    sent = request.POST if request.method == "POST" else None
    form = AttendanceForm(sent, applications=found.applications)
    unknown: list[str] = []
    if form.is_valid() and tried(form, lambda: unknown.extend(_record(request, lecture, form))):
        if not unknown:
            return after("training_lecture", lecture=lecture)
        rest = {"lines": "\n".join(unknown)}
        form = AttendanceForm(initial=rest, applications=found.applications)
        found = held.see_lecture(request.actor, None, lecture, chosen)
    return page(
        request, "training/lecture.html", status=422 if unknown or form.is_bound else 200,
        held=found, form=form, unknown=unknown, chosen=chosen,
        ticked=set(request.POST.getlist("there")),
    )  # fmt: skip


def _record(request: "Request", lecture: UUID, form: AttendanceForm) -> list[str]:
    ticked = ids_in(request.POST.getlist("there"))
    return lectures.record_attendance(
        request.actor, None, lecture=lecture, accounts=ticked, **form.cleaned_data
    )


@require_safe
def attendance(request: "Request", lecture: UUID) -> HttpResponse:
    """The list to sign, A4; with the names of one organization if it is chosen."""
    chosen = id_or_none(request.GET.get("organization", ""))
    found = held.see_lecture(request.actor, None, lecture, chosen)
    response = HttpResponse(attendance_paper(found), content_type="application/pdf")
    response.headers["Content-Disposition"] = 'inline; filename="attendance.pdf"'
    return response


@require_POST
def annul(request: "Request", completion: UUID) -> HttpResponse:
    """What was recorded by mistake counts no more."""
    lectures.annul_completion(request.actor, None, completion=completion)
    lecture = id_or_none(request.POST.get("lecture", ""))
    if lecture is not None:
        return after("training_lecture", lecture=lecture)
    organization = id_or_none(request.POST.get("organization", ""))
    if organization is not None:
        return after("training_organization", organization=organization)
    return after("training_all")
