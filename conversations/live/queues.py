"""Which queues are followed: all of the organisation, or those the settings name."""

from uuid import UUID

from django.conf import settings

from conversations import budget
from conversations.budget import Use
from conversations.genesys import Client
from conversations.genesys.shapes import Queue as Shown
from conversations.models import Queue


def chosen(genesys: Client) -> list[Shown]:
    """The queues to follow, by id. All there are is remembered by name. Costs one call for a hundred queues."""
    queues = _all(genesys)
    Queue.objects.bulk_create(
        [Queue(id=each.id, name=each.name) for each in queues],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["name"],
    )
    wanted = {each.casefold() for each in settings.LISTEN_QUEUES}
    return sorted(
        (each for each in queues if not wanted or {str(each.id), each.name.casefold()} & wanted),
        key=lambda each: each.id,
    )


def _all(genesys: Client) -> list[Shown]:
    queues: dict[UUID, Shown] = {}  # a queue may move to the next page while we read
    page, pages = 1, 1
    while page <= pages:
        budget.wait_for(Use.LOOK)
        answer = genesys.queues(page)
        budget.learn(answer.rates)
        queues |= {each.id: each for each in answer.value.queues}
        page, pages = page + 1, answer.value.page_count
    return list(queues.values())
