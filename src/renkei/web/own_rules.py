"""The stricter rules of one's own organization: set by its administrator, read by its staff."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from renkei.enrollment.own_rules import (
    LONGEST,
    OWN,
    Rules,
    before_setting,
    confirm_rules,
    see_rules,
    set_rules,
)
from renkei.group.shell import see_shell
from renkei.kernel.errors import Unknown
from renkei.region.parameters import PARAMETERS, Value
from renkei.web import parameter_words as words
from renkei.web.fields import Paragraph
from renkei.web.page import page, tried
from renkei.web.patient import own_organization

if TYPE_CHECKING:
    from renkei.web.frame import Request


def strict_enough(name: str, policy: Value) -> tuple[Value, ...] | None:
    """The values an organization may choose; None for a number, whose bounds say it."""
    one = PARAMETERS[name]
    if not one.order:
        return None
    return tuple(value for value in one.order if one.tighter(policy, value) == value)


def bound(name: str, policy: Any) -> tuple[int, int]:
    """The least and the most an organization may choose for a number."""
    one = PARAMETERS[name]
    return (one.least, policy) if one.stricter == "less" else (policy, one.most)


class RulesForm(forms.Form):
    """Each figure that may be tightened, and the organization's own provisions."""

    text = Paragraph(
        label=_("Our own provisions"),
        required=False,
        rows=8,
        max_length=LONGEST,
        help_text=_("Your staff are asked to read and confirm them. Nothing about patients."),
    )
    number = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, policy: dict[str, Any], **options: Any) -> None:
        super().__init__(*args, **options)
        for name in OWN:
            self.fields[name] = words.field(name, values=strict_enough(name, policy[name]))

    def figures(self) -> dict[str, Value]:
        """Every figure as it was chosen."""
        return {name: words.value_of(name, self.cleaned_data[name]) for name in OWN}


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure on the page: what the region says, what holds here, what may be chosen."""

    name: str
    words: words.Words
    clause: str
    region: str
    here: str
    bounds: str

    @property
    def stricter(self) -> bool:
        """Whether the organization is stricter than the region."""
        return self.region != self.here


def _figures(found: Rules) -> Iterator[Figure]:
    for name in OWN:
        policy = found.region[name]
        limits = ""
        if words.choices(name) is None:
            least, most = bound(name, policy)
            limits = str(_("from %(least)s to %(most)s") % {"least": least, "most": most})
        yield Figure(
            name,
            words.WORDS[name],
            PARAMETERS[name].clause,
            words.in_words(name, policy),
            words.in_words(name, found.effective[name]),
            limits,
        )


@require_safe
def rules(request: "Request") -> HttpResponse:
    """What holds in one's own organization."""
    shell = see_shell(request.actor, None)
    found = see_rules(request.actor, own_organization(shell))
    figures = list(_figures(found))
    return page(request, "rules/rules.html", shell=shell, rules=found, figures=figures)


@require_http_methods(["GET", "POST"])
def edit(request: "Request") -> HttpResponse:
    """Make them stricter."""
    shell = see_shell(request.actor, None)
    place = own_organization(shell)
    before_setting(request.actor, place)
    found = see_rules(request.actor, place)
    initial = {
        "text": found.now.text if found.now else "",
        "number": found.now.number if found.now else 0,
        **{name: str(value) for name, value in found.effective.items()},
    }
    form = RulesForm(request.POST or None, policy=found.region, initial=initial)

    def act() -> None:
        sent = form.cleaned_data
        set_rules(
            request.actor, place, figures=form.figures(), text=sent["text"], number=sent["number"]
        )

    if form.is_valid() and tried(form, act):
        return redirect("rules")
    status = 422 if form.is_bound else 200
    figures = list(_figures(found))
    return page(request, "rules/edit.html", status=status, shell=shell, form=form, figures=figures)


@require_POST
def confirm(request: "Request") -> HttpResponse:
    """Confirm having read them."""
    place = own_organization(see_shell(request.actor, None))
    try:
        which = UUID(request.POST.get("rules", ""))
    except ValueError:
        raise Unknown("rules") from None
    confirm_rules(request.actor, place, rules=which)
    return redirect("home")
