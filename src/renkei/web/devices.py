"""The device ledger (端末台帳) for administrators, and first devices for the operator."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST

from renkei.device import asking, disclosures, services
from renkei.device.ledger import CONSIDERED
from renkei.device.models import Device
from renkei.group.shell import see_shell
from renkei.kernel.errors import Problem
from renkei.web import device_words as words
from renkei.web.device import origin
from renkei.web.device_forms import (
    ApproveForm,
    DeviceForm,
    EditForm,
    LendForm,
    RefuseForm,
    RetireForm,
    item_field,
)
from renkei.web.device_paper import ledger_csv, ledger_paper
from renkei.web.page import page, tried
from renkei.web.patient import after, own_organization
from renkei.web.qr import qr

if TYPE_CHECKING:
    from renkei.web.frame import Request

FILTERS: Final[dict[str, Callable[[disclosures.Row], bool]]] = {
    "": lambda row: row.state != Device.State.RETIRED,
    "attend": lambda row: row.word in ("overdue", "soon", "no_key", "lost", "blocked"),
    "private": lambda row: row.ownership == "private" and row.state != Device.State.RETIRED,
    "retired": lambda row: row.state == Device.State.RETIRED,
}


def _ledger(request: "Request") -> tuple[Any, disclosures.Ledger]:
    shell = see_shell(request.actor, None)
    return shell, disclosures.see_ledger(request.actor, own_organization(shell))


@require_http_methods(["GET"])
def ledger(request: "Request") -> HttpResponse:
    """The list, by default of what is not out of use."""
    shell, found = _ledger(request)
    chosen = request.GET.get("show", "")
    rows = [one for one in found.rows if FILTERS.get(chosen, FILTERS[""])(one)]
    counts = {name: sum(map(fits, found.rows)) for name, fits in FILTERS.items()}
    return page(
        request, "device/ledger.html", shell=shell, ledger=found, rows=rows, chosen=chosen,
        counts=counts, words=words,
    )  # fmt: skip


@require_http_methods(["GET"])
def as_csv(request: "Request") -> HttpResponse:
    """The ledger for a spreadsheet."""
    _, found = _ledger(request)
    response = HttpResponse(ledger_csv(found), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="devices.csv"'
    return response


@require_http_methods(["GET"])
def as_pdf(request: "Request") -> HttpResponse:
    """The stock-taking list (棚卸し表) as a sheet of paper."""
    _, found = _ledger(request)
    response = HttpResponse(ledger_paper(found), content_type="application/pdf")
    response.headers["Content-Disposition"] = 'inline; filename="devices.pdf"'
    return response


def _link_page(request: "Request", number: str, token: str, device: UUID) -> HttpResponse:
    """The link is shown once; whoever has it and may use it adds the device with it."""
    address = f"{origin(request)}/device/add/{token}"
    return page(
        request, "device/link.html", number=number, address=address, qr=qr(address), device=device
    )


@require_http_methods(["GET", "POST"])
def new(request: "Request") -> HttpResponse:
    """Put a device of the organization into the ledger; its link comes next."""
    shell = see_shell(request.actor, None)
    own = own_organization(shell)
    people = disclosures.see_adding(request.actor, own)
    form = DeviceForm(request.POST if request.method == "POST" else None, staff=people)
    made: list[tuple[Device, str]] = []
    if form.is_valid() and tried(
        form,
        lambda: made.append(
            services.add_device(
                request.actor, own, facts=form.facts, note=form.note, users=form.chosen
            )
        ),
    ):
        device, token = made[0]
        return _link_page(request, device.number, token, device.id)
    status = 422 if form.is_bound else 200
    return page(request, "device/new.html", shell=shell, status=status, form=form)


@require_http_methods(["GET", "POST"])
def stock(request: "Request") -> HttpResponse:
    """Stock-taking (棚卸し): tick what is here."""
    shell = see_shell(request.actor, None)
    own = own_organization(shell)
    rows = disclosures.see_stock(request.actor, own)
    if request.method == "POST":
        known = {str(one.id): one.id for one in rows}
        here = [known[one] for one in request.POST.getlist("here") if one in known]
        services.take_stock(request.actor, own, here=here)
        return after("device_stock")
    return page(request, "device/stock.html", shell=shell, rows=rows, words=words)


@require_http_methods(["GET"])
def one(request: "Request", device: UUID) -> HttpResponse:
    """One device: what the ledger says, its browsers, its history."""
    return _one(request, device)


def _one(request: "Request", device: UUID, status: int = 200, **forms: Any) -> HttpResponse:
    found = disclosures.see_device(request.actor, device)
    context: dict[str, Any] = {
        "lend": LendForm(staff=found.staff),
        "retire": RetireForm(),
        "permit": ApproveForm(),
        **forms,
    }
    return page(
        request, "device/device.html", status=status, whole=found, words=words,
        **context,
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def edit(request: "Request", device: UUID) -> HttpResponse:
    """Correct what the ledger says."""
    found = disclosures.see_editing(request.actor, device)
    row = found.row
    initial = {name: getattr(row, name) for name in ("number", "type", "maker", "model", "os")}
    initial |= {"os_version": row.os_version, **found.note}
    initial |= {"users": [str(one) for one in found.user_ids]}
    initial |= {item_field(one.clause): one.state for one in row.items if one.clause in CONSIDERED}
    form = EditForm(
        request.POST if request.method == "POST" else None, staff=found.staff, initial=initial
    )
    if form.is_valid() and tried(
        form,
        lambda: services.change_device(
            request.actor,
            device,
            facts=form.facts,
            note=form.note,
            users=form.chosen,
            decided=form.decided,
        ),
    ):
        return after("device_one", device=device)
    status = 422 if form.is_bound else 200
    return page(request, "device/edit.html", status=status, form=form, whole=found, words=words)


@require_POST
def do(request: "Request", device: UUID) -> HttpResponse:
    """One of the steps of a device's life: lend, take back, lose, find, retire, a new link."""
    what = request.POST.get("do", "")
    found = disclosures.see_editing(request.actor, device)
    lend = LendForm(request.POST if what == "lend" else None, staff=found.staff)
    retire = RetireForm(request.POST if what == "retire" else None)
    if what in ("link", "bring_back"):
        step = services.new_link if what == "link" else services.bring_back
        token = step(request.actor, device)
        return _link_page(request, found.row.number, token, device)
    if what == "lend" and not lend.is_valid():
        return _one(request, device, 422, lend=lend)
    if what == "retire" and not (
        retire.is_valid()
        and tried(retire, lambda: services.retire(request.actor, device, **retire.cleaned_data))
    ):
        return _one(request, device, 422, retire=retire)
    _step(request, device, what, lend)
    return after("device_one", device=device)


