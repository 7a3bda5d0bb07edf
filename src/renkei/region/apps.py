"""Tells Django about this part."""

from django.apps import AppConfig


class RegionConfig(AppConfig):
    name = "renkei.region"
    label = "region"
