"""Tells Django about this part."""

from django.apps import AppConfig


class EnrollmentConfig(AppConfig):
    name = "renkei.enrollment"
    label = "enrollment"
