"""Whose copies these are: anyone can seal to us, only the installation itself can sign."""

from dataclasses import dataclass

from renkei.backup.manifest import Manifest, short
from renkei.backup.trouble import Trouble
from renkei.kernel import signing


@dataclass(frozen=True, slots=True)
class Signer:
    """The key that copies have to be signed with.

    Args:
        key: the public key or its fingerprint; empty if nothing here says which it is.
        source: how it is known: "here", "given", "identity" or "".
    """

    key: str
    source: str

    def signed(self, made: Manifest) -> bool:
        """Whether a copy is of this installation, as far as can be known here."""
        return not self.key or self.key in (made.signed_by, short(made.signed_by))


def signer(*, given: str, in_identity: str) -> Signer:
    """The key to be trusted: the one given, else this machine's, else the identity file's."""
    if given:
        digits = given.replace(" ", "").lower()
        is_short = len(digits) == 16 and not set(digits) - set("0123456789abcdef")
        spaced = " ".join(digits[place : place + 4] for place in range(0, 16, 4))
        return Signer(spaced if is_short else given.strip(), "given")
    if signing.key_file().exists():
        return Signer(signing.public_key(), "here")
    return Signer(in_identity, "identity" if in_identity else "")


def refuse_strange(made: Manifest, trusted: Signer) -> None:
    """Refuse a copy that another has signed.

    Raises:
        Trouble: it is not of the installation that is trusted.
    """
    if not trusted.signed(made):
        raise Trouble(
            f"写し {made.generation} の署名の鍵（指紋 {short(made.signed_by)}）が、"
            "信頼する鍵と違います。別のシステムの写しか、偽物です。",
            why="damaged",
        )
