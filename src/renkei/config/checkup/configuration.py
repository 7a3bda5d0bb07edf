"""Whether what the host has set makes sense together."""

import os
import re
from difflib import get_close_matches
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks

from renkei.config import launch
from renkei.config import settings as documented
from renkei.config.checkup.finding import Finding, bad, care, good
from renkei.config.checkup.stores import is_made
from renkei.enrollment import demonstration
from renkei.kernel.database import on_postgresql

OF_THE_UNITS: Final = {"RENKEI_BACKUP", "RENKEI_BACKUP_KEYS"}
"""What the units of systemd in ``deploy/`` take from the same file."""
OF_THE_TESTS: Final = {
    "RENKEI_TEST_TEMPLATE",
    "RENKEI_E2E",
    "RENKEI_HAPROXY",
    "RENKEI_MUTATIONS",
    "RENKEI_CI_DATABASE",
}
SHORTEST_TOKEN: Final = 32


def program() -> Finding:
    """Django's own checks and ours; those that need the database are asked elsewhere."""
    tags = set(checks.registry.registry.tags_available()) - {str(checks.Tags.database)}
    if not is_made():
        tags.discard(checks.Tags.models)  # asks the database what it can do, and so makes it
    found = [one for one in checks.run_checks(tags=sorted(tags)) if not one.is_silenced()]
    serious = [one for one in found if one.is_serious()]
    if serious:
        said = "、".join(f"{one.msg}（{one.id}）" for one in serious)
        return bad(f"プログラムの点検で誤りが見つかりました: {said}", "開発元にお知らせください。")
    return good("プログラムの点検に問題はありません。")


def _known() -> set[str]:
    """The variables that the settings document."""
    return (
        set(re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b", documented.__doc__ or ""))
        | OF_THE_UNITS
        | OF_THE_TESTS
    )


def variables() -> Finding:
    """A variable with a typing mistake is one that is not in force."""
    known = _known()
    strange = [name for name in os.environ if name.startswith("RENKEI_") and name not in known]
    near = [
        name
        for name in os.environ
        if name not in known and name.endswith("_URL") and get_close_matches(name, known, 1, 0.85)
    ]
    if not strange and not near:
        return good("知らない環境変数はありません。")
    meant = [_meant(name, known) for name in sorted({*strange, *near})]
    return (bad if strange else care)(
        f"使われない環境変数があります: {'、'.join(meant)}。",
        "つづりを確かめて、直すか取り除いてください。",
    )


def _meant(name: str, known: set[str]) -> str:
    close = get_close_matches(name, known, 1, 0.75)
    return f"{name}（{close[0]} のことですか）" if close else name


def origin() -> Finding:
    """What people type into their browser, and that nobody reads along."""
    if not settings.ORIGIN:
        return good("公開していません（この機械からだけ使えます）。")
    parts = urlsplit(settings.ORIGIN)
    example = "RENKEI_ORIGIN=https://renkei.example のように書いてください。"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return bad("RENKEI_ORIGIN がアドレスになっていません。", example)
    if parts.path or parts.query or parts.fragment:
        return bad("RENKEI_ORIGIN に余分な部分があります（最後の / も要りません）。", example)
    if parts.scheme == "http" and not launch.is_loopback(parts.hostname):
        return bad(
            "暗号化（https）なしで公開する設定です。",
            "前にTLSのプロキシを置き、RENKEI_ORIGIN を https:// で始めてください。",
        )
    return good(f"{settings.ORIGIN} で公開します。")


def demo() -> Finding:
    """People whose password everybody knows are for this machine alone."""
    host = urlsplit(settings.ORIGIN).hostname or "localhost"
    if not is_made() or not demonstration.is_here():
        return good("デモ用のアカウントはありません。")
    if launch.is_loopback(host):
        return good("デモ用のアカウントがあります（この機械の中だけで使えます）。")
    return bad(
        "だれもが知っているパスワードのデモ用アカウントが、公開する設定のまま残っています。",
        "本番には別のデータフォルダー（--data）を使ってください。",
    )


def token() -> Finding:
    """The file that opens ``/metrics``."""
    if not settings.METRICS_TOKEN:
        return good("監視用の合言葉は使っていません。")
    file = Path(settings.METRICS_TOKEN)
    make = "openssl rand -hex 32 で作り、ほかの人が読めないファイル（0600）に入れてください。"
    try:
        length, mode = len(file.read_bytes().strip()), file.stat().st_mode
    except OSError:
        return bad("RENKEI_METRICS_TOKEN のファイルが読めません。", make)
    if length < SHORTEST_TOKEN:
        return bad(f"監視用の合言葉が短すぎます（{SHORTEST_TOKEN}文字から）。", make)
    if mode & 0o077:
        return bad("監視用の合言葉のファイルを、ほかの人も読めます。", f"chmod 600 {file}")
    return good("監視用の合言葉があります。")


def together() -> Finding:
    """What loses something although each part works."""
    same = os.environ.get("KEYS_DATABASE_URL", "") == os.environ.get("DATABASE_URL", "")
    if same and os.environ.get("DATABASE_URL"):
        return care(
            "鍵の保管庫が、本文と同じデータベースにあります。",
            "KEYS_DATABASE_URL で別のデータベースを指定してください。",
        )
    if on_postgresql() and not settings.REDIS_URL:
        return care(
            "PostgreSQLを使っていますが、Redisがありません。プロセスが二つ以上になると、"
            "新着がすぐには届かず、サインインの失敗も別々に数えられます。",
            "二つ以上動かすなら REDIS_URL を指定してください。一つだけなら、このままで構いません。",
        )
    if not on_postgresql() and settings.REDIS_URL:
        return care(
            "SQLiteのまま、Redisで複数のプロセスを動かす設定です。",
            "一つの機械の中だけで動かすか、DATABASE_URL でPostgreSQLにしてください。",
        )
    return good("データベースとプロセスの組み合わせに問題はありません。")
