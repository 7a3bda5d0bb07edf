"""Tells Django about this part."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "renkei.people"
    label = "people"
