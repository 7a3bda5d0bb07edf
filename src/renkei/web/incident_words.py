"""The words of incidents as pages and papers say them."""

from typing import Any, Final

from django.utils.translation import gettext_lazy as _

KINDS: Final[dict[str, Any]] = {
    "lost_device": _("A device is lost or stolen"),
    "unauthorized_access": _("Somebody may have got in"),
    "wrong_post": _("Sent to the wrong place"),
    "leak": _("Something got out"),
    "system_fault": _("A fault of the system"),
    "misuse": _("Used against the rules"),
    "infected_file": _("A virus in a file"),
}
SEVERITIES: Final[dict[str, Any]] = {
    "minor": _("Minor"),
    "serious": _("Serious"),
    "grave": _("Grave"),
}
DUTIES: Final[dict[str, Any]] = {
    "checking": _("Being checked"),
    "required": _("A report is required"),
    "not_required": _("No report is required"),
}
ENCRYPTION: Final[dict[str, Any]] = {
    "checking": _("Being checked"),
    "yes": _("In place"),
    "no": _("Not in place"),
}
WAYS: Final[dict[str, Any]] = {
    "system": _("The system noticed it"),
    "signed_in": _("Reported while signed in"),
    "code": _("Reported with a number of the disaster card"),
    "unproved": _("Reported without proof"),
}
ENTRIES: Final[dict[str, Any]] = {
    "opened": _("Reported"),
    "called_back": _("Called back: it is the person"),
    "blocked": _("Device blocked"),
    "signed_out": _("All sessions ended"),
    "stopped": _("ID stopped"),
    "assessed": _("Assessed"),
    "note": _("Note"),
    "line_suspended": _("Line suspended"),
    "police": _("Reported to the police"),
    "withdrawn": _("Entry withdrawn"),
    "phoned": _("Told by phone"),
    "told": _("Told"),
    "statement": _("Draft of the report kept"),
    "first_report": _("First report made"),
    "final_report": _("Final report made"),
    "closed": _("Closed"),
}
STOPS: Final[dict[str, Any]] = {
    "": _("Works as usual"),
    "read_only": _("May only read"),
    "suspended": _("Stopped for a time"),
    "banned": _("Stopped for good"),
}
DEVICES: Final[dict[str, Any]] = {
    "phone": _("Phone"),
    "tablet": _("Tablet"),
    "computer": _("Computer"),
}
ITEMS: Final[list[tuple[str, Any]]] = [
    ("outline", _("1. Outline")),
    ("exposed", _("2. Items of personal data")),
    ("number", _("3. Number of persons")),
    ("cause", _("4. Cause")),
    ("secondary", _("5. Secondary damage, or the fear of it")),
    ("persons", _("6. What was done toward the persons")),
    ("publication", _("7. Publication")),
    ("prevention", _("8. What keeps it from happening again")),
    ("other", _("9. Other")),
]

PAGES = {
    "record": _("Patient's record"),
    "basics": _("Basics and papers"),
    "vitals": _("Vital signs"),
    "members": _("Members"),
    "consent": _("Consent"),
    "tasks": _("Tasks"),
    "family": _("Family and group with the family"),
    "charter": _("How the group is used"),
    "same": _("Registered twice"),
    "hand_over": _("Handing over to another organization"),
    "reuse": _("Requests for reuse"),
    "anonymise": _("Extract for a study meeting"),
    "erasure": _("Complete erasure"),
}
