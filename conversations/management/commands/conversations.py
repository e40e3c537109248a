"""manage.py conversations: what is live, as far as we know."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from conversations.models import Conversation, Participant


class Command(BaseCommand):
    help = "List the live conversations as Midcall holds them (the listener keeps them fresh)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON list on standard output")

    def handle(self, *_: Any, **options: Any) -> None:
        rows = (
            Conversation.objects.live()
            .prefetch_related("participants")
            .order_by("started_at", "pk")
        )
        if options["json"]:
            self.stdout.write(json.dumps([_as_json(each) for each in rows], ensure_ascii=False))
            return
        for row in rows:
            self.stdout.write(_as_line(row))
        if not rows:
            self.stdout.write("Nothing is live, as far as we know. Is `manage.py listen` running?")


def _as_json(row: Conversation) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "media": row.media,
        "state": row.phase,
        "queue": row.queue_name or None,
        "agent": row.agent or None,
        "started_at": row.started_at.isoformat() if row.started_at else None,
        "participants": [_participant_as_json(each) for each in row.participants.all()],
    }


def _participant_as_json(row: Participant) -> dict[str, Any]:
    return {
        "id": str(row.participant_id),
        "purpose": row.purpose,
        "name": row.name,
        "user_id": str(row.user_id) if row.user_id else None,
        "attributes": row.attributes,
    }


def _as_line(row: Conversation) -> str:
    state = Conversation.Phase(row.phase).label
    return f"{row.pk}  {row.media:9} {state:9} {row.queue_name:20} {row.agent or '-':24} {row.customer}"
