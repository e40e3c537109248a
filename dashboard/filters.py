"""The filters of the lists."""

from functools import cached_property
from typing import Any, cast
from uuid import UUID

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conversations import access, finding
from conversations.catalogue import Sight
from conversations.models import AttributeEdit, Conversation, State
from conversations.models.conversation import ConversationQuerySet
from dashboard.attribute_filters import AttributeFilters
from dashboard.people import StaffRequest
from dashboard.templatetags.midcall import MEDIA

#: Of an edit, in the words of its badge.
EDITS = (
    ("attention", _("Needs attention")),
    ("open", _("On its way")),
    ("not_persisted", _("Not saved")),
    ("unverifiable", _("Unproven")),
    ("reverted", _("Changed back")),
    ("conflict", _("Conflict")),
    ("rejected", _("Refused")),
    ("failed", _("Not sent")),
    ("confirmed", _("Confirmed")),
)

#: Of words to find something by.
WORDS: dict[str, Any] = {
    "max_length": finding.MOST_CHARACTERS,
    "error_messages": {
        "max_length": _("%(show_value)d characters; at most %(limit_value)d fit here.")
    },
}


class BoardFilter(django_filters.FilterSet):
    """Which live conversations, in which order. Not valid where it asks for what may not be asked."""

    queue = django_filters.UUIDFilter(label=_("Queue"), field_name="queue_id", widget=forms.Select)
    media = django_filters.ChoiceFilter(
        label=_("Channel"),
        choices=[(key, name) for key, (_icon, name) in MEDIA.items()],
        empty_label=_("All"),
    )
    state = django_filters.ChoiceFilter(
        label=_("State"),
        field_name="phase",
        choices=[each for each in Conversation.Phase.choices if each[0] != "ended"],
        empty_label=_("All"),
    )
    edits = django_filters.ChoiceFilter(
        label=_("Edits"), choices=EDITS, method="of_edits", empty_label=_("All")
    )
    agent = django_filters.CharFilter(label=_("Agent"), method="of_agent", **WORDS)
    division = django_filters.UUIDFilter(
        label=_("Division"), method="of_division", widget=forms.Select
    )
    q = django_filters.CharFilter(label=_("Search"), method="search", **WORDS)
    only = django_filters.CharFilter(method="only_these", widget=forms.HiddenInput)
    sort = django_filters.OrderingFilter(
        fields=(
            ("started_at", "started"),
            ("media", "media"),
            ("customer", "customer"),
            ("queue_name", "queue"),
            ("agent", "agent"),
            ("phase", "state"),
        ),
        widget=forms.HiddenInput,
    )

    class Meta:
        model = Conversation
        fields: list[str] = []

    def __init__(self, query: QueryDict, rows: ConversationQuerySet, sight: Sight) -> None:
        self.query, self.sight = query, sight
        self.attributes = AttributeFilters.read(query, sight)
        if self.attributes.order:  # not an order this set of filters knows
            query = query.copy()
            query.pop("sort")
        super().__init__(query, queryset=rows)

    @cached_property
    def refusals(self) -> list[str]:
        """Why it finds nothing, in whole sentences."""
        found = list(self.attributes.refusals)
        for name, errors in self.form.errors.items():
            label = self.form.fields[name].label or _("Order")
            found += [
                gettext("The filter “%(name)s” cannot be used any more: %(why)s")
                % {"name": label, "why": " ".join(map(str, errors))}
            ]
        queue = None if self.form.errors else self.form.cleaned_data.get("queue")
        if queue and not access.may_know_queue(self.sight.user, queue):
            found.append(gettext("This queue is not there any more, or not yours to see."))
        return found

    def is_valid(self) -> bool:
        return bool(super().is_valid()) and not self.refusals

    def find(self) -> ConversationQuerySet:
        """What is found; nothing at all where it is not valid."""
        found = self.qs if self.is_valid() else Conversation.objects.none()
        return cast(ConversationQuerySet, found)

    def filter_queryset(self, queryset: QuerySet[Conversation]) -> ConversationQuerySet:
        rows = cast(ConversationQuerySet, super().filter_queryset(queryset))
        if not self.form.cleaned_data.get("sort"):
            rows = rows.order_by("started_at", "pk")
        else:
            rows = rows.order_by(*rows.query.order_by, "pk")
        return self.attributes.narrow(rows)

    def search(self, rows: ConversationQuerySet, _name: str, value: str) -> ConversationQuerySet:
        return finding.search(rows, value, self.sight.not_to_find_by)

    def of_edits(self, rows: ConversationQuerySet, _name: str, value: str) -> ConversationQuerySet:
        return finding.with_edits(rows, value)

    def of_agent(self, rows: ConversationQuerySet, _name: str, value: str) -> ConversationQuerySet:
        return finding.by_agent(rows, value)

    def of_division(
        self, rows: ConversationQuerySet, _name: str, value: UUID
    ) -> ConversationQuerySet:
        return finding.in_division(rows, value)

    def only_these(self, rows: ConversationQuerySet, name: str, _last: str) -> ConversationQuerySet:
        return finding.among(rows, cast(QueryDict, self.data).getlist(name))


class EditFilter(django_filters.FilterSet):
    """Which edits."""

    state = django_filters.ChoiceFilter(
        label=_("State"), choices=State.choices, empty_label=_("All")
    )
    attention = django_filters.BooleanFilter(
        label=_("Needs attention"), field_name="unresolved", widget=forms.HiddenInput
    )
    key = django_filters.CharFilter(label=_("Attribute"), method="of_key")
    conversation = django_filters.UUIDFilter(
        label=_("Interaction"), field_name="lane__conversation_id", widget=forms.HiddenInput
    )

    def of_key(
        self, rows: QuerySet[AttributeEdit], _name: str, value: str
    ) -> QuerySet[AttributeEdit]:
        person = cast(StaffRequest, self.request).user
        return rows.filter(changes__key=value) if Sight(person).may_read(value) else rows.none()

    class Meta:
        model = AttributeEdit
        fields: list[str] = []
