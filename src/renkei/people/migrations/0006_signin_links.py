"""What stays with a one-time link, and when a person was last told that the password ends."""

import uuid

from django.conf import settings
from django.db import migrations, models

import renkei.kernel.clock


class Migration(migrations.Migration):

    dependencies = [
        ('people', '0005_sign_in_and_restriction'),
    ]

    operations = [
        migrations.AddField(
            model_name='account',
            name='password_warned_at',
            field=renkei.kernel.clock.MomentField(null=True),
        ),
        migrations.AddField(  # nobody could issue a link before
            model_name='onetimelink',
            name='key_id',
            field=models.UUIDField(default=uuid.UUID(int=0), editable=False),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='onetimelink',
            name='way',
            field=models.CharField(choices=[('mail', 'Mail'), ('paper', 'Paper'), ('terminal', 'Terminal')], default='mail', max_length=8),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='onetimelink',
            name='checked',
            field=models.CharField(blank=True, choices=[('in_person', 'In Person'), ('called_back', 'Called Back'), ('document', 'Document'), ('colleague', 'Colleague')], default='', max_length=11),
        ),
        migrations.AddField(
            model_name='onetimelink',
            name='note',
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name='onetimelink',
            name='one_person',
            field=models.BooleanField(null=True),
        ),
        migrations.AddField(
            model_name='onetimelink',
            name='seen_by',
            field=models.ManyToManyField(related_name='+', to=settings.AUTH_USER_MODEL),
        ),
    ]
