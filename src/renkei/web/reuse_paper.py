"""Permitted copies as PDF and as text, and the sheets of a fax: Japanese, whoever opens them."""

from base64 import b64encode
from collections.abc import Iterator
from datetime import date, datetime
from io import BytesIO
from typing import Any, Final

from PIL import Image

from renkei.disclosure.copying import Copy, Part
from renkei.disclosure.enclosing import Picture
from renkei.disclosure.faxing import Ready
from renkei.disclosure.items import shown_number
from renkei.enrollment.printing import Printed, edition, region_values
from renkei.files import opening
from renkei.kernel import clock
from renkei.kernel.damage import DAMAGE, tell
from renkei.kernel.errors import Tampered
from renkei.kernel.japanese import wareki
from renkei.paperwork.form import Filled, Sheet, form_pages, form_pdf
from renkei.paperwork.pdf import pdf
from renkei.paperwork.stamp import stamped
from renkei.region.disclosures import public_region
from renkei.region.form_texts import forms, in_force
from renkei.region.models import Region
from renkei.web import reuse_words as words

CLOSING: Final = (
    "許された目的・人・期限に限って使い、期限が来たら破棄してください。ほかの人へ渡すことはできません。\n"
    "この写しを開いたことは記録されています。"
)
FORM: Final = "fax-cover"


def _day(value: date) -> str:
    return wareki(value)


def moment(value: datetime) -> str:
    """A moment as it stands on paper."""
    here = value.astimezone(clock.JAPAN)
    return f"{wareki(here.date())} {here:%-H:%M}"


def _source(part: Part) -> str:
    return "　".join(one for one in (part.author, part.work) if one)


def _note(part: Part, pictures: str) -> str:
    said = ["書いたあとに訂正されています。"] if part.corrected else []
    if part.pictures and pictures:
        said.append(pictures.format(n=len(part.pictures)))
    if part.condition:
        said.append(f"書いた人の条件: {part.condition}")
    return "　".join(said)


def _facts(copy: Copy) -> list[tuple[str, str]]:
    about = [
        ("患者", f"{copy.patient} 様" if copy.patient else ""),
        ("連携元事業所", copy.organization),
        ("目的", f"{words.PAPER_PURPOSES[copy.purpose]}　{copy.detail}"),
        ("渡した相手", copy.user),
        ("使う人", copy.users),
        ("使える期限", f"{_day(copy.until)} まで"),
        ("開いた日時", moment(copy.opened_at)),
    ]
    return [(name, said) for name, said in about if said]


IN_PDF: Final = "（添付{n}件は、PDFの写しに入っています。）"
NOT_BY_FAX: Final = "（添付{n}件は、FAXでは送りません。）"


def enclosed(copy: Copy, pictures: str = IN_PDF) -> list[dict[str, str]]:
    """The parts of a copy as the sheets read them, and what is said of pictures left out there."""
    outside = copy.purpose == "outside"
    return [
        {
            "source": _source(one),
            "at": _day(one.at.astimezone(clock.JAPAN).date()) if outside else moment(one.at),
            "text": one.text,
            "note": _note(one, pictures),
        }
        for one in copy.parts
    ]


def _pictures(copy: Copy, part: Part) -> Iterator[dict[str, Any]]:
    """Its pictures and pages, each with the stamp burnt in; a sentence for one that does not open.

    A sheet takes texts alone: so a picture travels to it within a drawing.
    """
    for number, one in enumerate(part.pictures, 1):
        try:
            pages = one.pages()
        except DAMAGE as found:
            if isinstance(found, Tampered):
                tell(found)
            yield {"caption": f"添付{number}　開けませんでした。", "drawing": ""}
            continue
        if one.pace:
            yield _drawing(f"添付{number}　{_frames_said(one, pages)}", _sheet_of(pages, copy))
            continue
        for place, page in enumerate(pages, 1):
            picture = stamped(page, copy.user, shown_number(copy.number), copy.opened_at)
            of = f"（{place}/{len(pages)}）" if len(pages) > 1 else ""
            yield _drawing(f"添付{number}{of}", picture)


def _drawing(caption: str, picture: bytes) -> dict[str, Any]:
    with Image.open(BytesIO(picture), formats=["JPEG"]) as image:
        width, height = image.size
    return {
        "caption": caption,
        "drawing": f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}"'
        f' height="{height}"><image width="{width}" height="{height}" href="data:image/'
        f'jpeg;base64,{b64encode(picture).decode()}"/></svg>',
        "width": width,
        "height": height,
    }


# ── Some seconds of a film ───────────────────────────────────────────────────────────────────────

ON_SHEET: Final = 12  # frames of a clip that stand on paper


def _frames_said(clip: Picture, frames: list[bytes]) -> str:
    if len(frames) == 1:
        return "動画の1場面"
    shown = f"うち{ON_SHEET}枚。" if len(frames) > ON_SHEET else ""
    return f"動画から {len(frames)}枚（毎秒{clip.pace}枚、{shown}動く形は画面の「動画の一部」から）"


