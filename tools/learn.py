"""Learn from the labelled drafts how an emergency is worded; write the guard's table of letters.

Every sentence of a draft that is no emergency is none. Of an emergency at least one sentence tells:
of several the one that is heard best by what was learned so far. What is written every day is no
emergency either; every other message of the example is learned from, and the guard is held against
the rest. The sets named ``drafts_unread_…`` are never learned from: the guard is measured by them.

    make learned
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from renkei.communication.guard.emergency import letters_of, measured_in
from renkei.communication.guard.folding import fold
from renkei.communication.guard.learned import FILE, ODDS, as_learned, runs, sentences
from renkei.communication.guard.said import sentence_ends

HERE: Final = Path(__file__).parents[1]
DRAFTS: Final = HERE / "tests" / "communication" / "guard"
EVERY_DAY: Final = HERE / "examples" / "midorino" / "messages.jsonl"
ROUNDS: Final = 3
OFTEN: Final = 3  # letters in a row that fewer sentences have are left out
KEPT: Final = 10_000  # those that weigh most
Said = list[str]  # the sentences of a text


def learned_from() -> list[tuple[Said, bool]]:
    """The drafts, and whether each is an emergency."""
    labelled = [(said(draft["text"]), draft["phone"]) for file in files() for draft in _read(file)]
    return labelled + [(said(message["text"]), False) for message in _read(EVERY_DAY)[::2]]


def files() -> list[Path]:
    """The labelled drafts that may be learned from."""
    return sorted(file for file in DRAFTS.glob("drafts*.jsonl") if "unread" not in file.name)


def said(text: str) -> Said:
    """The sentences of a text as the guard hears them."""
    letters = letters_of(fold(text))
    known = as_learned(letters, measured_in(letters, sentence_ends(letters)))
    return [known[start:end] for start, end in sentences(letters)]


def learn(drafts: list[tuple[Said, bool]]) -> dict[str, float]:
    """What letters in a row weigh, in logarithm of the odds; no letters: a sentence at first."""
    none = [sentence for said, emergency in drafts if not emergency for sentence in said]
    emergencies = [said for said, emergency in drafts if emergency and said]
    told = [said[0] for said in emergencies if len(said) == 1]
    for _ in range(ROUNDS):
        counted = CountVectorizer(analyzer=runs, binary=True, min_df=OFTEN)
        table = counted.fit_transform(none + told)
        labels = [False] * len(none) + [True] * len(told)
        model = LogisticRegression(max_iter=1000, class_weight="balanced").fit(table, labels)
        heard = [model.decision_function(counted.transform(said)) for said in emergencies]
        told = [said[odds.argmax()] for said, odds in zip(emergencies, heard, strict=True)]
    weights = zip(counted.get_feature_names_out(), model.coef_[0], strict=True)
    heaviest = sorted(weights, key=lambda one: (-abs(one[1]), one[0]))[:KEPT]
    return {"": float(model.intercept_[0]), **{run: float(weight) for run, weight in heaviest}}


def lines(weights: dict[str, float]) -> Iterator[str]:
    """The table: what weighs most for an emergency first."""
    for run, weight in sorted(weights.items(), key=lambda one: (-one[1], one[0])):
        if round(weight * ODDS) or not run:
            yield f"{round(weight * ODDS)}\t{run}\n"


def _read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    drafts = hashlib.sha256(b"".join(file.read_bytes() for file in files())).hexdigest()
    table = "".join(lines(learn(learned_from())))
    FILE.write_text(f"# learned from drafts {drafts}\n{table}", encoding="utf-8")
