from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0003_move_photos"),
    ]

    operations = [
        migrations.RemoveField("account", "photo_sealed"),
    ]
