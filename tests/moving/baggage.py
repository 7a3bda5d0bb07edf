"""What the tests of moving share: an export, what is in it, and forgeries of it."""

import io
import tarfile
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image

from renkei.communication.models import Cursor, Following
from renkei.config.verification import verify
from renkei.device.models import Certificate, Device, DeviceKey, SpentSecret
from renkei.enrollment.models import Leaving, Paper
from renkei.enrollment.noticeboard import open_notice
from renkei.enrollment.own_rules import confirm_rules, set_rules
from renkei.enrollment.papers import file_scan
from renkei.incident.models import Clearing
from renkei.kernel import age, clock, vault
from renkei.kernel.entity import uuid7
from renkei.moving.exporting import export
from renkei.moving.importing import Checked, check, take_in
from renkei.moving.tables import tables
from renkei.notification.models import Letter, Level, Preference, Subscription, Waiting
from renkei.notification.push_keys import current, make_push_key
from renkei.patient.models import Asked, Basics, Patient
from renkei.patient.printing import print_form
from renkei.patient.rights import Received, receive_request
from renkei.patient.services import register_patient
from renkei.people.models import (
    AdministratorChange,
    CardCode,
    OneTimeLink,
    SignIn,
    SimultaneousUse,
)
from renkei.people.services import change_photo
from renkei.policy.standing import HOST
from renkei.region.form_editing import set_form_text
from renkei.region.form_texts import forms
from renkei.region.laws import keep_law
from renkei.region.models import News, Notice
from renkei.region.provisions import add_provision
from renkei.region.services import publish_notice
from tests.cast import (
    LOADER,
    Cast,
    draft_of,
    erasure_of,
    identity,
    issuer_of,
    loading,
    notice_draft_of,
)
from tests.kernel.test_nothing_in_clear import live

HOST_KEY = age.make_identity()
OTHERS_KEY = age.make_identity()
Parts = dict[str, bytes]
Rows = dict[str, list[tuple[Any, ...]]]


def quiet(part: str, done: int, total: int) -> None:
    """No progress is shown."""


def picture() -> bytes:
    made = io.BytesIO()
    Image.effect_noise((300, 300), 80).convert("RGB").save(made, "PNG")
    return made.getvalue()


def live_fully(cast: Cast) -> Patient:
    """Every kind of row there is; a person with a photo; a patient, given back, who was erased."""
    live(cast)
    change_photo(cast["nurse"], None, picture=picture())
    publish_notice(cast["operator"], None, title="お知らせ", body="本文", acknowledge=False)
    be_known(cast)
    be_on_paper(cast)
    erasure_of(cast)
    be_alike(cast)
    erased = Patient.objects.exclude(pk=cast.patient).order_by("pk").first()
    assert erased is not None
    vault.destroy([erased.key_id])
    return erased


def be_known(cast: Cast) -> None:
    """What a device and a person are known by; rows that no page shows, put in as they stand."""
    now, nurse, key = clock.now(), cast.account("nurse"), "a" * 64
    device = Device.objects.filter(number="T-99").get()
    device.users.add(nurse)
    known = DeviceKey.objects.create(device=device, secret=key, made_at=now)
    SpentSecret.objects.create(secret="b" * 64, key=known, spent_at=now)
    Certificate.objects.create(device=device, fingerprint=key, not_after=now, issued_at=now)
    Clearing.objects.create(session="c" * 40, device=device, at=now)
    CardCode.objects.create(account_id=nurse, code=key, made_at=now)
    SignIn.objects.create(
        account_id=nurse,
        at=now,
        succeeded=True,
        how="password",
        browser="Safari, iPhone",
        address="192.0.2.7",
    )
    SimultaneousUse.objects.create(
        account_id=nurse, pair=key, day=clock.today(), sides=[], first_at=now, last_at=now
    )
    OneTimeLink.objects.order_by("pk")[0].seen_by.add(nurse)
    News.objects.create(
        region_id=cast.region, title="題", body="文", published_at=now, published_by=nurse
    )
    followed = Following.objects.create(name="of the tests", begun_at=now)
    Cursor.objects.create(following=followed, group_id=cast.group, seq=1, alteration=0)
    be_told(cast)
    be_ruled(cast)
    Authenticator.objects.create(user_id=nurse, type="totp", data={"secret": "sealed"})
    AdministratorChange.objects.create(
        organization_id=cast.organizations["clinic"], account_id=nurse, became=True, at=now
    )
    Leaving.objects.create(
        role_id=cast.role("nurse"),
        last_day=clock.today(),
        ends_at=now,
        decided_by=nurse,
        decided_at=now,
        withdrawn_at=now,
    )


