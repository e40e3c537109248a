"""The staff as an admin sees it: who may sign in, who they are at Genesys, which queues are theirs."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Max, Q, QuerySet

from conversations.models import Participant, Queue, Role, User

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

#: What an admin sets; the rest of a person's row (last sign-in, shortcuts) is not ours to overwrite.
_SET_HERE = (
    "username",
    "first_name",
    "last_name",
    "role",
    "genesys_user_id",
    "all_queues",
    "may_edit",
    "is_active",
    "is_staff",
    "is_superuser",
)


class LastAdmin(Exception):
    """Nobody would be left to give rights to anybody."""


class NameTaken(Exception):
    """Somebody added the same name in this moment."""


@dataclass(frozen=True, slots=True)
class GenesysUser:
    """Somebody seen in conversations, and the local accounts that are tied to them."""

    id: UUID
    name: str
    accounts: tuple[str, ...]


def everyone(words: str = "") -> QuerySet[User]:
    """All accounts whose name has these words; those that may sign in come first."""
    rows = User.objects.prefetch_related("queues").order_by("-is_active", "username")
    for word in words.split():
        rows = rows.filter(
            Q(username__icontains=word)
            | Q(first_name__icontains=word)
            | Q(last_name__icontains=word)
        )
    return rows


def queues() -> QuerySet[Queue]:
    return Queue.objects.order_by("name", "pk")


def is_taken(username: str, but: int | None) -> bool:
    """Names that differ only by case are one name to people."""
    rows = User.objects.filter(username__iexact=username)
    return (rows if but is None else rows.exclude(pk=but)).exists()


def genesys_names(ids: Iterable[UUID] | None = None) -> dict[UUID, str]:
    """The names of these Genesys users, of all if none are given; only conversations tell us."""
    seen = Participant.objects.exclude(user_id=None)
    if ids is not None:
        seen = seen.filter(user_id__in=list(ids))
    names = seen.order_by().values("user_id").annotate(known_as=Max("name"))
    return {each["user_id"]: each["known_as"] for each in names if each["user_id"]}


def genesys_users(also: UUID | None) -> list[GenesysUser]:
    """Everybody an account can be tied to, by name: who was seen in a conversation, and `also`, whoever that is."""
    names = genesys_names()
    if also is not None:
        names.setdefault(also, "")
    tied = User.objects.exclude(genesys_user_id=None).values_list("genesys_user_id", "username")
    accounts: dict[UUID | None, list[str]] = {}
    for pk, username in tied.order_by("username"):
        accounts.setdefault(pk, []).append(username)
    users = [GenesysUser(pk, name, tuple(accounts.get(pk, ()))) for pk, name in names.items()]
    return sorted(users, key=lambda each: (not each.name, each.name.casefold(), str(each.id)))


def save(user: User, queues: Iterable[Queue], *, password: str, by: User) -> None:
    """Keep an account. Raises `LastAdmin` if no admin who may sign in would be left, and `NameTaken`."""
    with transaction.atomic():
        _keep_an_admin(user)
        if user.role != Role.ADMIN:  # or the repair pages would stay open to them
            user.is_staff = user.is_superuser = False
        if password:
            user.set_password(password)
        try:
            with transaction.atomic():
                _write(user, bool(password))
        except IntegrityError as error:
            raise NameTaken from error
        user.queues.set(queues)
    log.info("account saved", user=user.pk, role=user.role, active=user.is_active, by=by.pk)


def _keep_an_admin(user: User) -> None:
    # All of them, in one order: two admins who remove each other at once must wait for one another.
    rows = User.objects.select_for_update().filter(role=Role.ADMIN, is_active=True).order_by("pk")
    admins = set(rows.values_list("pk", flat=True))
    if user.pk not in admins or (user.role == Role.ADMIN and user.is_active):
        return
    if admins == {user.pk}:
        raise LastAdmin


def _write(user: User, with_password: bool) -> None:
    if user.pk is None:
        user.save()
    else:
        user.save(update_fields=[*_SET_HERE, *(("password", "demo") if with_password else ())])
