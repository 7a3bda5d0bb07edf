"""``renkei …``: Django's own command line with our commands.

Every command takes the data folder from ``--data`` or ``RENKEI_DATA``.
"""

import os
import sys


def _take_data_folder(arguments: list[str]) -> list[str]:
    """Take ``--data FOLDER`` out of the arguments and put it into the environment."""
    rest: list[str] = []
    remaining = iter(arguments)
    for argument in remaining:
        if argument == "--data":
            os.environ["RENKEI_DATA"] = next(remaining, "") or sys.exit("--data needs a folder")
        elif argument.startswith("--data="):
            os.environ["RENKEI_DATA"] = argument.removeprefix("--data=")
        else:
            rest.append(argument)
    return rest


def main() -> None:
    """Run one command."""
    arguments = _take_data_folder(sys.argv)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "renkei.config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(arguments)


if __name__ == "__main__":
    main()
