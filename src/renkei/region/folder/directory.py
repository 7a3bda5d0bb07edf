"""What lines refer to: the codes a file declares, and how far their absence can be held against."""

from collections import Counter
from dataclasses import dataclass, field

from renkei.region.folder.model import Fault


@dataclass(slots=True)
class Directory:
    """The codes that other lines may refer to.

    A reference to a code that is missing only because its own line has a fault is no further
    fault. Which code such a line was meant to have cannot be read; it is taken to be the missing
    one that most lines refer to.

    Args:
        readable: False when the file or the column is missing, so that nothing can be said.
        codes: the codes that could be read, of faulty lines too.
        unreadable: how many lines have a code that cannot be read.
        repeated: how many lines have the code of an earlier line, perhaps by mistake.
    """

    readable: bool
    codes: set[str] = field(default_factory=set)
    unreadable: int = 0
    repeated: int = 0
    _missing: list[tuple[str, Fault]] = field(default_factory=list)

    def knows(self, code: str) -> bool:
        """Whether some line declares the code."""
        return code in self.codes

    def refer(self, code: str, fault: Fault) -> bool:
        """Whether the code is declared; if not, the fault is kept until all files are read."""
        if code in self.codes:
            return True
        if self.readable:
            self._missing.append((code, fault))
        return False

    def settle(self) -> list[Fault]:
        """The references to codes that are nobody's, once every file has been read."""
        ranked = Counter(code for code, _ in self._missing).most_common()
        forgiven = {code for code, _ in ranked[: self.unreadable]}
        perhaps = ranked[self.unreadable : self.unreadable + self.repeated]
        forgiven |= {code for code, lines in perhaps if lines > 1}
        return [fault for code, fault in self._missing if code not in forgiven]
