"""Tells Django about this part."""

from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "renkei.training"
    label = "training"
