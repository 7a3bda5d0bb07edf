"""Tells Django about this part."""

from django.apps import AppConfig


class NotificationConfig(AppConfig):
    name = "renkei.notification"
    label = "notification"
