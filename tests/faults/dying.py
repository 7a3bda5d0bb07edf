"""A rotation that is killed at every step, each time on a fresh copy, and then run again.

Run as a script with a data folder of its own: ``python dying.py file|custody``. It says how many
steps it died at, and ends with an error at the first that lost something. Processes are forked so
that each death costs some milliseconds.
"""

import os
import shutil
import signal
import sys
import traceback
from functools import partial
from pathlib import Path

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402

from renkei.kernel import custody, durable, keystore, master, rotation, vault  # noqa: E402
from renkei.kernel.models import DataKey  # noqa: E402

WATCHED = {module.__file__ for module in (custody, durable, keystore, master, rotation)}
KEPT = Path(settings.DATA)
rotation._BATCH, rotation.HEARD = 2, 0.0


def main(how):
    call_command("migrate", "kernel", database="keys", verbosity=0)
    texts = {}
    for number in range(5):
        key = vault.make_key("test")
        texts[key] = vault.seal(key, b"%d" % number, about="x")
    given = {"old": master.read()[0], "new": os.urandom(32)}
    if how == "custody":
        custody.begin(custody.split(given["old"])[0])
        given["sheets"] = custody.split(given["new"])[0]
    gone = vault.make_key("test") if how == "file" else None
    if gone:
        vault.destroy([gone])
    connections.close_all()
    steps, died = set(), 0
    while True:
        folder = KEPT.with_name("copy")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(KEPT, folder)
        status = forked(folder, lambda: rotate(how, given, steps))
        if os.WIFSIGNALED(status):
            died += 1
            steps.add((folder / "died").read_text())
        for brought in ("old", "new") if how == "custody" else ("old",):
            each = KEPT.with_name("again")
            shutil.rmtree(each, ignore_errors=True)
            shutil.copytree(folder, each)
            again = forked(each, partial(after, how, given, texts, gone, brought))
            if again:
                sys.exit(f"lost after dying at {(folder / 'died').read_text()} with {brought}")
        if not os.WIFSIGNALED(status):
            if status:
                sys.exit("the rotation failed")
            print(died)
            return


def forked(folder, work):
    """The wait status of a process that does the work on the folder."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    try:
        settings.DATA = folder
        connections.settings["keys"]["NAME"] = str(folder / "keys.db")
        vault.forget_everything()
        work()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def rotate(how, given, steps):
    """Rotate, and die at the first line that nobody has died at before."""

    def trace(frame, event, _):
        if frame.f_code.co_filename not in WATCHED:
            return None
        place = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
        if event == "line" and place not in steps:
            (settings.DATA / "died").write_text(place)
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    if how == "custody":
        master.bring([given["old"]])
    sys.settrace(trace)
    if how == "custody":
        rotation.rotate_in_custody(given["old"], given["new"], given["sheets"])
    else:
        rotation.rotate()
    sys.settrace(None)
    (settings.DATA / "died").write_text("the end")


def after(how, given, texts, gone, brought):
    """Everything opens; the rotation is finished by running it again; then too."""
    if how == "custody":
        master.bring([given[brought]])
        if not possible(given, brought):
            return
    opens(texts)
    was = set(DataKey.objects.exclude(master="").values_list("master", flat=True))
    if how == "custody":
        if rotation.finish_in_custody() is None and brought == "old":
            fresh = os.urandom(32)
            rotation.rotate_in_custody(given["old"], fresh, custody.split(fresh)[0])
        master.bring([master.read()[0]])
        assert len(custody.note()) == 1
        assert custody.note()[0].fingerprint == master.masters().current
    else:
        rotation.rotate()
    vault.forget_everything() if how == "file" else None
    opens(texts)
    standing = DataKey.objects.filter(wrapped__isnull=False)
    assert set(standing.values_list("master", flat=True)) == {master.masters().current}
    assert vault.verify()[1] == []
    if how == "file":
        assert len(master.read()) == 1
        assert not was & {master.masters().current}
        assert set(vault.destroyed()) == {gone}
    expected = {"keys.db", "keys.db-wal", "keys.db-shm", "master.key", "master.custody", "died"}
    assert {one.name for one in settings.DATA.iterdir()} <= expected


def possible(given, brought):
    """Whether these sheets have to open: the new ones not before they are in force, and the old
    ones no more once they are out.
    """
    try:
        vault.check()
    except master.MasterKeyWrong:
        needed = {one.fingerprint for one in custody.note()}
        other = "new" if brought == "old" else "old"
        assert master.fingerprint(given[other]) in needed
        return False
    return True


def opens(texts):
    for number, (key, sealed) in enumerate(texts.items()):
        assert vault.unseal(key, sealed, about="x") == b"%d" % number


if __name__ == "__main__":
    main(sys.argv[1])
