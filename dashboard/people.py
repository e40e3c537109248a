"""Who asks: requests of signed-in staff."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django_htmx.middleware import HtmxDetails

from conversations import access
from conversations.models import User

Rest = ParamSpec("Rest")


class StaffRequest(HttpRequest):
    """A request behind the sign-in: its user is one of us. For types only; Django makes the requests."""

    user: User
    htmx: HtmxDetails


StaffView = Callable[Concatenate[StaffRequest, Rest], HttpResponse]


def admins_only(view: StaffView[Rest]) -> StaffView[Rest]:
    """Everybody else is told that the page is for administrators."""

    @wraps(view)
    def guarded(request: StaffRequest, /, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponse:
        if not access.may_administer(request.user):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded
