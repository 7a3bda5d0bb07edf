"""Pictures as they would leave, made by the server for the anonymising editor (A16.d)."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import UUID

from renkei.disclosure.enclosing import Covered, Enclosed, checked, picture_of
from renkei.disclosure.extracting import Editor
from renkei.files import opening
from renkei.kernel.damage import DAMAGE, sentence
from renkei.kernel.errors import Problem
from renkei.web import errors

COLUMNS: Final = 4  # of the frames of a clip, beside one another


@dataclass(frozen=True, slots=True)
class Result:
    """One picture or clip under the boxes that were sent."""

    name: str  # of the field that says it was shown
    address: str = ""
    digest: str = ""  # of what is shown
    error: str = ""  # why there is none

    def was_shown(self, sent: Mapping[str, str]) -> bool:
        """Whether it was shown like this before; of what has an error, keeping says why."""
        return bool(self.error) or sent.get(self.name) == self.digest


def seen_results(editor: Editor, boxes: Mapping[UUID, Covered]) -> dict[UUID, Result]:
    """Every picture of the request with black in the places that were sent.

    Not within a transaction: covering is done in the workshop.
    """
    return {
        file.id: _result(file, boxes.get(file.id)) for part in editor.parts for file in part.files
    }


def _result(file: Enclosed, covered: Covered | None) -> Result:
    name = f"shown-{file.id.hex}"
    try:
        content = _made(file, covered)
    except Problem as problem:
        return Result(name, error=errors.sentence(problem))
    except DAMAGE as found:
        return Result(name, error=sentence(found))
    address = f"data:image/jpeg;base64,{b64encode(content).decode()}"
    return Result(name, address, sha256(content).hexdigest())


def _made(file: Enclosed, covered: Covered | None) -> bytes:
    pages = picture_of(file, checked(file, covered)).pages()
    if not file.film:
        return pages[0]
    with opening.turn():
        return opening.side_by_side(pages, range(1, len(pages) + 1), COLUMNS)
