"""The certificate of a review as a sheet of paper (N1.2)."""

from django.utils import translation

from renkei.kernel import clock
from renkei.kernel.japanese import wareki
from renkei.paperwork.pdf import pdf
from renkei.region.disclosures import public_region
from renkei.review.records import Record, Verdict
from renkei.web import review_words as words


def _decided(line: Verdict) -> str:
    result = str(words.RESULTS[line.result])
    if line.before:
        result += f"\n（前: {line.before}）"
    if line.reason:
        result += f"\n理由: {line.reason}"
    return result


def review_paper(record: Record) -> bytes:
    """Who went through whom, when, and what was decided; Japanese, whoever prints it."""
    region = public_region()
    made = record.made_at.astimezone(clock.JAPAN)
    whose = [("患者", f"{record.patient.name}　様")] if record.patient else []
    if record.family:
        whose.append(("グループ", "本人・家族とのグループ"))
    with translation.override("ja"):
        return pdf(
            "review",
            {
                "title": "メンバーの見直し　記録" if record.patient else "スタッフの見直し　記録",
                "footer": f"{region.name} 連携　{record.organization}",
                "printed": f"{wareki(clock.today())} 印刷",
                "about": [
                    *whose,
                    ("事業所", record.organization),
                    ("回", f"第{record.number}回"),
                    ("見直した人", "　".join(
                        (record.by.name, record.by.profession, record.by.organization))),
                    ("見直した日時", f"{wareki(made.date())} {made:%-H:%M}"),
                    ("期限", wareki(record.due_at.astimezone(clock.JAPAN).date())),
                    ("人数", f"{len(record.lines)}人"),
                ],
                "group": record.patient is not None,
                "rows": [
                    [
                        one.face.name,
                        f"{one.face.profession}\n{one.face.organization}",
                        *([one.part] if record.patient else []),
                        "\n".join(str(words.MARKS[mark]) for mark in one.marks),
                        _decided(one),
                    ]
                    for one in record.lines
                ],
            },
        )  # fmt: skip
