"""Notices: looked at twice, addressed, read and confirmed, never muted, withdrawn (A18)."""

import pytest

from renkei.audit.models import AuditEvent
from renkei.enrollment.models import NoticeAcknowledgement, NoticeReading
from renkei.enrollment.noticeboard import open_notice, see_readers
from renkei.enrollment.services import confirm_notice
from renkei.group.home import see_home
from renkei.kernel.errors import Problem, Refused, Unknown
from renkei.people.models import Session
from renkei.policy.use_case import GateClosed
from renkei.region.audience import Audience
from renkei.region.models import Notice
from renkei.region.notices import see_all, see_draft, withdraw_notice, write_notice
from renkei.region.services import publish_notice
from tests.cast import Cast, make_region

SAID = {"title": "停電のお知らせ", "body": "日曜に点検があります。", "acknowledge": True}
EVERYBODY = ("nurse", "manager", "physician", "administrator_same", "sole", "stranger", "family")


def seen(cast: Cast, name: str) -> list[str]:
    """The titles on somebody's home page."""
    return [one.title for one in see_home(cast[name], None).notices]


def publish(cast: Cast, **more: object) -> Notice:
    return publish_notice(cast["operator"], None, **(SAID | more))  # type: ignore[arg-type]


@pytest.mark.clause("A18")
def test_a_draft_is_seen_by_nobody_but_the_operator(cast: Cast) -> None:
    draft = write_notice(cast["operator"], None, **SAID)  # type: ignore[arg-type]
    for name in EVERYBODY:
        assert seen(cast, name) == []
        with pytest.raises(Unknown):
            open_notice(cast[name], None, draft)
        with pytest.raises(Problem):
            confirm_notice(cast[name], None, notice=draft)
        with pytest.raises(Refused):
            see_draft(cast[name], None, draft)
    publish(cast, draft=draft)
    assert seen(cast, "nurse") == [SAID["title"]]
    with pytest.raises(Problem):  # and nobody publishes it twice
        publish(cast, draft=draft)


@pytest.mark.clause("A18")
def test_nobody_but_the_operator_writes_publishes_or_withdraws(cast: Cast) -> None:
    notice = publish(cast)
    for name in EVERYBODY:
        with pytest.raises(Refused):
            write_notice(cast[name], None, **SAID)  # type: ignore[arg-type]
        with pytest.raises(Refused):
            publish_notice(cast[name], None, **SAID)  # type: ignore[arg-type]
        with pytest.raises(Refused):
            withdraw_notice(cast[name], None, notice=notice.id)
        with pytest.raises(Refused):
            see_all(cast[name], None)


@pytest.mark.clause("A18")
@pytest.mark.parametrize(
    ("to", "readers"),
    [
        ({}, set(EVERYBODY) - {"family"}),
        ({"families": True}, set(EVERYBODY)),
        ({"professions": ("看護師",), "families": True}, {"nurse", "manager", "family"}),
        ({"organizations": ("clinic",)}, {"nurse", "physician"}),
        ({"professions": ("看護師",)}, {"nurse", "manager"}),
        ({"administrators": True}, {"administrator_same", "sole"}),
        ({"organizations": ("clinic",), "professions": ("看護師",)}, {"nurse"}),
        ({"organizations": ("clinic",), "administrators": True}, set()),
    ],
)
def test_who_is_not_addressed_neither_sees_opens_nor_confirms_it(
    cast: Cast, to: dict[str, object], readers: set[str]
) -> None:
    places = frozenset(cast.organizations[one] for one in to.get("organizations", ()))  # type: ignore[attr-defined]
    audience = Audience(
        places, frozenset(to.get("professions", ())),  # type: ignore[arg-type]
        bool(to.get("administrators")), bool(to.get("families")),
    )  # fmt: skip
    notice = publish(cast, to=audience)
    for name in EVERYBODY:
        shown = name in readers
        assert (seen(cast, name) == [SAID["title"]]) == shown, name
        if shown:
            assert open_notice(cast[name], None, notice.id).waiting
            confirm_notice(cast[name], None, notice=notice.id)
        else:
            with pytest.raises(Unknown):
                open_notice(cast[name], None, notice.id)
            with pytest.raises(Problem):
                confirm_notice(cast[name], None, notice=notice.id)


