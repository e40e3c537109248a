"""What a browser test cannot see at a glance: the contrast of every pair of colours, vendored files as published,
templates without anything the content policy would block."""

import hashlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
CSS = (ROOT / "static/dashboard/app.css").read_text()
SCRIPTS = sorted((ROOT / "static/dashboard").glob("*.js"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
THEMES = ("light", "dark")

TOKENS = {
    name: pair for name, *pair in re.findall(r"--([\w-]+): light-dark\((#\w+), (#\w+)\)", CSS)
} | {name: [one, one] for name, one in re.findall(r"--([\w-]+): (#\w{6});", CSS)}

TEXT = [
    *((text, ground) for text in ("fg", "fg-mid", "fg-low", "accent")
      for ground in ("bg-canvas", "bg-surface", "bg-subtle", "bg-hover", "bg-selected")
      if (text, ground) != ("fg-low", "bg-selected")),
    *((f"{tone}-fg", ground) for tone in ("ok", "warn", "bad", "info", "conf", "idle")
      for ground in (f"{tone}-bg", "bg-surface")),
    ("on-accent", "accent-bg"),
    ("on-accent", "accent-hover"),
]  # fmt: skip
EDGES = [("line-ctl", "bg-surface"), ("focus", "bg-surface"), ("focus", "bg-canvas")]


def luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str, theme: str) -> float:
    at = THEMES.index(theme)
    light, dark = sorted((luminance(TOKENS[one][at]), luminance(TOKENS[other][at])), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES)
class TestColours:
    @pytest.mark.parametrize(("text", "ground"), TEXT)
    def test_text_can_be_read(self, text: str, ground: str, theme: str) -> None:
        assert contrast(text, ground, theme) >= 4.5

    @pytest.mark.parametrize(("edge", "ground"), EDGES)
    def test_edges_can_be_seen(self, edge: str, ground: str, theme: str) -> None:
        assert contrast(edge, ground, theme) >= 3


def test_components_name_no_raw_colour() -> None:
    after_tokens = CSS[CSS.index("@layer base {") :]
    assert not re.findall(r":\s[^;{}]*#[0-9a-fA-F]{3,8}\b[^;{}]*;", after_tokens)


class TestVendoredFiles:
    def test_are_as_published(self) -> None:
        listed = re.findall(
            r"^\| (\S+\.js) \|.*\| ([0-9a-f]{64}) \|$",
            (ROOT / "static/vendor/VENDOR.md").read_text(),
            re.MULTILINE,
        )
        present = {each.name for each in (ROOT / "static/vendor").glob("*.js")}
        assert {name for name, _ in listed} == present
        for name, digest in listed:
            assert (
                hashlib.sha256((ROOT / "static/vendor" / name).read_bytes()).hexdigest() == digest
            )


@pytest.mark.parametrize("template", TEMPLATES, ids=[each.name for each in TEMPLATES])
def test_a_template_holds_nothing_the_policy_blocks(template: Path) -> None:
    text = template.read_text()
    assert not re.findall(r"<style|\sstyle=|\son\w+=|hx-on|js:|\|safe\b|autoescape off", text)
    assert not re.findall(r"<script(?![^>]*\ssrc=)", text)


@pytest.mark.parametrize("script", SCRIPTS, ids=[each.name for each in SCRIPTS])
def test_a_script_evaluates_and_injects_nothing(script: Path) -> None:
    assert not re.findall(
        r"innerHTML|insertAdjacentHTML|eval\(|new Function|document\.write", script.read_text()
    )
