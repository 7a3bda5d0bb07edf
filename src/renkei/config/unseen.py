"""What this process has in memory is for this process alone."""

import ctypes
import resource
import sys

_PR_SET_DUMPABLE = 4  # linux/prctl.h


def keep_memory_private() -> None:
    """Leave no core dump, and let no other program of the same user look into the memory.

    On Linux neither a debugger nor ``/proc/…/environ`` is open to them any more. Root still sees
    everything: nothing that runs on a machine is hidden from its root.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
