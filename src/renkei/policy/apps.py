"""Tells Django about this part."""

from django.apps import AppConfig


class PolicyConfig(AppConfig):
    name = "renkei.policy"
    label = "policy"
