"""Papers as PDF, set by Typst on this machine: nothing is fetched, nothing is left on the disk.

A sheet (``sheets/*.typ``) reads what it shows as JSON from ``sys.inputs.data``, so that what people
wrote is text there and never markup. Fonts are those of the machine and of ``RENKEI_FONTS``, a
folder; without a Japanese one nothing is printed that nobody could read.
"""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson
import typst
from django.utils.translation import gettext_noop

from renkei.kernel.errors import Problem

SHEETS: Final = Path(__file__).parent / "sheets"
FAMILIES: Final = (
    "Noto Sans CJK JP",
    "Noto Sans JP",
    "BIZ UDPGothic",
    "BIZ UDGothic",
    "IPAexGothic",
    "IPAGothic",
    "Hiragino Sans",
    "Yu Gothic",
    "Meiryo",
)


@cache
def fonts() -> tuple[Any, str]:
    """The fonts found once, and the Japanese family among them; empty if there is none."""
    folder = os.environ.get("RENKEI_FONTS", "")
    fonts = typst.Fonts(font_paths=[folder] if folder else [])
    families = set(fonts.families())
    return fonts, next((one for one in FAMILIES if one in families), "")


def family() -> str:
    """The Japanese family that papers are set in; empty if there is none on this machine."""
    return fonts()[1]


def pdf(sheet: str, data: Mapping[str, Any]) -> bytes:
    """The sheet filled with the data, which holds texts, numbers, lists and the like.

    Raises:
        Problem: there is no Japanese font on this machine.
    """
    known, inputs = _inputs(data)
    return bytes(
        typst.compile(
            SHEETS / f"{sheet}.typ", root=SHEETS, font_paths=known, format="pdf", sys_inputs=inputs
        )
    )


def pages(sheet: str, data: Mapping[str, Any]) -> int:
    """How many pages the sheet comes to; it says so by the label ``pages``.

    Raises:
        Problem: there is no Japanese font on this machine.
    """
    known, inputs = _inputs(data)
    counted = typst.query(
        SHEETS / f"{sheet}.typ", "<pages>", field="value", one=True, root=SHEETS,
        font_paths=known, sys_inputs=inputs,
    )  # fmt: skip
    return int(orjson.loads(counted))


def _inputs(data: Mapping[str, Any]) -> tuple[Any, dict[str, str]]:
    known, found = fonts()
    if not found:
        raise Problem(gettext_noop("No Japanese font on this server: please tell the operator."))
    written = orjson.dumps({**data, "font": found}, option=orjson.OPT_NON_STR_KEYS).decode()
    return known, {"data": written}
