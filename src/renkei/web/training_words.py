"""What stands on pages and papers for the words of training."""

from django.utils.translation import gettext_lazy as _

STATES = {
    "missing": _("Not taken yet"),
    "lapsed": _("Validity has ended"),
    "soon": _("Ends soon"),
    "valid": _("Valid"),
}
TONES = {"missing": "attend", "lapsed": "attend", "soon": "attend", "valid": "done"}
WAYS = {
    "check": _("Course and five questions, in this system"),
    "lecture": _("Lecture"),
    "paper": _("Recorded from paper"),
    "": _("Taken over"),
}
AGAIN = {
    "missed": _("Only the questions answered wrongly are asked again"),
    "all": _("All questions are asked again"),
}
