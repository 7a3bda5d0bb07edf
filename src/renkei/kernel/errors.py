"""What a person can run into. Web, API and command line decide how each looks; nobody else does."""

from renkei.kernel import metrics


class Problem(Exception):
    """Something the person can mend; ``message`` is a translatable sentence for them.

    Args:
        message: an English source sentence, already marked for translation.
        field: the name of the field it is about, if it is about one.
        values: what the sentence's ``%(name)s`` places are filled with.
    """

    def __init__(self, message: str, *, field: str = "", **values: object) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.values = values


class Refused(Exception):
    """The policy says no to something the person may know about; it was recorded (N3.9)."""

    def __init__(self, permission: str) -> None:
        super().__init__(permission)
        self.permission = permission


class Unknown(Exception):
    """There is no such thing, as far as this person may know."""


class SignedOut(Exception):
    """Nobody is signed in, or the session has ended."""


class Erased(Exception):
    """The key of this content was destroyed; nothing brings it back (A11.7)."""


class Tampered(Exception):
    """Stored bytes are not what was sealed; they are never shown as content.

    Counted wherever it is found: whoever catches it, the host hears of it.
    """

    def __init__(self, *about: object) -> None:
        super().__init__(*about)
        metrics.TAMPERED.inc()
