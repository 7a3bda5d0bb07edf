"""Mail that says only that there is something to see: in the background, after the commit."""

import logging
from collections.abc import Iterable
from functools import partial
from threading import Thread
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.message import EmailMessage
from django.db import transaction

from renkei.people.models import Account
from renkei.region.models import Region

log = logging.getLogger("renkei.mail")
CHANGED: Final = "連携管理者の変更のお知らせ"
CHANGED_BODY: Final = (
    "参加事業所の連携管理者に変更がありました。ログインして、ホームの「やること」をご確認ください。\n"
    "個人の情報を守るため、お名前はこのメールには書いていません。\n\n"
    "{origin}/administrators\n\n{operator}　{phone}\n"
)


def tell_of_administrators(region_id: UUID) -> None:
    """Tell the operator's staff that an administrator has changed (A7); their home shows it too."""
    region = Region.objects.get(pk=region_id)
    tell(region, operators(region), CHANGED, CHANGED_BODY)


def operators(region: Region) -> list[str]:
    """Where the operator's staff are reached."""
    found = Account.objects.filter(
        region=region,
        operator_roles__isnull=False,
        operator_roles__ended_at=None,
        suspended_at=None,
    )
    return list(found.values_list("email", flat=True))


def tell(region: Region, addresses: Iterable[str], subject: str, body: str) -> None:
    """Send the same to each of them, once what is told of is committed.

    Args:
        body: names ``origin``, ``operator`` and ``phone`` of the region, which are filled in.
    """
    text = body.format(origin=settings.ORIGIN, operator=region.operator_name, phone=region.phone)
    transaction.on_commit(partial(_post, subject, sorted(set(addresses)), text, region.email))


def _post(subject: str, addresses: list[str], text: str, sender: str) -> None:
    """Send in the background: a slow mail server holds nobody up, and what fails is logged."""
    if addresses and settings.EMAIL_HOST:
        Thread(target=_send, args=(subject, addresses, text, sender), daemon=True).start()


def _send(subject: str, addresses: list[str], text: str, sender: str) -> None:
    try:
        with get_connection() as connection:
            for address in addresses:
                EmailMessage(subject, text, sender, [address], connection=connection).send()
    except OSError as error:
        log.error("mail", extra={"facts": {"error": type(error).__name__}})
