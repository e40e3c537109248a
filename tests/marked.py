"""The settings of a site whose German is English in brackets: what stands outside of them is in no translation."""

import os
from pathlib import Path

import django
import polib

LOCALE = Path(os.environ["MIDCALL_DATA_DIR"]) / "marked"
OURS = Path(__file__).resolve().parent.parent / "locale" / "de" / "LC_MESSAGES" / "django.po"
#: Of Django itself: what its forms and its sign-in say. Its names of days and months stand in times, which are data.
DJANGOS = [
    Path(django.__file__).parent / folder / "locale" / "en" / "LC_MESSAGES" / "django.po"
    for folder in ("conf", "contrib/auth")
]


def write_marked() -> None:
    """Every sentence that can be translated, in brackets, as the German of this site."""
    marked = polib.POFile()
    marked.metadata = {
        "Content-Type": "text/plain; charset=UTF-8",
        "Plural-Forms": "nplurals=2; plural=(n != 1);",
    }
    for source in (*DJANGOS, OURS):
        for entry in polib.pofile(str(source)):
            if entry.msgid_plural:
                entry.msgstr_plural = {0: f"⟦{entry.msgid}⟧", 1: f"⟦{entry.msgid_plural}⟧"}
            else:
                entry.msgstr = f"⟦{entry.msgid}⟧"
            entry.flags, entry.obsolete = [], False
            marked.append(entry)
    folder = LOCALE / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True, exist_ok=True)
    marked.save_as_mofile(str(folder / "django.mo"))


from dashboard.settings import *  # noqa: E402, F403 - the site as it is

LOCALE_PATHS = [LOCALE]
