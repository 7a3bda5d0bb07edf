"""What patients ask about their own information: received, seen to, answered in time (P4)."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from renkei.group.shell import see_shell
from renkei.kernel import clock
from renkei.patient import rights
from renkei.patient.models import Answer, Asked, RightsRequest
from renkei.patient.printing import print_request
from renkei.web.device import origin
from renkei.web.fields import Choice, Day, Line, Paragraph, Pills
from renkei.web.page import page, tried
from renkei.web.patient import after, own_organization
from renkei.web.pdf_answer import shown

if TYPE_CHECKING:
    from renkei.web.frame import Request

KINDS = {
    "purpose": _("To know what it is used for"),
    "disclosure": _("To see what is kept (disclosure)"),
    "provision": _("To see to whom it was given"),
    "correction": _("To correct or add"),
    "erasure": _("To erase"),
    "stop_use": _("To stop its use"),
    "stop_provision": _("To stop giving it to others"),
}
REQUESTERS = {
    "patient": _("The patient"),
    "legal": _("Legal representative"),
    "delegate": _("Somebody the patient delegated"),
    "bereaved": _("Family of a patient who died"),
}
RESULTS = {
    "granted": _("Granted in full"),
    "partly": _("Granted in part"),
    "refused": _("Refused"),
    "nothing": _("Nothing of the kind is kept"),
}
IDENTITY = [(one, one) for one in rights.IDENTITY]
WAYS = [("", "—"), *((one, one) for one in rights.WAYS)]


class Ticks(forms.MultipleChoiceField):
    """Several of a few, each with its box."""

    def __init__(self, **options: Any) -> None:
        sentence = _("Please choose at least one.")
        messages = dict.fromkeys(("required", "invalid_choice", "invalid_list"), sentence)
        options["error_messages"] = messages
        super().__init__(widget=forms.CheckboxSelectMultiple(), **options)


class AssignForm(forms.Form):
    """Who sees to a request."""

    assigned = Choice(label=_("Who sees to it"), required=False)

    def __init__(self, *args: Any, staff: list[rights.Staff], **options: Any) -> None:
        super().__init__(*args, **options)
        assigned = self.fields["assigned"]
        assert isinstance(assigned, Choice)
        assigned.choices = [("", "—"), *((str(one.account), one.name) for one in staff)]


class RequestForm(AssignForm):
    """A request as it came."""

    kinds = Ticks(label=_("What is asked for"), choices=list(KINDS.items()))
    scope = Paragraph(label=_("Which information"), rows=3, max_length=1000)
    period = Line(label=_("From when to when"), required=False, max_length=100)
    way = Choice(label=_("How it is to be received"), choices=WAYS, required=False)
    correction = Paragraph(
        label=_("What is to be corrected: as it is, and as it should be"),
        required=False,
        max_length=1000,
    )
    reason = Paragraph(
        label=_("Reason"),
        required=False,
        rows=2,
        max_length=1000,
        help_text=_("Nobody has to give a reason."),
    )
    requester = Pills(label=_("Who asks"), choices=list(REQUESTERS.items()))
    requester_name = Line(
        label=_("Name and relationship, if it is not the patient"), required=False, max_length=100
    )
    identity = Ticks(
        label=_("How the person was identified"),
        choices=IDENTITY,
        help_text=_("Keep no copy. That it was checked is enough."),
    )
    received_on = Day(label=_("Received on"))

    def received(self) -> rights.Received:
        """The request as the record keeps it."""
        cleaned = self.cleaned_data
        return rights.Received(
            kinds=tuple(cleaned["kinds"]),
            requester=cleaned["requester"],
            asked=Asked(
                requester_name=cleaned["requester_name"],
                identity=list(cleaned["identity"]),
                scope=cleaned["scope"],
                period=cleaned["period"],
                way=cleaned["way"],
                correction=cleaned["correction"],
                reason=cleaned["reason"],
            ),
            received_on=cleaned["received_on"],
            assigned=UUID(cleaned["assigned"]) if cleaned["assigned"] else None,
        )


class AnswerForm(forms.Form):
    """The answer to a request."""

    result = Pills(label=_("Result"), choices=list(RESULTS.items()))
    done = Paragraph(label=_("What was done"), required=False, max_length=1500)
    provided = Line(label=_("What was handed over, how and how much"), required=False)
    withheld = Paragraph(label=_("Parts withheld"), required=False, rows=2, max_length=1000)
    reasons = Paragraph(
        label=_("Reasons"),
        required=False,
        rows=2,
        max_length=1000,
        help_text=_("Needed where the request is refused in whole or in part."),
    )
    told_others = Line(label=_("Who else was told of it"), required=False)
    answerer = Line(label=_("Answered by (name and office)"), max_length=100)
    answered_on = Day(label=_("Date of the answer"))

    def answer(self) -> Answer:
        """The answer as the record keeps it."""
        names = ("done", "provided", "withheld", "reasons", "told_others", "answerer")
        return Answer(**{name: self.cleaned_data[name] for name in names})


def _words() -> dict[str, Any]:
    return {"kinds": KINDS, "requesters": REQUESTERS, "results": RESULTS}


@require_safe
def requests(request: "Request") -> HttpResponse:
    """The requests one's organization has received."""
    shell = see_shell(request.actor, None)
    found = rights.see_requests(request.actor, own_organization(shell))
    return page(request, "rights/list.html", shell=found.shell, found=found, **_words())


