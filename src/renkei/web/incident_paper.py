"""The incident report, and who saw what, as sheets of paper."""

from datetime import date, datetime
from typing import Any

from django.utils import translation

from renkei.incident.case import Case
from renkei.incident.seen import Seen, SeenBy
from renkei.kernel import clock
from renkei.kernel.japanese import wareki
from renkei.paperwork.pdf import pdf
from renkei.region.disclosures import public_region
from renkei.web import incident_words as words

OPEN = "確認中"  # as on the paper form: what is not known is being checked


def _day(value: date | None) -> str:
    return wareki(value) if value else ""


def _moment(value: datetime | None) -> str:
    if value is None:
        return ""
    here = value.astimezone(clock.JAPAN)
    return f"{wareki(here.date())} {here:%-H:%M}"


def _footer() -> dict[str, str]:
    region = public_region()
    return {
        "footer": f"{region.name} 連携　{region.operator_name}",
        "printed": f"{_moment(clock.now())} 印刷",
    }


def incident_paper(case: Case) -> bytes:
    """The form of the operating policy, filled with what is known; Japanese, whoever prints it."""
    with translation.override("ja"):
        return pdf("incident", {**_footer(), **_filled(case)})


def _filled(case: Case) -> dict[str, Any]:
    report, state = case.report, case.statement
    items = [(str(label), getattr(state, name) or OPEN) for name, label in words.ITEMS]
    return {
        "title": "事故・不正 報告書",
        "number": f"第{case.line.number}号",
        "report": [
            ("種類", str(words.KINDS[case.line.kind])),
            ("気付いた・起きた日時", report["when"] or OPEN),
            ("何が起きたか", report["what"] or OPEN),
            ("端末・ID", "　".join(one for one in (case.device_number, case.person) if one)),
            ("すぐに行ったこと", state.measures),
            ("報告した人・折り返し先", f"{_reporter(case)}　{report['phone']}"),
            ("報告の日時", _moment(case.line.opened_at)),
        ],
        "assessment": [
            ("事業所", case.line.organization),
            ("重さ", str(words.SEVERITIES[case.line.severity])),
            ("法律上の報告", str(words.DUTIES[case.duty])),
            ("高度な暗号化等の措置", str(words.ENCRYPTION[state.encryption])),
            ("担当", case.line.assigned),
        ],
        "deadlines": _deadlines(case),
        "items": items,
        "entries": [
            (_moment(one.at), str(words.ENTRIES[one.word]), one.text, one.by)
            for one in case.entries
        ],
        "told": [
            (_day(one.on), one.whom or "患者（氏名は事業所で管理）", one.how) for one in case.told
        ],
        "closing": [
            ("原因", case.closing.get("cause", "")),
            ("再発を防ぐための措置", case.closing.get("measure", "")),
            ("終結した日", _moment(case.line.closed_at)),
        ],
    }


def _reporter(case: Case) -> str:
    said = "　".join(one for one in (case.report["name"], case.report["organization"]) if one)
    return case.reported_by or said or "システム"


def _deadlines(case: Case) -> list[tuple[str, str, str]]:
    if not case.clocked:
        return [("速報・確報", "要しない", "")]
    due, state = case.deadlines, case.statement
    return [
        (
            "速報（知った時から速やかに。おおむね3〜5日以内）",
            f"{_day(due.first_soon)}〜{_day(due.first)}",
            f"{_day(case.first_reported_on)}\n{state.first_reference}".strip(),
        ),
        (
            "確報（30日以内。不正の目的のおそれがあるときは60日以内）",
            _day(due.final),
            f"{_day(case.final_reported_on)}\n{state.final_reference}".strip(),
        ),
        ("本人への通知（状況に応じて速やかに）", "—", f"{_told(case)}人に通知"),
    ]


def _told(case: Case) -> int:
    return sum(one.patient for one in case.told)


NOTE = (
    "「初めて表示」は、その期間に初めて画面に表示した記録です。二度目からの表示は記録に残りません。"
    "患者についての画面（基本情報など）は、開いた日ごとに一度記録します。"
    "「開けた件数」は、参加していたグループで開くことのできた件数で、見られたおそれのある範囲です。"
    "内容は含みません。他の事業所の患者は、頭文字と件数だけを示しています。"
)


def seen_paper(found: SeenBy) -> bytes:
    """Who saw what, for the file: names of one's own patients, initials of the others."""
    head = ["患者", "管理する事業所", "初めて表示", "開けた件数", "最初", "最後"]
    parts = [
        {"title": "当事業所の患者", "head": head, "rows": [_row(one) for one in found.own]},
        {"title": "他の事業所の患者", "head": head, "rows": [_row(one) for one in found.others]},
    ]
    about = [
        ("期間", f"{_moment(found.since)} から {_moment(found.until)} まで"),
        *([("人", found.person)] if found.person else []),
        *([("端末", found.device)] if found.device else []),
    ]
    return pdf(
        "seen",
        {**_footer(), "title": "誰が何を見たか", "about": about, "note": NOTE, "parts": parts},
    )


def _pages(one: Seen) -> list[str]:
    """The pages about the patient that were opened."""
    return [str(name) for word, name in words.PAGES.items() if word in one.pages]


def _files(one: Seen) -> list[str]:
    """How many photos and documents were opened."""
    return [f"写真・資料 {len(one.files)}件"] if one.files else []


def _row(one: Seen) -> tuple[str, ...]:
    name = one.identity.name if one.identity else one.initials
    return (
        name,
        one.organization,
        "\n".join([str(one.entries), *_files(one), *_pages(one)]),
        str(one.reach),
        _moment(one.first_at),
        _moment(one.last_at),
    )
