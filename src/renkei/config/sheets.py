"""The custodians' sheets as people meet them: on paper, in files, at the terminal."""

import os
import re
import sys
from collections.abc import Sequence
from datetime import date
from getpass import getpass
from pathlib import Path

from django.core.management.base import CommandError

from renkei.kernel import custody, durable
from renkei.kernel.custody import SheetSet

_CLEARED = "\x1b[2J\x1b[3J\x1b[H"  # the lines scrolled away too
_NUMBERED = re.compile(r"(?<!\S)(\d{1,2})[.):]?[ \t]+([A-Za-z]+)(?!\S)")
_LARGEST = 65_536  # bytes of a file with sheets

_SHEET = """\
連携（Renkei）　マスター鍵の控え　{number}/{made}

この紙は、在宅ケアの連絡に使っている「連携」の暗号を開く鍵の控えです。
3枚のうち、どれか2枚がそろうと鍵が戻ります。1枚だけでは何も開きません。

  鍵の指紋  {fingerprint}
  控えの組  {identifier}
  作成日    {made_on}

{words}

■ すること
・封筒に入れて封をし、ほかの2枚とは別の建物の、鍵のかかる場所に置いてください。
・サーバーを始めるとき、管理者に頼まれたら、ご自分でサーバーの前で打ち込んでください。
・なくしたとき、人に見られたかもしれないとき、役目を退くときは、すぐに管理者へ伝えてください。
　鍵を取り替えます（renkei keys rotate）。

■ してはいけないこと
・写真を撮らないでください。コピーしないでください。
・メールやチャットで送らないでください。パソコンやスマートフォンに書き写さないでください。
・電話で読み上げないでください。だれに頼まれても、ほかの人に言葉を教えないでください。
・ほかの控えと同じ場所に置かないでください。ほかの保管者に預けないでください。

鍵を取り替えたあと、この紙はもう使えません。新しい控えを受け取ったら、細かく裁断してください。
"""


def sheet(number: int, of: SheetSet, words: Sequence[str]) -> str:
    """One sheet, to be printed or copied by hand."""
    numbered = [f"{place:>3} {word:<10}" for place, word in enumerate(words, start=1)]
    lines = ["".join(numbered[at : at + 3]).rstrip() for at in range(0, len(numbered), 3)]
    made_on = date.fromisoformat(of.made_on)
    return _SHEET.format(
        number=number,
        made=custody.MADE,
        fingerprint=of.fingerprint,
        identifier=of.identifier,
        made_on=f"{made_on.year}年{made_on.month}月{made_on.day}日",
        words="\n".join(lines),
    )


def sheets_in(text: str) -> list[list[str]]:
    """The words of each sheet in a text: whole sheets as they were printed, or the words alone."""
    numbered = _NUMBERED.findall(text)
    if not numbered:
        words = text.split()
        return [words[at : at + custody.WORDS] for at in range(0, len(words), custody.WORDS)]
    found: list[list[str]] = []
    for number, word in numbered:
        if int(number) == 1:
            found.append([])
        if found:
            found[-1].append(word)
    return found


def read(path: Path | int) -> list[list[str]]:
    """The sheets in a file or behind a file descriptor.

    Raises:
        CommandError: it cannot be read.
    """
    try:
        with open(path, encoding="utf-8") as file:
            return sheets_in(file.read(_LARGEST))
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"控えを読めません: {path}") from error


def key_from(texts: Sequence[Sequence[str]], expected: Sequence[SheetSet]) -> bytes:
    """The key that two sheets make.

    Raises:
        CommandError: they do not.
    """
    try:
        return custody.together(texts, expected)
    except custody.SheetProblem as problem:
        raise CommandError(sentence(problem)) from None