@require_safe
def counts(request: "Request") -> HttpResponse:
    """For the operator: how many there are and how many are late, and nothing else."""
    return page(request, "rights/counts.html", lines=rights.count_requests(request.actor, None))


@require_http_methods(["GET", "POST"])
def of_patient(request: "Request", patient: UUID) -> HttpResponse:
    """The requests about one patient, and taking in another."""
    desk = rights.see_rights(request.actor, patient)
    initial = {"received_on": clock.today(), "requester": "patient"}
    form = RequestForm(request.POST or None, initial=initial, staff=desk.staff)
    made: list[RightsRequest] = []
    if form.is_valid() and tried(
        form,
        lambda: made.append(
            rights.receive_request(request.actor, patient, received=form.received())
        ),
    ):
        return after("rights_one", patient=patient, number=made[0].number)
    status = 422 if form.errors else 200
    return page(
        request, "rights/patient.html", shell=desk.shell, desk=desk, form=form, status=status,
        **_words(),
    )  # fmt: skip


def _one(
    request: "Request", desk: rights.RightsDesk, number: int, answer: AnswerForm, assign: AssignForm
) -> HttpResponse:
    status = 422 if answer.errors or assign.errors else 200
    return page(
        request, "rights/one.html", shell=desk.shell, desk=desk, one=desk.one(number),
        form=answer, assign=assign, status=status, **_words(),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def one(request: "Request", patient: UUID, number: int) -> HttpResponse:
    """One request: what is asked, by when it is answered, and the answer."""
    desk = rights.see_rights(request.actor, patient)
    line = desk.one(number)
    assigning = request.POST.get("go") == "assign"
    assign = AssignForm(
        request.POST if assigning else None,
        initial={"assigned": str(line.assigned_id or "")},
        staff=desk.staff,
    )
    form = AnswerForm(
        request.POST if request.method == "POST" and not assigning else None,
        initial={"answered_on": clock.today(), "answerer": desk.shell.me.face.name},
    )
    if assign.is_valid() and tried(
        assign,
        lambda: rights.assign_request(
            request.actor,
            patient,
            number=number,
            account=UUID(assign.cleaned_data["assigned"])
            if assign.cleaned_data["assigned"]
            else None,
        ),
    ):
        return after("rights_one", patient=patient, number=number)
    if form.is_valid() and tried(
        form,
        lambda: rights.answer_request(
            request.actor,
            patient,
            number=number,
            result=form.cleaned_data["result"],
            answer=form.answer(),
            answered_on=form.cleaned_data["answered_on"],
        ),
    ):
        return after("rights_one", patient=patient, number=number)
    return _one(request, desk, number, form, assign)


@require_POST
def paper(request: "Request", patient: UUID, number: int) -> HttpResponse:
    """The request as received, or with ``what=answer`` its answer, as a sheet of paper."""
    answer = request.POST.get("what") == "answer"
    return shown(
        print_request(request.actor, patient, number, answer=answer, origin=origin(request))
    )
