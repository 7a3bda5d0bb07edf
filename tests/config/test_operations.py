"""The handbook for running Renkei: both languages show the same commands, and each can be run."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import CommandError

from renkei.config.management.commands import backup

DOCS = Path(__file__).resolve().parents[2] / "docs"
JAPANESE, ENGLISH = DOCS / "operations.ja.md", DOCS / "operations.md"
BOTH = [pytest.param(one, id=one.name) for one in (JAPANESE, ENGLISH)]
IN_TEXT = re.compile(r"`(renkei [^`]+)`")
OPEN = "…"  # a command in a sentence stands for all that it can be given
DATA = re.compile(r" --data /\S+")  # every command takes it, before its own parser is asked
CALLED = re.compile(r"^renkei (\w+)", re.M)


def blocks(document: Path) -> list[str]:
    """What stands between fences, in order."""
    return re.findall(r"^```\n(.*?)^```$", document.read_text(), re.M | re.S)


def commands(document: Path) -> list[str]:
    """The lines to be typed, in order; a block begins with one or is an output."""
    return [line for block in blocks(document) for line in block.splitlines() if CALLED.match(line)]


def mentions(document: Path) -> Iterator[str]:
    """The commands that sentences speak of."""
    yield from IN_TEXT.findall(document.read_text())


def words(line: str) -> list[str]:
    typed = line.partition(" < ")[0]  # what the shell takes for itself is not the command's
    name, *rest = shlex.split(DATA.sub("", typed))[1:]
    return [name, *(backup.spelled_out(rest) if name == "backup" else rest)]


def fault(line: str) -> str:
    """Why a command line cannot be run; empty if it can."""
    name, *rest = words(line)
    if name not in get_commands():
        return f"{name} is no command"
    parser = load_command_class(get_commands()[name], name).create_parser("renkei", name)
    parser.called_from_command_line = False  # so that it raises
    try:
        parser.parse_args(rest)
    except (CommandError, SystemExit) as error:
        return str(error)
    return ""


def unknown(mention: str) -> str:
    """What in a command that a sentence speaks of is not there; it need not be complete."""
    name, *rest = words(mention)
    if name not in get_commands():
        return name
    command = load_command_class(get_commands()[name], name)
    parser = command.create_parser("renkei", name)
    known = parser.format_help()
    below = [one for action in parser._actions if isinstance(action.choices, dict)
             for one in action.choices.items()]  # fmt: skip
    for word in (one for one in rest if one != OPEN):
        if word.startswith("--"):
            if not re.search(rf"{word}\b", known):
                return word
        elif below and word not in dict(below):
            return word
        else:
            known += dict(below)[word].format_help() if below else ""
    return ""


@pytest.mark.parametrize("document", BOTH)
def test_every_command_of_the_handbook_is_there_and_knows_its_options(document: Path) -> None:
    lines = commands(document)
    assert len(lines) > 30
    assert [(line, why) for line in lines if (why := fault(line))] == []


@pytest.mark.parametrize("document", BOTH)
def test_every_command_a_sentence_speaks_of_is_there(document: Path) -> None:
    found = list(mentions(document))
    assert len(found) > 5
    assert [(one, why) for one in found if (why := unknown(one))] == []


def test_both_handbooks_hold_the_same_blocks_and_speak_of_the_same_commands() -> None:
    assert blocks(JAPANESE) == blocks(ENGLISH)
    assert sorted(set(mentions(JAPANESE))) == sorted(set(mentions(ENGLISH)))


@pytest.mark.parametrize("document", BOTH)
def test_every_link_of_the_handbook_leads_somewhere(document: Path) -> None:
    text = document.read_text()
    heads = re.findall(r"^#+ (.+)$", text, re.M)
    anchors = {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert len(links) > 15
    for link in links:
        file, _, anchor = link.partition("#")
        if file:
            assert (DOCS / file).is_file(), link
        else:
            assert anchor in anchors, link


@pytest.mark.parametrize(
    "line",
    [
        "renkei backup /a --kesy /b",
        "renkei backup verfy /a --identity x",
        "renkei audit head --send",
        "renkei keys rotate --sheets one",
        "renkei chekc",
        "renkei export file --all",
    ],
)
def test_a_command_line_with_a_slip_is_noticed(line: str) -> None:
    assert fault(line)


@pytest.mark.parametrize(
    "mention", ["renkei auditt verify", "renkei audit vreify", "renkei audit verify --haed …"]
)
def test_a_slip_in_a_sentence_is_noticed(mention: str) -> None:
    assert unknown(mention)
