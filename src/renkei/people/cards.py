"""The disaster card: ten numbers on paper, each good once, for when nothing else is at hand (A20).

Stored are only their HMACs under a key that is not in the database: a copy of the database does
not open anything.
"""

import secrets
import unicodedata
from datetime import datetime
from uuid import UUID

from django.utils.crypto import salted_hmac

from renkei.kernel import clock
from renkei.kernel.database import row
from renkei.people.models import CardCode
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case

CODES = 10
DIGITS = 10


def _hmac(account: UUID, digits: str) -> str:
    """What of a number is stored; bound to the person, so that one may not stand for another's."""
    salt = f"renkei disaster card {account.hex}"
    return salted_hmac(salt, digits, algorithm="sha256").hexdigest()


def _digits(typed: str) -> str:
    """The digits of what was typed: full-width ones too, without what stands between them."""
    plain = unicodedata.normalize("NFKC", typed)
    return "".join(one for one in plain if one.isascii() and one.isdigit())


@use_case("card.make", on="region")
def make_card(change: Change) -> list[str]:
    """Make a new card; the one before is worth nothing any more. The numbers are shown once.

    Returns:
        ten numbers such as ``12345-67890``.
    """
    numbers: set[str] = set()
    while len(numbers) < CODES:
        numbers.add(f"{secrets.randbelow(10**DIGITS):0{DIGITS}}")
    CardCode.objects.filter(account_id=change.account).delete()
    CardCode.objects.bulk_create(
        CardCode(account_id=change.account, code=_hmac(change.account, number), made_at=change.now)
        for number in numbers
    )
    change.about("Account", change.account)
    return [f"{number[:5]}-{number[5:]}" for number in sorted(numbers)]


@disclosure("card.make", on="region")
def see_card(standing: Standing) -> int:
    """How many numbers of one's own card are still good; 0 without a card."""
    assert standing.who.account is not None
    return codes_left(standing.who.account)


def use_code(account: UUID, typed: str) -> bool:
    """Spend one number of the person's card; False if it is none, or was spent already.

    One statement decides, so that of two who come at once with the same number one gets in. Who
    calls this limits how often it is tried, and records what it was used for.
    """
    digits = _digits(typed)
    if len(digits) != DIGITS:
        return False
    unused = CardCode.objects.filter(account_id=account, used_at=None)
    return unused.filter(code=_hmac(account, digits)).update(used_at=clock.now()) == 1


def made_before(account: UUID, moment: datetime) -> bool:
    """Whether the person's card was made before a moment: who needs one now cannot make it now."""
    found: bool = CardCode.objects.filter(account_id=account, made_at__lt=moment).exists()
    return found


def has_card(account: UUID) -> bool:
    """Whether a number of the person's card is still good."""
    sql = "SELECT 1 FROM people_cardcode WHERE account_id = %s AND used_at IS NULL LIMIT 1"
    return row(sql, [account.hex]) is not None


def codes_left(account: UUID) -> int:
    """How many numbers of the person's card are still good; 0 without a card."""
    return CardCode.objects.filter(account_id=account, used_at=None).count()
