"""Delete what nobody needs any more, a little at a time, so that no edit ever waits for it.

An ended conversation stays findable for `KEEP_CONVERSATIONS_DAYS`, and as long as one of its edits is open or waits for
a person's decision. Edits with all that was seen of them are the audit, and stay for `KEEP_EDITS_DAYS`.
"""

from datetime import datetime, timedelta
from importlib import import_module

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from conversations.models import AttributeEdit, Conversation, EditLane, Lookup
from conversations.models.clock import moment, now
from conversations.models.edit import OPEN

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

#: Rows deleted in one transaction: some milliseconds.
BATCH = 100
LOOKUPS_KEPT = timedelta(days=1)


def tidy() -> bool:
    """Delete one batch of each kind; says whether there may be more."""
    at = moment(now())
    deleted = {
        "conversations": _conversations(at - timedelta(days=settings.KEEP_CONVERSATIONS_DAYS)),
        "edits": _edits(at - timedelta(days=settings.KEEP_EDITS_DAYS)),
        "lanes": _lanes(),
        "lookups": _lookups(at - LOOKUPS_KEPT),
    }
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    if any(deleted.values()):
        log.info("old rows deleted", **deleted)
    return max(deleted.values()) >= BATCH


def _conversations(before: datetime) -> int:
    matters = AttributeEdit.objects.filter(
        Q(state__in=OPEN) | Q(unresolved=True), lane__conversation_id=OuterRef("pk")
    )
    over = Conversation.objects.filter(~Exists(matters), phase=Conversation.Phase.ENDED)
    ids = list(
        over.filter(ended_at__lt=before).order_by("ended_at").values_list("pk", flat=True)[:BATCH]
    )
    if len(ids) < BATCH:  # Genesys never said when these ended
        guessed = over.filter(ended_at=None, phase_since__lt=before)
        ids += guessed.values_list("pk", flat=True)[: BATCH - len(ids)]
    with transaction.atomic():
        Conversation.objects.filter(pk__in=ids).delete()
    return len(ids)


def _edits(before: datetime) -> int:
    """Only edits of conversations that are gone: a conversation is never shown without its story."""
    held = Conversation.objects.filter(pk=OuterRef("lane__conversation_id"))
    old = AttributeEdit.objects.filter(~Exists(held), settled_at__lt=before)
    ids = list(old.order_by("settled_at").values_list("pk", flat=True)[:BATCH])
    with transaction.atomic():
        AttributeEdit.objects.filter(pk__in=ids).delete()
    return len(ids)


def _lanes() -> int:
    held = Conversation.objects.filter(pk=OuterRef("conversation_id"))
    edited = AttributeEdit.objects.filter(lane=OuterRef("pk"))
    empty = EditLane.objects.filter(~Exists(held), ~Exists(edited), due_at=None)
    ids = list(empty.values_list("pk", flat=True)[:BATCH])
    # Once more where it is deleted: somebody may just have been given a place in it.
    return EditLane.objects.filter(~Exists(edited), pk__in=ids, due_at=None).delete()[0]


def _lookups(before: datetime) -> int:
    ids = Lookup.objects.filter(asked_at__lt=before.timestamp()).values_list("pk", flat=True)[
        :BATCH
    ]
    return Lookup.objects.filter(pk__in=list(ids)).delete()[0]
