"""Erasing a group or a record for good: asking, deciding, and what became of it (A11.7)."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from renkei.disclosure import erasing, erasures, retention
from renkei.disclosure.erasure_papers import certificate_file, print_certificate, print_request
from renkei.disclosure.erasures import Asking, Page
from renkei.disclosure.models import Erasure
from renkei.group.shell import see_shell
from renkei.kernel import clock
from renkei.web import erasure_words as words
from renkei.web.device import origin
from renkei.web.erasure_forms import AskForm, ReasonForm
from renkei.web.page import page, tried
from renkei.web.patient import after, own_organization
from renkei.web.pdf_answer import shown

if TYPE_CHECKING:
    from renkei.web.frame import Request

RETURN, WITHDRAW = "return-%s", "withdraw-%s"  # two forms on one page: ids of their own


# ── Asking ───────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "POST"])
def ask(request: "Request", patient: UUID) -> HttpResponse:
    """Ask that a record, or one of the patient's groups, is erased."""
    return _ask(request, erasures.see_asking_for_record(request.actor, patient), patient)


@require_http_methods(["GET", "POST"])
def ask_for_group(request: "Request", group: UUID) -> HttpResponse:
    """Ask that the contents of a group are erased."""
    return _ask(request, erasures.see_asking_for_group(request.actor, group), None)


def _ask(request: "Request", desk: Asking, patient: UUID | None) -> HttpResponse:
    form = AskForm(
        request.POST if request.method == "POST" else None,
        desk=desk,
        initial={"wished_on": clock.today()},
    )
    made: list[Erasure] = []
    if form.is_valid() and tried(form, lambda: made.append(_asked(request, form, patient))):
        return after("erasure", erasure=made[0].id)
    status = 422 if form.errors else 200
    return page(request, "erasure/ask.html", shell=desk.shell, status=status, desk=desk, form=form)


def _asked(request: "Request", form: AskForm, patient: UUID | None) -> Erasure:
    group = form.group
    if group is None:
        assert patient is not None
        return erasing.ask_for_record(request.actor, patient, wish=form.wish())
    return erasing.ask_for_group(request.actor, group, wish=form.wish())


# ── Lists and one ────────────────────────────────────────────────────────────────────────────────


@require_safe
def desk(request: "Request") -> HttpResponse:
    """For the operator: every erasure of the region."""
    found = erasures.see_desk(request.actor, None)
    return page(request, "erasure/list.html", shell=found.shell, found=found, **_words(), own=False)


@require_safe
def own(request: "Request") -> HttpResponse:
    """For an organization: what it asked for."""
    shell = see_shell(request.actor, None)
    found = erasures.see_own(request.actor, own_organization(shell))
    return page(request, "erasure/list.html", shell=found.shell, found=found, **_words(), own=True)


def _words() -> dict[str, Any]:
    return {
        "kinds": words.KINDS,
        "states": words.STATES,
        "tones": words.TONES,
        "relations": words.RELATIONS,
        "ways": words.WAYS,
        "answers": words.ANSWERS,
        "no_dispute": words.NO_DISPUTE,
        "counted": words.COUNTED,
    }


def _one(
    request: "Request",
    seen: Page,
    *,
    returning: ReasonForm | None = None,
    withdrawing: ReasonForm | None = None,
) -> HttpResponse:
    language = "en" if (get_language() or "ja").startswith("en") else "ja"
    bound = returning or withdrawing
    return page(
        request,
        "erasure/one.html",
        shell=seen.shell,
        status=422 if bound is not None else 200,
        one=seen,
        items=[(item, item.title[language]) for item in retention.items()],
        returning=returning or ReasonForm(auto_id=RETURN),
        withdrawing=withdrawing or ReasonForm(auto_id=WITHDRAW),
        **_words(),
    )


@require_safe
def erasure(request: "Request", erasure: UUID) -> HttpResponse:
    """One erasure: what is asked for, how far it has come, and what comes next."""
    return _one(request, erasures.see_erasure(request.actor, erasure))


@require_POST
def confirm(request: "Request", erasure: UUID) -> HttpResponse:
    """Confirm it; the waiting time begins."""
    erasing.confirm_erasure(request.actor, erasure)
    return after("erasure", erasure=erasure)


@require_POST
def give_back(request: "Request", erasure: UUID) -> HttpResponse:
    """Return it to the organization, with a reason."""
    form = ReasonForm(request.POST, auto_id=RETURN)
    if form.is_valid() and tried(
        form, lambda: erasing.return_erasure(request.actor, erasure, **form.cleaned_data)
    ):
        return after("erasure", erasure=erasure)
    return _one(request, erasures.see_erasure(request.actor, erasure), returning=form)


@require_POST
def withdraw(request: "Request", erasure: UUID) -> HttpResponse:
    """Take it back, with a reason."""
    form = ReasonForm(request.POST, auto_id=WITHDRAW)
    if form.is_valid() and tried(
        form, lambda: erasing.withdraw_erasure(request.actor, erasure, **form.cleaned_data)
    ):
        return after("erasure", erasure=erasure)
    return _one(request, erasures.see_erasure(request.actor, erasure), withdrawing=form)


# ── On paper ─────────────────────────────────────────────────────────────────────────────────────


@require_POST
def paper(request: "Request", erasure: UUID) -> HttpResponse:
    """The request, to be signed."""
    return shown(print_request(request.actor, erasure, origin=origin(request)))


@require_safe
def certificate(request: "Request", erasure: UUID) -> HttpResponse:
    """The certificate, twice, with the signed facts in it."""
    return shown(print_certificate(request.actor, erasure, origin=origin(request)))


@require_safe
def certificate_facts(request: "Request", erasure: UUID) -> HttpResponse:
    """The signed facts alone."""
    found = certificate_file(request.actor, erasure)
    response = HttpResponse(found.content, content_type="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{found.name}"'
    return response
