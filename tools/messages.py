"""The catalogue of translations: extract, add, compile, check.

    python tools/messages.py extract       take up new source strings, drop those gone
    python tools/messages.py add FILE      add translations, JSON lines {"id": …, "ja": …}
    python tools/messages.py compile       write django.mo
    python tools/messages.py check         fail on missing, fuzzy or stale

Source strings are English and stand in Python and in the Jinja2 pages.
"""

import fcntl
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "renkei"
PO = SOURCE / "locale" / "ja" / "LC_MESSAGES" / "django.po"
MO = PO.with_suffix(".mo")
METHODS = [("**/migrations/**", "ignore"), ("**.py", "python"), ("**/templates/**.html", "jinja2")]
OPTIONS = {"**/templates/**.html": {"newstyle_gettext": "true", "trimmed": "true"}}
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
}
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
PLACE = re.compile(r"%\((\w+)\)s")


@contextmanager
def alone() -> Iterator[None]:
    """Keep others from writing the catalogue at the same time."""
    with (PO.parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def source_strings() -> set[str]:
    """Every source string of the program."""
    found = set()
    for _, _, message, _, _ in extract_from_dir(
        str(SOURCE), METHODS, OPTIONS, keywords=KEYWORDS, comment_tags=()
    ):
        found.add(message[0] if isinstance(message, tuple) else message)
    return {one for one in found if one}


def catalogue() -> Catalog:
    """The Japanese catalogue as it stands."""
    if not PO.exists():
        return Catalog(locale="ja", project="renkei", charset="utf-8")
    with PO.open("rb") as file:
        return read_po(file, locale="ja")


def rewritten(translations: dict[str, str]) -> bytes:
    """A catalogue of exactly these pairs, sorted, without dates and places."""
    fresh = Catalog(locale="ja", project="renkei", charset="utf-8", fuzzy=False)
    for source, translated in sorted(translations.items()):
        fresh.add(source, translated)
    written = BytesIO()
    write_po(written, fresh, omit_header=False, no_location=True, sort_output=True)
    lines = written.getvalue().split(b"\n")
    volatile = (b'"POT-Creation-Date', b'"PO-Revision-Date', b"# ", b"#,", b"#\n")
    return b"\n".join(line for line in lines if not line.startswith(volatile) and line != b"#")


def known() -> dict[str, str]:
    """Source strings with their translations."""
    return {
        message.id: message.string
        for message in catalogue()
        if message.id and isinstance(message.id, str) and isinstance(message.string, str)
    }


def save(translations: dict[str, str]) -> None:
    """Write the catalogue and its compiled form."""
    PO.write_bytes(rewritten(translations))
    MO.write_bytes(compiled())


def compiled() -> bytes:
    """The compiled form of the catalogue as it stands."""
    found, written = catalogue(), BytesIO()
    found.creation_date = found.revision_date = LONG_AGO  # the same bytes at any time of day
    write_mo(written, found)
    return written.getvalue()


def faults() -> list[str]:
    """What is wrong with the catalogue, a line each."""
    sources, translations = source_strings(), known()
    wrong = [f"not translated: {one}" for one in sorted(sources) if not translations.get(one)]
    wrong += [f"no longer used: {one}" for one in sorted(set(translations) - sources)]
    for source, translated in translations.items():
        if translated and set(PLACE.findall(source)) != set(PLACE.findall(translated)):
            wrong.append(f"other places than the source: {source}")
    if not MO.exists() or MO.read_bytes() != compiled():
        wrong.append("django.mo is not compiled from django.po")
    return wrong


def main(arguments: list[str]) -> int:
    """Run one of the verbs; 1 if something is wrong."""
    verb = arguments[0] if arguments else "check"
    with alone():
        if verb == "extract":
            before = known()
            save({one: before.get(one, "") for one in source_strings()})
        elif verb == "add":
            lines = Path(arguments[1]).read_text().splitlines()
            pairs = [json.loads(line) for line in lines if line.strip()]
            save(known() | {pair["id"]: pair["ja"] for pair in pairs})
        elif verb == "compile":
            MO.write_bytes(compiled())
        else:
            wrong = faults()
            print("\n".join(wrong) or "translations complete")
            return 1 if wrong else 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
