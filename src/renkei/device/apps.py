"""Tells Django about this part."""

from django.apps import AppConfig


class DeviceConfig(AppConfig):
    name = "renkei.device"
    label = "device"
