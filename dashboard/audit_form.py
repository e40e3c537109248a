"""What the audit is asked for: the filters of its page and of its file."""

from datetime import UTC, date, datetime, time, timedelta

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from conversations import audit, staff
from conversations.audit import Asked
from conversations.models import State

#: Of a filter; what is longer is no key.
LONGEST_KEY = 1000


def _day() -> forms.DateField:
    return forms.DateField(
        required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


class AuditForm(forms.Form):
    """Always bound: an address without filters asks for everything."""

    key = forms.CharField(label=_("Attribute"), required=False, strip=False, max_length=LONGEST_KEY)
    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("All")), *State.choices]
    )
    conversation = forms.UUIDField(
        label=_("Interaction id"),
        required=False,
        error_messages={"invalid": _("This is not the id of an interaction.")},
    )

    def __init__(self, query: QueryDict) -> None:
        super().__init__(query)
        people = [(str(each.pk), str(each)) for each in staff.everyone("")]
        choices = [("", _("All")), (audit.SYSTEM, _("the system")), *people]
        person = forms.ChoiceField(label=_("Person"), required=False, choices=choices)
        self.fields["person"] = person
        # `from` is a word of the language, so these two cannot be written as the others are.
        self.fields |= {"from": _day(), "to": _day()}
        self.fields["from"].label, self.fields["to"].label = _("From"), _("Up to and with")
        self.order_fields(["person", "key", "state", "from", "to", "conversation"])

    @property
    def asked(self) -> Asked | None:
        """None where it cannot be said what is meant."""
        if not self.is_valid():
            return None
        given = self.cleaned_data
        until: date | None = given["to"]
        return Asked(
            person=given["person"],
            key=given["key"],
            state=given["state"],
            since=_begin(given["from"]),
            until=_begin(until + timedelta(days=1)) if until and until < date.max else None,
            conversation=given["conversation"],
        )

    @property
    def narrows(self) -> bool:
        return any(self.data.get(name) for name in self.fields)


def _begin(day: date | None) -> datetime | None:
    """When a day begins for whoever looks; None for the first of all where they are east of UTC: it begins before all
    time, and so does everything."""
    if day is None:
        return None
    try:
        return timezone.make_aware(datetime.combine(day, time())).astimezone(UTC)
    except OverflowError:
        return None
