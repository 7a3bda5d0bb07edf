import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("files", "0001_initial"),
        ("people", "0001_initial"),
    ]

    operations = [
        migrations.RenameField("account", "photo", "photo_sealed"),
        migrations.AddField(
            "account",
            "photo",
            models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="files.file",
            ),
        ),
    ]
