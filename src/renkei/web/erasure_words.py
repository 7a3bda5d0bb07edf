"""What is said of erasures: fixed words, and what a list of answers is called (A11.7)."""

from django.utils.translation import gettext_lazy as _

KINDS = {
    "record": _("The patient's whole record"),
    "patient": _("The contents of the patient's group"),
    "family": _("The contents of the family's group"),
    "free": _("The contents of a free group"),
}
STATES = {
    "asked": _("Waits for the operator"),
    "returned": _("Returned"),
    "confirmed": _("Confirmed, waiting time"),
    "withdrawn": _("Taken back"),
    "begun": _("Being erased"),
    "done": _("Erased"),
    "replayed": _("Erased before a restore"),
}
TONES = {
    "asked": "attend",
    "returned": "attend",
    "confirmed": "danger",
    "begun": "danger",
    "done": "done",
    "replayed": "done",
}
RELATIONS = {
    "patient": _("The patient"),
    "legal": _("Legal representative or guardian"),
    "family": _("Family"),
    "bereaved": _("Family of a patient who died"),
    "members": _("The members of the group"),
}
WAYS = {
    "paper": _("In writing"),
    "meeting": _("In a talk"),
    "phone": _("By telephone, then in writing"),
}
ANSWERS = {
    "none": _("Does not apply"),
    "chart": _("Kept: in our charts"),
    "paper": _("Kept: on paper"),
    "software": _("Kept: in our care or pharmacy software"),
    "elsewhere": _("Kept: by another organization"),
    "exists": _("Goes on, or is to be expected"),
}
NO_DISPUTE = _("There is none")
COUNTED = {
    "entries": _("Entries of the log"),
    "corrections": _("Earlier wordings"),
    "acknowledgements": _('"Understood" marks'),
    "drafts": _("Drafts"),
    "tasks": _("Tasks"),
    "files": _("Files"),
    "members": _("Places in groups"),
    "invitations": _("Invitations to groups"),
    "charters": _("Agreed use"),
    "reviews": _("Reviews of members"),
    "hand_overs": _("Hand-overs"),
    "groups": _("Groups"),
    "records": _("Records of patients"),
    "consents": _("Records of consent"),
    "relatives": _("Family and others"),
    "rights": _("Requests of rights"),
    "papers": _("Papers"),
    "safety": _("Reports of safety"),
}
