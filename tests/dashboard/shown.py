"""What a page shows of its form: read from the HTML, as a browser would."""

from dataclasses import dataclass
from html.parser import HTMLParser


@dataclass
class Control:
    attributes: dict[str, str]
    value: str = ""

    @property
    def on(self) -> bool:
        return "checked" in self.attributes

    @property
    def invalid(self) -> bool:
        return self.attributes.get("aria-invalid") == "true"


class Shown(HTMLParser):
    """The controls of a page by name (one of many checkboxes by name and value), its texts by id, and of each form, by
    its id or else its address, the button that Enter presses: the first one, wherever on the page it is."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.controls: dict[str, Control] = {}
        self.options: dict[str, dict[str, str]] = {}
        self.texts: dict[str, str] = {}
        self.enter: dict[str, dict[str, str]] = {}
        self._text = self._textarea = self._select = self._form = ""
        self._option: str | None = None
        self.feed(content.decode())

    def __getitem__(self, name: str) -> Control:
        return self.controls[name]

    def error(self, name: str) -> str:
        """The message of a field, found as a screen reader finds it; empty unless the field is marked."""
        ids = self[name].attributes.get("aria-describedby", "").split()
        assert all(each in self.texts for each in ids), ids
        return " ".join(self.texts[each].strip() for each in ids if self[name].invalid)

    @property
    def focused(self) -> list[str]:
        return [name for name, each in self.controls.items() if "autofocus" in each.attributes]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag in ("input", "select", "textarea") and name:
            many = given.get("type") == "checkbox" and "value" in given
            self.controls[f"{name}.{given['value']}" if many else name] = Control(
                given, given.get("value", "")
            )
        if tag == "form":
            self._form = given.get("id") or given.get("action", "")
        elif tag == "button" and given.get("type", "submit") == "submit":
            self.enter.setdefault(given.get("form", self._form), given)
        if tag == "p":
            self._text = given.get("id", "")
            self.texts[self._text] = ""
        elif tag == "textarea":
            self._textarea = name
        elif tag == "select":
            self._select = name
        elif tag == "option":
            self._option = given["value"]
            if "selected" in given:
                self.controls[self._select].value = self._option

    def handle_endtag(self, tag: str) -> None:
        if tag == "p":
            self._text = ""
        elif tag == "textarea":
            self._textarea = ""
        elif tag == "option":
            self._option = None

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.controls[self._textarea].value += data.removeprefix("\n")
        elif self._option is not None:
            self.options.setdefault(self._select, {})[self._option] = data
        elif self._text:
            self.texts[self._text] += data
