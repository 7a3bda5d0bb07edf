"""Reporting loss, misuse and faults: from any screen, with a session or without (N3.10, N3.11)."""

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from renkei.communication.taken_back import TakenBack, see_taken_back
from renkei.incident import reporting
from renkei.incident.models import Incident
from renkei.incident.opening import WHAT_LENGTH, Report
from renkei.incident.reporting import REPORT_PAGE
from renkei.incident.stopping import OwnDevice
from renkei.kernel.errors import Problem, Refused, SignedOut, Unknown
from renkei.people.disclosures import see_contacts
from renkei.policy.use_case import GateClosed
from renkei.region.disclosures import public_region
from renkei.web.environment import moment
from renkei.web.errors import answer, sentence
from renkei.web.incident_words import KINDS
from renkei.web.limits import HOUR, MINUTES_15, too_many
from renkei.web.page import tried
from renkei.web.values import id_or_none

if TYPE_CHECKING:
    from renkei.web.frame import Request

REPORTS: Final = (("ip", 10, HOUR), ("all", 200, HOUR))  # without a session
CODES: Final = (("ip", 20, HOUR), ("email", 30, HOUR), ("both", 5, MINUTES_15))
NOT_KNOWN: Final = (SignedOut, Refused, GateClosed)  # who is not, or not here
_WHAT = gettext_lazy("Please write what happened, in up to 4,000 characters.")
_INPUT = {"class": "input"}


class QuestionsForm(forms.Form):
    """What happened, when, and where to call: the part that everybody is asked."""

    what = forms.CharField(
        label=gettext_lazy("What happened"),
        max_length=WHAT_LENGTH,
        error_messages=dict.fromkeys(("required", "max_length"), _WHAT),
        help_text=gettext_lazy("As far as you know it. Do not write patients' names."),
        widget=forms.Textarea(attrs={**_INPUT, "rows": 4}),
    )
    when = forms.CharField(
        label=gettext_lazy("When you noticed it, when it happened"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs=_INPUT),
    )
    phone = forms.CharField(
        label=gettext_lazy("Phone on which we can call you"),
        max_length=40,
        required=False,
        widget=forms.TextInput(
            attrs={**_INPUT, "type": "tel", "inputmode": "tel", "autocomplete": "tel"}
        ),
    )


class KnownForm(QuestionsForm):
    """The report of somebody who is signed in."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What is it about?"),
        choices=list(KINDS.items()),
        error_messages={"required": gettext_lazy("Please choose one.")},
        widget=forms.RadioSelect,
    )
    field_order = ["kind", "what", "when", "phone"]


class UnknownForm(KnownForm):
    """The report of somebody who is not signed in and shows no code."""

    name = forms.CharField(
        label=gettext_lazy("Your name"),
        max_length=100,
        error_messages={"required": gettext_lazy("Please write your name.")},
        widget=forms.TextInput(attrs={**_INPUT, "autocomplete": "name"}),
    )
    organization = forms.ChoiceField(
        label=gettext_lazy("Your organization"),
        required=False,
        widget=forms.Select(attrs=_INPUT),
    )
    field_order = ["kind", "name", "organization", "phone", "what", "when"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["phone"].required = True
        self.fields["phone"].error_messages["required"] = _(
            "Please give a number on which we can call."
        )
        listed = [(str(one), name) for one, name in reporting.organizations_to_name()]
        choice: Any = self.fields["organization"]
        choice.choices = [("", _("Another, or I do not know")), *listed]


class CodeForm(forms.Form):
    """E-mail and a number of the disaster card."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={**_INPUT, "autocomplete": "username"}),
    )
    code = forms.CharField(
        label=gettext_lazy("A number of your disaster card"),
        max_length=40,
        widget=forms.TextInput(attrs={**_INPUT, "inputmode": "numeric", "autocomplete": "off"}),
    )


def _by_phone(request: "Request") -> HttpResponse:
    region = public_region()
    return answer(
        request,
        429,
        _("Please call now."),
        _("Too many reports came from here. Call %(name)s, %(phone)s.")
        % {"name": region.operator_name, "phone": region.phone},
    )


def _contacts(request: "Request") -> dict[str, Any]:
    try:
        work, contacts = see_contacts(request.actor, None)
    except NOT_KNOWN:
        work, contacts = [], []
    return {"work": work, "contacts": contacts}


def _page(request: "Request", status: int = 200, **forms_typed: Any) -> HttpResponse:
    """The first page; who is signed in sees their own devices on it."""
    devices: list[OwnDevice] = []
    here: UUID | None = None
    try:
        devices, here = reporting.see_own_devices(request.actor, None)
        known = True
    except NOT_KNOWN:
        known = False
    chosen = request.GET.get("kind", "")
    initial = {"kind": chosen} if chosen in Incident.Kind.values else {}
    if known and (message := id_or_none(request.GET.get("withdrawn", ""))):
        initial |= _drafted(request, message)
    context: dict[str, Any] = {
        "form": KnownForm(initial=initial) if known else UnknownForm(initial=initial),
        "code_form": CodeForm(),
        "devices": devices,
        "device_here": here,
        "known": known,
    }
    context |= _contacts(request) | forms_typed
    return render(request, "report/report.html", context, status=status)


