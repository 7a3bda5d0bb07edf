"""To whom copies are sealed, and the key that opens them, which people keep."""

import os
from hashlib import sha256
from pathlib import Path
from typing import Final

from django.conf import settings

from renkei.backup.shelves import open_plainly
from renkei.backup.trouble import Trouble, at_place
from renkei.kernel import age, clock, durable, signing

VARIABLE: Final = "RENKEI_BACKUP_RECIPIENTS"
_SIGNED_BY: Final = "# signed-by: "
_LARGEST: Final = 100_000  # bytes of a file of keys
_WORDS: Final = """\
# Renkei の写し（バックアップ）を開く鍵　{day}
#
# ・この鍵がないと、どの写しも開けません。失くすと、誰にも元に戻せません。
# ・サーバーには置かないでください。紙に印刷するか、USBメモリーに入れて、
#   別々の二か所（例: 事務所の金庫と、別の建物の金庫）にしまってください。
# ・この鍵を見た人は、写しの中身を開けます。人に見せないでください。
# ・使うとき: renkei restore 写しの場所 --identity このファイル --data 新しいフォルダー
#
# 次の行は、写しが本物かを確かめるためのものです。消さないでください。
{signed_by}{key}
# recipient: {recipient}
"""


def file() -> Path:
    """Where the recipients of this installation are named."""
    return Path(settings.DATA) / "backup.recipients"


def recipients() -> list[age.Recipient]:
    """Everybody to whom copies are sealed.

    Raises:
        Trouble: nobody is named, or a name is none.
    """
    given = os.environ.get(VARIABLE) or (file().read_text() if file().exists() else "")
    try:
        return age.recipients(given)
    except ValueError as error:
        raise Trouble(
            "写しを封じる宛先（公開鍵）がありません。まず renkei backup key ファイル名 で"
            "鍵を作り、そのファイルをこの機械から離してしまってください。",
            why="no_recipient",
        ) from error


def mark(to: list[age.Recipient]) -> str:
    """What tells one set of recipients from another: 16 hexadecimal digits."""
    return sha256("\n".join(sorted(map(str, to))).encode()).hexdigest()[:16]


def add(recipient: str) -> int:
    """Name one more recipient; how many there are now.

    Raises:
        Trouble: it is no recipient.
    """
    try:
        (new,) = age.recipients(recipient)
    except ValueError as error:
        raise Trouble("age の公開鍵（age1…）ではありません。", why="no_recipient") from error
    kept = file().read_text().splitlines() if file().exists() else []
    if str(new) not in kept:
        kept.append(str(new))
        with at_place(file()):
            durable.put(file(), ("\n".join(kept) + "\n").encode())
    return len(kept)


def make_identity(path: Path) -> str:
    """Write a new identity into a file of its own and name its recipient; the recipient.

    The file also says whose signature the copies bear, so that a blank machine knows it.

    Raises:
        Trouble: there is such a file already, it cannot be written, or it would lie with the data.
    """
    if file().parent.resolve() in path.resolve().parents:
        raise Trouble(
            "写しを開く鍵は、データフォルダーの中には置けません。"
            "この機械から離せる場所（USBメモリーなど）を指定してください。",
            why="other",
        )
    identity = age.make_identity()
    recipient = str(identity.to_public())
    words = _WORDS.format(
        day=f"{clock.today():%Y-%m-%d}",
        signed_by=_SIGNED_BY,
        key=signing.public_key(),
        recipient=recipient,
    )
    try:
        durable.put_new(path, f"{words}{identity}\n".encode())
    except FileExistsError as error:
        raise Trouble(
            f"{path} はもうあります。鍵は上書きしません。別の名前にしてください。", why="other"
        ) from error
    except OSError as error:
        raise Trouble(f"{path} に書けません。", why="unreachable") from error
    add(recipient)
    return recipient


def identities(text: str) -> list[age.Identity]:
    """The identities in the text of a key file.

    Raises:
        Trouble: there is none in it.
    """
    try:
        return age.identities(text)
    except ValueError as error:
        raise Trouble(
            "鍵のファイルに、写しを開く鍵（AGE-SECRET-KEY-…の行）がありません。", why="wrong_key"
        ) from error


def signer_in(text: str) -> str:
    """Whose signature the copies bear according to a key file; empty if it does not say."""
    found = [line for line in text.splitlines() if line.startswith(_SIGNED_BY)]
    return found[0].removeprefix(_SIGNED_BY).strip() if found else ""


def read_identity_file(path: Path) -> str:
    """The text of a key file.

    Raises:
        Trouble: it is not there or no text.
    """
    try:
        with open_plainly(path.resolve()) as file, at_place(path):
            text = file.read(_LARGEST + 1)
        if len(text) > _LARGEST:
            raise ValueError("too long")
        return text.decode()
    except ValueError as error:
        raise Trouble(
            f"{path} は、写しを開く鍵のファイルではありません"
            "（AGE-SECRET-KEY-… の行がある、小さなテキストファイルです）。",
            why="wrong_key",
        ) from error
