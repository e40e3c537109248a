"""Who may see and change what. Every such question is answered here, and every query of a page starts here."""

from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from conversations.models import (
    AttributeEdit,
    Conversation,
    Diagnosis,
    Participant,
    Queue,
    Role,
    User,
)
from conversations.models.conversation import ConversationQuerySet


def conversations(user: User) -> ConversationQuerySet:
    """The conversations a person may see: an agent their own (on, or in after-call work), a supervisor those in the
    queues given to them, an admin all."""
    rows: ConversationQuerySet = Conversation.objects.all()
    if not user.is_active:
        return rows.none()
    if sees_all(user):
        return rows
    if user.role == Role.SUPERVISOR:
        return rows.filter(Q(queue_id__in=user.queues.values("pk")) | _own(user))
    return rows.filter(_own(user))


def sees_all(user: User) -> bool:
    """Whether every conversation is theirs to see."""
    return user.role == Role.ADMIN or (user.role == Role.SUPERVISOR and user.all_queues)


def may_know_queue(user: User, queue_id: UUID) -> bool:
    """Whether a queue is one this person may ask for: it is theirs, or something of theirs is in it."""
    theirs = Queue.objects.filter(pk=queue_id)
    if not sees_all(user):
        theirs = theirs.filter(supervisors=user)
    return theirs.exists() or conversations(user).live().filter(queue_id=queue_id).exists()


def queues(user: User) -> set[UUID]:
    """The queues this person's board is about: those given to them, and those of what is live before them."""
    given = (
        Queue.objects.filter(supervisors=user)
        if user.role == Role.SUPERVISOR
        else Queue.objects.none()
    )
    live = conversations(user).live().exclude(queue_id=None).order_by()
    found = live.values_list("queue_id", flat=True).distinct()
    return {*given.values_list("pk", flat=True), *(pk for pk in found if pk)}


def sees_everything(user: User) -> bool:
    """Whether a person's board is about all that is live."""
    supervises = user.role == Role.SUPERVISOR and user.all_queues
    return user.is_active and (user.role == Role.ADMIN or supervises)


def participants(user: User, conversation_id: UUID) -> QuerySet[Participant]:
    """The participants of a conversation a person may see."""
    return Participant.objects.filter(
        conversation__in=conversations(user).filter(pk=conversation_id)
    )


def edits(user: User) -> QuerySet[AttributeEdit]:
    """The edits a person may see: their own, and those of conversations they may see."""
    rows = AttributeEdit.objects.all()
    if user.role == Role.ADMIN:
        return rows
    visible = conversations(user).values("pk")
    return rows.filter(Q(by=user) | Q(lane__conversation_id__in=visible))


def in_full(edits: QuerySet[AttributeEdit]) -> QuerySet[AttributeEdit]:
    """Edits with everything that is told of them, the oldest first."""
    rows = edits.select_related("lane", "by").prefetch_related("changes", "moves")
    return rows.distinct().order_by("created_at", "seq")


def attributes_of(edit: AttributeEdit) -> dict[str, str] | None:
    """What the participant of an edit holds now, as far as we know; whoever may see the edit may ask."""
    row = Participant.objects.filter(
        conversation_id=edit.lane.conversation_id, participant_id=edit.lane.participant_id
    ).first()
    if row is None or not row.attributes_known:
        return None
    attributes: dict[str, str] = row.attributes
    return attributes


def diagnosis_of(edit: AttributeEdit) -> Diagnosis | None:
    """Why an edit did not stick, if that was asked; whoever may see the edit may ask, as far as they may read it."""
    return Diagnosis.objects.filter(pk=edit.pk).first()


def _own(user: User) -> Q:
    """From the few participants this person is, not from ten thousand conversations asked one by one."""
    me = Participant.objects.filter(
        Q(ended_at=None) | Q(wrapping_up=True),
        user_id=user.genesys_user_id,
        user_id__isnull=False,
    )
    return Q(pk__in=me.values("conversation_id"))


def default_participant(participants: list[Participant]) -> Participant | None:
    """Whom an edit is for unless somebody chooses: the first customer, preferring one that is still on.

    Flows, scripts and reports read the customer's attributes, and where there are several customers the first holds the
    data (API.md 4.4). An external party becomes a customer once a queue is involved.
    """
    for purpose in ("customer", "external"):
        of_purpose = [each for each in participants if each.purpose == purpose]
        still_on = [each for each in of_purpose if each.on]
        if of_purpose:
            return (still_on or of_purpose)[0]
    return None


def may_change(user: User, conversation: Conversation) -> str:
    """Empty if this person may change attributes of a conversation they may see; else why not, and what to do."""
    if not user.may_edit:
        return _(
            "You can see this interaction but not change it. "
            "Ask an administrator for the right to edit attributes."
        )
    if not conversation.live and user.role == Role.AGENT:
        return _(
            "This interaction has ended. Ask a supervisor if something still has to be changed."
        )
    return ""


def may_administer(user: User) -> bool:
    """Whether the catalogue and the staff are theirs to change."""
    return user.is_active and user.role == Role.ADMIN


def holds(conversation_id: UUID) -> bool:
    """Whether we know a conversation at all, whoever may see it."""
    return Conversation.objects.filter(pk=conversation_id, known_since__gt=0).exists()
