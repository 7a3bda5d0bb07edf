"""What the tests of erasing share: a wish, a signed paper, a second person, time that passes."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from uuid import UUID

from PIL import Image

from renkei.communication.services import save_draft
from renkei.disclosure import retention
from renkei.disclosure.erasing import Wish, ask_for_group, ask_for_record, confirm_erasure
from renkei.disclosure.erasure_papers import print_request
from renkei.disclosure.models import Erasure
from renkei.enrollment.models import Paper
from renkei.enrollment.papers import file_scan
from renkei.enrollment.services import confirm_policy
from renkei.kernel import clock
from renkei.people.models import Account, PractitionerRole
from renkei.people.services import appoint_operator
from tests.cast import LOADER, Cast, Person, loading, make_account, make_role, person, post

WHO = "鷲尾 亀代（長女）"  # found nowhere else
WORDS = "母の書き込みは母だけのものですから"


def wish(**given: object) -> Wish:
    """A wish in which nothing is missing."""
    facts: dict[str, object] = {
        "relation": "bereaved",
        "who": WHO,
        "way": "paper",
        "words": WORDS,
        "wished_on": clock.today(),
        "retention": {one.key: "none" for one in retention.items()} | {"medical": "chart"},
        "copied": True,
        "explained": True,
    }
    return Wish(**{**facts, **given})  # type: ignore[arg-type]


def asked(cast: Cast, *, group: UUID | None = None, by: str = "administrator_same") -> Erasure:
    """Asked for by the managing organization: the record, or one group."""
    if group is not None:
        return ask_for_group(cast[by], group, wish=wish())
    return ask_for_record(cast[by], cast.patient, wish=wish())


def scan() -> bytes:
    made = BytesIO()
    Image.effect_noise((200, 280), 60).convert("RGB").save(made, "PNG")
    return made.getvalue()


def filed(cast: Cast, erasure: Erasure) -> Erasure:
    """The signed request has come back, and its scan is filed."""
    print_request(cast["administrator_same"], erasure.id, origin="")
    paper = Paper.objects.get(about=f"Erasure/{erasure.id.hex}")
    file_scan(cast["administrator_same"], paper.code, content=scan())
    return erasure


def confirmed(cast: Cast, *, group: UUID | None = None) -> Erasure:
    """As far as two persons take it: the cooling-off runs."""
    erasure = filed(cast, asked(cast, group=group))
    return confirm_erasure(cast["operator"], erasure.id)


def over(travel: Callable[[timedelta], None], days: int = 8) -> None:
    """The cooling-off has passed."""
    travel(timedelta(days=days))


def talk(cast: Cast, texts: list[str], group: UUID | None = None) -> None:
    """Say something in the group, and leave something half written."""
    for text in texts:
        post(cast, "manager", text, group)
    save_draft(cast["manager"], group or cast.group, text=f"下書き {texts[0]}")


def known(cast: Cast, account: Account, role: PractitionerRole | None = None) -> Person:
    """Somebody who has set a password and confirmed the policy, signed in."""
    account.password_changed_at = clock.now()
    account.save(update_fields=["password_changed_at"])
    made = person(account.email.split("@")[0], account, role)
    confirm_policy(made.actor, None, policy=cast.policy)
    return made


def second_operator(cast: Cast, email: str = "second@example.org") -> Person:
    """Somebody else who works for the operator."""
    with loading():
        account = make_account(cast.region, email, "二人目 さん", "さん")
        appoint_operator(LOADER, None, account=account)
    return known(cast, account)


def both_hats(cast: Cast, email: str = "both@example.org") -> Person:
    """An administrator of the managing organization who works for the operator as well."""
    with loading():
        account = make_account(cast.region, email, "両方 さん", "さん")
        role = make_role(account, cast.organizations["station"], "事務", True)
        appoint_operator(LOADER, None, account=account)
    return known(cast, account, role)
