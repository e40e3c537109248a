"""manage.py listen: hear Genesys, record conversations, let events prove edits."""

import signal
import sys
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand

from conversations.connection import genesys
from conversations.live.follow import Listener
from conversations.tasks import nudge


class Command(BaseCommand):
    help = "Follow the live conversations of Genesys Cloud. Any number may run; one of them leads."

    def handle(self, *_: Any, **__: Any) -> None:
        signal.signal(signal.SIGTERM, _end)
        try:
            Listener(genesys(), nudge).run()
        except KeyboardInterrupt:
            sys.exit(0)


def _end(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)
