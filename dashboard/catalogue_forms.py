"""The form of one entry of the catalogue."""

from typing import Any

from django import forms
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from conversations import patterns
from conversations.catalogue import definitions, next_order, twin, wider
from conversations.models import AttributeDefinition
from conversations.models.reason import name_keys

Type = AttributeDefinition.Type

#: Types a person types: only these have a length and a pattern.
TYPED = (Type.TEXT, Type.LONG_TEXT, Type.NUMBER)
#: As long as the editor takes for an attribute that is not in the catalogue.
LONGEST = 10_000
TAKEN = _("This key is in the catalogue already. Change that entry instead.")


class CatalogueForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """What does not belong to the chosen type is neither looked at nor kept: the page does not show it either."""

    key = forms.CharField(
        label=_("Key"),
        max_length=200,
        strip=False,  # blanks at either end are part of a key
        help_text=_(
            "Exactly as Genesys has it: capitals, dots and blanks count. It cannot be changed later."
        ),
        error_messages={
            "required": _("Enter the key, exactly as Genesys has it."),
            "unique": TAKEN,
        },
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    another = forms.BooleanField(required=False, label=_("I mean another attribute"))
    choices = forms.CharField(
        label=_("Choices"),
        required=False,
        help_text=_("One on each line, exactly as Genesys is to hold it."),
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
    )
    max_length = forms.IntegerField(
        label=_("Longest value"),
        min_value=1,
        max_value=LONGEST,
        help_text=_("In characters."),
        error_messages={
            "required": _("Enter how many characters a value may have."),
            "invalid": _("Enter a whole number such as 100."),
            "min_value": _("A value needs room for 1 character at least."),
            "max_value": _("%(limit_value)s characters is the most."),
        },
    )
    pattern = forms.CharField(
        label=_("Pattern"),
        required=False,
        strip=False,
        max_length=300,
        help_text=_(
            "A regular expression the whole value has to match, such as C-[0-9]{1,8}. "
            "Empty allows any text."
        ),
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
                "class": "mono",
            }
        ),
    )

    class Meta:
        model = AttributeDefinition
        fields = (
            "key",
            "label",
            "help",
            "type",
            "choices",
            "max_length",
            "pattern",
            "seen_by",
            "edited_by",
            "masked",
            "pinned",
            "order",
        )
        labels = {
            "label": _("Label"),
            "type": _("Type"),
            "order": _("Order"),
            "help": _("Hint"),
            "seen_by": _("Who may see it"),
            "edited_by": _("Who may change it"),
            "masked": _("Masked"),
            "pinned": _("Pinned"),
        }
        help_texts = {
            "label": _("What staff call it."),
            "help": _(
                "Shown under the field, and beside the error when a value does not match the pattern."
            ),
            "masked": _(
                "Dots instead of the value, but for its last characters, unless the person may change it."
            ),
            "pinned": _("Comes first in the editor, and on the live board."),
            "order": _("Lower comes first."),
        }
        error_messages = {
            "label": {"required": _("Enter what staff call it.")},
            "order": {"required": _("Enter a number; lower comes first.")},
        }
        widgets = {"order": forms.NumberInput(attrs={"min": 0, "max": 32_767})}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial["choices"] = "\n".join(self.instance.choices)
        #: The entry whose key nearly is the same; then the person is asked.
        self.near: str | None = None
        if self.instance.pk:
            del self.fields["key"], self.fields["another"]
        else:
            self.initial["order"] = next_order()

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"]
        if not key.strip():
            raise forms.ValidationError(_("A key of blanks alone could not be told from no key."))
        return key

    def clean_choices(self) -> list[str]:
        lines = [each.strip() for each in self.cleaned_data["choices"].splitlines()]
        return [each for each in lines if each]

    def clean(self) -> dict[str, Any]:
        kind = self.cleaned_data.get("type")
        if "key" in self.cleaned_data:
            self._question_twin(self.cleaned_data["key"])
        if kind == Type.CHOICE:
            self._check_choices(self.cleaned_data["choices"])
        else:
            self._leave_out("choices", [])
        if kind in TYPED:
            self._check_pattern(self.cleaned_data.get("pattern", ""))
        else:
            self._leave_out("pattern", "")
            self._leave_out("max_length", AttributeDefinition._meta.get_field("max_length").default)
        self._check_audiences()
        return self.cleaned_data

    def _question_twin(self, key: str) -> None:
        self.near = twin(key, definitions().values_list("key", flat=True))
        if self.near and not self.cleaned_data.get("another"):
            words = gettext(
                "There is “%(near)s” already, which differs only by case or blanks. "
                "Genesys would keep two attributes."
            )
            self.add_error("key", words % {"near": self.near})

    def _check_choices(self, choices: list[str]) -> None:
        twice = sorted({each for each in choices if choices.count(each) > 1})
        room = AttributeDefinition._meta.get_field("max_length").default
        if not choices:
            self.add_error("choices", gettext("Enter at least one choice, one on each line."))
        elif twice:
            words = ngettext(
                "%(names)s is there more than once.",
                "%(names)s are there more than once.",
                len(twice),
            )
            self.add_error("choices", words % {"names": name_keys(twice)})
        elif any(len(each) > room for each in choices):
            words = gettext("A choice has %(most)s characters at most.")
            self.add_error("choices", words % {"most": room})

    def _check_pattern(self, pattern: str) -> None:
        try:
            patterns.check(pattern)
        except patterns.Unusable as error:
            words = gettext("This is not a regular expression: “%(error)s”.")
            self.add_error("pattern", words % {"error": error})

    def _check_audiences(self) -> None:
        seen_by, edited_by = self.cleaned_data.get("seen_by"), self.cleaned_data.get("edited_by")
        if seen_by and edited_by and wider(edited_by, seen_by):
            audience = AttributeDefinition.Audience(seen_by)
            words = gettext(
                "Nobody can change what they may not see, and it is seen by: “%(audience)s”. "
                "Choose that or fewer, or let more people see it."
            )
            self.add_error("edited_by", words % {"audience": audience.label})

    def _leave_out(self, name: str, value: object) -> None:
        self.errors.pop(name, None)
        self.cleaned_data[name] = value
