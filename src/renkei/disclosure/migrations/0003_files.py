import django.db.models.deletion
import renkei.kernel.entity
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('communication', '0008_mentions_tasks_templates'),
        ('disclosure', '0002_erasure'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ReuseFile',
            fields=[
                ('id', models.UUIDField(default=renkei.kernel.entity.uuid7, editable=False, primary_key=True, serialize=False)),
                ('key_id', models.UUIDField(editable=False)),
                ('refusal', models.CharField(blank=True, choices=[('', 'None'), ('elsewhere', 'Elsewhere'), ('kind', 'Kind'), ('study', 'Study'), ('consent', 'Consent'), ('words', 'Words')], default='', max_length=9)),
                ('boxes_sealed', models.BinaryField(null=True)),
                ('attachment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='communication.attachment')),
                ('covered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('item', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='files', to='disclosure.reuseitem')),
            ],
        ),
        migrations.AddConstraint(
            model_name='reusefile',
            constraint=models.UniqueConstraint(fields=('item', 'attachment'), name='reuse_file_once'),
        ),
    ]
