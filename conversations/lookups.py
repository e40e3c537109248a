"""Look for a conversation we do not hold, because somebody asked for it by its id: a link, a direct call.

The page asks, a worker reads once, the page sees the answer at its next poll. What may be seen of it is decided as for
any other conversation, after it was read.
"""

import time
from collections.abc import Iterable
from http import HTTPStatus
from uuid import UUID

import structlog
from django.db import transaction

from conversations import budget, mirror
from conversations.budget import HeldBack, Use
from conversations.edits import reasons, watch
from conversations.genesys import Client, GenesysError, NotSent, OutcomeUnknown
from conversations.models import Conversation, Lookup, Reason, User
from conversations.models.clock import now

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

#: An answer holds this long; then the same question is asked anew.
FRESH_SECONDS = 60.0
#: A worker that has not answered by then is nudged again.
NUDGE_SECONDS = 2.0
#: A conversation no event tells of is read so often while a page shows it.
REFRESH_SECONDS = 15.0
#: With patience, an id Genesys does not know, or this person does not see, is asked for again so long (seconds) after
#: the first time: news of a conversation that begins may lag behind the desktop that shows it.
AGAIN_AFTER = (1.0, 3.0, 7.0)
#: A person may have so many different ids looked up within `FRESH_SECONDS`: guessing must not use up the calls.
PER_PERSON = 10

Answer = Lookup.Answer
CHECK, LOOKED_AT = Conversation.Reading.CHECK, Conversation.Reading.LOOKED_AT


class TooMany(Exception):
    """This person has asked for too many ids lately."""


def ask(conversation_id: UUID, user: User, *, patient: bool = False) -> tuple[Lookup, bool]:
    """The question and its answer as far as there is one, and whether a worker should be nudged. Raises `TooMany`.

    `patient`: an answer that does not help is not taken for the last word before `AGAIN_AFTER` has passed.
    """
    at = now()
    row = Lookup.objects.filter(pk=conversation_id).first()
    if row is None or at - row.asked_at > FRESH_SECONDS:
        return _ask_anew(conversation_id, user, at), True
    if patient and row.answer in (Answer.UNKNOWN, Answer.FOUND):
        return _ask_again(row, at)
    due = row.answer == Answer.PENDING and at - row.nudged_at > NUDGE_SECONDS
    if due:
        Lookup.objects.filter(pk=conversation_id).update(nudged_at=at)
    return row, due


def refresh(conversation: Conversation) -> bool:
    """Whether to read an open page's conversation again now: no event tells of it, and the last read is old.

    Says so once in `REFRESH_SECONDS`, however many pages are open.
    """
    at = now()
    age = at - max(conversation.asked_at, conversation.heard_at)
    if not conversation.live or age < REFRESH_SECONDS or mirror.followed_for(conversation, at) > 0:
        return False
    row, made = Lookup.objects.get_or_create(
        pk=conversation.pk, defaults={"asked_at": at, "nudged_at": at}
    )
    due = Lookup.objects.filter(pk=row.pk, nudged_at__lt=at - REFRESH_SECONDS)
    return made or bool(due.update(nudged_at=at, asked_at=at, answer=Answer.PENDING))


def before_eyes(conversations: Iterable[Conversation]) -> None:
    """Somebody looks at these: what is not known for certain of them is read before everything else."""
    doubtful = [each.pk for each in conversations if CHECK < each.reading < LOOKED_AT]
    if doubtful:
        mirror.want(Conversation.objects.filter(pk__in=doubtful), LOOKED_AT)


def carry_out(conversation_id: UUID, genesys: Client) -> list[int]:
    """Read the conversation and write the answer down; whatever was surely not answered stays asked.

    Returns the lanes for which the news makes a look due.
    """
    row = Lookup.objects.filter(pk=conversation_id, answer=Answer.PENDING)
    if not row.exists():
        return []
    try:
        time.sleep(budget.take(Use.LOOK))
        asked_at = now()
        reply = genesys.conversation(conversation_id)
    except HeldBack:
        return []  # the page asks again
    except (NotSent, OutcomeUnknown) as error:
        budget.heed(error)
        log.warning("lookup not answered", conversation=str(conversation_id), status=error.status)
        row.update(reason=reasons.because(error))
        return []
    except GenesysError as error:
        unknown = error.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND)
        answer = Answer.UNKNOWN if unknown else Answer.REFUSED
        row.update(answer=answer, reason=Reason() if unknown else reasons.because(error))
        return []
    budget.learn(reply.rates)
    with transaction.atomic():  # news that was taken in is considered, whatever dies in between
        due = watch.consider(mirror.record_read(reply.value, asked_at))
        row.update(answer=Answer.FOUND)
    return due


def _ask_again(row: Lookup, at: float) -> tuple[Lookup, bool]:
    """While there is another time to ask, the answer is pending; whether that time has come."""
    last = row.nudged_at - row.asked_at
    times = [each for each in AGAIN_AFTER if each > last]
    if not times:
        return row, False
    due = row.asked_at + times[0] <= at
    if due:
        again = Lookup.objects.filter(pk=row.pk, nudged_at=row.nudged_at)
        due = bool(again.update(nudged_at=at, answer=Answer.PENDING))
    row.answer = Answer.PENDING
    return row, due


def _ask_anew(conversation_id: UUID, user: User, at: float) -> Lookup:
    asked = Lookup.objects.filter(by=user, asked_at__gt=at - FRESH_SECONDS)
    if asked.exclude(pk=conversation_id).count() >= PER_PERSON:
        raise TooMany
    row, _ = Lookup.objects.update_or_create(
        pk=conversation_id,
        defaults={
            "by": user,
            "asked_at": at,
            "nudged_at": at,
            "answer": Answer.PENDING,
            "reason": Reason(),
        },
    )
    return row
