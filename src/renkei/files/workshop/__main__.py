"""Run by ``files.opening`` as a program of its own, with nothing in its way but our own folder."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
from renkei.files.workshop.job import main

main()
