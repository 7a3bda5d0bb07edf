"""Pages for everybody: residents, people before signing in, and the policy."""

from typing import TYPE_CHECKING, Final

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from renkei.enrollment.services import confirm_policy
from renkei.group.finding import public_groups
from renkei.kernel.errors import Problem, Refused, SignedOut
from renkei.kernel.japanese import fold_kana, narrow, town
from renkei.people.disclosures import see_contacts, see_family_account
from renkei.people.models import Organization
from renkei.policy.use_case import GateClosed
from renkei.region.disclosures import (
    PublicOrganization,
    public_organizations,
    public_policy,
    public_region,
)
from renkei.region.editions import public_editions
from renkei.region.laws import public_laws
from renkei.region.news import public_news
from renkei.region.provisions import public_provisions
from renkei.web.address import url
from renkei.web.errors import sentence
from renkei.web.texts import policy_text, residents_text
from renkei.web.values import id_or_unknown

if TYPE_CHECKING:
    from renkei.web.frame import Request

FEW: Final = 10  # organizations on the start page; all of them have a page of their own
FEW_NEWS: Final = 3  # the same of news
LISTED: Final = ("start", "policy", "organizations", "news", "account_signup")  # for search engines


def _folded(text: str) -> str:
    """What makes two spellings equal when searching."""
    return fold_kana(narrow(text)).lower().replace(" ", "").replace("-", "")


def _found(request: "Request") -> tuple[list[PublicOrganization], dict[str, object]]:
    """The organizations that match what was searched for, and what the search form shows."""
    everyone = public_organizations()
    words, kind = request.GET.get("q", "").strip()[:50], request.GET.get("kind", "")
    place, wanted = request.GET.get("town", ""), _folded(words)
    found = [
        one
        for one in everyone
        if (not kind or one.kind == kind)
        and (not place or town(one.address) == place)
        and wanted in _folded(one.name + one.kana + one.address + one.phone)
    ]
    present = {one.kind for one in everyone}
    search = {
        "q": words,
        "kind": kind,
        "kinds": [kind.value for kind in Organization.Kind if kind.value in present],
        "town": place,
        "towns": sorted({town(one.address) for one in everyone}),
        "all": len(everyone),
    }
    return found, search


@require_safe
def start(request: "Request") -> HttpResponse:
    """What this is, in plain words for residents; in easy Japanese with ``?ja=easy``."""
    found, search = _found(request)
    easy = request.GET.get("ja") == "easy"
    name = "public.easy-ja.md" if easy else "public.ja.md"
    context = {
        "news": public_news(FEW_NEWS),
        "free_groups": public_groups(),
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
def sitemap(request: "Request") -> HttpResponse:
    """The public pages, for search engines (sitemaps.org); residents find them by searching."""
    places = [url(name) for name in LISTED]
    places += [url("news_item", news=one.id) for one in public_news()]
    lines = [f"<url><loc>{request.build_absolute_uri(one)}</loc></url>" for one in places]
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n' + "\n".join(lines)
    )
    return HttpResponse(text + "\n</urlset>\n", content_type="application/xml")


@require_safe
def robots(request: "Request") -> HttpResponse:
    """What search engines may look at; pages that are not public say so themselves as well."""
    allowed = "".join(f"Allow: {url(name)}$\n" for name in LISTED)
    place = request.build_absolute_uri(url("sitemap"))
    text = (
        f"User-agent: *\n{allowed}Allow: /news/\nAllow: /static/\nDisallow: /\nSitemap: {place}\n"
    )
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


@require_safe
def policy(request: "Request") -> HttpResponse:
    """The whole policy in force (A1)."""
    edition = public_policy()
    context = {
        "policy": edition,
        "text": policy_text(edition),
        "provisions": public_provisions(),
        "laws": public_laws(),
        "coming": next((one for one in public_editions() if one.state == "coming"), None),
    }
    return render(request, "public/policy.html", context)


@require_http_methods(["GET", "POST"])
def policy_confirm(request: "Request") -> HttpResponse:
    """Read the policy and confirm it, before anything else (A2)."""
    family = see_family_account(request.actor, None)  # signed in, and not suspended
    problem = ""
    if request.method == "POST":
        try:
            confirm_policy(request.actor, None, policy=id_or_unknown(request.POST.get("policy")))
            return redirect("home")
        except Problem as found:
            problem = sentence(found)
    edition = public_policy()
    context = {
        "policy": edition,
        "text": policy_text(edition),
        "provisions": public_provisions(),
        "problem": problem,
        "family": family,
    }
    return render(request, "public/policy_confirm.html", context, status=422 if problem else 200)


@require_safe
def help_now(request: "Request") -> HttpResponse:
    """Whom to ring, and what to do first: loss, misuse, faults."""
    try:
        work, contacts = see_contacts(request.actor, None)
    except (SignedOut, Refused, GateClosed):
        work, contacts = [], []
    return render(request, "public/help.html", {"work": work, "contacts": contacts})


@require_safe
def forgotten(request: "Request") -> HttpResponse:
    """Whom to ask when the password is forgotten."""
    return render(request, "public/forgotten.html")


@require_safe
def signed_out(request: "Request") -> HttpResponse:
    """Nothing is left on this device."""
    return render(request, "public/signed_out.html")
