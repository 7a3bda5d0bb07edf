"""Tells Django about this part."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "renkei.audit"
    label = "audit"
