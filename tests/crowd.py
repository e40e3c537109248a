"""Ten thousand live conversations at once, written straight into the database: for plans and measurements.

They look as the mirror would have left them; `clear` takes them away again.
"""

import itertools
import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from django.db import connection

from conversations import indexing
from conversations.models import (
    AttributeChange,
    AttributeEdit,
    AttributeSighting,
    Conversation,
    Diagnosis,
    EditLane,
    EditMove,
    GenesysUser,
    LiveAttribute,
    LiveDivision,
    Participant,
    Queue,
    State,
)
from conversations.models.clock import moment, now
from conversations.models.edit import NEEDS_ATTENTION, OPEN

QUEUES, AGENTS = 40, 600
MEDIA = ("voice", "voice", "callback", "email", "chat", "message")
PHASES = ("talking", "talking", "talking", "held", "queued", "wrapup", "alerting", "flow")
PRIORITIES = ("Bronze", "Silver", "Gold", "Platinum")


class Crowd:
    """Conversations that nobody tells of: no sandbox, no listener."""

    def __init__(self) -> None:
        self._random = random.Random(4)
        self._numbers, self._customers = itertools.count(1), itertools.count(1)
        self.queues = [Queue(id=uuid.uuid4(), name=f"Crowd {n}") for n in range(QUEUES)]
        self.agents = [GenesysUser(id=uuid.uuid4(), name=f"Agent {n}") for n in range(AGENTS)]
        Queue.objects.bulk_create(self.queues)
        GenesysUser.objects.bulk_create(self.agents)
        self.ids: list[UUID] = []

    def come(self, count: int, **facts: object) -> list[UUID]:
        """So many more. Half of them have a case number of their own, all but a tenth a priority."""
        at = now()
        rows, parties, found = [], [], []
        for _ in range(count):
            row = self._conversation(at, facts)
            customer = self._customer(row)
            staff = self._agent(row)
            rows.append(row)
            parties += [customer, staff]
            found += [
                LiveAttribute(
                    conversation=row,
                    key=key,
                    digest=indexing.digest(value),
                    start=indexing.start(value),
                )
                for key, value in customer.attributes.items()
            ]
        Conversation.objects.bulk_create(rows, batch_size=500)
        Participant.objects.bulk_create(parties, batch_size=500)
        LiveAttribute.objects.bulk_create(found, batch_size=500)
        _analyse()
        made = [each.pk for each in rows]
        self.ids += made
        return made

    def edited(self, count: int, state: State) -> None:
        """So many of them have an edit in this state, which no worker touches."""
        at = moment(now() - 60)
        chosen = self._random.sample(self.ids, count)
        lanes = EditLane.objects.bulk_create(
            EditLane(conversation_id=pk, participant_id=uuid.uuid4(), next_seq=2) for pk in chosen
        )
        settled = None if state in OPEN else at
        AttributeEdit.objects.bulk_create(
            AttributeEdit(
                lane=each,
                seq=1,
                state=state,
                created_at=at,
                deadline_at=at + timedelta(days=1),
                settled_at=settled,
                sends=1,
                unresolved=state in NEEDS_ATTENTION,
            )
            for each in lanes
        )
        _analyse()

    def clear(self) -> None:
        for start in range(0, len(self.ids), 500):
            _forget(self.ids[start : start + 500])
        Queue.objects.filter(pk__in=[each.pk for each in self.queues]).delete()
        GenesysUser.objects.filter(pk__in=[each.pk for each in self.agents]).delete()

    def _conversation(self, at: float, facts: dict[str, object]) -> Conversation:
        number, queue = next(self._numbers), self._random.choice(self.queues)
        started = moment(at) - timedelta(seconds=self._random.randrange(3000))
        columns: dict[str, object] = {
            "media": self._random.choice(MEDIA),
            "direction": "inbound",
            "phase": self._random.choice(PHASES),
            "phase_since": started,
            "started_at": started,
            "queue_id": queue.pk,
            "queue_name": queue.name,
            "customer": f"+44 20 7946 {number:05}",
            "agent": "",
            "known_since": at - 60,
            "asked_at": at,
            "appeared_at": at - 60,
            "indexed": "crowd",
        }
        return Conversation(id=uuid.uuid4(), **{**columns, **facts})

    def _customer(self, row: Conversation) -> Participant:
        number = next(self._customers)
        attributes = {
            "language": self._random.choice(("en-GB", "de-DE", "fr-FR", "es-ES")),
            "ivr.path": f"{number % 9}-{number % 7}",
            **({"priority": self._random.choice(PRIORITIES)} if number % 10 else {}),
            **({"case_id": f"C-{number}"} if number % 2 else {}),
        }
        return Participant(
            conversation=row,
            participant_id=uuid.uuid4(),
            purpose="customer",
            address=row.customer,
            started_at=row.started_at,
            attributes=attributes,
            attributes_known=True,
        )

    def _agent(self, row: Conversation) -> Participant:
        agent = self._random.choice(self.agents)
        row.agent = agent.name
        return Participant(
            conversation=row,
            participant_id=uuid.uuid4(),
            position=1,
            purpose="agent",
            state="connected",
            name=agent.name,
            user_id=agent.pk,
            queue_id=row.queue_id,
            started_at=row.started_at,
            connected_at=row.started_at,
            attributes_known=True,
        )


def _forget(ids: list[UUID]) -> None:
    """Table by table, each before what it refers to; Django would look up every row first, which takes minutes."""
    edits = AttributeEdit.objects.filter(lane__conversation_id__in=ids)
    for rows in (
        *(
            model._base_manager.filter(edit__in=edits)
            for model in (AttributeChange, EditMove, Diagnosis)
        ),
        edits,
        EditLane.objects.filter(conversation_id__in=ids),
        LiveAttribute.objects.filter(conversation__in=ids),
        LiveDivision.objects.filter(conversation__in=ids),
        AttributeSighting.objects.filter(participant__conversation__in=ids),
        Participant.objects.filter(conversation__in=ids),
        Conversation.objects.filter(pk__in=ids),
    ):
        rows._raw_delete(rows.db)


def _analyse() -> None:
    """As autovacuum, or an operator, would."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


@contextmanager
def a_crowd(count: int) -> Iterator[Crowd]:
    crowd = Crowd()
    try:
        crowd.come(count)
        yield crowd
    finally:
        crowd.clear()
