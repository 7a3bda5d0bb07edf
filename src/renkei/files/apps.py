"""Tells Django about this part."""

from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "renkei.files"
    label = "files"
