"""manage.py alive: has a process of this kind on this machine given a sign of life lately? For health checks."""

import socket
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError

from conversations.checkup import ALIVE_SECONDS
from conversations.models import Heartbeat
from conversations.models.clock import now


class Command(BaseCommand):
    help = "Exit 0 if a worker (or the listener) of this machine is alive, 1 if not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=["worker", "listen"])

    def handle(self, *_: Any, **options: Any) -> None:
        here = f"{options['kind']}:{socket.gethostname()}:"
        try:
            beats = Heartbeat.objects.filter(name__startswith=here, at__gt=now() - ALIVE_SECONDS)
            alive = beats.exists()
        except DatabaseError:  # no reason to restart a process that waits for its database
            sys.exit(0)
        sys.exit(0 if alive else 1)
