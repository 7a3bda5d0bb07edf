"""The operator's notices: who is addressed by which, and what a person sees of them (A18)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.kernel import vault
from renkei.kernel.clock import from_us, now, to_us
from renkei.kernel.damage import DAMAGE, sentence, word
from renkei.kernel.database import id_of, row, rows
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem, Unknown
from renkei.kernel.japanese import clean_text
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.region.audience import EVERYONE, Audience, Work, addressed, audience
from renkei.region.models import Notice, Region

LOOKED_AT: Final = 200  # notices; older ones are found in the operator's list
TITLE, BODY = 100, 5_000  # the most characters of each, of news as well


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """A notice as one person sees it."""

    id: UUID
    title: str
    body: str
    published_at: datetime | None  # None while it is a draft
    acknowledge: bool
    confirmed_at: datetime | None  # None while it is not confirmed
    audience: Audience = EVERYONE
    withdrawn_at: datetime | None = None
    changed_at: datetime | None = None

    @property
    def waiting(self) -> bool:
        """Whether the person still has to confirm it."""
        return self.acknowledge and self.confirmed_at is None


_COLUMNS: Final = """
    SELECT n.id, n.key_id, n.content, n.published_at, n.acknowledge, n.audience, n.withdrawn_at,
      n.changed_at, {}
    FROM region_notice n"""
_MINE: Final = (
    _COLUMNS.format("k.at")
    + """
    LEFT JOIN enrollment_noticeacknowledgement k ON k.notice_id = n.id AND k.account_id = %s
    WHERE n.region_id = %s AND n.published_at IS NOT NULL AND n.withdrawn_at IS NULL"""
)
_WORK: Final = """
    SELECT r.organization_id, r.profession, r.administrator
    FROM people_practitionerrole r JOIN people_organization o ON o.id = r.organization_id
    WHERE r.account_id = %s AND r.ended_at IS NULL AND (r.until IS NULL OR r.until > %s)
      AND o.suspended_at IS NULL"""


def notice_of(found: tuple[Any, ...]) -> NoticeLine:
    """A line of the columns above."""
    notice, key = id_of(found[0]), id_of(found[1])
    try:
        content = vault.unseal_json(key, found[2], about=f"region.Notice/{notice.hex}/content")
    except DAMAGE as damage:
        content = {"title": word(damage), "body": sentence(damage)}
    moments = [None if found[at] is None else from_us(found[at]) for at in (3, 6, 7, 8)]
    return NoticeLine(
        id=notice,
        title=content["title"],
        body=content["body"],
        published_at=moments[0],
        acknowledge=bool(found[4]),
        confirmed_at=moments[3],
        audience=audience(found[5]),
        withdrawn_at=moments[1],
        changed_at=moments[2],
    )


def _ids(standing: Standing) -> list[str]:
    who = standing.who
    assert who.account is not None and who.region is not None
    return [who.account.hex, who.region.hex]


def work_of(account: UUID) -> list[Work]:
    """What a person does for which organizations at present."""
    return [
        (id_of(one[0]), one[1], bool(one[2])) for one in rows(_WORK, [account.hex, to_us(now())])
    ]


def _mine(standing: Standing, found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Those of the rows that address the person; the operator sees all."""
    who = standing.who
    narrowed = [one for one in found if not audience(one[5]).everyone]
    if who.operator or who.account is None or not (narrowed or who.family):
        return found
    work = [] if who.family else work_of(who.account)
    return [one for one in found if addressed(audience(one[5]), work, family=who.family)]


def notices(standing: Standing, *, most: int = 8) -> list[NoticeLine]:
    """What the operator has to say: what waits for confirmation first, then the newest."""
    waiting = " ORDER BY (n.acknowledge AND k.at IS NULL) DESC, n.published_at DESC LIMIT %s"
    found = _mine(standing, rows(_MINE + waiting, [*_ids(standing), LOOKED_AT]))
    return [notice_of(one) for one in found[:most]]


def one_of(standing: Standing, notice: UUID) -> NoticeLine:
    """One notice that addresses the person.

    Raises:
        Unknown: there is no such notice here, or not for this person.
    """
    found = row(_MINE + " AND n.id = %s", [*_ids(standing), notice.hex])
    if found is None or not _mine(standing, [found]):
        raise Unknown("notice")
    return notice_of(found)


_ALL: Final = _COLUMNS.format("NULL") + " WHERE n.region_id = %s"


