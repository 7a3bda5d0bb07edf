"""Tells Django about this part."""

from django.apps import AppConfig


class SafetyConfig(AppConfig):
    name = "renkei.safety"
    label = "safety"
