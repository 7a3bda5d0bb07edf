"""Who takes part: organizations, people, their work; and what a person sets for themselves."""

from dataclasses import asdict, replace
from datetime import date
from io import BytesIO
from threading import BoundedSemaphore
from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_noop
from PIL import Image, ImageOps, UnidentifiedImageError

from renkei.kernel import vault
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text, fold_kana, is_kana
from renkei.kernel.sealed import about
from renkei.people.models import (
    Account,
    OperatorRole,
    Organization,
    PractitionerRole,
    Profile,
    Session,
)
from renkei.people.passwords import set_own_password
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
    change.stream = f"organization:{role.organization_id.hex}"
    change.about("PractitionerRole", role.id, account=account.id.hex, administrator=administrator)
    return role


@use_case("region.load", on="region")
def appoint_operator(change: Change, *, account: Account) -> OperatorRole:
    """Let a person work for the region's operator."""
    role = OperatorRole(account=account, started_at=change.now)
    role.save(force_insert=True)
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
        asdict(replace(account.profile, name=name, kana=kana, phone=phone.strip()[:20])),
    )
    account.save(update_fields=["profile_sealed"])
    change.about("Account", account.id)


@disclosure("profile.change", on="region")
def _before_photo(standing: Standing) -> None:
    """Nothing is shown; but the rule is asked before a picture is opened."""


def change_photo(actor: Actor, on: On, *, picture: bytes) -> None:
    """Set one's own face photo: cut square, made small, freed of place and camera (N3.5).

    The picture is opened before the change begins, so that nobody who writes waits for it.

    Raises:
        Problem: it is no picture, far too large, or others are just being opened.
    """
    _before_photo(actor, on)
    if not _opening.acquire(blocking=False):
        raise Problem(gettext_noop("Please wait a moment."), field="photo")
    try:
        small = _square(picture)
    finally:
        _opening.release()
    _keep_photo(actor, on, small=small)


@use_case("profile.change", on="region")
def _keep_photo(change: Change, *, small: bytes) -> None:
    account = Account.objects.select_for_update().get(pk=change.account)
    account.photo = vault.seal(
        account.key_id, small, about=about(account._meta.label, account.id, "photo")
    )
    account.photo_changed_at = change.now
    account.save(update_fields=["photo", "photo_changed_at"])
    change.about("Account", account.id, photo=True)


def photo(account: Account) -> bytes:
    """The face photo as JPEG; empty if there is none."""
    if account.photo is None:
        return b""
    place = about(account._meta.label, account.id, "photo")
    return vault.unseal(account.key_id, account.photo, about=place)


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
    mine = PractitionerRole.objects.filter(pk=role, account_id=change.account, ended_at=None)
    if not mine.exists():
        raise Problem(gettext_noop("You do not work for this organization any more."))
    Session.objects.filter(pk=change.standing.who.session).update(role_id=role)
    change.about("PractitionerRole", role)


@use_case("password.change", on="region")
def change_password(change: Change, *, password: str) -> None:
    """Keep one's own new password (A14.1); everywhere else the person is signed out.

    Raises:
        Problem: the policy does not allow such a password (A14.3).
    """
    account = Account.objects.select_for_update().get(pk=change.account)
    try:
        validate_password(password, account)
    except ValidationError as error:
        raise Problem(" ".join(error.messages), field="password1") from error
    set_own_password(account, password, change.now)
    ended, _ = (
        Session.objects.filter(account_id=account.id)
        .exclude(pk=change.standing.who.session)
        .delete()
    )
    change.end_standings(account=account.id)
    change.about("Account", account.id, sessions_ended=ended)