def _step(request: "Request", device: UUID, what: str, lend: LendForm) -> None:
    """The steps that need no form of their own."""
    if what == "lend":
        services.lend(request.actor, device, to=UUID(lend.cleaned_data["to"]))
    elif what == "give_back":
        services.give_back(request.actor, device)
    elif what == "lose":
        services.lose(request.actor, device)
    elif what == "end_key":
        try:
            key = UUID(request.POST.get("key", ""))
        except ValueError:
            raise Problem(gettext_noop("Please check once more.")) from None
        services.end_key(request.actor, device, key=key)
    elif what != "retire":
        raise Problem(gettext_noop("Please check once more."))


@require_http_methods(["GET", "POST"])
def approve(request: "Request", device: UUID) -> HttpResponse:
    """A device that somebody asked for: let it in, or not; a private one until a day."""
    found = disclosures.see_application(request.actor, device)
    refusing = "refuse" in request.POST
    form = ApproveForm(request.POST if request.method == "POST" and not refusing else None)
    refuse = RefuseForm(request.POST if refusing else None, prefix="refuse")
    if refuse.is_valid() and tried(
        refuse, lambda: asking.refuse(request.actor, device, **refuse.cleaned_data)
    ):
        return _after_answer(request)
    if form.is_valid() and tried(
        form, lambda: asking.approve(request.actor, device, **form.cleaned_data)
    ):
        return _after_answer(request)
    status = 422 if form.is_bound or refuse.is_bound else 200
    return page(
        request, "device/approve.html", status=status, whole=found, form=form, refuse=refuse,
        words=words,
    )  # fmt: skip


def _after_answer(request: "Request") -> HttpResponse:
    shell = see_shell(request.actor, None)
    return after("devices" if shell.me.administrator else "devices_first")


@require_POST
def accept(request: "Request", device: UUID) -> HttpResponse:
    """Accept a device of another organization's ledger for one's own people, or end it."""
    step = asking.decline if request.POST.get("do") == "decline" else asking.accept
    step(request.actor, device)
    return after("devices")


@require_http_methods(["GET"])
def first(request: "Request") -> HttpResponse:
    """For the operator: devices that nobody of their organization could approve."""
    rows = disclosures.see_waiting_for_operator(request.actor, None)
    return page(request, "device/first.html", rows=rows, words=words, title=_("First devices"))
