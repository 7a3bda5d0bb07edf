"""The folder of an own backup, a zip that is made while it is sent: nothing is kept of it (N4.8).

HTML to read, JSON for programs, one's own pictures and files, permitted copies as PDF and text, and
a list of SHA-256 checksums that ``sha256sum -c checksums.txt`` compares. It is Japanese, whoever
takes it.
"""

import io
import mimetypes
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any, Final

import orjson
from django.utils import translation
from markupsafe import escape

from renkei.disclosure.copying import Copy
from renkei.disclosure.items import shown_number
from renkei.disclosure.own_backup import Message, OwnFile, Part, Taken, own_part
from renkei.kernel.damage import DAMAGE
from renkei.kernel.damage import sentence as sentence_of
from renkei.kernel.errors import Problem, Refused, SignedOut, Unknown
from renkei.policy.standing import Actor
from renkei.policy.use_case import GateClosed
from renkei.web.errors import sentence
from renkei.web.reuse_paper import clip_as_gif, copy_paper, copy_text, moment
from renkei.web.reuse_words import PAPER_PURPOSES

KINDS: Final = {"report": "報告", "notice": "連絡", "consult": "相談", "request": "依頼"}
IMPORTANCE: Final = {"important": "重要", "urgent": "至急"}
# How often ``opening.PATIENCE`` is waited for one: a proxy cuts what is silent for a minute.
TURNS: Final = 2
BUSY: Final = (
    "ほかの方の写真や動画を処理中のため、作れませんでした。内容は文字のファイルにあります。"
    "時間をおいて、もう一度控えを受け取ってください。"
)
_STYLE: Final = (
    "body{font:16px/1.8 sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "article{border-left:3px solid #999;padding:.2rem 1rem;margin:1.2rem 0}"
    "p.sub{color:#555;margin:0}table{border-collapse:collapse}"
    "td,th{border:1px solid #bbb;padding:.3rem .6rem;text-align:left}"
)
_NOTE: Final = (
    "自分が書いたものと、二次利用を許されたものの控えです。患者さんの大切な情報が入っています。"
    "管理は受け取った方が行います。鍵のかかる場所に置き、要らなくなったら消してください。"
    "許された写しは、それぞれの期限が来たら消してください。"
    "今は参加していないグループのものは入りません。取り下げた投稿も入りません。"
)


class _Out(io.RawIOBase):
    """Where the zip is written: bytes wait here until they are sent."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        return self._at

    def write(self, data: Any, /) -> int:
        piece = bytes(data)
        self._waiting.append(piece)
        self._at += len(piece)
        return len(piece)

    def taken(self) -> bytes:
        """What was written since it was asked last."""
        piece = b"".join(self._waiting)
        self._waiting = []
        return piece


def folder(actor: Actor, taken: Taken) -> Iterator[bytes]:
    """The zip, piece by piece; each group is asked for when its turn comes.

    A group one may no longer see by then is left out, and the first page says so.
    """
    out, sums = _Out(), []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in _files(actor, taken):
            digest = sha256()
            with made.open(zipfile.ZipInfo(f"renkei/{name}", _stamp(taken)), "w") as file:
                for piece in (content,) if isinstance(content, bytes) else content:
                    file.write(piece)
                    digest.update(piece)
                    yield out.taken()
            sums.append(f"{digest.hexdigest()}  {name}\n")
        made.writestr(zipfile.ZipInfo("renkei/checksums.txt", _stamp(taken)), "".join(sums))
    yield out.taken()


def _stamp(taken: Taken) -> tuple[int, int, int, int, int, int]:
    at = taken.at
    return (at.year, at.month, at.day, at.hour, at.minute, at.second)


Content = bytes | Iterator[bytes]


def _files(actor: Actor, taken: Taken) -> Iterator[tuple[str, Content]]:
    listed: list[tuple[str, str, int]] = []
    missing: list[Missing] = []
    left_out = 0
    for number, group in enumerate(taken.groups, 1):
        try:
            part = own_part(actor, group)
        except (Refused, Unknown, SignedOut, GateClosed):
            left_out += 1
            continue
        if part.messages:
            name = f"group-{number:03}"
            for one in part.files:
                yield f"{name}/{_named(one)}", one.read()
            listed.append((name, _title(part), len(part.messages)))
            yield f"{name}/messages.html", _messages_html(part, taken)
            yield f"{name}/messages.json", _json(_messages(part))
    with translation.override("ja"):
        for copy in taken.copies:
            yield from _copy(copy, missing)
    yield "index.html", _index(taken, listed, left_out, missing)
    yield "backup.json", _json(_about(taken, listed, left_out, missing))


def _named(one: OwnFile) -> str:
    """A name that says nothing of a patient; the one it was given stands on the page."""
    ending = mimetypes.guess_extension(one.media) or ""
    return f"files/{one.message:06}-{one.place}{ending}"


def _title(part: Part) -> str:
    if part.name:
        word = "ご家族グループ" if part.kind == "family" else "患者グループ"
        return f"{part.name} 様（{word}）"
    return {"network": "地域連絡網", "free": "自由グループ", "direct": "つながり"}.get(
        part.kind, "グループ"
    )


@dataclass(frozen=True, slots=True)
class Missing:
    """A file of a permitted copy that could not be made, and why; the text of it is there."""

    file: str
    why: str


def _copy(copy: Copy, missing: list[Missing]) -> Iterator[tuple[str, bytes]]:
    name = f"copies/{shown_number(copy.number)}"
    yield f"{name}.txt", copy_text(copy).encode()
    clips = [one for part in copy.parts for one in part.pictures if one.pace]
    make: dict[str, Callable[[], bytes]] = {f"{name}.pdf": lambda: copy_paper(copy).content}
    make |= {f"{name}-{n}.gif": partial(clip_as_gif, copy, clip) for n, clip in enumerate(clips, 1)}
    for file, made in make.items():
        try:
            content = _in_turn(made)
        except Problem as problem:
            missing.append(Missing(file, BUSY if problem.field == "busy" else sentence(problem)))
        except DAMAGE as found:
            missing.append(Missing(file, sentence_of(found)))
        else:
            yield file, content


def _in_turn(made: Callable[[], bytes]) -> bytes:
    """What is made where few are at a time; whoever is sent a folder waits longer than a page.

    Raises:
        Problem: others are at it for all that time, or there is no Japanese font on this server.
        Tampered, Erased: what is stored does not open.
    """
    for left in reversed(range(TURNS)):
        try:
            return made()
        except Problem as problem:
            if problem.field != "busy" or not left:
                raise
    raise AssertionError("at least one turn")


def _json(data: object) -> bytes:
    return orjson.dumps(data, option=orjson.OPT_INDENT_2)


def _messages(part: Part) -> dict[str, Any]:
    return {
        "group": str(part.group),
        "kind": part.kind,
        "patient": part.name,
        "organization": part.organization,
        "messages": [
            {
                "number": one.number,
                "sent_at": one.sent_at.isoformat(),
                "kind": one.kind,
                "importance": one.importance,
                "version": one.version,
                "corrected_at": one.corrected_at.isoformat() if one.corrected_at else None,
                "text": one.text,
                "files": [
                    {"file": _named(file), "name": file.name, "media": file.media}
                    for file in part.files
                    if file.message == one.number
                ],
            }
            for one in part.messages
        ],
    }


def _about(
    taken: Taken, listed: list[tuple[str, str, int]], left_out: int, missing: list[Missing]
) -> dict[str, Any]:
    return {
        "format": "renkei own backup 1",
        "taken_at": taken.at.isoformat(),
        "by": taken.name,
        "organization": taken.organization,
        "groups": [{"folder": name, "title": title, "messages": n} for name, title, n in listed],
        "copies": [
            {
                "number": shown_number(one.number),
                "purpose": one.purpose,
                "until": one.until.isoformat(),
                "messages": len(one.parts),
            }
            for one in taken.copies
        ],
        "groups_left_out": left_out,
        "left_out": [{"file": one.file, "why": one.why} for one in missing],
    }


def _page(title: str, parts: Iterable[str]) -> bytes:
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    whole = "\n".join(parts)
    body = f"<body>\n{whole}\n</body>"
    return f'<!doctype html><html lang="ja"><head>{head}</head>{body}</html>\n'.encode()


def _messages_html(part: Part, taken: Taken) -> bytes:
    title = _title(part)
    return _page(
        title,
        [
            f"<h1>{escape(title)}</h1>",
            f"<p class=sub>{escape(part.organization)}　{escape(taken.name)} が書いたもの　"
            f"{len(part.messages)}件　{moment(taken.at)} 現在</p>",
            *(_article(one, part.files) for one in part.messages),
        ],
    )


def _article(one: Message, files: list[OwnFile]) -> str:
    words = [KINDS.get(one.kind, ""), IMPORTANCE.get(one.importance, "")]
    if one.corrected_at:
        words.append(f"訂正 {moment(one.corrected_at)}")
    said = str(escape(one.text)).replace("\n", "<br>")
    about = "　".join([moment(one.sent_at), *(word for word in words if word)])
    links = "".join(
        f'<p><a href="{_named(file)}">{escape(file.name)}</a></p>'
        for file in files
        if file.message == one.number
    )
    return f"<article><p class=sub>{escape(about)}</p><p>{said}</p>{links}</article>"


def _index(
    taken: Taken, listed: list[tuple[str, str, int]], left_out: int, missing: list[Missing]
) -> bytes:
    gone = {one.file for one in missing}
    copies = [
        f"<tr><td>{shown_number(one.number)}</td><td>{escape(PAPER_PURPOSES[one.purpose])}</td>"
        f"<td>{one.until.isoformat()}</td><td>"
        + " ".join(
            f'<a href="{file}">{word}</a>'
            for word, ending in (("PDF", "pdf"), ("文字", "txt"))
            if (file := f"copies/{shown_number(one.number)}.{ending}") not in gone
        )
        + "</td></tr>"
        for one in taken.copies
    ]
    return _page(
        "自分の控え",
        [
            "<h1>自分の控え</h1>",
            f"<p class=sub>{escape(f'{taken.name}　{taken.organization}')}　{moment(taken.at)}</p>",
            f"<p>{_NOTE}</p>",
            "<h2>書いたもの</h2><ul>",
            *(
                f'<li><a href="{name}/messages.html">{escape(title)}</a>（{count}件）</li>'
                for name, title, count in listed
            ),
            "</ul>" if listed else "</ul><p>ありません。</p>",
            "<h2>許された写し</h2>",
            f"<table><tr><th>許可番号</th><th>目的</th><th>期限</th><th></th></tr>{''.join(copies)}</table>"
            if copies
            else "<p>ありません。</p>",
            f"<p>作っている間に参加が終わったグループが{left_out}件あり、入っていません。</p>"
            if left_out
            else "",
            *(["<h2>作れなかったファイル</h2><ul>"] if missing else []),
            *(f"<li>{escape(one.file)}：{escape(one.why)}</li>" for one in missing),
            "</ul>" if missing else "",
            "<p class=sub>中身が変わっていないかは checksums.txt（SHA-256）で確かめられます。</p>",
        ],
    )
