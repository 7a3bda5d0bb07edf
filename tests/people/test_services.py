"""What a person sets for themselves, and what nobody can set for another."""

import ast
import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from PIL import Image

import renkei
from renkei.enrollment.models import Acknowledgement
from renkei.enrollment.services import confirm_notice, confirm_policy
from renkei.group.head import see_head
from renkei.group.home import see_home
from renkei.group.shell import see_shell
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused, SignedOut, Unknown
from renkei.people.disclosures import see_photo, see_profile
from renkei.people.models import Account, PractitionerRole, Session
from renkei.people.services import (
    change_password,
    change_photo,
    change_profile,
    choose_role,
)
from renkei.people.sessions import SessionStore, stored_key
from renkei.policy.loading import load
from renkei.policy.rules import may
from renkei.policy.use_case import GateClosed
from renkei.region import parameters
from renkei.region.models import PolicyVersion, Region
from renkei.region.services import publish_notice
from tests.cast import PASSWORD, Cast, accept_device, loading, make_role, post


def picture(side: int = 400, form: str = "JPEG") -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (side, side // 2 + 1), "teal").save(written, form)
    return written.getvalue()


# ── The policy and its acknowledgement ───────────────────────────────────────────────────────────


@pytest.mark.clause("A2", "N4.1", "N4.2", "N4.3", "N4.4", "N4.5", "N4.6", "N4.7")
def test_nobody_goes_on_before_confirming_the_policy_in_force(cast: Cast) -> None:
    region = Region.objects.get(pk=cast.region)
    region.policy = PolicyVersion.objects.create(
        region=region, number=2, effective_on=clock.today(), text="二版", made_at=clock.now()
    )
    region.save()
    looks: list[Callable[[], Any]] = [
        lambda: see_shell(cast["nurse"], None),
        lambda: see_home(cast["nurse"], None),
        lambda: see_head(cast["nurse"], cast.group),
        lambda: post(cast, "nurse"),
    ]
    for look in looks:
        with pytest.raises(GateClosed, match="acknowledge"):
            look()
    with pytest.raises(Problem, match="policy has changed"):
        confirm_policy(cast["nurse"], None, policy=cast.policy)
    confirm_policy(cast["nurse"], None, policy=region.policy.id)
    for look in looks:
        look()


@pytest.mark.clause("A2", "N4.1", "N4.2", "N4.3", "N4.4", "N4.5", "N4.6", "N4.7")
def test_that_somebody_confirmed_is_kept_once_with_its_time(cast: Cast) -> None:
    from renkei.audit import trail

    confirm_policy(cast["nurse"], None, policy=cast.policy)
    found = Acknowledgement.objects.get(account=cast.account("nurse"), policy=cast.policy)
    lines = [
        line
        for line in trail.history(f"account:{cast.account('nurse').hex}")
        if line.action == "policy.confirm"
    ]
    assert [(line.at, line.entity) for line in lines] == [
        (found.at, f"PolicyVersion/{cast.policy.hex}")
    ]


@pytest.mark.clause("A2")
def test_the_policy_that_ships_names_the_guidelines_and_their_editions() -> None:
    from renkei.region.wording import LAWS, policy_text

    text = policy_text(
        region_name="みどり野",
        operator_name="拠点",
        operator_phone="03",
        number=1,
        effective_on=clock.today(),
        parameters={},
    )
    for edition in (one.edition for one in LAWS[:2]):
        assert edition in text


def test_only_the_operator_tells_everyone_something(cast: Cast) -> None:
    for name in ("manager", "administrator_same", "family"):
        with pytest.raises(Refused):
            publish_notice(cast[name], None, title="x", body="y", acknowledge=True)
    notice = publish_notice(cast["operator"], None, title="停電", body="点検です", acknowledge=True)
    assert notice.title == "停電"
    confirm_notice(cast["nurse"], None, notice=notice.id)
    with pytest.raises(Problem, match="not there"):
        confirm_notice(cast["nurse"], None, notice=cast.group)


# ── Passwords ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A14.3")
@pytest.mark.parametrize(
    "password, fits",
    [
        ("kaede88", False),
        ("kaedeyama", False),
        ("8837261904", False),
        ("kaede-yama-88", True),
        ("かえで-yama-88", True),
        ("password1", False),
        ("nurse-1234", False),
        (PASSWORD, False),
    ],
)
def test_a_password_is_long_mixed_and_not_easy_to_guess(
    cast: Cast, password: str, fits: bool
) -> None:
    account = Account.objects.get(pk=cast.account("nurse"))
    try:
        validate_password(password, account)
    except ValidationError:
        assert not fits
    else:
        assert fits


@pytest.mark.clause("A14.3")
def test_there_is_no_way_round_for_a_weak_password(cast: Cast) -> None:
    before = Account.objects.get(pk=cast.account("nurse"))
    for weak in ("short1", "onlyletters", "12345678", PASSWORD):
        with pytest.raises(Problem):
            change_password(cast["nurse"], None, password=weak)
    after = Account.objects.get(pk=cast.account("nurse"))
    assert (after.password, after.password_changed_at) == (
        before.password,
        before.password_changed_at,
    )


@pytest.mark.clause("A14.3")
@pytest.mark.parametrize("days, gate", [(59, ""), (60, "password"), (400, "password")])
def test_an_old_password_is_changed_before_anything_else(cast: Cast, days: int, gate: str) -> None:
    changed = clock.now() - timedelta(days=days)
    Account.objects.filter(pk=cast.account("nurse")).update(password_changed_at=changed)
    if not gate:
        assert see_shell(cast["nurse"], None).me.face.account == cast.account("nurse")
        return
    for look in (lambda: see_shell(cast["nurse"], None), lambda: post(cast, "nurse")):
        with pytest.raises(GateClosed, match="password"):
            look()
    change_password(cast["nurse"], None, password="momiji-kawa-77")
    assert see_shell(cast["nurse"], None).me.face.account == cast.account("nurse")


@pytest.mark.clause("A14.3")
def test_who_never_set_a_password_has_to(cast: Cast) -> None:
    Account.objects.filter(pk=cast.account("nurse")).update(password_changed_at=None)
    with pytest.raises(GateClosed, match="password"):
        see_shell(cast["nurse"], None)


@pytest.mark.clause("A14.3")
def test_the_parameters_of_the_policy_can_only_be_stricter() -> None:
    assert parameters.check("password_min_length", 7)
    assert parameters.check("password_max_age_days", 61)
    assert not parameters.check("password_min_length", 12)
    assert not parameters.check("password_max_age_days", 30)


@pytest.mark.clause("A14.3")
def test_a_region_may_ask_for_more(cast: Cast) -> None:
    region = Region.objects.get(pk=cast.region)
    region.policy = PolicyVersion.objects.create(
        region=region, number=2, effective_on=clock.today(), text="二版", made_at=clock.now(),
        parameters={"password_min_length": 20, "password_max_age_days": 10},
    )  # fmt: skip
    region.save()
    account = Account.objects.select_related("region").get(pk=cast.account("nurse"))
    with pytest.raises(ValidationError):
        validate_password("kaede-yama-88", account)
    confirm_policy(cast["nurse"], None, policy=region.policy.id)
    changed = clock.now() - timedelta(days=11)
    Account.objects.filter(pk=account.pk).update(password_changed_at=changed)
    with pytest.raises(GateClosed, match="password"):
        see_shell(cast["nurse"], None)


@pytest.mark.clause("A14.1")
def test_of_a_password_only_a_slow_hash_is_kept(cast: Cast) -> None:
    change_password(cast["nurse"], None, password="momiji-kawa-77")
    kept = Account.objects.get(pk=cast.account("nurse"))
    assert kept.password.startswith("argon2$argon2id$")
    assert "momiji" not in kept.password
    assert kept.check_password("momiji-kawa-77")


@pytest.mark.clause("A14.1")
def test_a_new_password_is_for_oneself_alone_and_ends_the_other_sessions(cast: Cast) -> None:
    from tests.cast import person

    other = person("nurse", Account.objects.get(pk=cast.account("nurse"))).actor
    before = dict(Account.objects.values_list("pk", "password"))
    change_password(cast["nurse"], None, password="momiji-kawa-77")
    after = dict(Account.objects.values_list("pk", "password"))
    assert {pk for pk in after if after[pk] != before[pk]} == {cast.account("nurse")}
    assert see_shell(cast["nurse"], None)
    with pytest.raises(SignedOut):
        see_shell(other, None)


@pytest.mark.clause("A14.1")
def test_no_line_of_the_program_sets_a_password_but_the_persons_own() -> None:
    found = set()
    for path in Path(renkei.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = isinstance(node, ast.Call) and ast.unparse(node.func).rsplit(".", 1)[-1]
            if called in ("set_password", "make_password", "set_own_password"):
                found.add(path.relative_to(Path(renkei.__file__).parent).as_posix())
    invented = {
        "enrollment/demonstration.py"
    }  # people who do not exist have no password of their own
    # the person, signed in; the person, with a one-time link; the person's word beside such a link
    assert found - invented == {"people/services.py", "people/begin.py", "people/access.py"}


# ── Sessions ─────────────────────────────────────────────────────────────────────────────────────


def test_a_session_ends_by_itself(cast: Cast, travel: Callable[[timedelta], None]) -> None:
    see_shell(cast["nurse"], None)
    travel(timedelta(hours=13))
    with pytest.raises(SignedOut):
        see_shell(cast["nurse"], None)


def test_the_value_of_the_cookie_is_not_in_the_database(cast: Cast) -> None:
    kept = Session.objects.get(account=cast.account("nurse"))
    cookie = cast.people["nurse"].cookie
    assert cookie not in (kept.session_key, kept.session_data)
    assert not Session.objects.filter(session_key=cookie).exists()


def test_who_was_suspended_is_out_at_once(cast: Cast) -> None:
    Account.objects.filter(pk=cast.account("nurse")).update(suspended_at=clock.now())
    with pytest.raises(Refused):
        see_head(cast["nurse"], cast.group)


def test_one_acts_for_the_organization_one_chose(cast: Cast) -> None:
    with loading():
        account = Account.objects.get(pk=cast.account("nurse"))
        second = make_role(account, cast.organizations["station"], "看護師", administrator=True)
    assert not may(load(cast["nurse"], "patient", cast.patient), "patient.see")
    choose_role(cast["nurse"], None, role=second.id)
    Session.objects.filter(pk=cast["nurse"].session).update(second_factor="totp")
    assert not may(load(cast["nurse"], "patient", cast.patient), "patient.see"), "not its device"
    accept_device(cast["nurse"], cast.organizations["station"])
    assert may(load(cast["nurse"], "patient", cast.patient), "patient.see")
    PractitionerRole.objects.filter(pk=second.id).update(ended_at=clock.now())
    assert not may(load(cast["nurse"], "patient", cast.patient), "patient.see")
    with pytest.raises(Problem):
        choose_role(cast["nurse"], None, role=second.id)


# ── Profile and face ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("N3.5")
def test_one_corrects_ones_own_profile(cast: Cast) -> None:
    change_profile(cast["nurse"], None, name="髙橋 桜", kana="タカハシ サクラ", phone="09012345678")
    assert see_profile(cast["nurse"], None)
    kept = Account.objects.get(pk=cast.account("nurse")).profile
    assert (kept.name, kept.kana) == ("髙橋 桜", "たかはし さくら")
    seen = [line.face.name for line in see_head(cast["manager"], cast.group).members]
    assert "髙橋 桜" in seen


@pytest.mark.clause("N3.5")
@pytest.mark.parametrize(
    "name, kana",
    [("", "やまだ"), ("山田", ""), ("山田", "山田"), ("あ" * 101, "あ"), ("\u202e", "あ")],
)
def test_a_profile_without_a_name_is_not_kept(cast: Cast, name: str, kana: str) -> None:
    with pytest.raises(Problem):
        change_profile(cast["nurse"], None, name=name, kana=kana, phone="")


@pytest.mark.clause("N3.5")
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_face_is_cut_square_made_small_and_shown_to_colleagues(cast: Cast, form: str) -> None:
    change_photo(cast["nurse"], None, picture=picture(form=form))
    shown, _ = see_photo(cast["manager"], None, cast.account("nurse"))
    with Image.open(io.BytesIO(shown)) as image:
        assert (image.format, image.size) == ("JPEG", (256, 256))
        assert not image.getexif()
    assert Account.objects.get(pk=cast.account("nurse")).photo != shown


@pytest.mark.clause("N3.5")
@pytest.mark.parametrize("what", [b"", b"no picture", b"GIF89a" + bytes(50), picture()[:300]])
def test_what_is_no_picture_is_not_kept(cast: Cast, what: bytes) -> None:
    with pytest.raises(Problem) as problem:
        change_photo(cast["nurse"], None, picture=what)
    assert problem.value.field == "photo"


@pytest.mark.clause("N3.5")
def test_faces_are_for_people_who_may_use_the_system(cast: Cast) -> None:
    change_photo(cast["nurse"], None, picture=picture())
    with pytest.raises(Unknown):
        see_photo(cast["manager"], None, cast.account("manager"))
    Account.objects.filter(pk=cast.account("stranger")).update(acknowledged=None)
    with pytest.raises(GateClosed):
        see_photo(cast["stranger"], None, cast.account("nurse"))
    with pytest.raises(GateClosed):
        change_profile(cast["stranger"], None, name="山田", kana="やまだ", phone="")
    with pytest.raises(SignedOut):
        see_photo(cast["nobody"], None, cast.account("nurse"))


def test_a_session_lasts_as_long_as_the_policy_says(cast: Cast) -> None:
    PolicyVersion.objects.filter(pk=cast.policy).update(parameters={"session_hours": 3})
    parameters.of.cache_clear()
    store = SessionStore()
    store["_auth_user_id"] = str(cast.account("nurse"))
    store.create()
    session = Session.objects.get(pk=stored_key(store.session_key or ""))
    assert session.until - session.started_at == timedelta(hours=3)
    parameters.of.cache_clear()
