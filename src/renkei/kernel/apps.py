"""The kernel as a Django application: it owns the key store and nothing else."""

from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "renkei.kernel"
    label = "kernel"
