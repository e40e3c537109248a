"""What a person sets for themselves: looks, time zone, language, shortcuts."""

from functools import cache
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from conversations.models import Density, Theme, User

BROWSER = ("", _("As my browser says"))


@cache
def zones() -> list[tuple[str, str]]:
    """Every zone that is named after a place, and UTC."""
    places = {each for each in available_timezones() if "/" in each}
    names = sorted(each for each in places if not each.startswith(("Etc/", "SystemV/", "posix/")))
    return [(each, each.replace("_", " ")) for each in ["UTC", *names]]


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    theme = forms.ChoiceField(
        label=_("Theme"),
        required=False,
        choices=[("", _("As my device says")), *Theme.choices],
    )
    density = forms.ChoiceField(
        label=_("Density"),
        required=False,
        choices=[("", _("Comfortable")), *Density.choices],
        help_text=_("Compact rows show more of the board at once."),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        required=False,
        choices=lambda: [BROWSER, *zones()],
        help_text=_("All times are shown in it."),
    )
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=[BROWSER, *settings.LANGUAGES],
    )

    class Meta:
        model = User
        fields = ("theme", "density", "time_zone", "language", "shortcuts")
        labels = {"shortcuts": _("Single keys are shortcuts")}
        help_texts = {"shortcuts": _("Such as j for the next row. They rest while you type.")}
