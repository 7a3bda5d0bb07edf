"""A signed head that lies elsewhere finds what the chains alone cannot."""

from collections.abc import Callable

import orjson
import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from renkei.audit import heads, trail
from renkei.audit.heads import NoHead
from renkei.audit.models import AuditEvent, AuditHead
from renkei.kernel import signing
from tests.audit.test_trail import unguarded, write
from tests.audit.test_verify import rebuilt
from tests.cast import Cast, post

STREAM = "group:test"


def taken() -> bytes:
    write(10)
    write(3, "group:other")
    return heads.take()


def why(head: bytes, **options: str) -> list[tuple[str, int, str]]:
    found = heads.compare(heads.read(head), **options)[1]
    return [(one.stream, one.seq, one.why) for one in found]


def another(line: AuditEvent) -> None:
    line.detail = line.detail.replace('"seq":4', '"seq":44')


def cut() -> None:
    unguarded()
    AuditEvent.objects.filter(stream=STREAM, seq__gt=8).delete()
    last = AuditEvent.objects.get(stream=STREAM, seq=8)
    AuditHead.objects.filter(stream=STREAM).update(seq=8, hash=last.hash)


def vanish() -> None:
    unguarded()
    AuditEvent.objects.filter(stream=STREAM).delete()
    AuditHead.objects.filter(stream=STREAM).delete()


ATTACKS: dict[str, tuple[Callable[[], None], str]] = {
    "the end cut off": (cut, heads.CUT),
    "the chain rebuilt": (lambda: rebuilt(STREAM, another), heads.REWRITTEN),
    "the stream taken away": (vanish, heads.VANISHED),
}


@pytest.mark.parametrize("what", ATTACKS)
def test_what_the_chains_alone_do_not_find_an_old_head_does(cast: Cast, what: str) -> None:
    attack, expected = ATTACKS[what]
    head = taken()
    attack()
    assert trail.verify()[1] == []  # everything is in order, as far as the database tells
    assert why(head) == [(STREAM, 10, expected)]


def test_what_was_written_since_does_not_disturb_an_old_head(cast: Cast) -> None:
    first = taken()
    write(5)
    second = heads.take()
    post(cast, "nurse")
    assert why(first) == why(second) == []
    assert heads.compare(heads.read(first))[0] == AuditHead.objects.filter(seq__gt=0).count()


def test_a_cut_end_that_grew_again_is_found(cast: Cast) -> None:
    head = taken()
    cut()
    write(4)
    assert trail.verify()[1] == []
    assert why(head) == [(STREAM, 10, heads.REWRITTEN)]


def test_a_head_that_was_changed_is_found(cast: Cast) -> None:
    facts = orjson.loads(taken())
    facts["ends"] = [one for one in facts["ends"] if one[0] != STREAM]
    assert why(orjson.dumps(facts)) == [("", 0, heads.UNSIGNED)]


def test_a_head_signed_anew_by_somebody_else_is_found(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    noted = signing.public_key()
    before = taken()
    monkeypatch.setattr(signing, "key_file", lambda: tmp_path / "signing.key")  # type: ignore[operator]
    forged = heads.take()
    assert why(forged, signed_by=noted) == [("", 0, heads.STRANGER)]
    assert why(before) == [("", 0, heads.STRANGER)]  # by another key than the one here now
    assert why(before, signed_by=noted) == []


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"signature": 1}', b'{"signature":"x","ends":[[1,2,3]]}']
)
def test_what_is_no_head_is_refused(data: bytes) -> None:
    with pytest.raises(NoHead):
        heads.read(data)


def test_a_head_holds_no_word_of_anybody(cast: Cast) -> None:
    assert heads.take().isascii()


def test_a_head_goes_to_the_operator_by_mail(
    cast: Cast, settings: object, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.EMAIL_HOST = "mail.example.org"  # type: ignore[attr-defined]
    call_command("audit", "head", "--mail")
    (letter,) = mail.outbox
    assert letter.to and letter.to[0] in capsys.readouterr().out
    assert signing.public_key() in letter.body
    assert "renkei audit verify --head" in letter.body
    ((name, content, kind),) = letter.attachments
    assert (name.endswith(".json"), kind) == (True, "application/json")
    assert why(content.encode() if isinstance(content, str) else content) == []


def test_without_mail_it_is_said(cast: Cast) -> None:
    with pytest.raises(CommandError, match="EMAIL_URL"):
        call_command("audit", "head", "--mail")
    assert mail.outbox == []
