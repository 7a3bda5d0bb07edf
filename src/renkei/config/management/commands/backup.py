"""``renkei backup``: copies of everything, made while the server runs, listed and tried."""

import signal
import sys
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import orjson
from django.core.management.base import CommandError, CommandParser

from renkei.backup import content, places, recipients, run, trial, verifying
from renkei.backup.manifest import Manifest, short
from renkei.backup.recording import record
from renkei.backup.shelves import AHEAD, CONTENT, KEYS, Shelf
from renkei.backup.trouble import Trouble
from renkei.backup.trust import Signer, signer
from renkei.config.figures import size, span
from renkei.config.terminal import Command as TerminalCommand
from renkei.config.terminal import ProgressLine, columns
from renkei.kernel import clock, signing

PARTS = {
    "database": "データベース（KB）",
    "rows": "行",
    "files": "ファイル",
    "sums": "ファイルの照合",
}
COMMANDS = ("make", "key", "list", "verify")
SIGNS = {
    "green": "緑　戻せます",
    "red": "赤　このままでは戻せません",
    "amber": "黄　封と署名だけ確かめました",
}

LOCKED = "中身は、マスター鍵がここにないので、開けて確かめてはいません。"


def spelled_out(words: list[str]) -> list[str]:
    """The words after ``renkei backup``, with ``make`` where only a place is named."""
    if words and words[0] not in (*COMMANDS, "-h", "--help"):
        return ["make", *words]
    return words


