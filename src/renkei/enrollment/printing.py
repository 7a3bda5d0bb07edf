"""Forms set for printing: the region's words, its own figures, and what a record fills in (P1-P4).

Whoever prints a record's form gives its values by the names of the places in the text; what is not
given is left to be written by hand. Nothing here asks a rule: use cases do, and call this.
"""

from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Final

from renkei.enrollment.models import Paper
from renkei.enrollment.papers import shown_code
from renkei.kernel import clock
from renkei.kernel.errors import Unknown
from renkei.kernel.japanese import wareki
from renkei.paperwork.form import Filled, Sheet, form_pdf
from renkei.people.models import Organization
from renkei.region.disclosures import PublicRegion, public_region
from renkei.region.form_texts import Wording, forms, in_force
from renkei.region.models import Region
from renkei.region.wording import SYSTEM

COPIES: Final = {  # two in one: the one that is kept, and the one for the person
    "form-4-patient-consent": ("医療機関控え", "患者控え"),
    "consent-change": ("事業所控え", "患者控え"),
    "family-consent": ("事業所控え", "ご家族控え"),
    "rights-request": ("事業所控え", "請求した人の控え"),
    "erasure-request": ("事業所控え", "運営事務局控え"),
    "erasure-certificate": ("事業所控え", "ご本人・ご家族控え"),
}
ONE: Final = ("",)


def region_values(region: PublicRegion) -> dict[str, str]:
    """What stands in every form: the region, its operator, the policy in force."""
    version = f"第{region.policy_number}版" if region.policy_number else ""
    return {
        "system.name": str(SYSTEM["name"]),
        "region.name": region.name,
        "operator.name": region.operator_name,
        "operator.phone": region.phone,
        "operator.email": region.email,
        "operator.address": region.address,
        "policy.version": version,
        "policy_version": version,
        "addressee": region.operator_name,
    }


def organization_values(organization: Organization) -> dict[str, str]:
    """What is known of an organization that takes part; its head is sealed and opened here."""
    head = organization.unseal("head") or ""
    return {
        "organization.name": organization.name,
        "organization.kana": organization.kana,
        "organization.number": organization.code,
        "organization.postal_code": organization.postal_code,
        "organization.address": organization.address,
        "organization.phone": organization.phone,
        "organization.fax": organization.fax,
        "organization.email": organization.email,
        "organization.head_name": str(head),
        "organization_name": organization.name,
    }


def day(value: date | None) -> str:
    """The day as forms have it, 令和8年5月1日; empty without one."""
    return wareki(value) if value else ""


def edition(words: Wording) -> str:
    """Which edition of the words it is, as it stands on the paper."""
    if words.number == 0:
        return "標準の文面"
    since = f"（{wareki(words.effective_on)}から）" if words.effective_on else ""
    return f"文面 第{words.number}版{since}"


@dataclass(frozen=True, slots=True)
class Printed:
    """A form as PDF, with the name it is saved under."""

    name: str
    content: bytes


def printed(
    form: str,
    *,
    words: Wording,
    filled: Filled = Filled(),  # noqa: B008 - it never changes
    paper: Paper | None = None,
    origin: str = "",
    code: str = "",
    address: str = "",
    attached: tuple[str, str] = ("", ""),
) -> Printed:
    """A form filled in, as PDF.

    Args:
        words: the edition it is printed, or was signed, under.
        paper: what ``papers.issue`` noted; its code and QR code go on the sheet.
        origin: the address people type, for the QR code: "https://renkei.example".
        code, address: what stands in their place where no paper was noted.
        attached: a file that lies within the PDF: its name and its text.

    Raises:
        KeyError: there is no such form.
        Problem: there is no Japanese font on this machine.
    """
    facts = forms()[form]
    region = public_region()
    sheet = Sheet(
        title=facts.title,
        fields=facts.facts["field"],
        text=words.text,
        filled=replace(filled, values={**region_values(region), **filled.values}),
        edition=edition(words),
        code=shown_code(paper.code) if paper else code,
        address=f"{origin}/papers/{paper.code}" if paper and origin else address,
        attached=attached,
        footer=f"{region.name} 連携　{region.operator_name}",
        copies=COPIES.get(form, ONE),
    )
    return Printed(f"{form}.pdf", form_pdf(sheet))


@dataclass(frozen=True, slots=True)
class Ready:
    """All that is needed to set a record's form, read within one transaction."""

    paper: Paper
    words: Wording
    filled: Filled

    def printed(self, origin: str) -> Printed:
        """The sheet; set after the paper was noted, so that nobody who writes waits for it."""
        return printed(
            self.paper.form, words=self.words, filled=self.filled, paper=self.paper, origin=origin
        )


# ── Blank forms for everybody ────────────────────────────────────────────────────────────────────

PUBLIC: Final = (
    "form-1-application",
    "form-2-organization-pledge",
    "form-3-staff-pledge",
    "form-4-patient-consent",
    "consent-change",
    "family-consent",
    "rights-request",
    "administrator-change",
    "organization-leaving",
    "private-device",
    "take-out",
)


@dataclass(frozen=True, slots=True)
class BlankForm:
    """A form that everybody may print."""

    name: str
    title: str
    submitted_to: str
    edition: str


def _words(form: str) -> Wording:
    region = Region.objects.order_by("opened_at").only("id").first()
    if region is None:
        return Wording(form, 0, forms()[form].text)
    return in_force(region.id, form, clock.today())


def blank_forms() -> list[BlankForm]:
    """The forms for everybody, in the order in which they are needed."""
    known = forms()
    return [
        BlankForm(name, known[name].title, known[name].facts["submitted_to"], edition(_words(name)))
        for name in PUBLIC
    ]


@lru_cache(maxsize=2 * len(PUBLIC))  # set once for each edition: nobody keeps the server busy
def _blank(form: str, words: Wording, region: PublicRegion) -> Printed:
    return printed(form, words=words)


def blank_form(form: str) -> Printed:
    """An empty form in the words in force; set once and kept.

    Raises:
        Unknown: there is no such form for everybody.
        Problem: there is no Japanese font on this machine.
    """
    if form not in PUBLIC:
        raise Unknown("form")
    return _blank(form, _words(form), public_region())
