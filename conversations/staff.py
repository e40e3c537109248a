"""The staff as an admin sees it: who may sign in, who they are at Genesys, which queues are theirs."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from conversations.models import GenesysUser, Participant, Queue, Role, User

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

#: What an admin sets; the rest of a person's row (last sign-in, shortcuts) is not ours to overwrite.
_SET_HERE = (
    "username",
    "first_name",
    "last_name",
    "role",
    "may_edit",
    "is_active",
    "genesys_user_id",
    "all_queues",
)
#: Taken away with the role.
_REPAIRS = ("is_staff", "is_superuser")


class LastAdmin(Exception):
    """Nobody would be left to give rights to anybody."""


class NameTaken(Exception):
    """Somebody added the same name in this moment."""


class Stale(Exception):
    """Somebody else changed the account meanwhile; nothing was saved."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody of Genesys an account can be tied to, and the local accounts that are tied to them."""

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
    """The names of these Genesys users, of all if none are given: those kept for good, and those only seen so far."""
    kept = GenesysUser.objects.order_by()
    seen = Participant.objects.exclude(user_id=None).order_by()
    if ids is not None:
        wanted = list(ids)
        kept, seen = kept.filter(pk__in=wanted), seen.filter(user_id__in=wanted)
    fresh = seen.filter(~Exists(GenesysUser.objects.filter(pk=OuterRef("user_id"))))
    names = fresh.values("user_id").annotate(known_as=Max("name"))
    seen_only = {each["user_id"]: each["known_as"] for each in names if each["user_id"]}
    return {**dict(kept.values_list("pk", "name")), **seen_only}


def genesys_users(also: UUID | None) -> list[Candidate]:
    """Everybody an account can be tied to, by name: who was seen in a conversation, and `also`, whoever that is."""
    names = genesys_names()
    if also is not None:
        names.setdefault(also, "")
    tied = User.objects.exclude(genesys_user_id=None).values_list("genesys_user_id", "username")
    accounts: dict[UUID | None, list[str]] = {}
    for pk, username in tied.order_by("username"):
        accounts.setdefault(pk, []).append(username)
    users = [Candidate(pk, name, tuple(accounts.get(pk, ()))) for pk, name in names.items()]
    return sorted(users, key=lambda each: (not each.name, each.name.casefold(), str(each.id)))


def fingerprint(user: User) -> str:
    """What an account holds of what an admin sets, a word for each: a form brings it back to say what it has shown."""
    if user.pk is None:
        return ""
    held = {name: str(getattr(user, name)) for name in _SET_HERE}
    held["queues"] = str(sorted(str(each.pk) for each in user.queues.all()))
    return " ".join(f"{name}:{_digest(value)}" for name, value in held.items())


def changed(user: User, seen: str) -> list[str]:
    """The names of what an account holds otherwise than was seen."""
    words = set(seen.split())
    return [each.partition(":")[0] for each in fingerprint(user).split() if each not in words]


def save(user: User, queues: Iterable[Queue], *, password: str, by: User, seen: str = "") -> None:
    """Keep an account, as long as it is as it was `seen` (empty: however it is).

    Raises `Stale`, `NameTaken`, and `LastAdmin` if no admin who may sign in would be left.
    """
    with transaction.atomic():
        admins = _admins()
        if seen:
            _check(user, seen)
        _keep_an_admin(user, admins)
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


def _admins() -> set[int]:
    # All of them, in one order: two admins who remove each other at once must wait for one another.
    rows = User.objects.select_for_update().filter(role=Role.ADMIN, is_active=True).order_by("pk")
    return set(rows.values_list("pk", flat=True))


def _check(user: User, seen: str) -> None:
    # Locked, so that of two who save at once the second sees what the first has made of it.
    row = User.objects.select_for_update().get(pk=user.pk)
    if changed(row, seen):
        raise Stale


def _keep_an_admin(user: User, admins: set[int]) -> None:
    if user.pk not in admins or (user.role == Role.ADMIN and user.is_active):
        return
    if admins == {user.pk}:
        raise LastAdmin


def _write(user: User, with_password: bool) -> None:
    if user.pk is None:
        user.save()
    else:
        more = ("password", "demo") if with_password else ()
        user.save(update_fields=[*_SET_HERE, *_REPAIRS, *more])


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:12]