def be_told(cast: Cast) -> None:
    """How somebody wants to be told, in which browser, and what waits to be told."""
    now, nurse = clock.now(), cast.account("nurse")
    Preference.objects.create(account_id=nurse, mail="at_once", code="d" * 64, code_until=now)
    Level.objects.create(member_id=cast.members["nurse"], of="mentions")
    Waiting.objects.create(account_id=nurse, channel="mail", kind="message", group_id=cast.group,
                           seq=1, since=now, due_at=now, letter=uuid7())  # fmt: skip
    Letter.objects.create(account_id=nurse, address="e" * 64, sent_at=now)
    make_push_key(HOST, None)
    key = current()
    assert key is not None
    browser = Subscription(account_id=nurse, key_id=key.key_id, push_key=key, mark="f" * 64,
                           session="c" * 40, made_at=now, confirmed_at=now)  # fmt: skip
    browser.seal("endpoint_sealed", {"endpoint": "https://push.example/", "p256dh": "", "auth": ""})
    browser.save(force_insert=True)


def be_alike(cast: Cast) -> None:
    """The cast's patient, registered by another organization as well."""
    with loading():
        register_patient(LOADER, cast.organizations["clinic"], identity=identity(), basics=Basics())


def be_ruled(cast: Cast) -> None:
    """What stands beside the policy; the next edition of it, and an organization's own rules."""
    operator, station = cast["operator"], cast.organizations["station"]
    day = clock.today()
    draft_of(cast)
    issuer_of(cast)
    notice_draft_of(cast)
    add_provision(
        operator, None, title="細則", text="写真は三枚まで。", from_on=day, until_on=None, ask=True
    )
    keep_law(operator, None, key="", title="条例", edition="", address="", checked_on=day)
    rules = set_rules(
        cast["administrator_same"], station, figures={"idle_minutes_pc": 5}, text="当日に書く。",
        number=0,
    )  # fmt: skip
    confirm_rules(cast["manager"], station, rules=rules)
    notice = Notice.objects.exclude(published_at=None).first()
    assert notice is not None
    open_notice(cast["nurse"], None, notice.id)


def be_on_paper(cast: Cast) -> None:
    """Forms in the region's words, a paper with a scan that was replaced, a request of rights."""
    operator, keeper = cast["operator"], cast["administrator_same"]
    pledge = "form-3-staff-pledge"
    text = forms()[pledge].text.replace("許可なく", "許可を得ずに")
    set_form_text(operator, None, form=pledge, text=text, effective_on=clock.today(), after=0)
    print_form(keeper, cast.patient, "rights-request", origin="")
    paper = Paper.objects.get(form="rights-request")
    for _ in range(2):
        file_scan(keeper, paper.code, content=picture())
    asked = Asked(identity=["運転免許証"], scope="記録")
    received = Received(("disclosure",), "patient", asked, clock.today())
    receive_request(keeper, cast.patient, received=received)


def exported(path: Path, **options: Any) -> Path:
    export(path, [HOST_KEY.to_public()], progress=quiet, **options)
    return path


def imported(path: Path) -> Checked:
    checked = check(path, [HOST_KEY])
    take_in(checked, progress=quiet)
    return checked


def everything_fits() -> bool:
    return not [one.breaks for one in verify(lambda *_: None, given=[]) if one.breaks or one.note]


def opened(path: Path) -> bytes:
    with age.opening(path, [HOST_KEY]) as source:
        return source.read()


def parts_of(path: Path) -> Parts:
    """Every member by its name, in their order."""
    with tarfile.open(fileobj=io.BytesIO(opened(path))) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]


def rows() -> Rows:
    """Every row of every table that moves."""
    found = {}
    for label, table in tables().items():
        names = [one.name for one in table.columns]
        values = table.model._default_manager.order_by("pk").values_list(*names)
        found[label] = [tuple(map(_plain, row)) for row in values]
    return found


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def sealed_bytes(path: Path, content: bytes) -> Path:
    with age.sealing(path, [HOST_KEY.to_public()]) as sink:
        sink.write(content)
    return path


def sealed_tar(path: Path, members: Iterable[tuple[tarfile.TarInfo, bytes]]) -> Path:
    """Any tar at all, sealed to the host."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return sealed_bytes(path, raw.getvalue())


def member(name: str, content: bytes, **facts: Any) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for fact, value in facts.items():
        setattr(info, fact, value)
    return info, content


def signed(parts: Parts, key: bytes) -> Parts:
    """With sums and signature that fit, as somebody who has the signing key can make them."""
    parts = {name: one for name, one in parts.items() if not name.startswith("SHA256SUMS")}
    sums = "".join(f"{sha256(one).hexdigest()}  {name}\n" for name, one in parts.items()).encode()
    signature = Ed25519PrivateKey.from_private_bytes(b64decode(key)).sign(sums)
    return parts | {"SHA256SUMS": sums, "SHA256SUMS.sig": b64encode(signature) + b"\n"}


def forged(
    source: Path, path: Path, change: Callable[[Parts], None], key: bytes | None = None
) -> Path:
    """An export as somebody with all keys would forge it: all sums and signatures fit."""
    parts = parts_of(source)
    key = key or parts["signing.key"]
    change(parts)
    return sealed_tar(path, [member(name, one) for name, one in signed(parts, key).items()])
