"""Tells Django about this part."""

from django.apps import AppConfig


class CommunicationConfig(AppConfig):
    name = "renkei.communication"
    label = "communication"
