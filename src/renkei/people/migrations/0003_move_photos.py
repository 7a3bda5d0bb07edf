"""Every face photo out of its column into a file, with a line in the trail that commits to it.

Files are written before the rows that name them are committed. If this breaks off, it begins again
from the columns, and the files of the first time are swept like any other leftovers. A key that is missing or does not
open stops it.
"""

import logging

from django.db import migrations

from renkei.audit import trail
from renkei.files import store
from renkei.kernel import vault
from renkei.kernel.errors import Tampered

ACTION = "photo.move"
log = logging.getLogger("renkei.files")


def move(apps, schema_editor):
    Account = apps.get_model("people", "Account")
    waiting = Account.objects.filter(photo_sealed__isnull=False, photo=None)
    for pk in list(waiting.values_list("pk", flat=True)):
        move_one(Account.objects.get(pk=pk), apps.get_model("files", "File"))


def move_one(account, File):
    vault.warm([account.key_id])  # with a key store that is not the right one, nothing is moved
    try:
        about = f"people.Account/{account.id.hex}/photo"
        plain = vault.unseal(account.key_id, account.photo_sealed, about=about)
    except Tampered as error:  # nobody can see it any more; the person is asked for another
        log.critical("photo not moved", exc_info=error, extra={"facts": {"id": account.id.hex}})
        account.photo_changed_at = None
        record(account, trail.Outcome.FAILED, {})
    else:
        made = store.write(account.key_id, [plain])
        columns = ("id", "key_id", "size", "sealed_size", "sha256", "made_at")
        account.photo = File.objects.create(**{name: getattr(made, name) for name in columns})
        record(account, trail.Outcome.DONE, {"photo": made.id.hex, "sealed": made.sha256})
    account.save(update_fields=["photo", "photo_changed_at"])


def record(account, outcome, detail):
    trail.record(
        stream=f"account:{account.id.hex}",
        action=ACTION,
        entity=f"Account/{account.id.hex}",
        actor=None,
        outcome=outcome.value,
        detail=detail,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0001_initial"),
        ("people", "0002_photo_in_a_file"),
    ]

    operations = [migrations.RunPython(move, elidable=True)]
