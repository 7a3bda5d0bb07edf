"""How deep a consciousness is said to be, in the Japan and the Glasgow coma scale: JCS200, E1V1M2."""

import re
from collections.abc import Iterator

from renkei.communication.guard.values import LIMIT, REACHED, Vital

_JCS = re.compile(
    r"(?:jcs|意識レベル)[\sは:が、で=(]{0,3}(?:(?P<roman>iii|ii|i|[1-3])\s?[-‐−ー‐の桁]\s?)?(?P<value>\d{1,3})?"
)
_SUNK = re.compile(r"(?:から|→|より)[^\d]{0,4}(?:jcs)?\s?(?:3桁|iii|[123]00)")
_GCS = re.compile(
    r"gcs[\sは:が、で=(]{0,3}(?:e(?P<e>\d)\s?v(?P<v>\d|t|a)\s?m(?P<m>\d)|(?:合計)?(?P<sum>\d{1,2}))"
)


def consciousness(text: str) -> Iterator[Vital]:
    """What a text says of it: dangerous from JCS 20 (a loud voice or shaking wakes) and GCS 12."""
    if "jcs" in text or "意識レベル" in text:
        for found in _JCS.finditer(text):
            level = _jcs(found)
            after = text[found.end() : found.end() + 12]
            limit = LIMIT.match(after) and not REACHED.match(after)
            if _SUNK.match(after):
                yield Vital("jcs", found.start(), found.end(), 100, danger=True)
            elif level is not None and not re.match(
                r"(?:から|→|より)[^\d]{0,4}(?:jcs)?\s?[0-3](?!\d|-|桁)", after
            ):
                yield Vital("jcs", found.start(), found.end(), level, level >= 20 and not limit)
    if "gcs" in text:
        for found in _GCS.finditer(text):
            if found["e"]:
                total = sum(
                    int(one) for one in (found["e"], found["v"], found["m"]) if one.isdigit()
                )
            else:
                total = int(found["sum"])
            yield Vital("gcs", found.start(), found.end(), total, 3 <= total <= 12)


def _jcs(found: re.Match[str]) -> int | None:
    roman, digits = found["roman"], found["value"]
    if digits is None:
        return {"iii": 100, "3": 100, "ii": 10, "2": 10}.get(roman or "")
    if roman in ("iii", "3") or len(digits) == 3:
        return max(100, int(digits))
    return int(digits)