def test_organizations_of_another_region_cannot_be_addressed(cast: Cast) -> None:
    from uuid import uuid4

    with pytest.raises(Problem):
        publish(cast, to=Audience(frozenset({uuid4()})))
    assert not Notice.objects.exists()


@pytest.mark.clause("A18")
def test_it_stays_until_it_is_confirmed_and_cannot_be_muted(cast: Cast) -> None:
    first = publish(cast)
    for number in range(12):
        publish(cast, title=f"第{number}報", acknowledge=False)
    open_notice(cast["nurse"], None, first.id)  # reading is not confirming
    assert seen(cast, "nurse")[0] == SAID["title"]
    confirm_notice(cast["nurse"], None, notice=first.id)
    assert SAID["title"] not in seen(cast, "nurse")[:1]


@pytest.mark.clause("A18")
def test_the_operator_sees_per_organization_who_has_opened_and_confirmed_it(cast: Cast) -> None:
    notice = publish(cast)
    open_notice(cast["nurse"], None, notice.id)
    open_notice(cast["nurse"], None, notice.id)
    confirm_notice(cast["physician"], None, notice=notice.id)
    found = see_readers(cast["operator"], None, notice.id)
    clinic = next(one for one in found.places if one.name == "clinic事業所")
    assert (clinic.opened, clinic.confirmed, len(clinic.readers)) == (2, 1, 4)
    states = {
        one.face.name: (bool(one.opened_at), bool(one.confirmed_at)) for one in clinic.readers
    }
    assert states["nurse さん"] == (True, False)
    assert states["physician さん"] == (False, True)
    assert NoticeReading.objects.count() == 1
    assert AuditEvent.objects.filter(action="notice.read").count() == 1


@pytest.mark.clause("A18")
def test_an_administrator_sees_their_own_staff_and_no_others(cast: Cast) -> None:
    notice = publish(cast)
    found = see_readers(cast["administrator_other"], None, notice.id)
    assert [one.name for one in found.places] == ["clinic事業所"]
    for name in ("nurse", "manager", "family"):
        with pytest.raises(Refused):
            see_readers(cast[name], None, notice.id)
    narrowed = publish(cast, to=Audience(frozenset({cast.organizations["station"]})))
    with pytest.raises(Unknown):
        see_readers(cast["administrator_other"], None, narrowed.id)


@pytest.mark.clause("A18")
def test_nor_does_one_who_has_not_shown_who_they_are(cast: Cast) -> None:
    notice = publish(cast)
    Session.objects.filter(pk=cast["administrator_other"].session).update(second_factor="")
    with pytest.raises(GateClosed):
        see_readers(cast["administrator_other"], None, notice.id)


@pytest.mark.clause("A18")
def test_withdrawn_it_is_seen_by_nobody_and_stays_in_the_trail(cast: Cast) -> None:
    notice = publish(cast)
    confirm_notice(cast["nurse"], None, notice=notice.id)
    withdraw_notice(cast["operator"], None, notice=notice.id)
    for name in ("nurse", "administrator_same"):
        assert seen(cast, name) == []
        with pytest.raises(Unknown):
            open_notice(cast[name], None, notice.id)
    with pytest.raises(Problem):
        withdraw_notice(cast["operator"], None, notice=notice.id)
    assert NoticeAcknowledgement.objects.count() == 1
    assert see_readers(cast["operator"], None, notice.id).notice.withdrawn_at is not None
    assert AuditEvent.objects.filter(action="notice.withdraw").count() == 1
    assert see_all(cast["operator"], None)[0].withdrawn_at is not None


def test_a_notice_of_another_region_is_unknown(cast: Cast) -> None:
    from renkei.kernel import clock
    from tests.cast import loading

    with loading():
        region, _ = make_region("隣の地域")
    from renkei.region.models import Region

    other = Region.objects.get(pk=region)
    notice = Notice(key_id=other.key_id, region=other, published_at=clock.now())
    notice.seal("content", {"title": "隣", "body": "隣"})
    notice.save(force_insert=True)
    with pytest.raises(Unknown):
        open_notice(cast["nurse"], None, notice.id)
    with pytest.raises(Unknown):
        see_readers(cast["operator"], None, notice.id)
    with pytest.raises(Problem):
        withdraw_notice(cast["operator"], None, notice=notice.id)
