"""A pattern of the catalogue never holds up the web process, whatever it is and whatever is typed."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.test import Client

from conversations import patterns
from conversations.models import Role
from tests.builders import a_user
from tests.dashboard.shown import Shown

pytestmark = pytest.mark.usefixtures("database")

#: Far more than the limit of one match, far less than what these would need.
SOON = 5.0
NESTED = r"(x+x+)+y"
HOPELESS = [NESTED, r"(a|aa|aaa)+b", r"(.*?,){11}P", r"^(([a-z])+.)+[A-Z]([a-z])+$"]


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(a_user(Role.ADMIN))
    return client


def typed(**changed: str) -> dict[str, str]:
    return {
        "key": "sample",
        "label": "Sample",
        "type": "text",
        "max_length": "10000",
        "seen_by": "everyone",
        "edited_by": "everyone",
        "order": "1",
        **changed,
    }


class TestAPattern:
    @pytest.mark.parametrize(
        ("pattern", "fit", "unfit"),
        [
            (r"C-[0-9]{1,8}(-[A-Z])?", "C-88213-X", "88213"),
            (r"(?=.*\d)(?!.*  )\w[\w ]*", "room 12", "room"),
            (r"(['\"]).*\1", "'so'", "'so\""),
            (r"[A-Z]{2}\d{2}([A-Z0-9]{4} ?){3,7}", "DE00 ", "DE"),
            (r"(?i)yes|no", "NO", "maybe"),
            ("Grüße?", "Grüße", "Grusse"),
        ],
    )
    def test_means_what_it_means_to_python(self, pattern: str, fit: str, unfit: str) -> None:
        if pattern.startswith("[A-Z]{2}"):
            fit = "DE00ABCD EFGH 1234"
        patterns.check(pattern)
        assert patterns.fits(pattern, fit)
        assert not patterns.fits(pattern, unfit)

    @pytest.mark.parametrize("pattern", HOPELESS)
    def test_that_would_take_for_ever_is_given_up(self, pattern: str) -> None:
        started = time.monotonic()
        for text in ("x" * 5000, "a" * 5000, "1," * 2000, "ab " * 1500):
            try:
                patterns.fits(pattern, text)
            except patterns.TooSlow:
                break
        else:
            pytest.fail("it was meant to be too slow")
        assert time.monotonic() - started < SOON

    def test_lets_others_go_on_meanwhile(self) -> None:
        def slow() -> None:
            with pytest.raises(patterns.TooSlow):
                patterns.fits(NESTED, "x" * 5000)

        with ThreadPoolExecutor(1) as pool:
            busy = pool.submit(slow)
            turns = 0
            while not busy.done():
                turns += 1
                time.sleep(0.001)
            busy.result()
        assert turns > 3

    @pytest.mark.parametrize(
        "pattern",
        [
            "((a{1000}){1000}){1000}",
            "(?=((a{1000}){1000}){1000})x",
            "a{100000000}",
            "(?:(a?){999}){999}",
        ],
    )
    def test_no_value_could_meet_is_refused_at_once(self, pattern: str) -> None:
        started = time.monotonic()
        with pytest.raises(patterns.Unusable, match="more than 10000 characters"):
            patterns.check(pattern)
        assert time.monotonic() - started < SOON


class TestThePages:
    def test_say_why_a_pattern_cannot_be(self, client: Client) -> None:
        answer = client.post("/catalogue/new/", typed(pattern="((a{1000}){1000}){1000}"))
        assert answer.status_code == 422
        assert "more than 10000 characters" in Shown(answer.content).error("pattern")

    def test_say_that_a_value_could_not_be_checked(self, client: Client) -> None:
        started = time.monotonic()
        tried = typed(pattern=NESTED) | {"set.sample": "x" * 5000}
        answer = client.post("/catalogue/preview", tried)
        assert "could not be checked" in answer.content.decode()
        assert time.monotonic() - started < SOON
