"""Tells Django about this part."""

from django.apps import AppConfig


class PatientConfig(AppConfig):
    name = "renkei.patient"
    label = "patient"
