"""Tells Django about this part."""

from django.apps import AppConfig


class ReviewConfig(AppConfig):
    name = "renkei.review"
    label = "review"