def _sheet_of(frames: list[bytes], copy: Copy) -> bytes:
    """Frames of a clip on one sheet, as many as can be looked at, with the stamp burnt in."""
    step = max(1.0, len(frames) / ON_SHEET)
    chosen = [int(n * step) for n in range(min(ON_SHEET, len(frames)))]
    columns, numbers = 1 if len(frames) == 1 else 3, [n + 1 for n in chosen]
    with opening.turn():
        sheet = opening.side_by_side([frames[n] for n in chosen], numbers, columns)
    return stamped(sheet, copy.user, shown_number(copy.number), copy.opened_at)


def clip_as_gif(copy: Copy, clip: Picture) -> bytes:
    """The clip as GIF, with the stamp burnt into each frame.

    Not within a transaction: pictures are opened here.

    Raises:
        Problem: others are at pictures for too long.
        Tampered, Erased: what is stored does not open.
    """
    number = shown_number(copy.number)
    until = f"{number}　{_day(copy.until)} まで"
    frames = [stamped(one, copy.user, until, copy.opened_at) for one in clip.pages()]
    with opening.turn():
        return opening.clip(frames, clip.pace)


def copy_paper(copy: Copy) -> Printed:
    """The copy as PDF, with the name of who opened it and when across every page and picture.

    Not within a transaction: pictures are opened here.

    Raises:
        Problem: there is no Japanese font on this machine, or others are at pictures for too long.
    """
    region = public_region()
    number = shown_number(copy.number)
    parts = [
        {**said, "pictures": list(_pictures(copy, part))}
        for said, part in zip(enclosed(copy, ""), copy.parts, strict=True)
    ]
    content = pdf(
        "copy",
        {
            "title": "二次利用の写し（個人が分からないようにしたもの）"
            if copy.purpose == "outside"
            else "二次利用の写し",
            "number": number,
            "mark": f"{copy.user}　{moment(copy.opened_at)}　{number}",
            "facts": _facts(copy),
            "parts": parts,
            "closing": CLOSING,
            "footer": f"{region.name} 連携　許可番号 {number}　{_day(copy.until)} まで",
        },
    )
    return Printed(f"copy-{number}.pdf", content)


def copy_text(copy: Copy) -> str:
    """The copy as text, with everything that has to stand with it."""
    head = [f"許可番号: {shown_number(copy.number)}"]
    head += [f"{name}: {said}" for name, said in _facts(copy)]
    parts = [
        "\n".join(
            one for one in (f"■ {part['source']}　{part['at']}", part["text"], part["note"]) if one
        )
        for part in enclosed(copy)
    ]
    return "\n".join(head) + "\n\n" + "\n\n".join(parts) + f"\n\n{CLOSING}\n"


def record_text(copy: Copy) -> str:
    """What is pasted into 支援経過: what was said, by whom, when; the permission's number."""
    said = [
        f"{part['at']}　{part['source']}\n{part['text']}"
        + (f"\n（{part['note']}）" if part["note"] else "")
        for part in enclosed(copy)
    ]
    return "\n\n".join(said) + f"\n（連携 許可番号 {shown_number(copy.number)}）"


def fax_paper(ready: Ready) -> tuple[Printed, int]:
    """Cover and content of a fax, and how many pages they are.

    Raises:
        Problem: there is no Japanese font on this machine.
    """
    pages = form_pages(_fax_sheet(ready, "00"))
    number = shown_number(ready.copy.number)
    return Printed(f"fax-{number}.pdf", form_pdf(_fax_sheet(ready, str(pages)))), pages


def _fax_sheet(ready: Ready, pages: str) -> Sheet:
    region, facts, to = public_region(), forms()[FORM], ready.to
    of = Region.objects.order_by("opened_at").values_list("pk", flat=True).get()
    text = in_force(of, FORM, clock.today())
    sender = ready.values
    values = {
        **region_values(region),
        **sender,
        "to_organization": to.organization,
        "to_person": to.person,
        "to_fax": to.number,
        "from_organization": sender.get("organization.name", ""),
        "from_person": ready.sender,
        "from_phone": sender.get("organization.phone", ""),
        "from_fax": sender.get("organization.fax", ""),
        "date": moment(ready.at),
        "pages": pages,
        "subject": to.subject,
        "permission_number": shown_number(ready.copy.number),
        "reply": to.reply,
    }
    return Sheet(
        title=facts.title,
        fields=facts.facts["field"],
        text=text.text,
        filled=Filled(values=values, ticked=_ticked(text.text)),
        edition=edition(text),
        footer=f"{region.name} 連携　{region.operator_name}",
        copies=(f"許可番号 {shown_number(ready.copy.number)}",),
        enclosed=tuple(enclosed(ready.copy, NOT_BY_FAX)),
    )


def _ticked(text: str) -> frozenset[str]:
    """What was done before: the number was typed twice, and somebody was rung."""
    done = ("番号を二人で、又は二度確かめた", "電話で在席を確かめた")
    return frozenset(one for one in done if one in text)