def sentence(problem: custody.SheetProblem) -> str:
    """What is wrong with a sheet, without its words."""
    match problem:
        case custody.UnknownWord(place=place):
            return f"{place}番目の言葉は、控えに使われる言葉ではありません。"
        case custody.WrongCount():
            return f"控えは2枚、それぞれ{custody.WORDS}語です。数が合いません。"
        case custody.WrongChecksum():
            return "言葉のどれかが、控えに書かれたものと違います。はじめから確かめてください。"
        case custody.SameSheet():
            return "同じ控えが2度入力されました。もう1人の控えが必要です。"
        case _:
            return "これは別の設置の控えか、鍵を取り替える前の古い控えです。この鍵は開きません。"


# ── At the terminal ──────────────────────────────────────────────────────────────────────────────


def has_terminal() -> bool:
    """Whether somebody sits there who can be asked."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR))
    except OSError:
        return False
    return True


def ask(expected: Sequence[SheetSet]) -> bytes:
    """Ask two custodians for their sheets, one after the other; nothing of it is shown.

    Raises:
        CommandError: they gave up.
    """
    while True:
        sheets = custody.Sheets(expected)
        for ordinal in range(1, custody.NEEDED + 1):
            _ask_for_one(sheets, ordinal)
        try:
            return sheets.key()
        except custody.SheetProblem as problem:
            _say(sentence(problem))


def _ask_for_one(sheets: custody.Sheets, ordinal: int) -> None:
    _say(
        f"\n{ordinal}人目の保管者の方、控えの{custody.WORDS}語を順に入力してください。"
        "画面には出ません。\n"
        "何語かずつ、空白で区切って Enter。言葉ははじめの4文字でもかまいません。"
        "「-」でこの控えのはじめに戻ります。"
    )
    while True:
        try:
            number = sheets.add(_ask_for_words())
        except custody.SheetProblem as problem:
            _say(sentence(problem))
        else:
            _say(f"控え {number}/{custody.MADE} を受け取りました。")
            return


def _ask_for_words() -> list[str]:
    words: list[str] = []
    while len(words) < custody.WORDS:
        try:
            given = getpass(f"{len(words) + 1}語目から: ").split()
        except (EOFError, KeyboardInterrupt):
            raise CommandError("やめました。何も変更していません。") from None
        if given == ["-"]:
            words = []
            continue
        for word in (one for one in given if not one.isdigit()):
            whole = custody.whole_word(word)
            if whole is None:
                _say(sentence(custody.UnknownWord(len(words) + 1)) + "そこからもう一度どうぞ。")
                break
            words.append(whole)
    return words


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


# ── Handing them out ─────────────────────────────────────────────────────────────────────────────


def write_into(folder: Path, of: SheetSet, sheets: Sequence[Sequence[str]]) -> list[Path]:
    """Write each sheet into a file of its own, for its owner alone.

    Raises:
        CommandError: there are sheets already, or the folder cannot be written.
    """
    paths = [folder / f"sheet-{number}.txt" for number in range(1, len(sheets) + 1)]
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        for number, (path, words) in enumerate(zip(paths, sheets, strict=True), start=1):
            durable.put_new(path, sheet(number, of, words).encode())
    except OSError as error:
        raise CommandError(f"控えを書けません: {error.filename}") from error
    return paths


def show(of: SheetSet, sheets: Sequence[Sequence[str]]) -> None:
    """Show one sheet after the other, each to its custodian alone."""
    for number, words in enumerate(sheets, start=1):
        _wait(f"{_CLEARED}{number}人目の保管者だけが画面を見てください。よければ Enter: ")
        _wait(f"{_CLEARED}{sheet(number, of, words)}\n紙に書き写したら Enter（画面は消えます）: ")
    _say(_CLEARED + "3枚を見せ終わりました。")


def _wait(text: str) -> None:
    with open("/dev/tty", "r+b", buffering=0) as terminal:
        terminal.write(text.encode())
        if not terminal.readline():
            raise CommandError("やめました。何も変更していません。見せた控えは捨ててください。")
