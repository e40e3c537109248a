"""Nothing is untranslated: every sentence in code and pages has its German, with the same placeholders."""

import re
import shutil
import subprocess

import polib
import pytest

from tests.processes import ROOT

GERMAN = ROOT / "locale" / "de" / "LC_MESSAGES" / "django.po"
#: `%(name)s` of Python and pages, `{name}` of the scripts, and tags.
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}|<[^>]+>")


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> polib.POFile:
    """What `make words` would leave: the German of a copy, brought up to date with its sources."""
    copy = tmp_path_factory.mktemp("sources")
    for folder in ("conversations", "dashboard", "templates", "locale"):
        shutil.copytree(ROOT / folder, copy / folder)
    options = re.search(r"makemessages (.*?)\n\n", (ROOT / "Makefile").read_text(), re.DOTALL)
    assert options is not None
    words = options[1].replace("\\\n", " ").replace("'", "").split()
    django = [str(ROOT / ".venv/bin/python"), "-m", "django", "makemessages", *words]
    subprocess.run(django, cwd=copy, check=True, capture_output=True)
    return polib.pofile(str(copy / "locale/de/LC_MESSAGES/django.po"))


class TestGerman:
    def test_has_every_sentence(self, extracted: polib.POFile) -> None:
        missing = [each.msgid for each in extracted if not each.translated() or each.fuzzy]
        assert not missing, "run `make words` and translate what is new"

    def test_has_no_sentence_that_is_gone(self, extracted: polib.POFile) -> None:
        kept = {(each.msgctxt, each.msgid) for each in polib.pofile(str(GERMAN))}
        assert kept == {(each.msgctxt, each.msgid) for each in extracted}, "run `make words`"

    def test_has_the_same_placeholders(self) -> None:
        wrong = []
        for entry in polib.pofile(str(GERMAN)):
            said = [entry.msgstr, *entry.msgstr_plural.values()]
            wanted = {frozenset(PLACEHOLDER.findall(each)) for each in _sources(entry)}
            found = {frozenset(PLACEHOLDER.findall(each)) for each in said if each}
            if not found <= wanted or (not entry.msgid_plural and found != wanted):
                wrong.append(entry.msgid)
        assert not wrong

    def test_brings_no_markup_of_its_own(self) -> None:
        """A translation is put into a page as it is: in an attribute a straight quote would end it."""
        for entry in polib.pofile(str(GERMAN)):
            for said in (entry.msgstr, *entry.msgstr_plural.values()):
                for letter in '"<>&':
                    assert (letter in said) <= any(letter in each for each in _sources(entry)), said

    def test_ends_and_begins_as_the_english_does(self) -> None:
        for entry in polib.pofile(str(GERMAN)):
            for said in (entry.msgstr, *entry.msgstr_plural.values()):
                if said:
                    ends = {each[-1] for each in _sources(entry)} & set(".?:…")
                    assert said == said.strip()
                    assert not ends or said[-1] in ends, entry.msgid

    def test_has_the_plural_forms_of_the_language(self) -> None:
        german = polib.pofile(str(GERMAN))
        assert german.metadata["Plural-Forms"] == "nplurals=2; plural=(n != 1);"
        for entry in german:
            if entry.msgid_plural:
                assert set(entry.msgstr_plural) == {0, 1}

    def test_addresses_people_formally(self) -> None:
        for entry in polib.pofile(str(GERMAN)):
            for said in (entry.msgstr, *entry.msgstr_plural.values()):
                assert not re.search(r"\b([Dd]u|[Dd]ir|[Dd]ein\w*|[Dd]ich|[Ee]uch)\b", said), said


class TestCompiling:
    def test_gives_what_is_written(self) -> None:
        subprocess.run([ROOT / ".venv/bin/python", "bin/translations"], cwd=ROOT, check=True)
        compiled = polib.mofile(str(GERMAN.with_suffix(".mo")))
        assert {each.msgid for each in compiled} == {
            each.msgid for each in polib.pofile(str(GERMAN))
        }


def _sources(entry: polib.POEntry) -> list[str]:
    return [entry.msgid, *([entry.msgid_plural] if entry.msgid_plural else [])]
