"""Before anything starts: the master key is here and is the right one, or a sentence says why not.

Nothing is made or changed until this is clear. A missing key is never replaced by a new one: what
is sealed would stay sealed for ever.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Final

from django.core.management.base import CommandError
from django.db import DatabaseError, connections

from renkei.config import sheets
from renkei.config.unseen import keep_memory_private
from renkei.kernel import custody, master, vault
from renkei.kernel.errors import Tampered
from renkei.kernel.master import Source

STATUS: Final = 78  # EX_CONFIG of sysexits.h: starting again by itself would not help
_FOLLOW = 1.0  # seconds between two looks for a key that is being changed

_UNCHANGED = "何も変更せずに止まりました。"
_NEVER_NEW = (
    "新しい鍵を作らないでください。新しい鍵では、いまのデータは二度と開きません。"
    "控えがどこにもないときは、何も消さずに、導入した人に相談してください。"
)


def unlock(files: Sequence[Path] = ()) -> None:
    """Have the right master key ready; asks the custodians if it is with them.

    Raises:
        CommandError: it is not here, with exit status ``STATUS``.
    """
    keep_memory_private()
    try:
        if is_with_custodians():
            master.bring([_from_custodians(files)])
        master.refuse_exposed()
        vault.check()
    except master.MasterKeyMissing as error:
        raise CommandError(_explained(error), returncode=STATUS) from None
    except Tampered:
        raise CommandError(
            "鍵の保管庫（keys.db）の中の鍵が壊れています。マスター鍵は正しいものです。"
            f"{_UNCHANGED}\n保管庫の控えから戻して、もう一度始めてください。",
            returncode=STATUS,
        ) from None
    finally:
        connections["keys"].close()


def is_with_custodians() -> bool:
    """Whether the key has to be brought by custodians."""
    where, path = master.source()
    in_folder = where is Source.DATA_FOLDER and path is not None and path.exists()
    return where is Source.DATA_FOLDER and not in_folder and master.custody_file().exists()


def _from_custodians(files: Sequence[Path]) -> bytes:
    expected = custody.note()
    credential = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nowhere")) / "sheets"
    if files:
        return sheets.key_from([one for file in files for one in sheets.read(file)], expected)
    if number := os.environ.pop("RENKEI_SHEETS_FD", ""):
        if not number.isdigit():
            raise CommandError("RENKEI_SHEETS_FD には、開いたファイルの番号を書いてください。")
        return sheets.key_from(sheets.read(int(number)), expected)
    if credential.exists():
        return sheets.key_from(sheets.read(credential), expected)
    if not sheets.has_terminal():
        raise master.InCustody
    return sheets.ask(expected)


def _explained(error: master.MasterKeyMissing) -> str:
    where, path = master.source()
    place = str(path) if path else "RENKEI_MASTER_KEY"
    match error:
        case master.InCustody():
            return (
                "マスター鍵は保管者が持っていて、この機械にはありません。"
                f"{_UNCHANGED}\n保管者2人に来てもらい、端末で renkei serve を始めてください。"
                "控えを1人ずつ入力してもらいます。"
            )
        case master.MasterKeyExposed():
            return (
                f"マスター鍵のファイルを、所有者のほかの人も読めます: {place}\n{_UNCHANGED}\n"
                f"chmod 600 {place} で、所有者だけが読めるようにしてください。"
                "だれかに読まれたかもしれないときは、続けて renkei keys rotate で"
                "鍵を取り替えてください。"
            )
        case master.MasterKeyDamaged():
            return (
                f"マスター鍵が壊れているか、鍵ではないものが入っています: {place}\n{_UNCHANGED}\n"
                f"鍵の控えから正しい鍵を戻してください。{_NEVER_NEW}"
            )
        case master.MasterKeyWrong():
            return _wrong(str(error), place, where)
        case _:
            return (
                f"マスター鍵がないか、読めません: {place}\n"
                f"この鍵がなければ、保存してあるデータはだれにも読めません。{_UNCHANGED}\n"
                f"鍵の控えから戻し、chmod 600 をしてから、もう一度始めてください。{_NEVER_NEW}"
            )


def _wrong(needed: str, place: str, where: Source) -> str:
    here = "、".join(master.masters().by_fingerprint)
    if where is Source.CUSTODIANS:
        place = "保管者の控え"
    return (
        f"マスター鍵が、このデータのものではありません: {place}\n"
        f"必要な鍵の指紋 {needed}、いまの鍵の指紋 {here}。{_UNCHANGED}\n"
        "別の設置の鍵か、取り替える前の古い鍵です。この設置の鍵の控えから戻してください。"
        f"{_NEVER_NEW}"
    )


def follow_rotations() -> None:
    """Take over a new master key as soon as it is there, whether or not anything is opened.

    Brought by custodians, the new one lies under the old in the store for as long as the rotation
    takes; in a file, it may be given into custody before this process has opened anything with it.
    """
    if master.source()[0] is not Source.ENVIRONMENT:
        Thread(target=_follow, name="custody", daemon=True).start()


def _follow() -> None:
    store = connections["keys"]
    while True:
        sleep(_FOLLOW)
        try:
            if master.is_held():
                master.masters_now()
        except (DatabaseError, Tampered, master.MasterKeyMissing):
            store.close()  # the next look begins with a fresh connection
