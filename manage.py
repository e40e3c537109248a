#!/usr/bin/env python
"""Django's command door."""

import os
import signal
import sys

from django.core.management import execute_from_command_line
from django.db import OperationalError

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    try:
        execute_from_command_line(sys.argv)
    except BrokenPipeError:  # whoever read our output has had enough of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)
    except OperationalError as error:
        reason = str(error).partition("\n")[0]
        sys.exit(
            f"midcall: the database cannot be used ({reason}); "
            "check DATABASE_URL, that its server runs, and that manage.py migrate has run"
        )
