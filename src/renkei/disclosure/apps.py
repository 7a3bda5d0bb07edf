"""Tells Django about this part."""

from django.apps import AppConfig


class DisclosureConfig(AppConfig):
    name = "renkei.disclosure"
    label = "disclosure"
