"""Lets people of an installation be told at once, by push and by mail; before its server starts.

Run as ``python -m tests.faults.listening`` with the server's environment: on its input stands for
each person their cookie, and what their browser keeps of its subscription.
"""

import json
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "renkei.config.settings")
import django

django.setup()

from renkei.notification.devices import subscribe  # noqa: E402
from renkei.notification.models import Preference  # noqa: E402
from renkei.notification.noticing import Noticing  # noqa: E402
from renkei.notification.push_keys import current, make_push_key  # noqa: E402
from renkei.people.models import Session  # noqa: E402
from renkei.people.sessions import stored_key  # noqa: E402
from renkei.policy.standing import HOST, Actor  # noqa: E402


def main() -> None:
    """Subscribe each of them; what was said until now is told to nobody."""
    make_push_key(HOST, None)
    key = current()
    assert key is not None
    for one in json.load(sys.stdin):
        cookie = dict(pair.split("=", 1) for pair in one["cookie"].split("; "))["renkei"]
        session = Session.objects.get(pk=stored_key(cookie))
        Preference.objects.update_or_create(
            account_id=session.account_id,
            defaults={"mail": "at_once", "quiet_from": 0, "quiet_until": 0},
        )
        subscribe(Actor(session=session.pk), None, **one["browser"], key=key.public)
    Noticing().follow()


if __name__ == "__main__":
    main()
