"""Tells Django about the commands and checks of the whole."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "renkei.config"
    label = "config"

    def ready(self) -> None:
        """Register the checks that refuse a start which would be unsafe."""
        from renkei.config import checks, routes  # noqa: F401
