"""The words of devices and take-outs as pages and papers say them."""

from typing import Any, Final

from django.utils.translation import gettext_lazy as _

TYPES: Final[dict[str, Any]] = {
    "phone": _("Smartphone"),
    "tablet": _("Tablet"),
    "computer": _("Computer"),
}
OWNERSHIPS: Final[dict[str, Any]] = {
    "organization": _("The organization's device"),
    "private": _("Private device"),
}
STATES: Final[dict[str, Any]] = {
    "pending": _("Waiting for approval"),
    "in_use": _("In use"),
    "lent": _("Lent"),
    "lost": _("Lost"),
    "blocked": _("Blocked: there was a copy"),
    "retired": _("Out of use"),
    "no_key": _("Not added on the device yet"),
    "overdue": _("Check overdue"),
    "soon": _("To be checked soon"),
}
TONES: Final[dict[str, str]] = {
    "pending": "attend",
    "in_use": "done",
    "lent": "done",
    "lost": "danger",
    "blocked": "danger",
    "no_key": "attend",
    "overdue": "attend",
    "soon": "attend",
}
ITEMS: Final[dict[str, Any]] = {
    "A15.1": _("Screen lock or start-up password"),
    "A15.2": _("No file sharing or other dangerous software"),
    "A15.3": _("Protection against viruses, up to date"),
    "A15.4": _("The browser keeps no ID and no password"),
    "A15.6": _("Remote wipe"),
    "A15.7": _("Suspending the line"),
    "A15.8": _("Device management (MDM)"),
}
DECISIONS: Final[dict[str, Any]] = {
    "set": _("In place"),
    "not_set": _("Considered, not used"),
    "not_applicable": _("Does not apply"),
    "": _("Not decided yet"),
}
HAPPENED: Final[dict[str, Any]] = {
    "region.load": _("Taken over from paper"),
    "device.add": _("Put into the ledger"),
    "device.ask": _("Asked for"),
    "device.approve": _("Approved"),
    "device.enroll": _("Added on the device"),
    "device.confirm": _("Checked on the device"),
    "device.link": _("A code for another browser was shown"),
    "device.guard": _("Blocked: there was a copy"),
    "changed": _("Ledger changed"),
    "link": _("A new link was made"),
    "lent": _("Lent"),
    "given_back": _("Taken back"),
    "lost": _("Reported lost and blocked"),
    "brought_back": _("Found again"),
    "retired": _("Taken out of use"),
    "key_ended": _("A browser was taken off"),
    "refused": _("Not approved"),
    "second_browser": _("Another browser on it was added"),
    "asked": _("Another organization was asked"),
    "accepted": _("Accepted by another organization"),
    "declined": _("Not accepted by another organization"),
}
TAKE_OUTS: Final[dict[str, Any]] = {
    "waiting": _("Waiting for approval"),
    "approved": _("Taken out"),
    "overdue": _("Should be back"),
    "refused": _("Not approved"),
    "withdrawn": _("Withdrawn"),
    "returned": _("Returned"),
}
RETURNED: Final[dict[str, Any]] = {
    "in_order": _("In order"),
    "erased": _("The information was erased"),
    "not_in_order": _("Not in order (opens an incident)"),
}
