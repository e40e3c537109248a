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


class Mortal(Client):
    """The client of a worker that dies, or freezes, at one of its calls."""

    def __init__(self, dies_at: int, *, after: bool) -> None:
        super().__init__(settings.GENESYS)
        self._left, self._after = dies_at, after

    def set_attributes(
        self,
        conversation_id: UUID,
        participant_id: UUID,
        attributes: Mapping[str, str],
        *,
        timeout: float | None = None,
    ) -> Answer[None]:
        self._die(now_sent=False)
        answer = super().set_attributes(
            conversation_id, participant_id, attributes, timeout=timeout
        )
        self._die(now_sent=True)
        return answer

    def conversation(
        self, conversation_id: UUID, *, timeout: float | None = None
    ) -> Answer[Conversation]:
        self._die(now_sent=False)
        return super().conversation(conversation_id, timeout=timeout)

    def _die(self, *, now_sent: bool) -> None:
        if now_sent == self._after:
            self._left -= 1
            if self._left < 0:
                raise Died


class Frozen(Client):
    """The client of a worker that freezes just before its write leaves, and goes on when it is thawed."""

    def __init__(self) -> None:
        super().__init__(settings.GENESYS)
        self.reached, self.thawed = threading.Event(), threading.Event()
        self.body: dict[str, str] = {}

    def set_attributes(
        self,
        conversation_id: UUID,
        participant_id: UUID,
        attributes: Mapping[str, str],
        *,
        timeout: float | None = None,
    ) -> Answer[None]:
        self.body = dict(attributes)
        self.reached.set()
        assert self.thawed.wait(60)
        return super().set_attributes(conversation_id, participant_id, attributes, timeout=timeout)


def _nothing(*_: object) -> None:
    pass


class Overtaken(Client):
    """The client of a worker: things happen between its read and the end of it, which are told what was read, just
    before its write leaves, and between its write and the answer of it."""

    def __init__(
        self,
        read: Callable[[Conversation], None] = _nothing,
        *,
        writing: Callable[[], None] = _nothing,
        written: Callable[[], None] = _nothing,
    ) -> None:
        super().__init__(settings.GENESYS)
        self._read, self._writing, self._written = read, writing, written

    def conversation(
        self, conversation_id: UUID, *, timeout: float | None = None
    ) -> Answer[Conversation]:
        answer = super().conversation(conversation_id, timeout=timeout)
        self._read(answer.value)
        return answer

    def set_attributes(
        self,
        conversation_id: UUID,
        participant_id: UUID,
        attributes: Mapping[str, str],
        *,
        timeout: float | None = None,
    ) -> Answer[None]:
        self._writing()
        try:
            return super().set_attributes(
                conversation_id, participant_id, attributes, timeout=timeout
            )
        finally:
            self._written()


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
