from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("group", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="member",
            name="previewed_seq",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
    ]
