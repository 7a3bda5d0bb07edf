"""News of the operator for residents, on the public page (A19.2)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Unknown
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.region.models import News
from renkei.region.notices import checked


@dataclass(frozen=True, slots=True)
class NewsItem:
    """One item as everybody sees it."""

    id: UUID
    title: str
    body: str
    published_at: datetime
    withdrawn_at: datetime | None = None


def _item(found: News) -> NewsItem:
    return NewsItem(found.id, found.title, found.body, found.published_at, found.withdrawn_at)


def public_news(most: int = 100) -> list[NewsItem]:
    """What stands on the public page, newest first."""
    shown = News.objects.filter(withdrawn_at=None).order_by("-published_at", "-id")
    return [_item(one) for one in shown[:most]]


def public_item(news: UUID) -> NewsItem:
    """One item of the public page.

    Raises:
        Unknown: there is none, or it was withdrawn.
    """
    found = News.objects.filter(pk=news, withdrawn_at=None).first()
    if found is None:
        raise Unknown("news")
    return _item(found)


@disclosure("news.publish", on="region")
def see_news(standing: Standing) -> list[NewsItem]:
    """Everything that was ever published, for those who may publish."""
    own = News.objects.filter(region=standing.who.region).order_by("-published_at", "-id")
    return [_item(one) for one in own]


@use_case("news.publish", on="region")
def publish_news(change: Change, *, title: str, body: str) -> News:
    """Put an item on the public page, for everybody to read.

    Raises:
        Problem: title or text is missing or too long.
    """
    news = News(
        id=uuid7(),
        region_id=change.region,
        **checked(title, body),
        published_at=change.now,
        published_by=change.account,
    )
    news.save(force_insert=True)
    change.stream = f"region:{change.region.hex}"
    change.about("News", news.id)
    return news


@use_case("news.withdraw", on="region")
def withdraw_news(change: Change, *, news: UUID) -> None:
    """Take an item off the public page; that it stood there stays on record.

    Raises:
        Unknown: there is no such item in this region.
    """
    found = News.objects.filter(pk=news, region_id=change.region)
    if not found.exists():
        raise Unknown("news")
    change.silent = not found.filter(withdrawn_at=None).update(withdrawn_at=change.now)
    change.stream = f"region:{change.region.hex}"
    change.about("News", news)
