"""What disaster use is called on the pages: what happened, what was done, what became of it."""

from typing import Any, Final

from django.utils.translation import gettext, gettext_lazy

_ = gettext_lazy
WHAT: Final[dict[str, Any]] = {
    "storm": _("Storm or flood"),
    "earthquake": _("Earthquake"),
    "snow": _("Heavy snow"),
    "power": _("Power cut"),
    "line": _("Telephone or network down"),
    "other": _("Something else"),
}
STATES: Final[dict[str, Any]] = {
    "safe": _("Safe"),
    "help": _("Needs help"),
    "unknown": _("Not known"),
}
DOORS: Final[dict[str, Any]] = {
    "open": _("Open as usual"),
    "limited": _("Open in part"),
    "closed": _("Closed for now"),
}
FACTORS: Final[dict[str, Any]] = {
    "card": _("Disaster card"),
    "totp": _("App with numbers"),
    "passkey": _("Passkey"),
    "recovery": _("Recovery code"),
    "demo": _("Demo"),
}
OUTCOMES: Final[dict[str, Any]] = {
    "": _("Not settled yet"),
    "adopted": _("Taken into the ledger"),
    "closed": _("This device was closed"),
}
_KINDS: Final = (
    (_("Pages seen"), ("emergency.view", "group.see", "home.see", "group.hear", "page.see")),
    (_("Safety reports"), ("safety.report", "safety.report_oneself", "safety.report_place")),
    (_("Safety board seen"), ("safety.see",)),
    (_("Entries written or changed"), ("communication.",)),
    (_("Sign-in on this device"), ("emergency.enter",)),
)


def kinds_of_acts(acts: dict[str, int]) -> list[tuple[str, int]]:
    """What somebody did, by kinds a person knows, with counts."""
    counts: dict[str, int] = {}
    for action, n in acts.items():
        kind = next((str(word) for word, of in _KINDS if action.startswith(of)), gettext("Others"))
        counts[kind] = counts.get(kind, 0) + n
    return list(counts.items())


def what(word: str, note: str) -> str:
    """What happened, with the words added to it."""
    known = str(WHAT.get(word, WHAT["other"]))
    if not note:
        return known
    return note if word == "other" else gettext("%(what)s (%(note)s)") % {
        "what": known,
        "note": note,
    }  # fmt: skip
