"""Tells Django about this part."""

from django.apps import AppConfig


class GroupConfig(AppConfig):
    name = "renkei.group"
    label = "group"
