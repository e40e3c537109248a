"""manage.py listen: hear Genesys, record conversations, let events prove edits."""

import signal
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand

from conversations.connection import genesys
from conversations.live.follow import Listener
from conversations.tasks import nudge

#: Told to end, it may finish what it is doing for so long; then the system ends it, which loses nothing either.
END_SECONDS = 5


class Command(BaseCommand):
    help = "Follow the live conversations of Genesys Cloud. Any number may run; one of them leads."

    def handle(self, *_: Any, **__: Any) -> None:
        listener = Listener(genesys(), nudge)

        def end(_signal: int, _frame: FrameType | None) -> None:
            # Nothing is raised here: in the middle of a transaction's bookkeeping that would leave it open.
            listener.end()
            signal.alarm(END_SECONDS)

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        listener.run()
