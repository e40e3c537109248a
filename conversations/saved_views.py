"""A person's saved views of the board: nobody else sees them, changes them or counts them."""

import structlog
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from conversations.models import SavedView, User

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

#: More are no longer found at a glance, and each is counted.
MOST = 20


class NameTaken(Exception):
    """This person has a view of this name already."""


class TooMany(Exception):
    """This person has as many as there may be."""


def of(user: User) -> QuerySet[SavedView]:
    """All of a person's views, by name."""
    return SavedView.objects.filter(user=user)


def save(user: User, name: str, query: str) -> SavedView:
    """Keep filters under a name. Raises `NameTaken` and `TooMany`."""
    if of(user).count() >= MOST:
        raise TooMany
    view = SavedView(user=user, name=name, query=query)
    _write(view)
    log.info("view saved", view=view.pk, by=user.pk)
    return view


def rename(view: SavedView, name: str) -> None:
    """Raises `NameTaken`."""
    view.name = name
    _write(view)
    log.info("view renamed", view=view.pk, by=view.user_id)


def delete(view: SavedView) -> None:
    log.info("view deleted", view=view.pk, by=view.user_id)
    view.delete()


def _write(view: SavedView) -> None:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        raise NameTaken from error
