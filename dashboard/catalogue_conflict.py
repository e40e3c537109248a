"""Two admins, one entry: what the other one saved meanwhile beside what was typed here, of which nothing is lost."""

from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext as _

from conversations.models import AttributeDefinition
from dashboard.catalogue_forms import CatalogueForm


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of the form in which the two differ, in words."""

    name: str
    label: str
    theirs: str
    mine: str


def differences(form: CatalogueForm, newest: AttributeDefinition) -> list[Difference]:
    """What would change if the form were saved over the entry as it stands now. Call after `is_valid()`."""
    mine = form.instance
    return [
        Difference(name, str(field.label), _words(newest, name), _words(mine, name))
        for name, field in form.fields.items()
        if hasattr(mine, name) and getattr(mine, name) != getattr(newest, name)
    ]


def take(data: QueryDict, name: str, newest: AttributeDefinition) -> QueryDict:
    """What was typed, with one field as the other admin has it."""
    taken, theirs = data.copy(), CatalogueForm(instance=newest)
    if name in theirs.fields:
        value = theirs[name].value()
        taken[name] = "" if value is None or value is False else str(value)
    return taken


def _words(definition: AttributeDefinition, name: str) -> str:
    value = getattr(definition, name)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return ", ".join(value) or _("(empty)")
    display = getattr(definition, f"get_{name}_display", None)
    return str(display() if display else value) or _("(empty)")
