"""Who takes part: organizations, people, their work; and what a person sets for themselves."""

from dataclasses import asdict
from datetime import date
from io import BytesIO
from threading import BoundedSemaphore
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.utils.translation import gettext_noop
from PIL import Image, ImageOps, UnidentifiedImageError

from renkei.files import store
from renkei.files.models import File
from renkei.group.network import take_in
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text, fold_kana, is_kana
from renkei.people.models import (
    Account,
    OperatorRole,
    Organization,
    PractitionerRole,
    Profile,
    Session,
)
from renkei.people.passwords import judge_password, set_own_password
from renkei.people.sessions import end_sessions
from renkei.policy.standing import Actor, On, Standing
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.region.models import Region

PHOTO_SIDE = 256  # pixels
PHOTO_BYTES = 15_000_000
PHOTO_PIXELS = 60_000_000  # of a JPEG, which is opened at a fraction of its size
WHOLE_PIXELS = 24_000_000  # of a PNG or WebP, which is opened whole
_opening = BoundedSemaphore(2)  # pictures opened at the same time: each takes up to 200 MB


@use_case("region.load", on="region")
def register_organization(
    change: Change, /, *, region: Region, head_name: str, **facts: object
) -> Organization:
    """Take an organization into the region."""
    organization = Organization(id=uuid7(), key_id=region.key_id, region=region, **facts)
    organization.seal("head", head_name)
    organization.save(force_insert=True)
    change.stream = f"organization:{organization.id.hex}"
    change.about("Organization", organization.id)
    return organization


@use_case("region.load", on="region")
def register_account(
    change: Change, *, region: Region, email: str, profile: Profile, demo: bool
) -> Account:
    """Give a person their one ID. Nobody sets its password but the person (A14.1)."""
    account = Account(
        id=uuid7(),
        key_id=region.key_id,
        region=region,
        email=email.strip().lower(),
        demo=demo,
        made_at=change.now,
    )
    account.set_unusable_password()
    account.seal("profile_sealed", asdict(profile))
    account.save(force_insert=True)
    change.stream = f"account:{account.id.hex}"
    change.about("Account", account.id)
    return account


@use_case("region.load", on="organization")
def add_staff(
    change: Change,
    *,
    account: Account,
    profession: str,
    administrator: bool,
    pledged_on: date | None,
    trained_on: date | None,
) -> PractitionerRole:
    """Let a person work for an organization (A8.5)."""
    role = PractitionerRole(
        account=account,
        organization_id=_target(change),
        profession=profession,
        administrator=administrator,
        pledged_on=pledged_on,
        trained_on=trained_on,
        started_at=change.now,
    )
    role.save(force_insert=True)
    take_in(change, account)
    change.stream = f"organization:{role.organization_id.hex}"
    change.about("PractitionerRole", role.id, account=account.id.hex, administrator=administrator)
    return role


@use_case("region.load", on="region")
def appoint_operator(change: Change, *, account: Account) -> OperatorRole:
    """Let a person work for the region's operator."""
    role = OperatorRole(account=account, started_at=change.now)
    role.save(force_insert=True)
    take_in(change, account)
    change.stream = f"region:{account.region_id.hex}"
    change.about("OperatorRole", role.id, account=account.id.hex)
    return role


def _target(change: Change) -> UUID:
    assert change.standing.what.target_organization is not None
    return change.standing.what.target_organization


@use_case("profile.change", on="region")
def change_profile(change: Change, *, name: str, kana: str, phone: str) -> None:
    """Correct one's own name, kana and telephone number (N3.5).

    Raises:
        Problem: the name is missing, or the kana are no kana.
    """
    name, kana = clean_text(name).strip(), fold_kana(clean_text(kana).strip())
    if not name or len(name) > 100:
        raise Problem(gettext_noop("Please write your name."), field="name")
    if not kana or len(kana) > 100 or not is_kana(kana):
        raise Problem(gettext_noop("Please write the reading in hiragana."), field="kana")
    account = Account.objects.select_for_update().get(pk=change.account)
    account.seal(
        "profile_sealed",
        asdict(Profile(name, kana, account.profile.sex, phone.strip()[:20])),
    )
    account.save(update_fields=["profile_sealed"])
    change.about("Account", account.id)


