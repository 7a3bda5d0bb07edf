"""The ledger as a table for a spreadsheet, and as the sheet for stock-taking (棚卸し)."""

import csv
from datetime import date, datetime
from io import StringIO
from typing import Any

from django.utils import translation

from renkei.device.disclosures import Ledger, Row
from renkei.kernel import clock
from renkei.kernel.japanese import wareki
from renkei.paperwork.pdf import pdf
from renkei.region.disclosures import public_region
from renkei.web import device_words as words

BOM = "\ufeff"  # without it Excel takes the text for another encoding
_HARMFUL = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run as a formula
HEAD = (
    "番号", "区分", "種類", "メーカー", "機種", "OS", "版", "使用者", "状態", "確認日", "次の確認",
    "許可の期限", "ブラウザー", "証明書", "棚卸し",
)  # fmt: skip


def _day(value: date | datetime | None) -> str:
    if isinstance(value, datetime):
        value = value.astimezone(clock.JAPAN).date()
    return value.isoformat() if value else ""


def _safe(cell: object) -> str:
    """The cell as text that no spreadsheet runs."""
    written = str(cell)
    return f"'{written}" if written.startswith(_HARMFUL) else written


def _cells(row: Row) -> list[str]:
    return [
        row.number,
        str(words.OWNERSHIPS[row.ownership]),
        str(words.TYPES[row.type]),
        row.maker,
        row.model,
        row.os,
        row.os_version,
        "、".join(row.users),
        str(words.STATES[row.word]),
        _day(row.confirmed_at),
        _day(row.confirm_by),
        _day(row.permitted_until),
        str(row.browsers),
        "あり" if row.certificate else "",
        _day(row.seen_on),
    ]


def _items(row: Row) -> list[str]:
    return [f"{words.DECISIONS[one.state]} {_day(one.on)}".strip() for one in row.items]


def ledger_csv(ledger: Ledger) -> str:
    """All devices with every item and its date; Japanese, whoever asks."""
    with translation.override("ja"):
        out = StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow([*HEAD, *(f"{one} {name}" for one, name in words.ITEMS.items())])
        for row in [*ledger.rows, *ledger.waiting]:
            writer.writerow([_safe(cell) for cell in (*_cells(row), *_items(row))])
        return BOM + out.getvalue()


def ledger_paper(ledger: Ledger) -> bytes:
    """What has to be there, with a box to tick for each."""
    with translation.override("ja"):
        return pdf("devices", _sheet(ledger))


def _sheet(ledger: Ledger) -> dict[str, Any]:
    region = public_region()
    rows = [row for row in ledger.rows if row.state != "retired"]
    return {
        "title": "端末台帳　棚卸し表",
        "footer": f"{region.name} 連携　{ledger.organization}",
        "printed": f"{wareki(clock.today())} 印刷",
        "about": [
            ("事業所", ledger.organization),
            ("台数", f"{len(rows)}台"),
            ("確かめた人・日", ""),
        ],
        "head": ["番号", "端末", "使用者", "状態", "確認日", "前の棚卸し", "現物"],
        "rows": [
            [
                row.number,
                f"{words.TYPES[row.type]}　{row.maker} {row.model}\n{row.os} {row.os_version}",
                "、".join(row.users),
                str(words.STATES[row.word]),
                _day(row.confirmed_at),
                _day(row.seen_on),
                "□",
            ]
            for row in rows
        ],
    }
