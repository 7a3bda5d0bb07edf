"""The operator's own provisions beside the policy (細則, A22): shown with it, from day to day."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.kernel import clock
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.region.edition import served_region
from renkei.region.models import Notice, Provision, Region

LONGEST = 20_000  # characters


@dataclass(frozen=True, slots=True)
class Line:
    """A provision as everybody may read it."""

    id: UUID
    title: str
    text: str
    from_on: date
    until_on: date | None
    notice: UUID | None

    @property
    def state(self) -> str:
        """Whether it is "coming", "now" in force, or "past"."""
        if self.from_on > clock.today():
            return "coming"
        return "past" if self.until_on is not None and self.until_on < clock.today() else "now"


def _line(one: Provision) -> Line:
    return Line(one.id, one.title, one.text, one.from_on, one.until_on, one.notice_id)


def of_region(region: UUID) -> list[Line]:
    """All of a region's, in the order in which they began."""
    found = Provision.objects.filter(region=region).order_by("from_on", "made_at")
    return [_line(one) for one in found]


def public_provisions() -> list[Line]:
    """Those in force, and those to come, of the region this server serves."""
    region = served_region()
    return [one for one in of_region(region) if one.state != "past"] if region else []


@disclosure("provision.keep", on="region")
def see_provisions(standing: Standing) -> list[Line]:
    """All of them, the past ones too."""
    assert standing.who.region is not None
    return of_region(standing.who.region)


@use_case("provision.keep", on="region")
def add_provision(
    change: Change, *, title: str, text: str, from_on: date, until_on: date | None, ask: bool
) -> UUID:
    """Add a provision; on wish with a notice by which everybody confirms having read it.

    Raises:
        Problem: title or text is missing or too long, or the days cannot be.
    """
    title, text = clean_text(title).strip(), clean_text(text).strip()
    if not title or len(title) > 100:
        raise Problem(gettext_noop("Please give a title of up to 100 characters."), field="title")
    if not text or len(text) > LONGEST:
        raise Problem(gettext_noop("Please write the text."), field="text")
    if from_on < clock.today():
        raise Problem(gettext_noop("It can come into force today or later."), field="from_on")
    if until_on is not None and until_on < from_on:
        raise Problem(gettext_noop("The last day lies before the first."), field="until_on")
    provision = Provision(
        id=uuid7(),
        region_id=change.region,
        title=title,
        text=text,
        from_on=from_on,
        until_on=until_on,
        notice=_notice(change, title, text) if ask else None,
        made_by=change.account,
        made_at=change.now,
    )
    provision.save(force_insert=True)
    _about(change, provision)
    return provision.id


def _notice(change: Change, title: str, text: str) -> Notice:
    """A notice of it, for everybody to confirm; a long one is read on the page of the policy."""
    region = Region.objects.get(pk=change.region)
    notice = Notice(
        id=uuid7(),
        key_id=region.key_id,
        region=region,
        acknowledge=True,
        written_by=change.account,
        published_at=change.now,
    )
    notice.seal("content", {"title": title, "body": text[:5_000]})
    notice.save(force_insert=True)
    return notice


@use_case("provision.end", on="region")
def end_provision(change: Change, *, provision: UUID, until_on: date) -> None:
    """Say which day is its last; one that has not begun can be dropped before it does.

    Raises:
        Problem: it is over, there is no such one, or the day lies in the past.
    """
    found = Provision.objects.filter(pk=provision, region_id=change.region).first()
    if found is None or _line(found).state == "past":
        raise Problem(gettext_noop("This provision is not in force any more."))
    if until_on < clock.today():
        raise Problem(gettext_noop("The last day can be today or later."), field="until_on")
    found.until_on = until_on
    found.save(update_fields=["until_on"])
    _about(change, found)


def _about(change: Change, one: Provision) -> None:
    change.stream = f"region:{change.region.hex}"
    until = one.until_on.isoformat() if one.until_on else ""
    change.about("Provision", one.id, from_on=one.from_on.isoformat(), until_on=until)
