"""Which conversations should be read, and in which order: it stands in their rows, so that no process takes it along.

A read costs a call of the budget, and after a gap of the feed ten thousand are wanted at once. So every wish says how
much it matters (`Conversation.Reading`), the most urgent goes first, and among equals the newest conversation.
"""

from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Greatest

from conversations.mirror.attributes import ECHO_SECONDS
from conversations.mirror.news import News
from conversations.models import Conversation, EditLane
from conversations.models.clock import now, sql_now

Reading = Conversation.Reading

#: A read under way that nobody has heard of for so long is made again by somebody else.
UNDER_WAY_SECONDS = 30.0
#: A worker that is going to look has done so by then.
OTHERS_SECONDS = 5.0
#: What Genesys refuses to show is asked for again this much later: a permission may have come.
REFUSED_SECONDS = 600.0
MAX_BACKOFF_SECONDS = 300.0
#: What is counted of reads that failed, and of that, what makes the next one wait longer.
MOST_FAILURES, DOUBLINGS = 1000, 10
#: So many wishes are written in one transaction.
WISHES = 500


def want(rows: QuerySet[Conversation], how: Reading) -> None:
    """Have these conversations read; a read that is under way does not answer a wish that came after it began."""
    ids = sorted(rows.values_list("pk", flat=True))
    for first in range(0, len(ids), WISHES):
        _want(ids[first : first + WISHES], how)


def _want(ids: list[UUID], how: Reading) -> None:
    wanted = Conversation.objects.filter(pk__in=ids)
    with transaction.atomic():
        # An UPDATE takes the rows in any order. Events are recorded meanwhile, and take them in this one.
        list(wanted.select_for_update().order_by("pk").values_list("pk"))
        wanted.filter(reading__lte=Reading.CHECK).update(read_after=0)
        wanted.update(reading=Greatest(F("reading"), int(how)), reading_since=now())


def want_missed() -> None:
    """Nobody listened for a while: whatever is live may have changed, and what has edits matters most."""
    live = Conversation.objects.live()
    want(live, Reading.FILL)
    want(live.filter(pk__in=EditLane.objects.values("conversation_id")), Reading.EDITED)


def any_to_read(least: Reading) -> bool:
    """Whether one is wanted at least that much, and may be read now."""
    return Conversation.objects.filter(reading__gte=least, read_after__lte=now()).exists()


def take_next(least: Reading) -> UUID | None:
    """The conversation to read next, if one is wanted at least that much; nobody else is given it for a while."""
    at = sql_now()
    skip = "FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE conversations_conversation SET read_after = {at} + %s
             WHERE id = (SELECT id FROM conversations_conversation
                          WHERE reading > 0 AND reading >= %s AND read_after <= {at}
                          ORDER BY reading DESC, started_at DESC LIMIT 1 {skip})
            RETURNING id
            """,
            [UNDER_WAY_SECONDS, int(least)],
        )
        rows = cursor.fetchall()
    return UUID(str(rows[0][0])) if rows else None


def leave_to_others(conversation_id: UUID) -> None:
    """A worker is about to look at it for the sake of an edit, which answers the wish as well."""
    Conversation.objects.filter(pk=conversation_id).update(read_after=now() + OTHERS_SECONDS)


def could_not_read(conversation_id: UUID, retry_after: float | None) -> None:
    """No answer: again later, the later the more often it failed; meanwhile others come before it."""
    row = Conversation.objects.filter(pk=conversation_id).first()
    if row is not None:
        _failed(row, now(), retry_after or 0.0)
        row.save(update_fields=["read_failures", "read_after"])


def is_refused(conversation_id: UUID, status: int) -> None:
    """Genesys does not let us see it: said on the status page, and tried again much later."""
    Conversation.objects.filter(pk=conversation_id).update(
        read_refused=status, read_after=now() + REFUSED_SECONDS
    )


def _failed(row: Conversation, at: float, at_least: float = 0.0) -> None:
    longer = min(MAX_BACKOFF_SECONDS, 2.0 ** min(row.read_failures, DOUBLINGS))
    row.read_failures = min(row.read_failures + 1, MOST_FAILURES)
    row.read_after = at + max(at_least, longer)


def nothing_shown(row: Conversation, at: float) -> None:
    """An answer told nothing of the participants we know: the wish stands. Changes the row, saves nothing."""
    _failed(row, at)


def check_later(row: Conversation, at: float) -> None:
    """What was recorded contradicts what was told before: once more, when nothing is late any more. Changes the row,
    saves nothing."""
    if row.reading <= Reading.CHECK:
        row.reading, row.reading_since, row.read_after = Reading.CHECK, at, at + ECHO_SECONDS


def check_now(row: Conversation, at: float) -> None:
    """It may be otherwise than we believe, but nothing says that anything changed. Changes the row, saves nothing."""
    _wish(row, Reading.CHECK, at)


def after_read(row: Conversation, asked_at: float) -> None:
    """What a read answers, and what it does not because it was wished for later. Changes the row, saves nothing."""
    row.read_failures, row.read_refused, row.read_after = 0, None, 0.0
    if row.reading_since <= asked_at:
        row.reading = Reading.NOT_WANTED


def after_event(row: Conversation, news: News, at: float, *, changed: bool) -> None:
    """What an event puts in doubt, and what it makes needless. Changes the row, saves nothing.

    Events may overtake each other: one that changed something may be older than the one before it, and only a read
    tells. So what was changed by events is read once they have been silent for as long as one may be late; when calls
    are short, whatever matters more comes first.
    """
    if news.doubtful or news.incomplete or news.contradicts:
        _wish(row, Reading.DOUBT, at)
    elif news.unnamed:
        _wish(row, Reading.FILL, at)
    elif row.reading > Reading.FILL:
        row.reading_since = (
            at if changed else row.reading_since
        )  # a read under way does not know of it
    elif changed or row.reading:
        row.reading, row.reading_since, row.read_after = Reading.CHECK, at, at + ECHO_SECONDS


def _wish(row: Conversation, how: Reading, at: float) -> None:
    if (
        row.reading <= Reading.CHECK
    ):  # which waits; a read that failed waits as well, but is never of that kind
        row.read_after = 0.0
    row.reading, row.reading_since = max(row.reading, how), at