class Command(TerminalCommand):
    help = "写し（バックアップ）を作り、確かめる"

    def run_from_argv(self, argv: list[str]) -> None:
        """Take ``renkei backup PLACE`` for ``renkei backup make PLACE``."""
        super().run_from_argv([*argv[:2], *spelled_out(argv[2:])])

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        make = commands.add_parser("make", help="写しを作る（renkei backup 場所 と書けます）")
        _add_places(make)
        make.add_argument("--keep-all", action="store_true", help="古い写しを消さない")
        make.add_argument(
            "--offline",
            action="store_true",
            help="ふだんネットワークから離しておく場所だと記録する",
        )
        make.add_argument("--json", action="store_true", help="結果をJSONで出す")
        key = commands.add_parser("key", help="写しを開く鍵を作る")
        key.add_argument("file", type=Path, nargs="?", help="鍵を書くファイル")
        key.add_argument("--add", metavar="age1…", help="別の公開鍵を宛先に加える")
        listing = commands.add_parser("list", help="写しの一覧")
        _add_places(listing)
        listing.add_argument("--signed-by", default="", help="署名の鍵かその指紋")
        listing.add_argument("--json", action="store_true", help="JSONで出す")
        verify = commands.add_parser("verify", help="写しから戻せるかを試す")
        _add_places(verify)
        verify.add_argument("--identity", metavar="ファイル", help="写しを開く鍵（- なら標準入力）")
        verify.add_argument("--at", default="", metavar="写し", help="いちばん新しいもの以外を試す")
        verify.add_argument("--all", action="store_true", help="すべての写しを試す")
        verify.add_argument("--signed-by", default="", help="署名の鍵かその指紋")
        verify.add_argument("--scratch", type=Path, help="試しに戻すときに使うフォルダー")
        verify.add_argument("--json", action="store_true", help="結果をJSONで出す")

    def handle(self, *, command: str, **options: Any) -> None:
        signal.signal(signal.SIGTERM, _stop)
        try:
            getattr(self, f"_{command}")(**options)
        except Trouble as trouble:
            raise CommandError(trouble.words) from trouble

    # ── make ─────────────────────────────────────────────────────────────────────────────────────

    def _make(
        self,
        *,
        place: Path,
        keys: Path | None,
        keep_all: bool,
        offline: bool,
        json: bool,
        **_: Any,
    ) -> None:
        at = places.places(place, keys)
        done = run.run(at, ProgressLine(PARTS), keep_all=keep_all, offline=offline)
        if json:
            self.stdout.write(orjson.dumps(done).decode())
        else:
            if done.beside_data:
                self.stderr.write(
                    "注意: 写しの場所が、データと同じディスクにあります。"
                    "そのディスクが壊れると、どちらも失います。"
                    "外付けのディスクがつながっているかを確かめてください。"
                )
            elif done.together:
                self.stderr.write(
                    "注意: 内容の写しと鍵の写しが同じディスクにあります。"
                    "--keys で別の媒体を指定してください。"
                )
            if done.erased:
                self.stderr.write(
                    f"注意: 前の写しのあとに、鍵が{done.erased}個消去されました。"
                    "その鍵の内容は、どの写しからも戻せません。"
                    "消去した覚えがないときは、すぐに保守の担当者に知らせてください。"
                )
            ahead = [*Shelf(at.content, CONTENT).ahead(), *Shelf(at.keys, KEYS).ahead()]
            if ahead:
                self.stderr.write(
                    f"注意: いまより先の日時の写しがあります（{'、'.join(sorted(set(ahead)))}）。"
                    "この機械の時計を確かめてください。時計が合っていれば、その写しは時計が進んで"
                    "いたときのものなので、別の場所に移してください。"
                )
            self.stdout.write(
                f"写し {done.generation} を作りました: {size(done.bytes)}、"
                f"ファイル {done.files}（新しく {done.new_files}）、{done.seconds:.0f}秒。"
                f"鍵の写し {done.keys_generation}。"
            )
        if done.damaged_files:
            raise CommandError(
                f"写しはできましたが、元のファイル{len(done.damaged_files)}件が、ないか壊れて"
                f"います（最初のもの: {done.damaged_files[0]}）。前の写しから戻せます。"
            )

    # ── key ──────────────────────────────────────────────────────────────────────────────────────

    def _key(self, *, file: Path | None, add: str | None, **_: Any) -> None:
        places.refuse_no_data()
        if add:
            count = recipients.add(add)
            self.stdout.write(
                f"宛先に加えました。これからの写しは{count}個の鍵のどれでも開けます。"
            )
        if file is None:
            if not add:
                raise CommandError("鍵を書くファイルの名前を指定してください。")
            return
        recipient = recipients.make_identity(file)
        self.stdout.write(
            f"写しを開く鍵を {file} に書きました。\n"
            "・この鍵がないと、どの写しも開けません。失くすと、誰にも元に戻せません。\n"
            "・この機械には置かず、別々の二か所にしまってください（印刷してもかまいません）。\n"
            f"・公開鍵（宛先）: {recipient}\n"
            f"・署名の鍵の指紋: {short(signing.public_key())}"
        )

    # ── list ─────────────────────────────────────────────────────────────────────────────────────

    def _list(
        self, *, place: Path, keys: Path | None, signed_by: str, json: bool, **_: Any
    ) -> None:
        at = places.places(place, keys)
        trusted = signer(given=signed_by, in_identity="")
        rows = [*_listed(at.content, CONTENT, trusted), *_listed(at.keys, KEYS, trusted)]
        if json:
            self.stdout.write(orjson.dumps(rows).decode())
            return
        heads = ("写し", "種類", "経過", "大きさ", "ファイル", "署名")
        shown = [tuple(str(one[key]) for key in _COLUMNS) for one in rows]
        for line in columns([heads, *shown]):
            self.stdout.write(line)
        if not rows:
            raise CommandError(f"{at.content} に写しがありません。")

    # ── verify ───────────────────────────────────────────────────────────────────────────────────

    def _verify(
        self,
        *,
        place: Path,
        keys: Path | None,
        identity: str | None,
        at: str,
        all: bool,
        signed_by: str,
        scratch: Path | None,
        json: bool,
        **_: Any,
    ) -> None:
        began, where = clock.now(), places.places(place, keys)
        text = places.identity_text(identity) if identity else ""
        held = recipients.identities(text) if identity else []
        trusted = signer(given=signed_by, in_identity=recipients.signer_in(text))
        checked = verifying.check(where, trusted, ProgressLine(PARTS))
        found, copies, _keys = checked
        newest = [at or copies.shelf.newest()] if copies.shelf.names() else []
        names = copies.shelf.names() if all else newest
        if held:
            trial.try_each(
                where, checked, names, held, trusted, ProgressLine(PARTS), scratch=scratch
            )
        found.untried = not held
        self._tell(found, trusted, copies.sound, began, json=json)
        if held and trusted.source == "here":
            _record_trial(found, where, names, began)
        if found.colour != "green":
            sys.exit(1 if found.faults else 2)

    def _tell(
        self,
        found: verifying.Findings,
        trusted: Signer,
        sound: dict[str, Manifest],
        began: datetime,
        *,
        json: bool,
    ) -> None:
        seconds = (clock.now() - began).total_seconds()
        signers = sorted({short(made.signed_by) for made in sound.values()})
        if json:
            said = {
                "colour": found.colour,
                "faults": found.faults,
                "notes": found.notes,
                "tried": found.tried,
                "bytes": found.bytes,
                "files": found.files,
                "keys": found.keys,
                "signed_by": signers,
                "seconds": round(seconds, 1),
            }
            self.stdout.write(orjson.dumps(said).decode())
            return
        for line in [*found.faults, *(f"注意: {note}" for note in found.notes)]:
            self.stdout.write(line)
        if not trusted.key:
            self.stdout.write(
                f"署名の鍵の指紋: {'、'.join(signers)}。控えと同じかを確かめてください"
                "（--signed-by で確かめられます）。"
            )
        locked = LOCKED if found.tried and not found.keys and not found.faults else ""
        tried = f"試しに戻した写し: {'、'.join(found.tried)}。" if found.tried else ""
        self.stdout.write(
            f"{SIGNS[found.colour]}　{tried}{locked}{size(found.bytes)}、ファイル {found.files}、"
            f"開いた鍵 {found.keys}、{seconds:.0f}秒。"
        )


