"""Oneself: name, photo, how pages look, and the organization one writes for."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.http import HttpResponse, HttpResponseNotModified
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST

from renkei.group.shell import see_shell
from renkei.kernel.errors import Problem
from renkei.people import services
from renkei.people.disclosures import see_photo, see_profile
from renkei.web.look import Look, remember
from renkei.web.page import page, tried

if TYPE_CHECKING:
    from renkei.web.frame import Request


class ProfileForm(forms.Form):
    """Name, reading and telephone number."""

    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        error_messages={"required": _("Please write your name.")},
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "name"}),
    )
    kana = forms.CharField(
        label=_("Name in kana"),
        max_length=100,
        error_messages={"required": _("Please write the reading in hiragana.")},
        widget=forms.TextInput(attrs={"class": "input"}),
    )
    phone = forms.CharField(
        label=_("Phone"),
        max_length=20,
        required=False,
        help_text=_("Your administrator's number is shown to colleagues on the help page."),
        widget=forms.TextInput(
            attrs={"class": "input", "autocomplete": "tel", "inputmode": "tel", "type": "tel"}
        ),
    )


class PhotoForm(forms.Form):
    """A face photo."""

    photo = forms.FileField(
        label=_("Face photo"),
        help_text=_("JPEG, PNG or WebP, up to 15 MB. It is cut square and made small."),
        widget=forms.FileInput(
            attrs={"class": "input", "accept": "image/jpeg,image/png,image/webp"}
        ),
    )


class AppearanceForm(forms.Form):
    """How pages look to this person."""

    text_size = forms.ChoiceField(
        label=_("Text size"),
        choices=[("standard", _("Standard")), ("large", _("Large")), ("largest", _("Largest"))],
        widget=forms.RadioSelect,
    )
    contrast = forms.ChoiceField(
        label=_("Contrast"),
        choices=[("standard", _("Standard")), ("more", _("High contrast"))],
        widget=forms.RadioSelect,
    )
    language = forms.ChoiceField(
        label=_("Language"),
        choices=[("ja", "日本語"), ("en", "English")],
        widget=forms.RadioSelect,
    )
    initials_only = forms.BooleanField(
        label=_("Show initials only"),
        help_text=_("Patients' names are not seen by somebody looking over your shoulder."),
        required=False,
    )


def _profile(request: "Request", status: int = 200, **forms_typed: Any) -> HttpResponse:
    """The profile page, with what was typed where something has to be mended."""
    own = see_profile(request.actor, None)
    typed = {"name": own.name, "kana": own.kana, "phone": own.phone}
    context = {"form": ProfileForm(initial=typed), "photo_form": PhotoForm()} | forms_typed
    return page(request, "profile/me.html", status=status, own=own, **context)


@require_http_methods(["GET", "POST"])
def me(request: "Request") -> HttpResponse:
    """One's own profile."""
    if request.method == "GET":
        return _profile(request)
    form = ProfileForm(request.POST)
    if form.is_valid() and tried(
        form, lambda: services.change_profile(request.actor, None, **form.cleaned_data)
    ):
        return redirect("me")
    return _profile(request, 422, form=form)


@require_http_methods(["GET", "POST"])
def photo(request: "Request") -> HttpResponse:
    """Set one's own face photo."""
    if request.method == "GET":
        return redirect("me")
    form = PhotoForm(request.POST, request.FILES)
    if form.is_valid():
        picture = form.cleaned_data["photo"].read()
        if tried(form, lambda: services.change_photo(request.actor, None, picture=picture)):
            return redirect("me")
    return _profile(request, 422, photo_form=form)


@require_http_methods(["GET", "POST"])
def appearance(request: "Request") -> HttpResponse:
    """Text size, contrast, language and whether names are hidden."""
    if request.method == "POST":
        form = AppearanceForm(request.POST)
        if form.is_valid():
            services.change_appearance(request.actor, None, **form.cleaned_data)
            chosen = form.cleaned_data
            response = redirect("me_appearance")
            remember(response, Look(chosen["language"], chosen["text_size"], chosen["contrast"]))
            return response
    shell = see_shell(request.actor, None)
    now = {
        "text_size": shell.me.text_size,
        "contrast": shell.me.contrast,
        "language": shell.me.language,
        "initials_only": shell.me.initials_only,
    }
    form = AppearanceForm(initial=now)
    return page(request, "profile/appearance.html", shell=shell, form=form)


@require_POST
def role(request: "Request") -> HttpResponse:
    """Write for another of one's own organizations from now on.

    Raises:
        Problem: the organization asked for is none of one's own.
    """
    try:
        chosen = UUID(request.POST.get("role", ""))
    except ValueError:
        raise Problem(gettext_noop("You do not work for this organization any more.")) from None
    services.choose_role(request.actor, None, role=chosen)
    after = request.POST.get("next", "")
    own = after.startswith("/") and url_has_allowed_host_and_scheme(after, allowed_hosts=None)
    return redirect(after if own else "me")


def face(request: "Request", account: UUID) -> HttpResponse:
    """Somebody's face; kept by the browser, but shown again only after asking."""
    picture, changed = see_photo(request.actor, None, account)
    tag = f'"{account.hex}-{changed}"'
    response = (
        HttpResponseNotModified()
        if request.headers.get("If-None-Match") == tag
        else HttpResponse(picture, content_type="image/jpeg")
    )
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = "private, max-age=0, must-revalidate"
    return response
