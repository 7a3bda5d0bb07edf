"""What a browser says of the device it runs on, so that nobody has to type it.

Nothing of it is proof of anything: it fills in forms, and tells a phone from a computer.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from renkei.device.models import Device

_SYSTEMS: Final = (
    ("iPhone", "iOS", Device.Type.PHONE, "Apple", r"OS (\d+(?:[_.]\d+)*) like"),
    ("iPad", "iPadOS", Device.Type.TABLET, "Apple", r"OS (\d+(?:[_.]\d+)*) like"),
    ("Android", "Android", Device.Type.TABLET, "", r"Android (\d+(?:\.\d+)*)"),
    ("Windows", "Windows", Device.Type.COMPUTER, "", r"Windows NT (\d+\.\d+)"),
    ("CrOS", "ChromeOS", Device.Type.COMPUTER, "", r"CrOS \S+ (\d+(?:\.\d+)*)"),
    ("Macintosh", "macOS", Device.Type.COMPUTER, "Apple", r"Mac OS X (\d+(?:[_.]\d+)*)"),
    ("Linux", "Linux", Device.Type.COMPUTER, "", r"Linux (\d+(?:\.\d+)*)"),
)
_BROWSERS: Final = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"),
    ("FxiOS", "Firefox"), ("Firefox", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)  # fmt: skip
_MODEL: Final = re.compile(r"Android [\d.]+; (?!K\)|wv)([^;)]+?)(?: Build/[^;)]*)?[;)]")


@dataclass(frozen=True, slots=True)
class Guess:
    """Type, maker, model, operating system and browser, each empty where nothing is said."""

    type: str = Device.Type.COMPUTER
    maker: str = ""
    model: str = ""
    os: str = ""
    os_version: str = ""
    browser: str = ""

    @property
    def facts(self) -> dict[str, str]:
        """What of it the ledger keeps."""
        return {name: getattr(self, name) for name in ("type", "maker", "model", "os")} | {
            "os_version": self.os_version
        }


def _hint(headers: Mapping[str, str], name: str) -> str:
    """A User-Agent Client Hint (W3C), which stands in quotes."""
    return headers.get(name, "").strip().strip('"')[:60]


def guess(headers: Mapping[str, str]) -> Guess:
    """What the headers of a request say of the device; hints go before the user agent."""
    agent = headers.get("User-Agent", "")[:400]
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    system = next((one for one in _SYSTEMS if one[0] in agent), None)
    if system is None:
        return Guess(browser=browser)
    mark, os, kind, maker, pattern = system
    version = re.search(pattern, agent)
    written = version[1].replace("_", ".") if version else ""
    hinted = _hint(headers, "Sec-CH-UA-Platform-Version")
    if mark == "Windows":
        written = _windows(hinted)
    elif hinted:
        written = hinted.replace("_", ".").removesuffix(".0").removesuffix(".0")
    phone = "Mobile" in agent or headers.get("Sec-CH-UA-Mobile") == "?1"
    if mark == "Android" and phone:
        kind = Device.Type.PHONE
    found = _MODEL.search(agent)
    model = _hint(headers, "Sec-CH-UA-Model") or (found[1].strip()[:60] if found else "")
    if maker == "Apple" and mark != "Macintosh":
        model = model or mark
    return Guess(kind, maker, model, os, written[:20], browser)


def _windows(hinted: str) -> str:
    """10 or 11: the user agent says 10 for both, the hint 13 and above for 11."""
    major = hinted.partition(".")[0]
    if not major.isdigit():
        return ""
    return "11" if int(major) >= 13 else "10"