@disclosure("profile.change", on="region")
def _key_for_photo(standing: Standing) -> UUID:
    """The data key it will be sealed under; and the rule is asked before a picture is opened."""
    assert standing.who.account is not None
    return Account.objects.only("key_id").get(pk=standing.who.account).key_id


def change_photo(actor: Actor, on: On, *, picture: bytes) -> None:
    """Set one's own face photo: cut square, made small, freed of place and camera (N3.5).

    The picture is opened and the file written before the change begins, so that nobody who writes
    waits for it.

    Raises:
        Problem: it is no picture, far too large, or others are just being opened.
        OSError: the file could not be written; the photo is the one it was.
    """
    key_id = _key_for_photo(actor, on)
    if not _opening.acquire(blocking=False):
        raise Problem(gettext_noop("Please wait a moment."), field="photo")
    try:
        small = _square(picture)
    finally:
        _opening.release()
    _keep_photo(actor, on, file=store.write(key_id, [small]))


@use_case("profile.change", on="region")
def _keep_photo(change: Change, *, file: File) -> None:
    account = Account.objects.select_for_update().get(pk=change.account)
    before = account.photo_id
    file.save(force_insert=True)
    account.photo = file
    account.photo_changed_at = change.now
    account.save(update_fields=["photo", "photo_changed_at"])
    if before is not None:
        store.remove(before)
    change.about("Account", account.id, photo=file.id.hex, sealed=file.sha256)


def _square(picture: bytes) -> bytes:
    not_a_picture = Problem(
        gettext_noop("Please choose a photo (JPEG, PNG or WebP, up to 15 MB)."), field="photo"
    )
    if len(picture) > PHOTO_BYTES:
        raise not_a_picture
    try:
        with Image.open(BytesIO(picture), formats=["JPEG", "PNG", "WEBP"]) as image:
            most = PHOTO_PIXELS if image.format == "JPEG" else WHOLE_PIXELS
            if image.width * image.height > most:
                raise not_a_picture
            image.draft("RGB", (2 * PHOTO_SIDE, 2 * PHOTO_SIDE))  # does something for JPEG alone
            upright = ImageOps.exif_transpose(image).convert("RGB")
            small = ImageOps.fit(upright, (PHOTO_SIDE, PHOTO_SIDE))
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise not_a_picture from error
    written = BytesIO()
    small.save(written, "JPEG", quality=85)
    return written.getvalue()


@use_case("profile.change", on="region")
def change_appearance(
    change: Change, *, language: str, text_size: str, contrast: str, initials_only: bool
) -> None:
    """Set how the product looks to oneself."""
    Account.objects.filter(pk=change.account).update(
        language=language if language in ("ja", "en") else "ja",
        text_size=text_size if text_size in ("standard", "large", "largest") else "standard",
        contrast=contrast if contrast in ("standard", "more") else "standard",
        initials_only=initials_only,
    )
    change.silent = True


@use_case("role.choose", on="region")
def choose_role(change: Change, *, role: UUID) -> None:
    """Act for another of one's own organizations from now on, in this browser.

    Raises:
        Problem: it is not a role of this person, or no longer.
    """
    mine = PractitionerRole.objects.filter(
        PractitionerRole.working(change.now), pk=role, account_id=change.account
    )
    if not mine.exists():
        raise Problem(gettext_noop("You do not work for this organization any more."))
    Session.objects.filter(pk=change.standing.who.session).update(role_id=role)
    change.about("PractitionerRole", role)


def change_password(actor: Actor, on: On, *, password: str) -> None:
    """Keep one's own new password (A14.1); everywhere else the person is signed out.

    It is judged and hashed before the change begins: that takes its time, and nobody waits for it.

    Raises:
        Problem: the policy does not allow such a password (A14.3).
    """
    judge_password(_own_account(actor, on), password)
    _keep_password(actor, on, hashed=make_password(password))


@disclosure("password.change", on="region")
def _own_account(standing: Standing) -> Account:
    assert standing.who.account is not None
    return Account.objects.select_related("region").get(pk=standing.who.account)


@use_case("password.change", on="region")
def _keep_password(change: Change, *, hashed: str) -> None:
    account = Account.objects.select_for_update().get(pk=change.account)
    set_own_password(account, hashed, change.now)
    ended = end_sessions(change, account=account.id, but=change.standing.who.session)
    change.end_standings(account=account.id)  # what this session may do has changed as well
    change.about("Account", account.id, sessions_ended=ended)
