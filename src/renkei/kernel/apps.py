"""The kernel as a Django application: it owns the key store and nothing else."""

from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "renkei.kernel"
    label = "kernel"

    def ready(self) -> None:
        """Take the master key out of the environment before any child could inherit it."""
        from renkei.kernel.master import take_from_environment

        take_from_environment()
