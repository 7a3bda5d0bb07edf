"""Tells Django about this part."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "renkei.web"
    label = "web"