_COLUMNS = ("generation", "what", "age", "shown_size", "files", "signature")


def _listed(root: Path, kind: str, trusted: Signer) -> list[dict[str, Any]]:
    what = "内容" if kind == CONTENT else "鍵"
    readable = {one.generation: one for one in content.readable(root, kind)}
    rows: list[dict[str, Any]] = []
    for name in Shelf(root, kind).names():
        made = readable.get(name)
        if made is None:
            rows.append(
                dict.fromkeys(_COLUMNS, "") | {"generation": name, "what": what, "signature": "×"}
            )
            continue
        files = made.facts.get("files", {})
        weight = made.size + int(files.get("bytes", 0))
        rows.append(
            {
                "generation": name,
                "what": what,
                "age": _age(clock.now() - made.made_at),
                "shown_size": size(weight),
                "bytes": weight,
                "files": files.get("count", ""),
                "signature": _signature(made, trusted),
            }
        )
    return rows


def _signature(made: Manifest, trusted: Signer) -> str:
    if not trusted.key:
        return f"指紋 {short(made.signed_by)}"
    return "○" if trusted.signed(made) else "× 別の鍵"


def _add_places(parser: CommandParser) -> None:
    parser.add_argument("place", type=Path, metavar="場所", help="内容の写しの場所")
    parser.add_argument("--keys", type=Path, metavar="場所", help="鍵の写しの場所（別の媒体に）")


def _record_trial(
    found: verifying.Findings, at: places.Places, names: list[str], began: datetime
) -> None:
    good = not found.faults
    record(
        "verify",
        at.content,
        began,
        outcome="done" if good else "failed",
        why="" if good else "damaged",
        generation=names[-1] if names else "",
        bytes=found.bytes,
        files=found.files,
    )


def _age(of: timedelta) -> str:
    if of < -AHEAD:
        return "先の日時"
    return f"{span(of)}前" if of >= timedelta(hours=1) else "1時間以内"


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    """End as an error would, so that nothing half made is left behind."""
    sys.exit(128 + number)
