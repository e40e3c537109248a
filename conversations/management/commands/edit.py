"""manage.py edit: set attributes of a conversation from the command line, and wait until they are proven."""

import argparse
import json
import sys
import time
from typing import Any, NoReturn
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from conversations import budget, mirror
from conversations.access import default_participant
from conversations.budget import HeldBack, Use
from conversations.catalogue import twin
from conversations.connection import genesys
from conversations.edits import accept, reasons
from conversations.edits.accept import ChangedMeanwhile, Unacceptable, Wish
from conversations.genesys import GenesysError
from conversations.models import AttributeEdit, Conversation, Heartbeat, Participant, State, Verdict
from conversations.models.clock import now
from conversations.tasks import nudge

CONFIRMED, OTHERWISE, WRONG_USAGE = 0, 1, 2
#: After the deadline of an edit nobody settles it any more but a worker that is not there.
GRACE_SECONDS = 5.0
WORKER_SILENT_SECONDS = 15.0


class Command(BaseCommand):
    help = (
        "Set participant attributes on a conversation. Acts as the system: any key, any text; KEY= sets the empty "
        "string. Exit 0 confirmed (or queued, without --wait), 1 settled otherwise, 2 wrong usage."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("conversation", type=_uuid)
        parser.add_argument("changes", nargs="+", metavar="KEY=VALUE", type=_change)
        parser.add_argument("--participant", type=_uuid, help="whom; by default the customer")
        parser.add_argument("--wait", action="store_true", help="until it is settled")
        parser.add_argument(
            "--json", action="store_true", help="one JSON object on standard output"
        )
        parser.add_argument(
            "--new-key", action="store_true", help="I know that a key of almost this name exists"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        conversation = _known_conversation(options["conversation"])
        participant = _participant(conversation, options["participant"])
        changes = _distinct(options["changes"])
        if not options["new_key"]:
            _question_keys(participant, changes)
        edit = _save(participant, changes)
        if options["wait"]:
            edit = _wait(edit)
        self._tell(edit, options["json"])
        settled_well = edit.state == State.CONFIRMED if options["wait"] else True
        sys.exit(CONFIRMED if settled_well else OTHERWISE)

    def _tell(self, edit: AttributeEdit, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(_as_json(edit), ensure_ascii=False))
            return
        self.stdout.write(f"{State(edit.state).label}: edit {edit.pk}")
        for change in edit.changes.order_by("key"):
            seen = (
                ""
                if change.observed is None or change.observed == change.value
                else (f", Genesys shows {change.observed!r}")
            )
            self.stdout.write(
                f"  {change.key} = {change.value!r}: {Verdict(change.verdict).value}{seen}"
            )
        reason = _reason(edit)
        if reason:
            self.stdout.write(f"  {reason}")


def _save(participant: Participant, changes: dict[str, str]) -> AttributeEdit:
    known = participant.attributes if participant.attributes_known else None
    wishes = {key: Wish(value, _baseline(known, key, value)) for key, value in changes.items()}
    try:
        saved = accept.save(participant.conversation_id, participant.participant_id, wishes)
    except Unacceptable as error:
        _stop(str(error))
    except ChangedMeanwhile as error:
        _stop(
            f"Somebody has just changed {', '.join(sorted(error.held))}. Look at it, then run this again."
        )
    if saved.due:
        nudge(saved.edit.lane_id)
    return saved.edit


def _baseline(known: dict[str, str] | None, key: str, value: str) -> str | None:
    """What we know the key to hold; nothing to compare with where that is what is wanted."""
    if known is None or known.get(key) == value:
        return None
    return known.get(key, "")


def _wait(edit: AttributeEdit) -> AttributeEdit:
    give_up = time.monotonic() + settings.EDIT_DEADLINE_SECONDS + GRACE_SECONDS
    while edit.is_open and time.monotonic() < give_up:
        time.sleep(0.05)
        edit.refresh_from_db()
    return edit


def _reason(edit: AttributeEdit) -> str:
    if (
        edit.is_open
        and not Heartbeat.objects.filter(
            kind="worker", at__gt=now() - WORKER_SILENT_SECONDS
        ).exists()
    ):
        return "No worker is running: start one (make run, or celery -A dashboard worker)."
    return str(edit.reason)


def _as_json(edit: AttributeEdit) -> dict[str, Any]:
    return {
        "id": str(edit.pk),
        "state": edit.state,
        "reason": _reason(edit),
        "changes": [
            {
                "key": each.key,
                "value": each.value,
                "verdict": each.verdict,
                "observed": each.observed,
            }
            for each in edit.changes.order_by("key")
        ],
        "attempts": edit.attempts,
        "correlation_id": edit.correlation_id,
    }


# --- Whom and what ---


def _known_conversation(conversation_id: UUID) -> Conversation:
    """The conversation as we hold it; one we do not hold is read once."""
    row = Conversation.objects.filter(pk=conversation_id, known_since__gt=0).first()
    if row is not None:
        return row
    try:
        time.sleep(budget.take(Use.LOOK))
        asked_at = now()
        answer = genesys().conversation(conversation_id)
        budget.learn(answer.rates)
        mirror.record_read(answer.value, asked_at)
    except GenesysError as error:
        budget.heed(error)
        _stop(f"Conversation {conversation_id} cannot be read. {reasons.because(error)}")
    except HeldBack as held:
        _stop(f"The request limit of Genesys is used up. Try again in {held.seconds:.0f} s.")
    return Conversation.objects.get(pk=conversation_id)


def _participant(conversation: Conversation, wanted: UUID | None) -> Participant:
    participants = list(conversation.participants.all())
    if wanted is None:
        chosen = default_participant(participants)
        if chosen is None:
            _stop("This conversation has no customer; name a participant with --participant.")
        return chosen
    named = next((each for each in participants if each.participant_id == wanted), None)
    if named is None:
        names = "\n".join(
            f"  {each.participant_id}  {each.purpose:9} {each.name}" for each in participants
        )
        _stop(f"Participant {wanted} is not in this conversation. It has:\n{names}")
    return named


def _distinct(changes: list[tuple[str, str]]) -> dict[str, str]:
    distinct = dict(changes)
    if len(distinct) < len(changes):
        _stop("A key is given twice.")
    return distinct


def _question_keys(participant: Participant, changes: dict[str, str]) -> None:
    """Keys are case-sensitive (API.md 4.3): `Tier` beside `tier` is nearly always a slip."""
    for key in changes:
        known = twin(key, participant.attributes)
        if known is not None:
            _stop(
                f"This participant has {known!r}, which differs from {key!r} only by case or blanks. "
                f"Use that name, or add --new-key if you mean another attribute. Nothing was sent."
            )


# --- Arguments ---


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not an id") from None


def _change(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value


def _stop(message: str) -> NoReturn:
    sys.stderr.write(f"{message}\n")
    sys.exit(WRONG_USAGE)
