"""The floor of every measurement: what remains when there is nothing but the calls."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import requests
from django.conf import settings

from conversations.edits.proof import look_times
from tests.genesys import Made


class Loop:
    """A bare loop of `requests`: PATCH, then GET at the product's own look times until the value is there.

    One kept-alive connection, no queue, no database.
    """

    def __init__(self) -> None:
        self._session = requests.Session()
        form = {"grant_type": "client_credentials"}
        token = self._session.post(
            f"{settings.GENESYS.login_url}/oauth/token", data=form, auth=("sandbox", "sandbox")
        ).json()["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def edit(self, made: Made, key: str, value: str) -> float:
        """Seconds from the PATCH to the GET that shows the value."""
        url = f"{settings.GENESYS.api_url}/api/v2/conversations/{made.id}"
        started = time.perf_counter()
        path = f"{url}/participants/{made.customer}/attributes"
        assert self._session.patch(path, json={"attributes": {key: value}}).status_code == 202
        accepted = time.perf_counter()
        for moment in look_times():
            time.sleep(max(0.0, accepted + moment - time.perf_counter()))
            if self._shows(url, made, key, value):
                return time.perf_counter() - started
        raise AssertionError("the sandbox never showed the value")

    def _shows(self, url: str, made: Made, key: str, value: str) -> bool:
        participants = self._session.get(url).json()["participants"]
        return any(
            each["id"] == str(made.customer) and each["attributes"].get(key) == value
            for each in participants
        )


def at_a_time(count: int, work: Iterable[tuple[Made, str, str]]) -> float:
    """Seconds that so many loops side by side, each with a connection of its own, need for the work."""
    loops: list[Loop] = [Loop() for _ in range(count)]

    def take(number: int, mine: list[tuple[Made, str, str]]) -> None:
        for each in mine:
            loops[number].edit(*each)

    everything = list(work)
    started = time.perf_counter()
    with ThreadPoolExecutor(count) as pool:
        done: Callable[[int], None] = lambda n: take(n, everything[n::count])  # noqa: E731
        list(pool.map(done, range(count)))
    return time.perf_counter() - started
