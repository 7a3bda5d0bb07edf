"""Tells Django about this part."""

from django.apps import AppConfig


class IncidentConfig(AppConfig):
    name = "renkei.incident"
    label = "incident"