@disclosure("notice.list", on="region")
def see_all(standing: Standing) -> list[NoticeLine]:
    """Every notice, drafts first, then the newest; withdrawn ones too."""
    assert standing.who.region is not None
    order = " ORDER BY n.published_at IS NOT NULL, n.published_at DESC, n.changed_at DESC"
    return [notice_of(one) for one in rows(_ALL + order, [standing.who.region.hex])]


@disclosure("notice.write", on="region")
def see_draft(standing: Standing, notice: UUID) -> NoticeLine:
    """A notice that is still being written.

    Raises:
        Unknown: there is no such draft.
    """
    assert standing.who.region is not None
    asked = " AND n.id = %s AND n.published_at IS NULL"
    found = row(_ALL + asked, [standing.who.region.hex, notice.hex])
    if found is None:
        raise Unknown("notice")
    return notice_of(found)


@disclosure("notice.write", on="region")
def before_writing(standing: Standing) -> None:
    """Nothing is shown; but the rule has been asked before the form is."""


# ── Writing ──────────────────────────────────────────────────────────────────────────────────────


def checked(title: str, body: str) -> dict[str, str]:
    """What a notice or news says, if it can be said so.

    Raises:
        Problem: title or text is missing or too long.
    """
    title, body = clean_text(title).strip(), clean_text(body).strip()
    if not 0 < len(title) <= TITLE:
        raise Problem(gettext_noop("Please give a title of up to 100 characters."), field="title")
    if not 0 < len(body) <= BODY:
        raise Problem(gettext_noop("Please write up to 5,000 characters."), field="body")
    return {"title": title, "body": body}


def judge_audience(region: UUID, to: Audience) -> None:
    """Refuse organizations that are none of the region's.

    Raises:
        Problem: one of them is not here.
    """
    places = ", ".join(["%s"] * len(to.organizations)) or "NULL"
    known = rows(
        f"SELECT id FROM people_organization WHERE region_id = %s AND id IN ({places})",
        [region.hex, *(one.hex for one in to.organizations)],
    )
    if len(known) != len(to.organizations):
        raise Problem(gettext_noop("Please choose from the list."), field="organizations")


def draft_of(change: Change, notice: UUID | None) -> Notice:
    """The draft that is to be changed or published, or a new one.

    Raises:
        Problem: it is none any more: somebody has published it meanwhile, or thrown it away.
    """
    if notice is None:
        region = Region.objects.get(pk=change.region)
        return Notice(id=uuid7(), key_id=region.key_id, region=region)
    draft = (
        Notice.objects.select_for_update()
        .filter(pk=notice, region_id=change.region, published_at=None)
        .first()
    )
    if draft is None:
        raise Problem(gettext_noop("This draft is not there any more."))
    return draft


def write(
    change: Change, draft: UUID | None, *, title: str, body: str, acknowledge: bool, to: Audience
) -> Notice:
    """The draft, or a new notice, with these words; it is saved by whoever asked for it.

    Raises:
        Problem: title or text is missing or too long, an organization is none of the region's, or
            the draft is not there any more.
    """
    notice = draft_of(change, draft)
    judge_audience(change.region, to)
    notice.seal("content", checked(title, body))
    notice.acknowledge, notice.audience = acknowledge, to.stored()
    notice.written_by = change.account
    change.stream = f"region:{change.region.hex}"
    return notice


@use_case("notice.write", on="region")
def write_notice(
    change: Change,
    *,
    title: str,
    body: str,
    acknowledge: bool,
    to: Audience = EVERYONE,
    draft: UUID | None = None,
) -> UUID:
    """Keep a notice as a draft that nobody but the operator sees.

    Raises:
        Problem: title or text is missing or too long, an organization is none of the region's, or
            the draft is not there any more.
    """
    notice = write(change, draft, title=title, body=body, acknowledge=acknowledge, to=to)
    notice.changed_at = change.now
    notice.save()
    change.about("Notice", notice.id, draft=True)
    return notice.id


@use_case("notice.withdraw", on="region")
def withdraw_notice(change: Change, *, notice: UUID) -> None:
    """Show a notice to nobody any more; a draft is thrown away. The trail keeps that it was there.

    Raises:
        Problem: there is no such notice, or it has been withdrawn.
    """
    found = Notice.objects.filter(pk=notice, region_id=change.region, withdrawn_at=None).first()
    if found is None:
        raise Problem(gettext_noop("This notice is not there any more."))
    change.stream = f"region:{change.region.hex}"
    change.about("Notice", notice, draft=found.published_at is None)
    if found.published_at is None:
        found.delete()
        return
    found.withdrawn_at = change.now
    found.save(update_fields=["withdrawn_at"])
