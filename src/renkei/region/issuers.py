"""Who issues documents and takes no part in the network: whether theirs may be posted (A17.2)."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem, Unknown
from renkei.kernel.japanese import fold_kana, is_kana, narrow, sort_key
from renkei.policy.rules import may
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.region.models import Issuer

KINDS = (
    "病院", "診療所", "歯科診療所", "薬局", "訪問看護", "居宅介護支援", "介護施設", "検査機関",
    "行政", "その他",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """An issuer in the register."""

    id: UUID
    name: str
    kana: str
    kind: str
    address: str
    answer: str  # yes · ask · no
    since: date | None
    note: str


@dataclass(frozen=True, slots=True)
class Register:
    """What was found in it."""

    lines: list[Line]
    all: int
    may_keep: bool


def _line(one: Issuer) -> Line:
    return Line(one.id, one.name, one.kana, one.kind, one.address, one.answer, one.since, one.note)


def _folded(text: str) -> str:
    return fold_kana(narrow(text)).lower().replace(" ", "")


def of_region(region: UUID) -> list[Line]:
    """All of a region's, by kana."""
    found = Issuer.objects.filter(region=region, removed_at=None)
    return sorted(map(_line, found), key=lambda one: (sort_key(one.kana or one.name), one.id))


@disclosure("issuer.see", on="region")
def see_issuers(standing: Standing, *, words: str, answer: str) -> Register:
    """Those whose name, kana or address holds the words."""
    assert standing.who.region is not None
    everyone, wanted = of_region(standing.who.region), _folded(words)
    found = [
        one
        for one in everyone
        if wanted in _folded(one.name + one.kana + one.address)
        and (not answer or one.answer == answer)
    ]
    return Register(found, len(everyone), may(standing, "issuer.keep"))


@disclosure("issuer.keep", on="region")
def see_issuer(standing: Standing, issuer: UUID) -> Line:
    """One of them, before it is changed.

    Raises:
        Unknown: there is none of that id here.
    """
    assert standing.who.region is not None
    found = Issuer.objects.filter(pk=issuer, region_id=standing.who.region, removed_at=None).first()
    if found is None:
        raise Unknown("issuer")
    return _line(found)


@disclosure("issuer.keep", on="region")
def before_adding(standing: Standing) -> None:
    """Nothing is shown; but the rule has been asked before the form is."""


@use_case("issuer.keep", on="region")
def keep_issuer(
    change: Change,
    *,
    issuer: UUID | None,
    name: str,
    kana: str,
    kind: str,
    address: str,
    answer: str,
    since: date | None,
    note: str,
) -> UUID:
    """Write an issuer into the register, or what has changed about one.

    Raises:
        Problem: there is one of that name and address already, the reading is none, or a word is
            not one of those to choose from.
        Unknown: there is none of that id here.
    """
    here = Issuer.objects.filter(region_id=change.region, removed_at=None)
    found = here.filter(pk=issuer).first() if issuer else Issuer(id=uuid7())
    if found is None:
        raise Unknown("issuer")
    if not name:
        raise Problem(gettext_noop("Please write this."), field="name")
    if kana and not is_kana(kana):
        raise Problem(gettext_noop("Please write the reading in hiragana."), field="kana")
    if kind not in KINDS:
        raise Problem(gettext_noop("Please choose one."), field="kind")
    if answer not in Issuer.Answer.values:
        raise Problem(gettext_noop("Please choose one."), field="answer")
    same = [one for one in here.exclude(pk=found.id) if _folded(one.name) == _folded(name)]
    if any(_folded(one.address) == _folded(address) for one in same):
        raise Problem(gettext_noop("It stands in the register already."), field="name")
    found.region_id = change.region
    found.name, found.kana, found.kind, found.address = name, kana, kind, address
    found.answer, found.since, found.note = answer, since, note
    found.changed_by, found.changed_at = change.account, change.now
    found.save()
    change.stream = f"region:{change.region.hex}"
    change.about("Issuer", found.id, answer=answer)
    return found.id


@use_case("issuer.remove", on="region")
def remove_issuer(change: Change, *, issuer: UUID) -> None:
    """Take one off the register.

    Raises:
        Unknown: there is none of that id here.
    """
    found = Issuer.objects.filter(pk=issuer, region_id=change.region, removed_at=None).first()
    if found is None:
        raise Unknown("issuer")
    found.removed_at, found.changed_by, found.changed_at = change.now, change.account, change.now
    found.save(update_fields=["removed_at", "changed_by", "changed_at"])
    change.stream = f"region:{change.region.hex}"
    change.about("Issuer", issuer)
