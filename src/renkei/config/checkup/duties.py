"""What has to be done again and again, and whether mail goes out."""

import smtplib
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from renkei.backup.judgement import BROKEN, NEVER, Line, judge
from renkei.backup.models import Kind
from renkei.backup.selectors import newest
from renkei.config.checkup.finding import Finding, bad, good, skipped
from renkei.config.checkup.stores import NOTHING_YET, is_made
from renkei.config.figures import span
from renkei.enrollment import demonstration
from renkei.kernel import clock
from renkei.region import parameters
from renkei.region.models import Region

MAIL_SECONDS: Final = 3
NAMES: Final = {
    Kind.CONTENT.value: "記録のバックアップ",
    Kind.KEYS.value: "鍵のバックアップ",
    Kind.VERIFY.value: "バックアップから戻す練習",
}


def mail() -> Finding:
    """The mail server answers; nothing is sent."""
    if not settings.EMAIL_URL:
        return good("メールは使っていません（通知のメールは outbox に置かれます）。")
    parts = urlsplit(settings.EMAIL_URL)
    if parts.scheme not in ("smtp", "smtp+tls") or not parts.hostname:
        return bad(
            "EMAIL_URL が読めないので、メールは送られません。",
            "smtp+tls://利用者:パスワード@ホスト:587 のように書いてください。",
        )
    try:
        with smtplib.SMTP(parts.hostname, parts.port or 25, timeout=MAIL_SECONDS) as server:
            server.ehlo()
            if parts.scheme == "smtp+tls" and not server.has_extn("starttls"):
                return bad(
                    "メールサーバーが暗号化（STARTTLS）を断りました。", "設定を確かめてください。"
                )
    except (OSError, smtplib.SMTPException) as error:
        return bad(
            f"メールサーバー（{parts.hostname}）が答えません（{type(error).__name__}）。",
            "メールサーバーと、この機械からの接続を確かめてください。",
        )
    return good(f"メールサーバー（{parts.hostname}）が答えています。")


def backups() -> Finding:
    """Copies are as fresh as the policy asks, and one was brought back not long ago."""
    if not is_made():
        return skipped(NOTHING_YET)
    region = Region.objects.order_by("pk").first()
    if region is None:
        return skipped("まだ地域がありません。")
    if demonstration.is_here():
        return skipped("デモの記録なので、写しは要りません。")
    now = clock.now()
    found = newest(region.id, now)
    lines = judge(found, parameters.of(found.policy), now)
    red = [_said(line) for line in lines if line.red]
    if red:
        return bad(
            "、".join(red) + "。",
            "renkei backup で写しを取り、renkei backup verify で戻せることを確かめてください。",
        )
    oldest = max(line.age for line in lines[:2] if line.age is not None)
    return good(f"バックアップは{span(oldest)}前のものがあり、戻す練習も済んでいます。")


def _said(line: Line) -> str:
    name = NAMES[line.kind]
    if line.state == BROKEN:
        return f"{name}が失敗したままです"
    if line.state == NEVER or line.age is None:
        return f"{name}が一度もありません"
    return f"{name}が{span(line.age)}前です（{span(line.limit)}以内に）"
