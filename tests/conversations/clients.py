"""Clients of workers that die, freeze or are overtaken in the middle of their work."""

import threading
from collections.abc import Callable, Mapping
from uuid import UUID

from django.conf import settings
from django.db import connection

from conversations.edits import step
from conversations.genesys import Answer, Client, Conversation
from conversations.models import AttributeEdit


class Died(BaseException):
    """The worker is gone; nothing of it runs any more."""


class Interrupted(Client):
    """Something happens before and after its calls: what, the classes below say."""

    def __init__(self) -> None:
        super().__init__(settings.GENESYS)

    def before_write(self, body: dict[str, str]) -> None:
        """The write is about to leave."""

    def after_write(self) -> None:
        """It has been carried out, or not, and nobody here knows yet."""

    def before_read(self) -> None:
        """The read is about to leave."""

    def after_read(self, shown: Conversation) -> None:
        """The answer was made, and is not here yet."""

    def set_attributes(
        self,
        conversation_id: UUID,
        participant_id: UUID,
        attributes: Mapping[str, str],
        *,
        timeout: float | None = None,
    ) -> Answer[None]:
        self.before_write(dict(attributes))
        try:
            return super().set_attributes(
                conversation_id, participant_id, attributes, timeout=timeout
            )
        finally:
            self.after_write()

    def conversation(
        self, conversation_id: UUID, *, timeout: float | None = None
    ) -> Answer[Conversation]:
        self.before_read()
        answer = super().conversation(conversation_id, timeout=timeout)
        self.after_read(answer.value)
        return answer


class Mortal(Interrupted):
    """The client of a worker that dies, or freezes, at one of its calls."""

    def __init__(self, dies_at: int, *, after: bool) -> None:
        super().__init__()
        self._left, self._after = dies_at, after

    def before_write(self, body: dict[str, str]) -> None:
        self._die(now_sent=False)

    def after_write(self) -> None:
        self._die(now_sent=True)

    def before_read(self) -> None:
        self._die(now_sent=False)

    def _die(self, *, now_sent: bool) -> None:
        if now_sent == self._after:
            self._left -= 1
            if self._left < 0:
                raise Died


class Frozen(Interrupted):
    """The client of a worker that freezes just before its write leaves, and goes on when it is thawed."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.thawed = threading.Event(), threading.Event()
        self.body: dict[str, str] = {}

    def before_write(self, body: dict[str, str]) -> None:
        self.body = body
        self.reached.set()
        assert self.thawed.wait(60)


def _nothing(*_: object) -> None:
    pass


class Overtaken(Interrupted):
    """The client of a worker: things happen between its read and the end of it, which are told what was read, just
    before its write leaves, and between its write and the answer of it."""

    def __init__(
        self,
        read: Callable[[Conversation], None] = _nothing,
        *,
        writing: Callable[[], None] = _nothing,
        written: Callable[[], None] = _nothing,
    ) -> None:
        super().__init__()
        self._read, self._writing, self._written = read, writing, written

    def before_write(self, body: dict[str, str]) -> None:
        self._writing()

    def after_write(self) -> None:
        self._written()

    def after_read(self, shown: Conversation) -> None:
        self._read(shown)


class Sleeper:
    """A worker that falls asleep just before its write leaves, until it is woken."""

    def __init__(self, edit: AttributeEdit) -> None:
        self._client = Frozen()
        self._thread = threading.Thread(target=self._work, args=(edit.lane_id,))
        self._thread.start()
        assert self._client.reached.wait(5)

    def wake(self) -> None:
        self._client.thawed.set()
        self._thread.join()

    def _work(self, lane_id: int) -> None:
        try:
            step.work(lane_id, self._client)
        finally:
            connection.close()
