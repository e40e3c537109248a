"""The form of one account."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conversations import staff
from conversations.models import Queue, Role, User

TAKEN = _("Somebody has this name already; capitals make no difference.")


@dataclass(frozen=True, slots=True)
class Difference:
    """One field in which two admins differ, in words."""

    label: str
    theirs: str
    mine: str


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """Whom an account belongs to, what they may do, and who they are at Genesys."""

    genesys_user_id = forms.TypedChoiceField(
        label=_("Genesys user"),
        required=False,
        coerce=UUID,
        empty_value=None,
        help_text=_("Everybody who was seen in an interaction since Midcall runs here."),
    )
    queues: "forms.ModelMultipleChoiceField[Queue]" = forms.ModelMultipleChoiceField(
        label=_("Queues"), queryset=None, required=False, widget=forms.CheckboxSelectMultiple
    )
    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": _("Enter a password to begin with.")},
    )
    password_again = forms.CharField(
        required=False,
        strip=False,
        label=_("The same password again"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    class Meta:
        model = User
        fields = (
            "username",
            "first_name",
            "last_name",
            "role",
            "may_edit",
            "is_active",
            "genesys_user_id",
            "all_queues",
            "queues",
        )
        labels = {
            "username": _("Name to sign in with"),
            "first_name": _("First name"),
            "last_name": _("Last name"),
            "role": _("Role"),
            "all_queues": _("All queues, also those still to come"),
            "may_edit": _("May change attributes"),
            "is_active": _("May sign in"),
        }
        help_texts = {
            "username": _("Letters, digits and @ . + - _ only."),
            "role": _(
                "Agents see their own interactions, supervisors those of their queues, admins all."
            ),
            "may_edit": _("Without it the person only watches."),
            "is_active": _("Accounts are never deleted: their edits keep their name."),
        }
        error_messages = {
            "username": {"required": _("Enter a name to sign in with."), "unique": TAKEN}
        }
        widgets = {
            "username": forms.TextInput(
                attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
            ),
            "first_name": forms.TextInput(attrs={"autocomplete": "off"}),
            "last_name": forms.TextInput(attrs={"autocomplete": "off"}),
        }

    def __init__(self, *args: Any, by: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.by = by
        self.is_new = self.instance.pk is None
        self.fields["queues"].queryset = staff.queues()  # type: ignore[attr-defined]
        self.fields["genesys_user_id"].choices = [  # type: ignore[attr-defined]
            ("", gettext("Nobody")),
            *_choices(self.instance.genesys_user_id, self.instance.username),
        ]
        self.fields["password"].required = self.is_new
        self.fields["password"].help_text = (
            _("At least 8 characters, not a common word, not like the name.")
            if self.is_new
            else _("Leave it empty to keep the one there is.")
        )

    def full_clean(self) -> None:
        super().full_clean()
        if self.errors:
            self.ask_for_the_password()

    def ask_for_the_password(self) -> None:
        """It is the one thing typed that does not come back; saving again would silently leave it out."""
        if self.data.get("password") and "password" not in self.errors:
            words = gettext("Enter the password again: it is never sent back to a page.")
            self.add_error("password", words)

    def differences(self, newest: User, names: Iterable[str]) -> list[Difference]:
        """Of these fields, those in which what was typed is not what the account holds now. Call after `is_valid()`."""
        theirs = PersonForm(instance=newest, by=self.by)
        found = [
            Difference(
                str(self.fields[name].label),
                theirs._words(name, theirs.initial[name]),
                self._words(name, self.cleaned_data[name]),
            )
            for name in names
        ]
        return [each for each in found if each.theirs != each.mine]

    def _words(self, name: str, value: Any) -> str:
        if isinstance(value, bool):
            return gettext("Yes") if value else gettext("No")
        if name == "queues":
            return ", ".join(str(each) for each in value) or gettext("(empty)")
        named = dict(getattr(self.fields[name], "choices", ()))
        return str(named.get(str(value or ""), value) or gettext("(empty)"))

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        if staff.is_taken(username, but=self.instance.pk):
            raise ValidationError(TAKEN)
        return username

    def clean(self) -> dict[str, Any]:
        if not self.is_new and self.instance.pk == self.by.pk:
            self._keep_own_rights()
        self._check_password(self.cleaned_data.get("password") or "")
        return self.cleaned_data

    def _keep_own_rights(self) -> None:
        if self.cleaned_data.get("role") != Role.ADMIN:
            words = gettext("You cannot take away your own admin role. Another admin can.")
            self.add_error("role", words)
        if not self.cleaned_data.get("is_active"):
            words = gettext("You cannot lock yourself out. Another admin can do it.")
            self.add_error("is_active", words)

    def _check_password(self, password: str) -> None:
        if self.instance.is_superuser and password and not self.by.is_superuser:
            # Or an admin could become whoever may repair the database by hand.
            words = gettext("Only a superuser can set the password of a superuser.")
            self.add_error("password", words)
        elif password and self._is_strong(password):
            if self.cleaned_data.get("password_again") != password:
                self.add_error("password", gettext("The two passwords differ. Enter both again."))
        elif self.cleaned_data.get("password_again") and "password" not in self.errors:
            self.add_error("password", gettext("Enter the password here as well."))

    def _is_strong(self, password: str) -> bool:
        names = ("username", "first_name", "last_name")
        person = User(**{name: self.cleaned_data.get(name, "") for name in names})
        try:
            password_validation.validate_password(password, person)
        except ValidationError as error:
            self.add_error("password", error)
            return False
        return True


def _choices(current: UUID | None, own: str) -> list[tuple[str, str]]:
    users = staff.genesys_users(current)
    names = [each.name for each in users]
    return [(str(each.id), _label(each, own, alone=names.count(each.name) == 1)) for each in users]


def _label(user: staff.Candidate, own: str, *, alone: bool) -> str:
    """The name; the end of the id where others have the same name; whose it is already."""
    name = user.name or gettext("Name not known")
    if not alone or not user.name:
        name += f" (…{str(user.id)[-6:]})"
    others = [each for each in user.accounts if each != own]
    if not others:
        return name
    facts = {"name": name, "accounts": ", ".join(others)}
    return gettext("%(name)s, tied to %(accounts)s") % facts
