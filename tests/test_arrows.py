"""The arrows of the house, kept true: which module may import which. Read from the source, so nothing can hide."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("dashboard", "conversations", "sandbox", "tests", "bench")

#: Who may import what of ours. The longest prefix that names a module decides; what is not listed may import nothing.
ALLOWED: dict[str, tuple[str, ...]] = {
    "dashboard": ("dashboard.celery",),
    "dashboard.settings": ("conversations.genesys.config", "dashboard.logs"),
    "dashboard.logs": (),
    "dashboard.celery": ("dashboard.doorbell",),
    "dashboard.doorbell": (),
    "dashboard.wsgi": ("dashboard.intake",),
    "dashboard.intake": (),
    "dashboard.urls": ("dashboard.signing_in", "dashboard.views"),
    "dashboard.panel_urls": ("dashboard.urls", "dashboard.views"),
    "dashboard.middleware": ("dashboard.place",),
    "dashboard.place": (),
    "dashboard.notices": ("conversations.news",),
    "dashboard.models": ("dashboard.models",),
    "dashboard.panel": (
        "dashboard.middleware",
        "dashboard.models",
        "dashboard.place",
        "dashboard.panel",
        "conversations.models",
    ),
    "dashboard.views": (
        "dashboard.addresses",
        "dashboard.audit_form",
        "dashboard.catalogue_conflict",
        "dashboard.catalogue_forms",
        "dashboard.catalogue_import",
        "dashboard.columns",
        "dashboard.counting",
        "dashboard.filters",
        "dashboard.form_errors",
        "dashboard.forms",
        "dashboard.headings",
        "dashboard.holding",
        "dashboard.listing",
        "dashboard.offers",
        "dashboard.people",
        "dashboard.middleware",
        "dashboard.models",
        "dashboard.panel",
        "dashboard.people_forms",
        "dashboard.place",
        "dashboard.polling",
        "dashboard.profile_forms",
        "dashboard.proposals",
        "dashboard.scope_seen",
        "dashboard.tabs",
        "dashboard.views",
        "conversations.coverage",
        "conversations.status",
        "conversations.access",
        "conversations.audit",
        "conversations.board",
        "conversations.catalogue",
        "conversations.catalogue_file",
        "conversations.checkup",
        "conversations.connection_test",
        "conversations.diagnosis",
        "conversations.editor",
        "conversations.finding",
        "conversations.edits",
        "conversations.lint",
        "conversations.legs",
        "conversations.lookups",
        "conversations.metrics",
        "conversations.models",
        "conversations.news",
        "conversations.remedies",
        "conversations.saved_views",
        "conversations.staff",
        "conversations.tasks",
        "conversations.evidence",
        "conversations.timeline",
        "conversations.undo",
        "conversations.workers",
    ),
    "dashboard.catalogue_import": (
        "conversations.catalogue",
        "conversations.catalogue_file",
        "conversations.models",
        "dashboard.catalogue_forms",
    ),
    "dashboard.management": ("conversations", "dashboard.catalogue_import"),
    "dashboard.addresses": ("dashboard.attribute_filters",),
    "dashboard.attribute_filters": (
        "conversations.catalogue",
        "conversations.finding",
        "conversations.indexing",
        "conversations.models",
        "dashboard.columns",
    ),
    "dashboard.columns": ("conversations.catalogue",),
    "dashboard.counting": (),
    "dashboard.headings": ("conversations.catalogue", "dashboard.addresses", "dashboard.columns"),
    "dashboard.holding": (),
    "dashboard.listing": ("conversations.models",),
    "dashboard.offers": (
        "conversations.board",
        "conversations.catalogue",
        "conversations.models",
        "dashboard.filters",
    ),
    "dashboard.scope_seen": (
        "conversations.access",
        "conversations.board",
        "conversations.coverage",
        "conversations.models",
    ),
    "dashboard.tabs": (
        "conversations.board",
        "conversations.catalogue",
        "conversations.models",
        "conversations.saved_views",
        "dashboard.addresses",
        "dashboard.counting",
        "dashboard.filters",
        "dashboard.people",
    ),
    "dashboard.catalogue_forms": (
        "conversations.catalogue",
        "conversations.models",
        "conversations.patterns",
    ),
    "dashboard.filters": (
        "conversations.access",
        "conversations.catalogue",
        "conversations.finding",
        "conversations.models",
        "dashboard.attribute_filters",
        "dashboard.people",
        "dashboard.templatetags",
    ),
    "dashboard.forms": (
        "conversations.indexing",
        "conversations.catalogue",
        "conversations.models",
        "conversations.patterns",
        "conversations.service_keys",
        "dashboard.naming",
    ),
    "dashboard.naming": (),
    "dashboard.people_forms": ("conversations.models", "conversations.staff"),
    "dashboard.profile_forms": ("conversations.models",),
    "dashboard.proposals": ("conversations.catalogue", "dashboard.forms"),
    "dashboard.polling": ("conversations.board", "conversations.scopes", "dashboard.people"),
    "dashboard.templatetags": (
        "conversations.board",
        "conversations.catalogue",
        "conversations.edits",
        "conversations.models",
        "conversations.parties",
        "dashboard.naming",
    ),
    "dashboard.guessing": ("conversations.models", "dashboard.models"),
    "dashboard.signing_in": ("conversations.models", "dashboard.guessing"),
    "dashboard.people": ("conversations.access", "conversations.models"),
    "dashboard.admin": ("conversations.models", "conversations.scopes"),
    "conversations.models": ("conversations.models",),
    "conversations.access": ("conversations.models",),
    "conversations.board": (
        "conversations.access",
        "conversations.catalogue",
        "conversations.edits",
        "conversations.mirror",
        "conversations.models",
    ),
    "conversations.budget": ("conversations.models", "conversations.genesys"),
    "conversations.catalogue": (
        "conversations.models",
        "conversations.scopes",
        "conversations.service_keys",
    ),
    "conversations.service_keys": (),
    "conversations.patterns": (),
    "conversations.legs": ("conversations.catalogue", "conversations.models"),
    "dashboard.catalogue_conflict": ("conversations.models", "dashboard.catalogue_forms"),
    "conversations.census": ("conversations.models", "conversations.outage"),
    "conversations.outage": (),
    "conversations.lint": (
        "conversations.catalogue",
        "conversations.census",
        "conversations.models",
        "conversations.service_keys",
    ),
    "conversations.remedies": (
        "conversations.catalogue",
        "conversations.catalogue_file",
        "conversations.lint",
        "conversations.models",
        "conversations.service_keys",
    ),
    "conversations.cells": (),
    "conversations.catalogue_file": (
        "conversations.catalogue",
        "conversations.cells",
        "conversations.models",
    ),
    "conversations.audit": (
        "conversations.access",
        "conversations.catalogue",
        "conversations.cells",
        "conversations.edits",
        "conversations.models",
    ),
    "dashboard.audit_form": (
        "conversations.audit",
        "conversations.models",
        "conversations.staff",
    ),
    "conversations.finding": ("conversations.indexing", "conversations.models"),
    "conversations.diagnosis": (
        "conversations.budget",
        "conversations.catalogue",
        "conversations.diagnosis",
        "conversations.edits",
        "conversations.genesys",
        "conversations.history",
        "conversations.mirror",
        "conversations.models",
        "conversations.parties",
        "conversations.scopes",
    ),
    "conversations.history": ("conversations.mirror", "conversations.models"),
    "conversations.parties": (),
    "conversations.undo": (
        "conversations.catalogue",
        "conversations.edits",
        "conversations.history",
        "conversations.models",
    ),
    "conversations.timeline": (
        "conversations.access",
        "conversations.catalogue",
        "conversations.edits",
        "conversations.history",
        "conversations.models",
        "conversations.parties",
    ),
    "conversations.evidence": (
        "conversations.catalogue",
        "conversations.history",
        "conversations.models",
    ),
    "conversations.news": (
        "conversations.access",
        "conversations.catalogue",
        "conversations.edits",
        "conversations.models",
    ),
    "conversations.workers": ("conversations.models",),
    "conversations.editor": (
        "conversations.access",
        "conversations.catalogue",
        "conversations.diagnosis",
        "conversations.edits",
        "conversations.models",
        "conversations.workers",
    ),
    "conversations.indexing": ("conversations.access", "conversations.models"),
    "conversations.lookups": (
        "conversations.budget",
        "conversations.edits",
        "conversations.genesys",
        "conversations.mirror",
        "conversations.models",
    ),
    "conversations.mirror": (
        "conversations.mirror",
        "conversations.indexing",
        "conversations.genesys.shapes",
        "conversations.models",
        "conversations.scopes",
    ),
    "conversations.saved_views": ("conversations.models",),
    "conversations.scopes": ("conversations.models",),
    "conversations.staff": ("conversations.models",),
    "conversations.edits": (
        "conversations.outage",
        "conversations.setback",
        "conversations.catalogue",
        "conversations.workers",
        "conversations.scopes",
        "conversations.edits",
        "conversations.models",
        "conversations.budget",
        "conversations.mirror",
        "conversations.genesys",
    ),
    "conversations.housekeeping": ("conversations.models",),
    "conversations.setback": ("conversations.budget", "conversations.models"),
    "conversations.coverage": ("conversations.models",),
    "conversations.status": (
        "conversations.budget",
        "conversations.checkup",
        "conversations.connection_test",
        "conversations.coverage",
        "conversations.models",
    ),
    "conversations.live": (
        "conversations.coverage",
        "conversations.housekeeping",
        "conversations.live",
        "conversations.edits",
        "conversations.models",
        "conversations.budget",
        "conversations.mirror",
        "conversations.genesys",
    ),
    "conversations.connection": (
        "conversations.edits.reasons",
        "conversations.models",
        "conversations.genesys",
    ),
    "conversations.connection_test": ("conversations.checkup", "conversations.models"),
    "conversations.tasks": (
        "conversations.census",
        "conversations.connection",
        "conversations.connection_test",
        "conversations.diagnosis",
        "conversations.edits",
        "conversations.lookups",
        "conversations.models",
    ),
    "conversations.checkup": (
        "conversations.workers",
        "conversations.edits",
        "conversations.models",
        "conversations.genesys",
    ),
    "conversations.metrics": (
        "conversations.budget",
        "conversations.checkup",
        "conversations.models",
    ),
    "conversations.genesys": ("conversations.genesys",),
    "conversations.management": ("conversations",),
    "conversations.migrations": ("conversations",),
    "sandbox": ("sandbox",),
    "tests": OURS,
    "bench": OURS,
}

#: Packages of others that only some of us may use.
RESERVED: dict[str, tuple[str, ...]] = {
    "requests": ("conversations.genesys", "tests", "bench"),
    "urllib3": ("conversations.genesys",),
    "websockets": ("conversations.genesys", "sandbox", "tests", "bench"),
    "celery": (
        "dashboard.celery",
        "conversations.tasks",
        "conversations.checkup",
        "tests",
        "bench",
    ),
    "kombu": ("dashboard.doorbell", "conversations.tasks", "conversations.checkup", "tests"),
    "prometheus_client": ("conversations.metrics", "tests"),
    "starlette": ("sandbox",),
    "uvicorn": ("sandbox",),
    "environs": ("dashboard.settings",),
}

#: Plain Python: no framework behind these doors.
PLAIN = {"conversations.genesys": ("django", "celery"), "sandbox": ("django", "celery", "requests")}


def modules() -> Iterator[tuple[str, Path]]:
    for package in OURS:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            module = node.module or ""
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def within(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def rule(module: str) -> tuple[str, ...]:
    prefixes = [each for each in ALLOWED if within(module, (each,))]
    return ALLOWED[max(prefixes, key=len)] if prefixes else ()


MODULES = list(modules())


@pytest.mark.parametrize(("module", "path"), MODULES, ids=[name for name, _ in MODULES])
class TestArrows:
    def test_point_one_way(self, module: str, path: Path) -> None:
        wrong = [
            f"{path.relative_to(ROOT)}:{line} imports {name}"
            for line, name in imports(path)
            if within(name, OURS) and not within(name, rule(module))
        ]
        assert not wrong

    def test_reach_other_packages_only_from_their_rooms(self, module: str, path: Path) -> None:
        wrong = [
            f"{path.relative_to(ROOT)}:{line} imports {name}"
            for line, name in imports(path)
            for package, users in RESERVED.items()
            if within(name, (package,)) and not within(module, users)
        ]
        wrong += [
            f"{path.relative_to(ROOT)}:{line} imports {name}"
            for line, name in imports(path)
            for package, forbidden in PLAIN.items()
            if within(module, (package,)) and within(name, forbidden)
        ]
        assert not wrong


def test_every_query_of_a_page_starts_from_who_asks() -> None:
    """Views ask `access`, which asks who asks; none of them reaches for a manager itself."""
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for module, path in MODULES
        if within(module, ("dashboard.views",))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"objects", "_default_manager"}
    ]
    assert not wrong
