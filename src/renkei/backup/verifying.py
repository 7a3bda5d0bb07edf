"""Whether copies can be brought back: sums and signatures, and a whole restore for a trial.

A manifest says what there should be; a signature says that it is ours; a trial says that it works.
"""

from dataclasses import dataclass, field
from pathlib import Path

from django.db import DatabaseError

from renkei.backup import content, erasures, filecopies, manifest
from renkei.backup.content import FILES
from renkei.backup.manifest import Manifest, short
from renkei.backup.models import BackupRun, Kind, Outcome
from renkei.backup.places import Places
from renkei.backup.services import shown_place
from renkei.backup.shelves import AHEAD, CONTENT, KEYS, Shelf, sum_of
from renkei.backup.tables import Progress
from renkei.backup.trouble import Trouble
from renkei.backup.trust import Signer
from renkei.kernel import clock


@dataclass(slots=True)
class Findings:
    """What was found: what is wrong, what has to be known, and how much was looked at."""

    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)  # generations that were brought back
    untried: bool = False  # no identity, so nothing was opened
    bytes: int = 0
    files: int = 0
    keys: int = 0  # that were opened

    @property
    def colour(self) -> str:
        """The "red" of a fault, the "amber" of what was not opened, or "green"."""
        return "red" if self.faults else "amber" if self.untried else "green"


class Checked:
    """The generations of one kind at a place that can be read and bear the right signature."""

    def __init__(self, root: Path, kind: str, trusted: Signer, found: Findings) -> None:
        self.shelf = Shelf(root, kind)
        self.sound: dict[str, Manifest] = {}
        for name in self.shelf.names():
            try:
                made = manifest.read(self.shelf.path(name), kind=kind)
            except Trouble as trouble:
                found.faults.append(trouble.words)
                continue
            if trusted.signed(made):
                self.sound[name] = made
            else:
                found.faults.append(
                    f"{self.shelf.path(name)} は、別の鍵（指紋 {short(made.signed_by)}）で"
                    "署名されています。別のシステムの写しか、偽物です。"
                )

    def check_sums(self, found: Findings) -> None:
        """Compare every archive with its sum; what is not sound is not used further."""
        for name, made in list(self.sound.items()):
            wrong = manifest.damaged(self.shelf.path(name), made)
            found.bytes += made.size
            for archive in wrong:
                found.faults.append(
                    f"{self.shelf.path(name) / archive} が壊れているか、すり替えられています。"
                )
            if wrong:
                del self.sound[name]


def check(at: Places, trusted: Signer, progress: Progress) -> tuple[Findings, Checked, Checked]:
    """Compare everything with its sums and signatures; opens nothing."""
    found = Findings()
    copies = Checked(at.content, CONTENT, trusted, found)
    keys = Checked(at.keys, KEYS, trusted, found)
    if not copies.shelf.names():
        found.faults.append(f"{at.content} に写しがありません。")
    if not keys.shelf.names():
        found.faults.append(f"{at.keys} に鍵の写しがありません。--keys で場所を指定してください。")
    for shelf in (copies.shelf, keys.shelf):
        found.faults += [_said_ahead(shelf, name) for name in shelf.ahead()]
    copies.check_sums(found)
    keys.check_sums(found)
    _check_files(at.content, copies, found, progress)
    _check_erasures(at, trusted, found)
    if trusted.source == "here":
        _check_newest(at, copies, found)
    return found, copies, keys


def _said_ahead(shelf: Shelf, name: str) -> str:
    return (
        f"{shelf.path(name)} は、まだ来ていない日時の写しです。時計が進んでいたときに作られた"
        "もので、いちばん新しい写しと取り違えられます。いまの時計が合っていることを確かめて、"
        "別の場所に移してください。"
    )


def _check_files(root: Path, copies: Checked, found: Findings, progress: Progress) -> None:
    """Compare every copy of a file with what the newest generation that names it says."""
    said: dict[tuple[str, str], str] = {}
    for name, made in copies.sound.items():  # oldest first
        mark = content.sealed_to(made)
        for file in filecopies.read_list(copies.shelf.path(name) / FILES):
            if file.copy_sha256:
                said[mark, file.id] = file.copy_sha256
    for number, ((mark, file_id), wanted) in enumerate(said.items(), 1):
        path = filecopies.copy_of(root, mark, file_id)
        try:
            summed, size = sum_of(path)
        except Trouble:
            summed, size = "", 0
        found.bytes += size
        found.files += 1
        if summed != wanted:
            found.faults.append(
                f"ファイルの写し {path} がないか、壊れています。"
                "消してから renkei backup をもう一度実行すると、作り直します。"
            )
        progress("sums", number, len(said))


def _check_erasures(at: Places, trusted: Signer, found: Findings) -> None:
    if not trusted.key:
        return
    for root in (at.content, at.keys):
        try:
            listed = erasures.read(root / erasures.FILE, by=trusted.key)
        except Trouble as trouble:
            found.faults.append(trouble.words)
            continue
        if listed.strange:
            found.faults.append(
                f"{root / erasures.FILE} に、壊れているか書き換えられた行が"
                f"{len(listed.strange)}行あります。"
            )


def _check_newest(at: Places, copies: Checked, found: Findings) -> None:
    """Find that the newest copy was taken away, so that an older one would pass for it."""
    try:
        runs = BackupRun.objects.filter(
            kind=Kind.CONTENT,
            outcome=Outcome.DONE,
            place=shown_place(str(at.content)),
            began_at__lte=clock.now() + AHEAD,
        )
        last = runs.order_by("-began_at").values_list("generation", flat=True).first()
    except DatabaseError:
        return
    if last and last not in copies.shelf.names():
        found.faults.append(f"{at.content} に、最後に作った写し {last} がありません。")
