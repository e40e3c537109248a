"""The editor: one field for each attribute a person may change, built from the catalogue. Text in, text out.

Nothing is converted: what a person sees in a field, and leaves alone, is byte for byte what Genesys holds.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID, uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from conversations import patterns
from conversations.catalogue import Sight, twin
from conversations.indexing import KEY_LENGTH
from conversations.models import AttributeDefinition
from conversations.service_keys import of_the_service
from dashboard.naming import slug

Type = AttributeDefinition.Type

#: For attributes the catalogue does not know. Ours: no limit of Genesys is known (API.md 4.3).
FREE_LENGTH = 10_000
YES_NO = [("true", gettext_lazy("Yes")), ("false", gettext_lazy("No"))]


@dataclass(frozen=True, slots=True)
class Asked:
    """What was posted for one key: the wanted value and what the form showed (None: the form did not say)."""

    value: str
    baseline: str | None


class AttributeForm(forms.Form):
    """Fields are named `set.<key>`. Valid or not, a field that was not changed is not looked at."""

    def __init__(
        self,
        sight: Sight,
        held: Mapping[str, str] | None,
        data: QueryDict | None = None,
        free: Iterable[str] = (),
    ) -> None:
        """`free`: more keys to have a field, where the catalogue does not know them and the person may name them."""
        super().__init__(data, prefix=None)
        self._held = held or {}
        self._known = held is not None
        self._posted = data if data is not None else QueryDict()
        self.sight = sight
        definitions = [each for each in sight.readable if sight.may_edit(each.key)]
        for definition in definitions:
            shown = [
                self.opened_with(definition.key),
                self._posted.get(f"set.{definition.key}", ""),
            ]
            self.fields[f"set.{definition.key}"] = _field(definition, shown)
        for key in free:
            if key in sight.definitions or not sight.may_edit(key):
                continue  # the catalogue says who may see and change it; a free field would show anybody what it holds
            shown = [self.opened_with(key), self._posted.get(f"set.{key}", "")]
            field = _free_field(key, shown)
            if refusal := self.too_long(key):
                field.validators.append(_refuses(refusal))
            self.fields.setdefault(f"set.{key}", field)
        self.blocks = [Block(self, name.removeprefix("set.")) for name in self.fields]
        for block in self.blocks:
            self.fields[block.name].initial = block.was
            self.fields[block.name].widget.attrs["id"] = f"i-{slug(block.key)}"
            if not block.changed:  # what Genesys holds may break our rules, and is left alone
                self.fields[block.name].validators = []

    @classmethod
    def posted(
        cls, sight: Sight, held: Mapping[str, str] | None, data: QueryDict
    ) -> "AttributeForm":
        """The form as it was sent back, with the keys that were added to it."""
        named = [name.removeprefix("set.") for name in data if name.startswith("set.")]
        return cls(sight, held, data, free=named)

    def too_long(self, key: str) -> str:
        """Why a name cannot be added; empty if it can. One that is there already is taken as it is."""
        if len(key) <= KEY_LENGTH or key in self._held:
            return ""
        words = _("This name has %(count)d characters; %(most)d is the most.")
        return words % {"count": len(key), "most": KEY_LENGTH}

    @property
    def fresh_id(self) -> UUID:
        """For the next edit made with this form."""
        return uuid4()

    @property
    def edit_id(self) -> UUID:
        """Made with the form, so that sending it twice makes one edit."""
        try:
            return UUID(self._posted.get("edit", ""))
        except ValueError:
            return uuid4()

    def opened_with(self, key: str) -> str:
        """What the form showed for a key, the empty string where it was absent."""
        return self._said(key) or ""

    def changes(self) -> dict[str, Asked]:
        """Only the keys a person changed. Call after `is_valid()`."""
        return {
            each.key: Asked(_newlines(self.cleaned_data[each.name]), self._said(each.key))
            for each in self.blocks
            if each.changed
        }

    def forbidden(self) -> list[str]:
        """Keys that were posted, changed from what the form showed, and are not this person's to change.

        What Genesys holds is left out of it: an answer that depends on it would let anybody guess a hidden value.
        """
        names = {name for name in self._posted if name.startswith("set.")}
        return sorted(
            name.removeprefix("set.")
            for name in names - set(self.fields)
            if self._posted[name] != self._posted.get(f"was.{name.removeprefix('set.')}")
        )

    def clean(self) -> dict[str, str]:
        """Keys are case-sensitive, so one that nearly is another is questioned."""
        for block in self.blocks:
            if block.near and block.changed and not block.meant:
                self.add_error(block.name, block.question)
        return self.cleaned_data

    def near(self, key: str) -> str | None:
        """A known key that differs from this one, which is not known, only by case or blanks."""
        if key in self.sight.definitions or key in self._held:
            return None
        return twin(key, [*self._held, *self.sight.definitions])

    def _said(self, key: str) -> str | None:
        """The baseline as far as anybody knows it."""
        held = self._held.get(key, "") if self._known else None
        posted = self._posted.get(f"was.{key}")
        if posted is None or (held is not None and _newlines(posted) == _newlines(held)):
            return held  # to the letter: no form brings the line breaks back as they were
        return _newlines(posted)


@dataclass(slots=True)
class Block:
    """One field with all that belongs to it, as the template shows it."""

    form: AttributeForm
    key: str
    name: str = field(init=False)
    #: The known name that this one nearly is; the person is asked.
    near: str | None = field(init=False)

    def __post_init__(self) -> None:
        self.name = f"set.{self.key}"
        self.near = self.form.near(self.key)

    @property
    def question(self) -> str:
        return _(
            "There is “%(near)s”, which differs only by case or blanks. Use that one instead."
        ) % {"near": self.near}

    @property
    def meant(self) -> bool:
        """The person said that it is another attribute than the one it nearly is."""
        return f"new.{self.key}" in self.form.data

    @property
    def of_the_service(self) -> bool:
        return of_the_service(self.key)

    @property
    def field(self) -> forms.BoundField:
        return self.form[self.name]

    @property
    def definition(self) -> AttributeDefinition | None:
        return self.form.sight.definitions.get(self.key)

    @property
    def label(self) -> str:
        return self.form.sight.label(self.key)

    @property
    def input(self) -> str:
        """The control, tied to its hint and its error."""
        attributes: dict[str, str | bool] = {
            "aria-describedby": f"h-{slug(self.key)} e-{slug(self.key)} st-{slug(self.key)}"
        }
        if self.form.is_bound and self.field.errors:
            attributes["aria-invalid"] = "true"
        return self.field.as_widget(attrs=attributes)

    @property
    def was(self) -> str:
        return self.form.opened_with(self.key)

    @property
    def changed(self) -> bool:
        posted = self.form.data.get(self.name)
        return posted is not None and _newlines(posted) != _newlines(self.was)


def _newlines(text: str) -> str:
    """Browsers send every line break as CRLF, whatever it was."""
    return re.sub("\r\n?", "\n", text)


class _Text(forms.CharField):
    """Text as it is: nothing is stripped, the empty string clears."""

    def __init__(self, **options: object) -> None:
        super().__init__(required=False, strip=False, empty_value="", **options)  # type: ignore[arg-type]

    def widget_attrs(self, widget: forms.Widget) -> dict[str, str]:
        """No maxlength: a browser cuts what is pasted without a word; the server says what is too long."""
        return {}

    def to_python(self, value: object) -> str:
        return _newlines(super().to_python(value) or "")


def _field(definition: AttributeDefinition, shown: list[str]) -> forms.CharField:
    made = _Text(
        label=definition.label,
        help_text=definition.help,
        max_length=definition.max_length,
        widget=_widget(definition, shown),
        error_messages={
            "max_length": gettext_lazy(
                "%(show_value)d characters; at most %(limit_value)d fit here."
            )
        },
    )
    made.validators.append(lambda value: _check(definition, value))
    return made


def _free_field(key: str, shown: list[str]) -> forms.CharField:
    lines = any("\n" in _newlines(each) for each in shown)
    widget: forms.Widget = forms.Textarea(attrs={"rows": 3}) if lines else forms.TextInput()
    return _Text(label=key, max_length=FREE_LENGTH, widget=widget)


def _refuses(why: str) -> Callable[[object], None]:
    def check(_value: object) -> None:
        raise ValidationError(why)

    return check


def _widget(definition: AttributeDefinition, shown: list[str]) -> forms.Widget:
    """The input of a type; where that input could not show what Genesys holds or what was wished for, one that can."""
    attributes = {"autocomplete": "off"}
    if definition.type in (Type.CHOICE, Type.YES_NO):
        return forms.Select(choices=_choices(definition, shown))
    if definition.type == Type.LONG_TEXT or any("\n" in _newlines(each) for each in shown):
        return forms.Textarea(attrs={"rows": 3, **attributes})
    if definition.type == Type.DATE and all(not each or _is_date(each) for each in shown):
        return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    if definition.type == Type.NUMBER:
        return forms.TextInput(attrs={"inputmode": "decimal", **attributes})
    return forms.TextInput(attrs=attributes)


def _choices(definition: AttributeDefinition, shown: list[str]) -> list[tuple[str, str | Promise]]:
    own = [(each, each) for each in definition.choices]
    known: dict[str, str | Promise] = {"": "—"}
    known.update(YES_NO if definition.type == Type.YES_NO else own)
    return list((known | {each: known.get(each, each) for each in shown}).items())


def _check(definition: AttributeDefinition, value: str) -> None:
    """Raise `ValidationError` for what the catalogue does not allow. The empty string clears, and always may."""
    if not value:
        return
    if definition.type == Type.CHOICE and value not in definition.choices:
        choices = ", ".join(definition.choices)
        raise ValidationError(_("Choose one of: %(choices)s.") % {"choices": choices})
    if definition.type == Type.YES_NO and value not in dict(YES_NO):
        raise ValidationError(_("Choose yes or no."))
    if definition.type == Type.NUMBER and not re.fullmatch(r"[+-]?\d+(\.\d+)?", value):
        raise ValidationError(_("Enter a number such as 12 or 3.5."))
    if definition.type == Type.DATE and not _is_date(value):
        raise ValidationError(_("That day does not exist. Enter a date such as 2026-03-02."))
    if definition.pattern:
        _check_pattern(definition, value)


def _check_pattern(definition: AttributeDefinition, value: str) -> None:
    try:
        fits = patterns.fits(definition.pattern, value)
    except (patterns.TooSlow, patterns.Unusable) as error:
        raise ValidationError(
            _(
                "This could not be checked: the pattern of this attribute cannot be used on it. "
                "Ask an administrator to change the pattern in the catalogue."
            )
        ) from error
    if not fits:
        words = _("This does not have the form that is expected here.")
        raise ValidationError(f"{words} {definition.help}".strip())


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
