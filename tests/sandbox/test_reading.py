"""Reading conversations, and everything that is not there."""

from uuid import uuid4

import pytest

from tests.sandbox.client import DEMO_AGENT, Caller

MEDIA = {"voice": "calls", "callback": "callbacks", "email": "emails", "message": "messages"}


class TestViews:
    @pytest.mark.parametrize("media", MEDIA)
    def test_a_media_view_is_flat(self, sandbox: Caller, media: str) -> None:
        made = sandbox.make(media=media, agent=DEMO_AGENT, attributes={"a": "b"})
        body = sandbox.api("GET", f"/conversations/{MEDIA[media]}/{made.id}").json()
        customer, agent = body["participants"][0], body["participants"][-1]
        assert (customer["purpose"], customer["attributes"], customer["state"]) == (
            "customer",
            {"a": "b"},
            "connected",
        )
        assert agent["user"]["id"] == DEMO_AGENT
        assert agent["queue"]["id"] == made.raw["queue"]["id"]
        assert "calls" not in customer

    def test_it_needs_no_permission(self, sandbox: Caller) -> None:
        made = sandbox.make()
        limited = Caller(sandbox.url, "limited")
        assert limited.api("GET", f"/conversations/calls/{made.id}").status_code == 200

    def test_a_conversation_without_that_media_is_not_found(self, sandbox: Caller) -> None:
        made = sandbox.make(media="email")
        assert sandbox.api("GET", f"/conversations/calls/{made.id}").status_code == 404

    @pytest.mark.parametrize("path", ["", *(f"/{view}" for view in MEDIA.values())])
    def test_a_client_has_no_conversations_of_its_own(self, sandbox: Caller, path: str) -> None:
        sandbox.make(agent=DEMO_AGENT)
        assert sandbox.api("GET", f"/conversations{path}").json() == {"entities": []}


class TestShape:
    def test_empty_media_arrays_are_there_and_nulls_are_not(self, sandbox: Caller) -> None:
        body = sandbox.make(media="email").read()
        for participant in body["participants"]:
            assert participant["calls"] == participant["videos"] == []
            assert len(participant["emails"]) == 1
        assert "null" not in str(body)
        assert "None" not in str(body)

    def test_live_has_no_end(self, sandbox: Caller) -> None:
        body = sandbox.make().read()
        assert "endTime" not in body
        assert ["endTime" in p for p in body["participants"]] == [False, True, True, False]
        open_segment = body["participants"][0]["calls"][0]["segments"][-1]
        assert "endTime" not in open_segment


class TestNotThere:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/nothing"),
            ("GET", ""),
            ("GET", "/conversations/x/participants/y"),
            ("DELETE", "/conversations/x/participants/y/attributes"),
            ("PUT", "/conversations/x/participants/y/attributes"),
            ("PATCH", "/conversations/voice/x/participants/y/attributes"),
            ("POST", "/conversations/x"),
            ("GET", "/conversations/x/"),
        ],
    )
    def test_what_nobody_published_is_not_found(
        self, sandbox: Caller, method: str, path: str
    ) -> None:
        answer = sandbox.api(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not.found")
        assert answer.headers["ININ-Correlation-Id"]

    def test_an_unknown_conversation(self, sandbox: Caller) -> None:
        for conversation in (str(uuid4()), "x", "%20", "a%2Fb"):
            assert sandbox.api("GET", f"/conversations/{conversation}").status_code == 404


class TestQueues:
    def test_pages(self, sandbox: Caller) -> None:
        first = sandbox.api("GET", "/routing/queues?pageSize=5").json()
        assert (len(first["entities"]), first["total"], first["pageCount"]) == (5, 8, 2)
        assert first["nextUri"].endswith("pageNumber=2")
        second = sandbox.api("GET", first["nextUri"].removeprefix("/api/v2")).json()
        assert len(second["entities"]) == 3
        assert "nextUri" not in second
        assert sandbox.api("GET", "/routing/queues?pageNumber=9").json()["entities"] == []

    def test_by_name_and_division(self, sandbox: Caller) -> None:
        found = sandbox.api("GET", "/routing/queues?name=retail*").json()["entities"]
        assert [q["name"] for q in found] == ["Retail Orders", "Retail Returns"]
        division = found[0]["division"]["id"]
        listed = sandbox.api("GET", f"/routing/queues?divisionId={division}").json()["entities"]
        assert listed == found

    def test_divisions_and_scopes(self, sandbox: Caller) -> None:
        divisions = sandbox.api("GET", "/authorization/divisions").json()["entities"]
        assert [d["name"] for d in divisions if d["homeDivision"]] == ["Home"]
        assert sandbox.api("GET", "/oauth/scopes").json()["total"] > 0

    @pytest.mark.parametrize("query", ["pageSize=0", "pageSize=x", "pageNumber=-1"])
    def test_malformed_pages(self, sandbox: Caller, query: str) -> None:
        for path in ("routing/queues", "authorization/divisions"):
            assert sandbox.api("GET", f"/{path}?{query}").status_code == 400
