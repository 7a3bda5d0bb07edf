"""``renkei check``: everything the host wants to know of an installation, each a small question.

No question changes anything, and none can hang the others: each is asked in a thread of its own
and given up after some seconds.
"""

import threading
import time
from collections.abc import Sequence
from typing import Final

from django.db import DatabaseError, connections

from renkei.config.checkup import configuration, duties, machine, stores
from renkei.config.checkup.finding import Finding, Question, State, bad, skipped

SECONDS: Final = 10.0

QUESTIONS: Final = (
    Question("program", "プログラム", configuration.program),
    Question("variables", "環境変数", configuration.variables),
    Question("origin", "公開アドレス", configuration.origin),
    Question("together", "組み合わせ", configuration.together),
    Question("demo", "デモ", configuration.demo),
    Question("metrics", "監視", configuration.token),
    Question("folder", "データフォルダー", machine.folder),
    Question("space", "空き容量", machine.space),
    Question("clock", "時計", machine.time),
    Question("fonts", "書体", machine.fonts),
    Question("database", "データベース", stores.database),
    Question("migrations", "データベースの版", stores.migrations),
    Question("audit", "監査証跡", stores.audit),
    Question("keys", "鍵", stores.keys),
    Question("redis", "Redis", stores.hints),
    Question("bucket", "ファイルの置き場所", stores.files, network=True),
    Question("viruses", "ウイルス検査", stores.viruses, network=True),
    Question("mail", "メール", duties.mail, network=True),
    Question("backups", "バックアップ", duties.backups),
    Question("server", "サーバー", machine.server),
)


def ask_all(
    questions: Sequence[Question] = QUESTIONS, *, seconds: float = SECONDS
) -> list[tuple[Question, Finding]]:
    """Ask all at once, and give up those that have not answered after so many seconds."""
    found: dict[str, Finding] = {}
    threads = [threading.Thread(target=_ask, args=(one, found), daemon=True) for one in questions]
    for thread in threads:
        thread.start()
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    late = bad(
        f"{seconds:.0f}秒待っても答えがありません。", "つながりや混み具合を確かめてください。"
    )
    answers = dict(found)  # whoever answers from here on is late
    return [(one, answers.get(one.ident, late)) for one in questions]


def left_out(question: Question) -> Finding:
    """What stands for a question nobody wanted to ask."""
    return skipped(f"{question.name}は調べていません。")


def _ask(question: Question, found: dict[str, Finding]) -> None:
    try:
        found[question.ident] = question.ask()
    except DatabaseError as error:
        found[question.ident] = bad(
            f"データベースが答えないので、わかりません（{type(error).__name__}）。",
            "データベースが動いているか、つなぎ先が合っているかを確かめてください。",
        )
    except Exception as error:  # whatever it is, the other questions are still answered
        found[question.ident] = bad(
            f"調べられませんでした（{type(error).__name__}）。", "開発元にお知らせください。"
        )
    finally:
        connections.close_all()


def worst(answers: Sequence[tuple[Question, Finding]]) -> State:
    """The worst of all findings."""
    return max((finding.state for _, finding in answers), key=lambda state: state.weight)
