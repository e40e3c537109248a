"""The notice that something changed back, on every page. `templates/base.html` has its place, every poll brings it."""

from functools import partial

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from conversations import news


def context(request: HttpRequest) -> dict[str, object]:
    """For templates: `changed_back`, asked for where it is shown."""
    if not request.user.is_authenticated:
        return {}
    return {"changed_back": SimpleLazyObject(partial(news.changed_back, request.user))}
