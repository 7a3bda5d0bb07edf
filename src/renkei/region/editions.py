"""Editions of the policy: written as a draft, confirmed by a second person, in force from a day.

The text and the parameters are one edition (A1, A2, A22). A draft keeps its places
(``{{ parameters.idle_minutes_pc }}``); they are filled when it is confirmed, so that text and
figures cannot differ. One edition at a time is on its way: until its day it can be taken back.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.kernel import clock
from renkei.kernel.clock import begins
from renkei.kernel.database import as_day, as_uuid, for_update, row, rows
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem, Unknown
from renkei.kernel.japanese import clean_text
from renkei.policy.queries import OPERATORS
from renkei.policy.rules import may
from renkei.policy.standing import Drafted, Standing, What
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.region import parameters, wording
from renkei.region.edition import in_force
from renkei.region.laws import laws_of
from renkei.region.models import PolicyDraft, PolicyVersion, Region
from renkei.region.parameters import PARAMETERS, Value
from renkei.region.wording import anchors

LONGEST = 200_000  # characters


@dataclass(frozen=True, slots=True)
class Draft:
    """The next edition while it is being written, beside the one in force."""

    id: UUID | None  # None while nobody has begun it
    source: str
    figures: dict[str, Any]  # every parameter
    effective_on: date | None
    revision: int
    set_by: UUID | None
    set_at: Any
    text: str  # with its places filled, as it would stand
    lost: list[str]  # clauses that the edition in force names and this one does not
    now_number: int
    now_text: str
    now_figures: dict[str, Any]
    coming: "Line | None"
    may_confirm: bool  # the one who asks may be the second person

    @property
    def number(self) -> int:
        """The number it gets."""
        return (self.coming.number if self.coming else self.now_number) + 1


@dataclass(frozen=True, slots=True)
class Line:
    """An edition in a list."""

    id: UUID
    number: int
    effective_on: date
    state: str  # "coming", "now" or "past"


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────


def public_editions() -> list[Line]:
    """Every edition of the region this server serves, the latest first: anybody may know them."""
    found = rows(
        "SELECT pv.id, pv.number, pv.effective_on, rg.policy_id, rg.coming, rg.coming_at"
        " FROM region_policyversion pv JOIN region_region rg ON rg.id = pv.region_id"
        " WHERE rg.id = (SELECT id FROM region_region ORDER BY opened_at LIMIT 1)"
        " ORDER BY pv.number DESC",
        [],
    )
    now = clock.to_us(clock.now())
    return [_line(one, now) for one in found]


def _line(found: tuple[Any, ...], now: int) -> Line:
    this, policy, coming = (as_uuid(found[at]) for at in (0, 3, 4))
    assert this is not None
    if this == in_force(policy, coming, found[5], now):
        state = "now"
    else:
        state = "coming" if this == coming else "past"
    return Line(this, found[1], as_day(found[2]), state)


@dataclass(frozen=True, slots=True)
class Public:
    """One edition with the one before it."""

    line: Line
    text: str
    figures: dict[str, Any]
    before: int | None  # number of the edition before
    before_text: str
    before_figures: dict[str, Any]


def public_edition(number: int) -> Public:
    """An edition of any time, with the one before: both may be read by everybody (article 22).

    Raises:
        Unknown: there is none of this number.
    """
    lines = {one.number: one for one in public_editions()}
    if number not in lines:
        raise Unknown("policy")
    earlier = max((one for one in lines if one < number), default=None)
    texts = dict(
        PolicyVersion.objects.filter(pk__in=[one.id for one in lines.values()]).values_list(
            "number", "text"
        )
    )
    return Public(
        lines[number],
        texts[number],
        parameters.of(lines[number].id),
        earlier,
        texts[earlier] if earlier else "",
        parameters.of(lines[earlier].id) if earlier else {},
    )


@disclosure("policy.draft", on="region")
def see_draft(standing: Standing) -> Draft:
    """The draft; while there is none, what it would begin with: the edition in force."""
    assert standing.who.region is not None
    region = Region.objects.get(pk=standing.who.region)
    edition = _now(region)
    written = PolicyDraft.objects.filter(region=region).first()
    source = written.source if written else _source(region, edition)
    changed = written.parameters if written else edition.parameters
    day = written.effective_on if written else None
    coming = next((one for one in public_editions() if one.state == "coming"), None)
    number = (coming.number if coming else edition.number) + 1
    return Draft(
        id=written.id if written else None,
        source=source,
        figures=parameters.whole(changed),
        effective_on=day,
        revision=written.revision if written else 0,
        set_by=written.changed_by if written else None,
        set_at=written.changed_at if written else None,
        text=_filled(region, source, changed, number, day or clock.today()),
        lost=[one for one in anchors(edition.text) if one not in anchors(source)],
        now_number=edition.number,
        now_text=edition.text,
        now_figures=parameters.of(edition.id),
        coming=coming,
        may_confirm=written is not None and _may_confirm(standing, written),
    )


_SECOND = "SELECT" + OPERATORS.format(region="%s", writer="%s")


def _may_confirm(standing: Standing, draft: PolicyDraft) -> bool:
    """What the rule says of the one who asks."""
    found = row(_SECOND, [draft.region_id.hex, draft.changed_by.hex, clock.to_us(clock.now())])
    asked = Drafted(draft.id, draft.changed_by, found[0] if found else 0)
    return may(Standing(standing.who, what=What(draft=asked)), "policy.enact")


def _now(region: Region) -> PolicyVersion:
    """The edition in force."""
    assert region.edition is not None
    return PolicyVersion.objects.get(pk=region.edition)


def _source(region: Region, edition: PolicyVersion) -> str:
    """What an edition was made from; of the default text, the default with its places."""
    if edition.source:
        return edition.source
    default = wording.default_source()
    same = _filled(region, default, edition.parameters, edition.number, edition.effective_on)
    return default if same == edition.text else edition.text


def _filled(region: Region, source: str, changed: Mapping[str, Any], number: int, day: date) -> str:
    """The text as it stands on the day.

    Raises:
        Problem: it has a place that nothing fills.
    """
    words = wording.words_of(
        region_name=region.name,
        operator_name=region.operator_name,
        operator_phone=region.phone,
        number=number,
        effective_on=day,
        parameters=changed,
        laws=laws_of(region.id),
    )
    try:
        return wording.fill(source, words)
    except KeyError as missing:
        raise Problem(
            gettext_noop("Nothing fills the place “%(place)s” in the text."),
            field="source",
            place=missing.args[0],
        ) from None


# ── Writing ──────────────────────────────────────────────────────────────────────────────────────


@use_case("policy.draft", on="region")
def keep_draft(
    change: Change,
    *,
    source: str,
    figures: Mapping[str, Value],
    effective_on: date | None,
    revision: int,
    given_up: Collection[str],
) -> UUID:
    """Keep what has been written of the next edition.

    Args:
        figures: every parameter.
        revision: of the draft that was shown; 0 if there was none.
        given_up: clauses whose loss the person has been told of, and wants.

    Raises:
        Problem: somebody else has written meanwhile, a clause would be lost unnoticed, a figure is
            out of its bounds, the day is past, or a place of the text is filled by nothing.
    """
    region = _locked(change)
    edition = _now(region)
    draft = PolicyDraft.objects.filter(region=region).first()
    if revision != (draft.revision if draft else 0):
        raise Problem(
            gettext_noop("Somebody else has changed the draft meanwhile. Please look at it again.")
        )
    source = clean_text(source).strip() + "\n"
    changed = _changed(figures)
    _judge_text(source, edition, given_up)
    _judge_day(effective_on)
    _filled(region, source, changed, edition.number + 1, effective_on or clock.today())
    draft = draft or PolicyDraft(id=uuid7(), region=region, revision=0)
    draft.source, draft.parameters, draft.effective_on = source, changed, effective_on
    draft.revision += 1
    draft.changed_by, draft.changed_at = change.account, change.now
    draft.save()
    _about(change, "PolicyDraft", draft.id, revision=draft.revision, parameters=len(changed))
    return draft.id


def _changed(figures: Mapping[str, Value]) -> dict[str, Value]:
    """The parameters that differ from the defaults."""
    for name, value in figures.items():
        if parameters.check(name, value):
            raise Problem(
                gettext_noop("This figure lies outside of what the policy allows."), field=name
            )
    return {name: one for name, one in figures.items() if one != PARAMETERS[name].default}


def _judge_text(source: str, edition: PolicyVersion, given_up: Collection[str]) -> None:
    if len(source) < 2 or len(source) > LONGEST:
        raise Problem(gettext_noop("Please write the text of the policy."), field="source")
    kept = anchors(source)
    lost = [one for one in anchors(edition.text) if one not in kept and one not in given_up]
    if lost:
        raise Problem(
            gettext_noop(
                "These clauses would be gone from the text: %(lost)s. Put them back, or confirm"
                " below that they are to go."
            ),
            field="source",
            lost="、".join(lost),
        )


def _judge_day(day: date | None) -> None:
    if day is not None and day < clock.today():
        raise Problem(gettext_noop("It can come into force today or later."), field="effective_on")


@use_case("policy.discard", on="region")
def discard_draft(change: Change) -> None:
    """Throw the draft away.

    Raises:
        Problem: there is none.
    """
    draft = PolicyDraft.objects.filter(region=_locked(change)).first()
    if draft is None:
        raise Problem(gettext_noop("There is no draft."))
    _about(change, "PolicyDraft", draft.id, revision=draft.revision)
    draft.delete()


@use_case("policy.enact", on="draft")
def enact(change: Change, *, revision: int) -> UUID:
    """Be the second person: the draft becomes an edition, in force from its day on.

    Args:
        revision: the one that was looked at.

    Raises:
        Problem: it was changed meanwhile, has no day or one that is past, or another edition is
            on its way already.
    """
    region = _locked(change)
    asked = change.standing.what.draft
    assert asked is not None
    draft = PolicyDraft.objects.filter(pk=asked.id).first()
    change.stream = f"region:{region.id.hex}"
    change.about("PolicyDraft", asked.id, revision=revision)
    if draft is None or draft.revision != revision:
        raise Problem(
            gettext_noop("Somebody else has changed the draft meanwhile. Please look at it again.")
        )
    if draft.effective_on is None or draft.effective_on < clock.today():
        raise Problem(gettext_noop("Please choose first from which day it is to be in force."))
    if region.coming is not None and region.edition != region.coming:
        raise Problem(gettext_noop("Another edition is on its way already. Take it back first."))
    edition = _edition(change, region, draft)
    region.policy_id = region.edition
    region.coming = edition.id
    region.coming_at = max(change.now, begins(edition.effective_on))
    region.save(update_fields=["policy", "coming", "coming_at"])
    draft.delete()
    change.end_standings()
    _about(
        change,
        "PolicyVersion",
        edition.id,
        number=edition.number,
        effective_on=edition.effective_on.isoformat(),
    )
    return edition.id


def _edition(change: Change, region: Region, draft: PolicyDraft) -> PolicyVersion:
    assert draft.effective_on is not None
    latest = row("SELECT MAX(number) FROM region_policyversion WHERE region_id = %s",
                 [region.id.hex])  # fmt: skip
    number = (latest[0] if latest else 0) + 1
    text = _filled(region, draft.source, draft.parameters, number, draft.effective_on)
    edition = PolicyVersion(
        id=uuid7(),
        region=region,
        number=number,
        effective_on=draft.effective_on,
        text=text,
        source=draft.source,
        parameters=draft.parameters,
        made_at=change.now,
        made_by=draft.changed_by,
        confirmed_by=change.account,
    )
    edition.save(force_insert=True)
    return edition


@use_case("policy.take_back", on="region")
def take_back(change: Change) -> None:
    """Take the edition back that is on its way; it is a draft again.

    Raises:
        Problem: none is, or it has come into force; or a new draft has been begun.
    """
    region = _locked(change)
    if region.coming is None or region.edition == region.coming:
        raise Problem(gettext_noop("It is in force already. Write the next edition instead."))
    if PolicyDraft.objects.filter(region=region).exists():
        raise Problem(gettext_noop("A new draft has been begun. Throw it away first."))
    edition = PolicyVersion.objects.get(pk=region.coming)
    region.coming = region.coming_at = None
    region.save(update_fields=["coming", "coming_at"])
    PolicyDraft.objects.create(
        region=region,
        source=edition.source,
        parameters=edition.parameters,
        effective_on=edition.effective_on,
        changed_by=change.account,
        changed_at=change.now,
    )
    _about(change, "PolicyVersion", edition.id, number=edition.number)
    edition.delete()  # it was never in force, and nobody was asked to confirm it


def _locked(change: Change) -> Region:
    """The region, so that of two who change its policy at once one is first."""
    row(
        "SELECT 1 FROM region_region WHERE id = %s" + for_update("region_region"),
        [change.region.hex],
    )
    return Region.objects.get(pk=change.region)


def _about(change: Change, kind: str, thing: UUID, **more: object) -> None:
    change.stream = f"region:{change.region.hex}"
    change.about(kind, thing, **more)
