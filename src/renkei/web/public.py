"""Pages for everybody: residents, people before signing in, and the policy."""

from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from renkei.enrollment.services import confirm_policy
from renkei.kernel.errors import Problem, Refused, SignedOut
from renkei.kernel.japanese import fold_kana, narrow
from renkei.people.disclosures import see_contacts
from renkei.people.models import Organization
from renkei.region.disclosures import (
    PublicOrganization,
    public_organizations,
    public_policy,
    public_region,
)
from renkei.web.errors import sentence
from renkei.web.texts import policy_text, residents_text

if TYPE_CHECKING:
    from renkei.web.frame import Request

FEW: Final = 10  # organizations on the start page; all of them have a page of their own


def _folded(text: str) -> str:
    """What makes two spellings equal when searching."""
    return fold_kana(narrow(text)).lower().replace(" ", "").replace("-", "")


def _found(request: "Request") -> tuple[list[PublicOrganization], dict[str, object]]:
    """The organizations that match what was searched for, and what the search form shows."""
    everyone = public_organizations()
    words, kind = request.GET.get("q", "").strip()[:50], request.GET.get("kind", "")
    wanted = _folded(words)
    found = [
        one
        for one in everyone
        if (not kind or one.kind == kind)
        and wanted in _folded(one.name + one.kana + one.address + one.phone)
    ]
    present = {one.kind for one in everyone}
    kinds = [kind.value for kind in Organization.Kind if kind.value in present]
    return found, {"q": words, "kind": kind, "kinds": kinds, "all": len(everyone)}


@require_safe
def start(request: "Request") -> HttpResponse:
    """What this is, in plain words for residents; in easy Japanese with ``?ja=easy``."""
    found, search = _found(request)
    easy = request.GET.get("ja") == "easy"
    name = "public.easy-ja.md" if easy else "public.ja.md"
    context = {
        "organizations": found[:FEW],
        "more": max(0, len(found) - FEW),
        "easy": easy,
        "text": residents_text(name, public_region()),
        **search,
    }
    return render(request, "public/easy.html" if easy else "public/start.html", context)


@require_safe
def organizations(request: "Request") -> HttpResponse:
    """The organizations that take part, by kind and town, searchable (A19.1)."""
    found, search = _found(request)
    return render(request, "public/organizations.html", {"organizations": found, **search})


@require_safe
def policy(request: "Request") -> HttpResponse:
    """The whole policy in force (A1)."""
    edition = public_policy()
    return render(request, "public/policy.html", {"policy": edition, "text": policy_text(edition)})


@require_http_methods(["GET", "POST"])
def policy_confirm(request: "Request") -> HttpResponse:
    """Read the policy and confirm it, before anything else (A2)."""
    see_contacts(request.actor, None)  # signed in, and not suspended
    problem = ""
    if request.method == "POST":
        try:
            confirm_policy(request.actor, None, policy=_uuid(request.POST.get("policy", "")))
            return redirect("home")
        except Problem as found:
            problem = sentence(found)
    edition = public_policy()
    context = {"policy": edition, "text": policy_text(edition), "problem": problem}
    return render(request, "public/policy_confirm.html", context, status=422 if problem else 200)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


@require_safe
def help_now(request: "Request") -> HttpResponse:
    """Whom to ring, and what to do first: loss, misuse, faults."""
    try:
        work, contacts = see_contacts(request.actor, None)
    except (SignedOut, Refused):
        work, contacts = [], []
    return render(request, "public/help.html", {"work": work, "contacts": contacts})


@require_safe
def join(request: "Request") -> HttpResponse:
    """How an organization comes to take part (A3)."""
    return render(request, "public/join.html")


@require_safe
def forgotten(request: "Request") -> HttpResponse:
    """Whom to ask when the password is forgotten."""
    return render(request, "public/forgotten.html")


@require_safe
def signed_out(request: "Request") -> HttpResponse:
    """Nothing is left on this device."""
    return render(request, "public/signed_out.html")