def _drafted(request: "Request", message: UUID) -> dict[str, str]:
    """What can be said already of one's own message that one withdrew; nothing of its words."""
    try:
        back = see_taken_back(request.actor, message)
    except (*NOT_KNOWN, Unknown):
        return {}
    return {
        "kind": Incident.Kind.WRONG_POST.value,
        "what": _draft(back)[:WHAT_LENGTH],
        "when": moment(back.entry.sent_at),
    }


def _draft(back: TakenBack) -> str:
    entry = back.entry
    assert entry.withdrawn_at is not None
    names = [
        _("%(name)s (%(organization)s)")
        % {"name": one.face.name, "organization": one.face.organization}
        for one in back.readers
    ]
    lines = [
        _("Sent on %(sent)s and withdrawn on %(withdrawn)s. Entry no. %(n)s of the group.")
        % {"sent": moment(entry.sent_at), "withdrawn": moment(entry.withdrawn_at), "n": entry.seq},
        _("Reason: %(reason)s") % {"reason": entry.withdrawal_reason},
        _("Had read it (%(n)s): %(names)s") % {"n": len(names), "names": _(", ").join(names)},
    ]
    return "\n".join(lines)


@require_http_methods(["GET", "POST"])
def report(request: "Request") -> HttpResponse:
    """Tell what is wrong."""
    if request.method == "GET":
        return _page(request)
    try:
        reporting.see_own_devices(request.actor, None)
    except NOT_KNOWN:
        return _unknown(request)
    return _known(request)


def _known(request: "Request") -> HttpResponse:
    """Somebody signed in: what they chose is blocked in the same moment."""
    device, sessions = id_or_none(request.POST.get("device", "")), "sessions" in request.POST
    if device is not None or sessions:
        token = reporting.report(
            request.actor, None, kind="lost_device", what="", device=device, sessions=sessions
        )
        return _reported(request, token)
    form = KnownForm(request.POST)
    made: list[str] = []
    if form.is_valid() and tried(
        form, lambda: made.append(reporting.report(request.actor, None, **form.cleaned_data))
    ):
        return _reported(request, made[0])
    return _page(request, 422, form=form)


def _unknown(request: "Request") -> HttpResponse:
    """Somebody nobody knows: it is taken down, and they are called back."""
    form = UnknownForm(request.POST)
    if form.is_valid():
        if too_many("report", REPORTS, request):
            return _by_phone(request)
        given = form.cleaned_data
        made: list[int] = []
        said = Report(given["name"], _named(form), given["phone"], given["when"])
        if tried(
            form,
            lambda: made.append(
                reporting.receive(
                    REPORT_PAGE,
                    None,
                    kind=given["kind"],
                    what=given["what"],
                    report=said,
                    organization=id_or_none(given["organization"]),
                )
            ),
        ):
            return render(request, "report/received.html", {"number": made[0]})
    return _page(request, 422, form=form)


def _named(form: UnknownForm) -> str:
    choice: Any = form.fields["organization"]
    return str(dict(choice.choices)[form.cleaned_data["organization"]])


@require_POST
def code(request: "Request") -> HttpResponse:
    """Show a code of the disaster card; then one's own devices can be blocked."""
    form = CodeForm(request.POST)
    if form.is_valid():
        email = form.cleaned_data["email"].strip().lower()
        if too_many("report", CODES, request, email):
            return _by_phone(request)
        made: list[str] = []
        if tried(
            form,
            lambda: made.append(
                reporting.show_code(REPORT_PAGE, None, email=email, code=form.cleaned_data["code"])
            ),
        ):
            return _reported(request, made[0])
    return _page(request, 422, code_form=form)


def _reported(
    request: "Request", token: str, *, form: QuestionsForm | None = None, status: int = 200
) -> HttpResponse:
    """What became of it, what can still be blocked, and the questions."""
    found = reporting.see_reported(REPORT_PAGE, None, token)
    context = {
        "reported": found,
        "token": token,
        "form": form or QuestionsForm(),
        "blocked": [one for one in found.devices if one.blocked],
        **_contacts(request),
    }
    return render(request, "report/reported.html", context, status=status)


@require_POST
def block(request: "Request") -> HttpResponse:
    """Block one of the devices shown after a code, or end every session."""
    token = request.POST.get("token", "")
    device = id_or_none(request.POST.get("device", ""))
    if device is None and "sessions" not in request.POST:
        raise Problem(reporting.NOT_YOURS)
    reporting.block_reported(REPORT_PAGE, None, token=token, device=device)
    return _reported(request, token)


@require_POST
def answer_questions(request: "Request") -> HttpResponse:
    """Say what happened, once the device is blocked."""
    token = request.POST.get("token", "")
    form = QuestionsForm(request.POST)
    if form.is_valid():
        try:
            reporting.answer_questions(REPORT_PAGE, None, token=token, **form.cleaned_data)
        except Problem as problem:
            form.add_error(problem.field or None, sentence(problem))
        else:
            return _reported(request, token)
    return _reported(request, token, form=form, status=422)
