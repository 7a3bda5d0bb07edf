"""One job: a picture, a PDF or an office document is opened, in a process of its own.

The job and its content are read from standard input, what became of it is written to standard
output. Neither database nor keys are known here, no file may be written, and memory and time have
limits set before the first byte is looked at: whatever a file does to the libraries that open it,
it does it here. Everything is made anew - no place, camera, script or second content travels along.
"""

import json
import resource
import sys
from typing import Final

from renkei.files.workshop import documents, papers, pictures
from renkei.files.workshop.sheets import Unfit

MEMORY: Final = 2_000_000_000  # bytes of addresses
SECONDS: Final = 60  # of the processor
JOBS: Final = {
    "picture": pictures.opened,
    "cover": pictures.covered,
    "frames": pictures.frames,
    "clip": pictures.clip,
    "side_by_side": pictures.side_by_side,
    "pdf": papers.opened,
    "office": documents.opened,
}


def main() -> None:
    """Do one job."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    job = json.loads(sys.stdin.buffer.readline())
    content = sys.stdin.buffer.read()
    try:
        facts, parts = JOBS[job["do"]](content, job)
    except Unfit as why:
        facts, parts = {"unfit": str(why)}, []
    except MemoryError:
        facts, parts = {"unfit": "large"}, []
    facts["parts"] = [len(part) for part in parts]
    sys.stdout.buffer.write(json.dumps(facts).encode() + b"\n")
    for part in parts:
        sys.stdout.buffer.write(part)
    sys.stdout.buffer.flush()
