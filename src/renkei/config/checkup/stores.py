"""Whether the databases answer, keep what they say they keep, and can be opened."""

import re
from typing import Any, Final

import redis
from django.conf import settings
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from renkei.audit import guards
from renkei.config import installation
from renkei.config.checkup.finding import Finding, bad, care, good, skipped
from renkei.files import s3, scanning
from renkei.kernel import master, vault
from renkei.kernel.database import engine_of, has_table
from renkei.kernel.errors import Tampered

NOTHING_YET: Final = "まだデータがありません（renkei load か renkei serve で作られます）。"
NEVER_NEW: Final = "控えから正しい鍵を戻してください。新しい鍵を作ってはいけません。"
FULL: Final = 2  # PRAGMA synchronous; 3 is EXTRA
NETWORK_SECONDS: Final = 2


def is_made(alias: str = "default") -> bool:
    """Whether there is a database already; looking never makes one."""
    return has_table(alias, "django_migrations")


def database() -> Finding:
    """Both databases answer, and what is committed stays after a power cut."""
    if not is_made():
        return skipped(NOTHING_YET)
    said = []
    for alias in ("default", "keys"):
        look = _sqlite if engine_of(alias) == "sqlite" else _postgresql
        version, wrong = look(connections[alias])
        if wrong:
            return bad(
                f"書いたものが停電で消えうる設定です: {'、'.join(wrong)}（{version}）。",
                "データベースの設定を元に戻してください。",
            )
        said.append(version)
    return good(f"{'、'.join(dict.fromkeys(said))} が答えています。")


def _sqlite(wrapper: Any) -> tuple[str, list[str]]:
    """The version, and what is not in force of what the settings ask for."""
    with wrapper.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()")
        version = f"SQLite {cursor.fetchone()[0]}"
        cursor.execute("PRAGMA journal_mode")
        wal = cursor.fetchone()[0] == "wal"
        cursor.execute("PRAGMA synchronous")
        durable = cursor.fetchone()[0] >= FULL
    return version, ["journal_mode"] * (not wal) + ["synchronous"] * (not durable)


def _postgresql(wrapper: Any) -> tuple[str, list[str]]:
    """The version, and which of the settings that keep what is committed are off."""
    with wrapper.cursor() as cursor:
        cursor.execute("SHOW server_version")
        version = f"PostgreSQL {cursor.fetchone()[0].split()[0]}"
        wrong = []
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            cursor.execute(f"SHOW {name}")
            if cursor.fetchone()[0] == "off":
                wrong.append(name)
    return version, wrong


def migrations() -> Finding:
    """The tables are those of this version."""
    if not is_made():
        return skipped(NOTHING_YET)
    waiting = sum(
        len(installation.waiting(MigrationExecutor(connections[alias]), alias))
        for alias in ("default", "keys")
    )
    if waiting:
        return care(
            f"データベースの更新が{waiting}件残っています。",
            "バックアップを取ってから、サーバーを動かし直してください（そのときに行われます）。",
        )
    return good("データベースはこの版のものです。")


def audit() -> Finding:
    """The database itself keeps the audit trail, and what was done about incidents, append-only."""
    if not is_made():
        return skipped(NOTHING_YET)
    missing = guards.missing()
    if missing:
        return bad(
            f"記録を書き足すだけに保つトリガーがありません: {'、'.join(missing)}。",
            "renkei audit verify で確かめ、renkei upgrade でトリガーを入れ直してください。",
        )
    return good("監査証跡とインシデントの経過は、書き足すことしかできません。")


def keys() -> Finding:
    """The master key is the one the key store needs, and lies where it should."""
    if not is_made("keys"):
        return skipped(NOTHING_YET)
    try:
        master.refuse_exposed()
        vault.check()
    except master.InCustody:
        return good("マスター鍵は保管者が持っています。動かすときは、保管者2人が必要です。")
    except master.MasterKeyExposed:
        return bad("マスター鍵のファイルを、ほかの人も読めます。", "chmod 600 で閉じてください。")
    except master.MasterKeyMissing as error:
        return bad(f"マスター鍵が{_what_is_wrong(error)}。患者さんの記録を開けません。", NEVER_NEW)
    except Tampered:
        return bad(
            "鍵の保管庫の中身が書き換えられているか、壊れています。",
            "サーバーを止め、保管庫の控えから戻してください。",
        )
    where, _ = master.source()
    if where is not master.Source.DATA_FOLDER and master.master_key_file().exists():
        return care(
            "マスター鍵が、データフォルダーの外と中の両方にあります。",
            "外の鍵で動くことを確かめてから、master.key を安全な場所に移してください。",
        )
    return good("マスター鍵で鍵の保管庫が開きます。")


def _what_is_wrong(error: master.MasterKeyMissing) -> str:
    match error:
        case master.MasterKeyWrong():
            return "この設置のものではありません"
        case master.MasterKeyDamaged():
            return "壊れています"
        case _:
            return "ありません"


BUCKET: Final = {  # why the bucket cannot be used, and what to do
    "url": (
        "S3_URL が読めません。",
        "s3://キー:シークレット@ホスト/バケット の形で書いてください（記号は%に直します）。",
    ),
    "let": (
        "S3_URL のキーかシークレットでは、バケットに入れません。",
        "キーとシークレット、そのキーに許されていることを確かめてください。",
    ),
    "bucket": ("S3_URL のバケットがありません。", "名前を確かめるか、バケットを作ってください。"),
    "line": (
        "S3_URL のバケットが答えません。",
        "動いているか、つなぎ先が合っているかを確かめてください。",
    ),
}


def files() -> Finding:
    """The bucket in which files lie answers, if there is one, and is open to nobody else."""
    if not settings.S3_URL:
        return good("写真やファイルは、データフォルダーに置いています。")
    try:
        found = s3.look()
    except s3.Unreachable as error:
        return bad(*BUCKET[error.why])
    if found.public:
        return bad(
            "バケットが、鍵のない人にも開いています。",
            "バケットの公開をやめてください（中身は封をしてありますが、数と大きさが見えます）。",
        )
    if not found.sealed_line:
        return care(
            "バケットとの間が暗号化されていません（tls=off）。",
            "同じ機械の中か、ほかの人のいない線だけにしてください。",
        )
    return good("バケットが答え、ほかの人には閉じています。")


def viruses() -> Finding:
    """The check for viruses answers, if there is one; without it nothing that is sent gets in."""
    if not settings.CLAMAV_URL:
        return good("ウイルス検査（ClamAV）は使っていません。")
    try:
        version = scanning.version()
    except OSError as error:
        return bad(
            f"ウイルス検査（clamd）が答えません（{type(error).__name__}）。",
            "clamdを動かしてください。それまで、写真やファイルは検査待ちのまま送れません。",
        )
    return good(f"{version.split('/')[0]} が答えています。")


def hints() -> Finding:
    """Redis answers, if it is to be used."""
    if not settings.REDIS_URL:
        return good("Redisは使っていません。")
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=NETWORK_SECONDS, socket_connect_timeout=NETWORK_SECONDS
    )
    try:
        version = client.info("server")["redis_version"]
    except redis.RedisError as error:
        return bad(
            f"Redisが答えません（{type(error).__name__}）。",
            "Redisを動かしてください。その間も書けますが、新着が届くのが遅くなります。",
        )
    finally:
        client.close()
    return good(f"Redis {re.sub(r'[^0-9.]', '', str(version))} が答えています。")
