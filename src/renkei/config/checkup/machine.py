"""Whether the machine carries the installation: folder, room, clock, and who serves."""

import ctypes
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.conf import settings

from renkei.audit import trail
from renkei.config import installation
from renkei.config.checkup.finding import Finding, bad, care, good, skipped
from renkei.config.checkup.stores import NOTHING_YET, is_made
from renkei.kernel import clock
from renkei.kernel.database import on_postgresql
from renkei.paperwork.pdf import family

GIGABYTE: Final = 10**9
OVER_A_NETWORK: Final = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "ceph"}
BACK_SECONDS: Final = 2.0
UNSYNCHRONISED: Final = 0x0040  # STA_UNSYNC of adjtimex(2)
STATUS_AT: Final = 40  # bytes into struct timex on 64 bits, behind five longs


def folder() -> Finding:
    """The data folder is for its owner alone, and on a disk that keeps what SQLite writes."""
    data = Path(settings.DATA)
    if not data.is_dir():
        return skipped(NOTHING_YET)
    open_to_all = [one for one in _private(data) if one.stat().st_mode & 0o077]
    if open_to_all:
        names = "、".join(str(one) for one in open_to_all[:5])
        paths = " ".join(str(one) for one in open_to_all[:5])
        return bad(f"ほかの人も読めるようになっています: {names}。", f"chmod go-rwx {paths}")
    foreign = [one for one in _private(data) if one.stat().st_uid != os.geteuid()]
    if foreign and os.geteuid() != 0:
        return bad(
            f"持ち主が違うものがあります: {foreign[0]}。",
            "サーバーを動かす利用者の持ちものにしてください（chown）。",
        )
    kind = _file_system(data)
    if kind in OVER_A_NETWORK and not on_postgresql():
        return bad(
            f"データフォルダーがネットワーク越し（{kind}）にあります。SQLiteは壊れることがあります。",
            "この機械のディスクに移すか、PostgreSQLを使ってください。",
        )
    if kind in ("tmpfs", "ramfs"):
        return care(
            "データフォルダーがメモリーの上にあり、再起動で消えます。",
            "本番ではディスクの上に置いてください。",
        )
    return good("データフォルダーは持ち主だけのものです。")


def _private(data: Path) -> Iterator[Path]:
    """The folder and what lies right in it: nobody comes further who may not open these."""
    yield data
    for one in sorted(data.iterdir()):
        if one.exists():
            yield one


def _file_system(data: Path) -> str:
    """The kind of file system the folder lies on; empty where the system does not say."""
    best, kind = "", ""
    try:
        mounts = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return ""
    for line in mounts:
        _, place, what = line.split(" ")[:3]
        place = place.replace("\\040", " ")
        if data.is_relative_to(place) and len(place) >= len(best):
            best, kind = place, what
    return kind


def space() -> Finding:
    """Room for what will be written."""
    data = Path(settings.DATA)
    if not data.is_dir():
        return skipped(NOTHING_YET)
    room = shutil.disk_usage(data)
    share = room.free / room.total
    said = f"空き容量は{room.free / GIGABYTE:.1f}GB（{share:.0%}）です。"
    do = "要らないファイルを移すか、ディスクを大きくしてください。いっぱいになると何も書けません。"
    if share < 0.05 or room.free < GIGABYTE:
        return bad(said, do)
    return care(said, do) if share < 0.15 else good(said)


def time() -> Finding:
    """The clock has not gone back behind the newest line, and somebody keeps it right."""
    back = _seconds_back() if is_made() else 0.0
    if back > BACK_SECONDS:
        return bad(
            f"時計が、最後の記録より{back:.0f}秒遅れています。",
            "timedatectl で時計を合わせてから、サーバーを動かしてください。",
        )
    kept = _is_synchronised()
    if kept is None:
        return care(
            "時計が合わせられているか、この機械ではわかりません。",
            "時刻の同期（NTP）が動いていることを確かめてください。",
        )
    if not kept:
        return care(
            "時計が時刻サーバーに合わせられていません。",
            "timedatectl set-ntp true で、時刻の同期を始めてください。",
        )
    return good("時計は合わせられています。")


def _seconds_back() -> float:
    """How far the clock stands behind the newest line of the audit trail."""
    newest = trail.newest_at()
    return 0.0 if newest is None else (newest - clock.to_us(clock.now())) / 1_000_000


def _is_synchronised() -> bool | None:
    """Whether the kernel says that its clock is kept right; None if it does not say.

    Source: adjtimex(2), with no mode set: it only tells.
    """
    if ctypes.sizeof(ctypes.c_long) != 8:
        return None
    told = ctypes.create_string_buffer(512)
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(told)
    except (AttributeError, OSError):
        return None
    if state < 0:
        return None
    return not int.from_bytes(told.raw[STATUS_AT : STATUS_AT + 4], "little") & UNSYNCHRONISED


def fonts() -> Finding:
    """There is a Japanese font to set papers in."""
    found = family()
    if not found:
        return bad(
            "日本語の書体がないので、様式を印刷できません。",
            "apt-get install fonts-noto-cjk などで入れるか、RENKEI_FONTS に書体のフォルダーを"
            "書いてください。",
        )
    return good(f"様式は「{found}」で印刷します。")


def server() -> Finding:
    """Whether a server runs on this data folder."""
    if installation.is_served():
        return good("サーバーは動いています。")
    return good("サーバーは動いていません。")
