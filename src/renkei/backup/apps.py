"""Tells Django about this part."""

from django.apps import AppConfig


class BackupConfig(AppConfig):
    name = "renkei.backup"
    label = "backup"
