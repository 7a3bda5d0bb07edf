"""The points to note, a page for each role (N1-N4), and a card for each profession (A10)."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from renkei.region.wording import TEXTS

ROLES: Final = {
    "staff": "スタッフのみなさんへ",
    "administrator": "連携管理者の方へ",
    "group_manager": "グループ管理者の方へ",
    "head": "事業所管理者の方へ",
    "operator": "運営事務局の方へ",
    "family": "患者さん・ご家族へ",
}
"""Each role by the heading of its page in ``roles.ja.md``."""

CARDS: Final = {
    "医師": "医師・歯科医師",
    "歯科医師": "医師・歯科医師",
    "薬剤師": "薬剤師",
    "看護師": "訪問看護師",
    "准看護師": "訪問看護師",
    "保健師": "医療ソーシャルワーカー・地域包括支援センター・行政",
    "理学療法士": "リハビリ職（PT・OT・ST）",
    "作業療法士": "リハビリ職（PT・OT・ST）",
    "言語聴覚士": "リハビリ職（PT・OT・ST）",
    "歯科衛生士": "歯科衛生士・管理栄養士",
    "管理栄養士": "歯科衛生士・管理栄養士",
    "介護支援専門員": "介護支援専門員（ケアマネジャー）",
    "相談支援専門員": "介護支援専門員（ケアマネジャー）",
    "介護福祉士": "訪問介護員・介護福祉士",
    "訪問介護員": "訪問介護員・介護福祉士",
    "社会福祉士": "医療ソーシャルワーカー・地域包括支援センター・行政",
    "医療ソーシャルワーカー": "医療ソーシャルワーカー・地域包括支援センター・行政",
    "行政職員": "医療ソーシャルワーカー・地域包括支援センター・行政",
    "福祉用具専門相談員": "通所・福祉用具・施設の職員",
    "その他": "通所・福祉用具・施設の職員",
    "事務": "事務・連携管理者",
}
"""The card of each profession by its heading in ``cards.ja.md``."""

_RULE: Final = re.compile(r"［([A-Za-z0-9.・]+)］")


@dataclass(frozen=True, slots=True)
class Page:
    """The points to note of one role, in its own words."""

    role: str
    title: str
    motto: str  # the whole of it in one sentence
    text: str  # Markdown, with its places
    clauses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """What one profession keeps at hand."""

    title: str
    points: tuple[str, ...]  # each a line of Markdown


@cache
def pages() -> dict[str, Page]:
    """The page of each role."""
    source = (TEXTS / "roles.ja.md").read_text(encoding="utf-8")
    by_title = dict(_titled(one) for one in source.split("\n---\n")[1:])
    return {role: _page(role, title, by_title[title]) for role, title in ROLES.items()}


def _titled(block: str) -> tuple[str, str]:
    head, _, text = block.strip().partition("\n")
    return head.removeprefix("## ").strip(), text.strip()


def _page(role: str, title: str, text: str) -> Page:
    motto, _, rest = text.partition("\n")
    clauses = [one for found in _RULE.findall(text) for one in found.split("・")]
    return Page(
        role,
        title,
        motto.replace("**ひとことで言うと**:", "").strip(),
        rest.strip(),
        tuple(dict.fromkeys(clauses)),
    )


@cache
def cards() -> dict[str, Card]:
    """The card of each profession."""
    source = (TEXTS / "training" / "cards.ja.md").read_text(encoding="utf-8")
    by_title = {}
    for block in source.split("\n## ")[1:]:
        head, _, text = block.partition("\n")
        lines = [line.strip() for line in text.splitlines() if line.strip()[:1].isdigit()]
        points = tuple(line.partition(". ")[2] for line in lines)
        by_title[head.strip()] = Card(head.strip(), points)
    return {profession: by_title[title] for profession, title in CARDS.items()}


@cache
def foot() -> str:
    """What stands at the foot of every card, as Markdown with its places."""
    source = (TEXTS / "training" / "cards.ja.md").read_text(encoding="utf-8")
    return next(line[2:].strip() for line in source.splitlines() if line.startswith("> "))
