"""Mail that comes back marks the address it went to, and nothing but a letter of ours does."""

import io
from smtplib import SMTPRecipientsRefused
from uuid import UUID, uuid4

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.core.management.base import CommandError

from renkei.config.management.commands.mail import Command
from renkei.group.home import see_home
from renkei.notification import letters
from renkei.notification.bounces import ask_address, confirm_address, read
from renkei.notification.choosing import see_choices
from renkei.notification.letters import Mail, envelope_sender
from renkei.notification.models import Letter, Preference
from renkei.people.models import Account
from renkei.people.staff import see_staff
from tests.cast import Cast
from tests.notification.world import let_it_be_time, say, waits

REPORT = """From: MAILER-DAEMON@mx.example.net
To: {to}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; nobody@example.org
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 no such user
--b
Content-Type: {kind}

{original}
--b--
"""


def report(letter: UUID | str = "", *, to: str = "kyoten@example.org", action: str = "failed",
           status: str = "5.1.1", kind: str = "text/rfc822-headers") -> bytes:  # fmt: skip
    name = letter.hex if isinstance(letter, UUID) else letter
    original = f"From: kyoten@example.org\nMessage-ID: <{name}@example.org>\nSubject: x"
    if kind == "message/rfc822":
        original += "\n\nbody"
    words = {"to": to, "action": action, "status": status, "kind": kind, "original": original}
    return REPORT.format(**words).encode()


def bounced(message: bytes) -> str:
    command = Command(stdout=io.StringIO())
    command.stdin = io.BytesIO(message)
    call_command(command, "bounced")
    return command.stdout.getvalue()


def letter_to(cast: Cast, name: str) -> UUID:
    say(cast, "nurse")
    let_it_be_time()
    return Letter.objects.get(account=cast.account(name)).id


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("renkei.config.management.commands.mail.refuse_nothing_there", lambda: None)
    monkeypatch.setattr("renkei.config.management.commands.mail.prepare", lambda: None)


def test_an_address_at_which_nothing_arrives_is_marked_shown_and_left_alone(awake: Cast) -> None:
    letter = letter_to(awake, "physician")
    assert "印を付けました" in bounced(report(letter))
    chosen = see_choices(awake["physician"], None)
    assert (chosen.returned_at is not None, chosen.returned_status) == (True, "5.1.1")
    assert "returned" in {one.kind for one in see_home(awake["physician"], None).tasks}
    staff = see_staff(awake["administrator_other"], awake.organizations["clinic"])
    assert {one.role for one in staff if one.returned} == {awake.role("physician")}
    say(awake, "nurse")
    assert waits("mail") == {awake.account("manager")}
    assert "もう印が付いている" in bounced(report(letter))
    # confirmed by a number that was mailed, and by no other
    code = ask_address(awake["physician"], None).code
    wrong = "000000" if code != "000000" else "000001"
    assert not confirm_address(awake["physician"], None, code=wrong)
    assert not confirm_address(awake["nurse"], None, code=code)
    assert confirm_address(awake["physician"], None, code=f" {code} ")
    assert not confirm_address(awake["physician"], None, code=code)  # good once
    say(awake, "nurse")
    assert awake.account("physician") in waits("mail")


def test_a_number_guessed_too_often_is_good_no_more(awake: Cast) -> None:
    code = ask_address(awake["physician"], None).code
    for _ in range(5):
        assert not confirm_address(awake["physician"], None, code="12")
    assert not confirm_address(awake["physician"], None, code=code)


def test_a_letter_is_known_by_the_address_it_was_sent_back_to_as_well(
    awake: Cast, settings
) -> None:
    settings.BOUNCES = "returned@example.org"
    settings.EMAIL_HOST = "mx.example.net"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []
    letter = letter_to(awake, "manager")
    back = envelope_sender(letter)
    (sent,) = [one for one in mail.outbox if one.to == [awake.people["manager"].email]]
    assert sent.from_email == back
    assert sent.message()["From"] == "kyoten@example.org"
    assert sent.message()["Message-ID"] == f"<{letter.hex}@example.org>"
    assert back == f"returned+{letter.hex}@example.org"
    assert "印を付けました" in bounced(report("gone", to=back))
    assert Preference.objects.get(account=awake.account("manager")).returned_at is not None


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"action": "delayed", "status": "4.4.1"}, id="only late"),
        pytest.param({"action": "failed", "status": "4.2.2"}, id="not for good"),
        pytest.param({"kind": "message/rfc822", "action": "delivered"}, id="arrived"),
    ],
)
def test_what_is_no_failure_for_good_changes_nothing(awake: Cast, change: dict) -> None:
    assert "何も変えていません" in bounced(report(letter_to(awake, "manager"), **change))
    assert not Preference.objects.filter(returned_at__isnull=False).exists()


def test_nobody_stops_anothers_mail_by_a_message_that_looks_like_one(awake: Cast) -> None:
    letter = letter_to(awake, "manager")
    for message in (report(uuid4()), b"Subject: hello\n\n5.1.1 failed", b"", b"\xff" * 1000):
        with pytest.raises(CommandError):
            bounced(message)
    # one that went to the address the person had before says nothing of the one they have now
    Account.objects.filter(pk=awake.account("manager")).update(email="new@example.org")
    bounced(report(letter))
    assert not Preference.objects.filter(returned_at__isnull=False).exists()
    assert read(report(letter, kind="message/rfc822")) == read(report(letter))


def test_a_mail_server_that_knows_no_such_address_marks_it_at_once(
    awake: Cast, settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_HOST = "mx.example.net"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

    def refuse(self: object, messages: list[EmailMessage]) -> int:
        to = messages[0].to[0]
        raise SMTPRecipientsRefused({to: (550, b"no such user")})

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)
    say(awake, "nurse")
    let_it_be_time()
    marked = Preference.objects.filter(returned_at__isnull=False)
    assert set(marked.values_list("account", flat=True)) == {
        awake.account("manager"), awake.account("physician"),
    }  # fmt: skip
    account = Account.objects.get(pk=awake.account("nurse"))
    account.demo = True  # an invented person: never by SMTP
    letters.send(Mail(uuid4(), account, "x", ("y",)))
