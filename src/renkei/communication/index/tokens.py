"""What the index holds of a text: its pairs of characters, each under the group's own key.

Most Japanese words have two characters (発熱, 褥瘡), so pairs of them find what words would. Equal
pairs are equal within one group, which tells how often an unknown pair comes there; between groups
nothing can be compared. Without the key of the group nothing can be asked, and with it everything
is gone (`Erased`).

AES under a key derived from the group's is the keyed function: all pairs of a message in one call,
where HMAC would take three microseconds for each.
"""

from array import array
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB

from renkei.kernel.japanese import fold

PURPOSE: Final = "search"  # of the derived key
SHORTEST: Final = 2  # characters of a word that can be found


def searched(text: str) -> str:
    """A text as it is searched: folded, and without spaces and line ends.

    So 高橋節子 finds 髙橋　節子, and a word is found that breaks over two lines.
    """
    return "".join(fold(text).split())


def tokens(key: bytes, text: str) -> "array[int]":
    """A number of 64 bits for each different pair of characters of a searched text, ascending.

    Args:
        key: derived from the group's for ``PURPOSE``.
    """
    points = array("I", text.encode("utf-32-le", "replace"))
    if len(points) < SHORTEST:
        return array("q")
    blocks = array("I", bytes(16 * (len(points) - 1)))
    blocks[::4], blocks[1::4] = points[:-1], points[1:]
    # ECB is AES itself: each pair is one block, equal ones come together below, none is read back
    sealed = Cipher(AES256(key), ECB()).encryptor().update(blocks.tobytes())
    return array("q", sorted(set(array("q", sealed)[::2])))
