"""What took part before the dates of approval and training were kept counts as approved.

It counts as trained where one of its people is; pledges are only those on record (A9).
"""

from django.db import migrations

from renkei.kernel import clock


def take_over(apps, schema_editor):
    """Approved on the day of the application, trained on the first training of its people."""
    organizations = apps.get_model("people", "Organization")
    roles = apps.get_model("people", "PractitionerRole")
    for one in organizations.objects.all():
        trained = roles.objects.filter(organization=one, trained_on__isnull=False)
        first = trained.order_by("trained_on").values_list("trained_on", flat=True).first()
        organizations.objects.filter(pk=one.pk).update(
            approved_on=one.approved_on or one.applied_on or one.pledged_on or clock.today(),
            trained_on=one.trained_on or first,
        )


class Migration(migrations.Migration):

    dependencies = [("people", "0010_staff")]
    operations = [migrations.RunPython(take_over, migrations.RunPython.noop)]
