"""The two ways to an application's pages: the applicant's link, and the operator's desk."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from renkei.enrollment import applying, receiving
from renkei.enrollment.applying import APPLICANT, Draft
from renkei.enrollment.form_1 import Applicant
from renkei.web import mail
from renkei.web.join_forms import PaperPledgeForm, PledgeForm
from renkei.web.page import page

if TYPE_CHECKING:
    from django.forms import Form

    from renkei.web.frame import Request


class Door(Protocol):
    """How the pages of one application are reached, shown and kept."""

    pledge_form: ClassVar["type[Form]"]
    on_paper: ClassVar[bool]

    def draft(self) -> Draft:
        """What stands in the application."""

    def address(self, step: str) -> str:
        """Where a page of it is."""

    def write(self, step: str, facts: dict[str, Any]) -> None:
        """Keep the facts of one page."""

    def people(self, people: tuple[Applicant, ...]) -> None:
        """Keep the roster."""

    def pledge(self, facts: dict[str, Any]) -> None:
        """Keep the pledge."""

    def send(self) -> None:
        """Send it in."""

    def show(self, template: str, status: int, **context: Any) -> HttpResponse:
        """A page of it."""


@dataclass(frozen=True, slots=True)
class ApplicantDoor:
    """By the secret of the link, which the browser shows in a cookie."""

    request: "Request"
    token: str
    pledge_form: ClassVar["type[Form]"] = PledgeForm
    on_paper: ClassVar[bool] = False

    def draft(self) -> Draft:
        """What stands in the application."""
        return applying.see_application(APPLICANT, None, token=self.token)

    def address(self, step: str) -> str:
        """Where a page of it is."""
        return reverse("join_step", kwargs={"step": step})

    def write(self, step: str, facts: dict[str, Any]) -> None:
        """Keep the facts of one page."""
        applying.write_facts(APPLICANT, None, token=self.token, step=step, facts=facts)

    def people(self, people: tuple[Applicant, ...]) -> None:
        """Keep the roster."""
        applying.write_people(APPLICANT, None, token=self.token, people=people)

    def pledge(self, facts: dict[str, Any]) -> None:
        """Keep the pledge."""
        name, number = facts["name"], facts["number"]
        applying.sign_pledge(APPLICANT, None, token=self.token, name=name, number=number)

    def send(self) -> None:
        """Send it in."""
        by_mail = mail.is_set_up()
        applying.send_application(APPLICANT, None, token=self.token, by_mail=by_mail)

    def show(self, template: str, status: int, **context: Any) -> HttpResponse:
        """A page of it, for everybody."""
        context |= {"frame": "public.html", "mail": mail.is_set_up()}
        return render(self.request, template, context, status=status)


@dataclass(frozen=True, slots=True)
class OperatorDoor:
    """By the operator's staff, who key in what came on paper."""

    request: "Request"
    application: UUID
    pledge_form: ClassVar["type[Form]"] = PaperPledgeForm
    on_paper: ClassVar[bool] = True

    def draft(self) -> Draft:
        """What stands in the application."""
        case = receiving.see_case(self.request.actor, None, application=self.application)
        return case.draft

    def address(self, step: str) -> str:
        """Where a page of it is."""
        return reverse("application_step", kwargs={"application": self.application, "step": step})

    def write(self, step: str, facts: dict[str, Any]) -> None:
        """Keep the facts of one page."""
        actor, one = self.request.actor, self.application
        receiving.key_facts(actor, None, application=one, step=step, facts=facts)

    def people(self, people: tuple[Applicant, ...]) -> None:
        """Keep the roster."""
        actor, one = self.request.actor, self.application
        receiving.key_people(actor, None, application=one, people=people)

    def pledge(self, facts: dict[str, Any]) -> None:
        """Keep the pledge."""
        receiving.key_pledge(self.request.actor, None, application=self.application, **facts)

    def send(self) -> None:
        """Hand it over to be decided."""
        receiving.key_done(self.request.actor, None, application=self.application)

    def show(self, template: str, status: int, **context: Any) -> HttpResponse:
        """A page of it, for the operator."""
        context |= {"frame": "shell.html", "mail": False}
        return page(self.request, template, status=status, **context)
