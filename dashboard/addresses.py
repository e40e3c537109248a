"""The address of what the board shows: always in one order, so that equal boards have equal addresses."""

from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

from django.http import QueryDict

from dashboard import attribute_filters

#: What narrows, orders and pages.
FILTERS = ("q", "queue", "media", "state", "agent", "division", "edits", "only")
ORDER = ("sort",)
PLACE = ("size", "page")
#: Longer than any browser or proxy carries well.
LONGEST = 4000


def written(query: QueryDict, names: Iterable[str] = (*FILTERS, *ORDER, *PLACE)) -> str:
    """What of a query means something here."""
    pairs = [(name, value) for name in names for value in _values(query, name) if value]
    pairs += sorted(
        (name, value)
        for name, values in query.lists()
        if attribute_filters.is_filter(name)
        for value in values
    )
    return urlencode(pairs)


def view(query: QueryDict) -> str:
    """What a saved view keeps: filters and order, not where in it somebody was."""
    return written(query, (*FILTERS, *ORDER))


def filters(query: QueryDict) -> str:
    return written(query, FILTERS)


def changed(query: QueryDict, **values: str | None) -> str:
    """The same, from its first page, with some values replaced; None: left out."""
    copy = query.copy()
    copy.pop("page", None)
    for name, value in values.items():
        if value is None:
            copy.pop(name, None)
        else:
            copy[name] = value
    return written(copy)


def without(query: QueryDict, name: str, value: str) -> str:
    """The same without one filter by an attribute."""
    copy = query.copy()
    copy.pop("page", None)
    copy.setlist(name, [each for each in copy.getlist(name) if each != value])
    return written(copy)


def parsed(text: str) -> QueryDict:
    return QueryDict(text[:LONGEST])


def added(query: QueryDict) -> str | None:
    """The address with the filter that the form's `attribute`, `how` and `value` make; None: it has none of them."""
    if "attribute" not in query:
        return None
    copy = query.copy()
    key, how, value = (_last(copy, name).strip() for name in ("attribute", "how", "value"))
    for name in ("attribute", "how", "value", "page"):
        copy.pop(name, None)
    if not key:
        return written(copy)
    values: Mapping[str, tuple[str, str]] = {
        attribute_filters.WITH: (attribute_filters.WITH, key),
        attribute_filters.WITHOUT: (attribute_filters.WITHOUT, key),
    }
    name, wanted = values.get(how, (f"{attribute_filters.IS}{key}", value))
    if wanted not in copy.getlist(name):
        copy.appendlist(name, wanted)
    return written(copy)


def _values(query: QueryDict, name: str) -> list[str]:
    return query.getlist(name) if name == "only" else query.getlist(name)[-1:]


def _last(query: QueryDict, name: str) -> str:
    return query.get(name) or ""
