"""A link that arrives ready: `?set.<key>=<value>` fills the form and writes nothing; what cannot be filled is said."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.http import QueryDict
from django.utils.translation import gettext as _

from conversations.catalogue import Sight
from dashboard.forms import AttributeForm, Block

PREFIX = "set."


@dataclass(frozen=True, slots=True)
class Left:
    """A proposal that is not in the form: its value, as this person may see it, and why."""

    key: str
    value: str
    why: str


@dataclass(slots=True)
class Proposals:
    """What a link proposes for one participant."""

    form: AttributeForm
    left: list[Left]
    #: Sentences about what is in the form and needs a word.
    notes: list[str] = field(default_factory=list)

    @property
    def filled(self) -> list[Block]:
        """The fields that now show something else than Genesys holds."""
        return [each for each in self.form.blocks if each.changed]


def read(
    query: QueryDict, sight: Sight, held: Mapping[str, str] | None, why_not: str
) -> Proposals | None:
    """The proposals of an address; None where it has none. `why_not`: why this person may change nothing here."""
    proposed = {name.removeprefix(PREFIX) for name in query if name.startswith(PREFIX)}
    if not proposed:
        return None
    taken = QueryDict(mutable=True)  # a form that is filled in is filled in everywhere
    taken.update({f"{PREFIX}{key}": (held or {}).get(key, "") for key in sight.definitions})
    left = []
    for key in sorted(proposed):
        value = str(query[f"{PREFIX}{key}"])
        if why := why_not or why_left(key, sight):
            left.append(Left(key, sight.show(key, value) if sight.may_read(key) else "••••", why))
        else:
            taken[f"{PREFIX}{key}"] = value
    form = AttributeForm.posted(sight, held, taken)
    form.full_clean()
    found = Proposals(form, left)
    found.notes = [note for key in sorted(proposed) for note in _notes(key, query, found)]
    return found


def why_left(key: str, sight: Sight) -> str:
    """Why an attribute gets no field for this person; empty if it does. Nothing of what it holds is told."""
    if not key.strip():
        return _("A proposal needs the name of an attribute.")
    if sight.may_edit(key):
        return ""
    if sight.is_locked(key):
        return _(
            "Genesys writes this attribute itself. An administrator can permit it in the catalogue."
        )
    if key not in sight.definitions:
        return _(
            "It is not in the catalogue. Ask an administrator to add it, or a supervisor to change it."
        )
    return _("You may not change this attribute. Ask an administrator.")


def _notes(key: str, query: QueryDict, found: Proposals) -> list[str]:
    block = next((each for each in found.form.blocks if each.key == key), None)
    if block is None:
        return []
    names = {"label": block.label}
    notes = []
    if not block.changed:
        notes.append(_("“%(label)s” holds the proposed value already.") % names)
    if len(query.getlist(f"{PREFIX}{key}")) > 1:
        notes.append(_("“%(label)s” is proposed more than once; the last value is shown.") % names)
    if block.definition is None:
        notes.append(
            _("“%(label)s” is not in the catalogue; its name is taken as the link has it.") % names
        )
    elif block.definition.masked:
        notes.append(
            _("“%(label)s” is masked, and this link carries its value openly. Do not pass it on.")
            % names
        )
    return notes
