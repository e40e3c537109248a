"""Signing in, permissions, and the rate limit."""

import pytest
import requests

from tests.sandbox.client import Caller
from tests.sandbox.process import SandboxProcess


class TestSigningIn:
    def test_a_token_is_good_for_a_day(self, sandbox: Caller) -> None:
        body = sandbox.login("sandbox", "sandbox").json()
        assert (body["token_type"], body["expires_in"], set(body)) == (
            "bearer",
            86399,
            {"access_token", "token_type", "expires_in"},
        )

    @pytest.mark.parametrize(("rule", "status"), [("401", 401), ("400", 400)])
    def test_a_failed_login_is_400_or_401(self, sandbox: Caller, rule: str, status: int) -> None:
        sandbox.turn(failed_login_status=rule)
        assert sandbox.login("sandbox", "wrong").status_code == status
        assert sandbox.login("nobody", "sandbox").status_code == status

    @pytest.mark.parametrize("header", ["", "Basic", "Basic %%%", "Basic /w==", "Bearer x"])
    def test_a_malformed_login_is_an_oauth_error(self, sandbox: Caller, header: str) -> None:
        answer = requests.post(
            f"{sandbox.url}/oauth/token",
            headers={"Authorization": header},
            data={"grant_type": "client_credentials"},
            timeout=5,
        )
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")

    def test_other_grants_are_not_there(self, sandbox: Caller) -> None:
        answer = sandbox.login("sandbox", "sandbox", "password")
        assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")

    def test_no_token(self, sandbox: Caller) -> None:
        answer = requests.get(f"{sandbox.url}/api/v2/tokens/me", timeout=5)
        assert (answer.status_code, answer.json()["code"]) == (401, "authentication.required")

    def test_an_expired_token(self, sandbox: Caller) -> None:
        sandbox.turn(token_seconds=1)
        caller = Caller(sandbox.url)
        assert caller.api("GET", "/tokens/me").status_code == 200
        sandbox.control("POST", "tokens/revoke", {"client": "sandbox"})
        answer = caller.api("GET", "/tokens/me")
        assert (answer.status_code, answer.json()["code"]) == (401, "bad.credentials")

    def test_signing_out(self, sandbox: Caller) -> None:
        assert sandbox.api("HEAD", "/tokens/me").status_code == 200
        assert sandbox.api("DELETE", "/tokens/me").status_code == 200
        assert sandbox.api("HEAD", "/tokens/me").status_code == 401

    def test_tokens_of_one_client_are_revoked_alone(self, sandbox: Caller) -> None:
        limited = Caller(sandbox.url, "limited")
        sandbox.control("POST", "tokens/revoke", {"client": "limited"})
        assert sandbox.api("GET", "/tokens/me").status_code == 200
        assert limited.api("GET", "/tokens/me").status_code == 401


class TestPermissions:
    def test_reading_needs_a_permission(self, sandbox: Caller) -> None:
        answer = Caller(sandbox.url, "limited").api("GET", sandbox.make().path)
        assert answer.status_code == 403
        assert answer.json()["code"] == "missing.permissions"
        assert answer.json()["message"].endswith("conversation:communication:view")

    def test_the_grants_say_so_beforehand(self, sandbox: Caller) -> None:
        assert "communication" in entities(sandbox)
        assert "communication" not in entities(Caller(sandbox.url, "limited"))

    def test_policies_may_come_only_on_request(self, sandbox: Caller) -> None:
        sandbox.turn(policies_only_on_request=True)
        assert entities(sandbox) == set()
        assert "communication" in entities(sandbox, "?includeFullRoles=true")


def entities(caller: Caller, query: str = "") -> set[str]:
    grants = caller.api("GET", f"/authorization/subjects/me{query}").json()["grants"]
    return {policy["entityName"] for grant in grants for policy in grant["role"]["policies"]}


class TestRateLimit:
    def test_the_headers_count(self, sandbox: Caller) -> None:
        sandbox.turn(rate_limit=300)
        answers = [sandbox.api("GET", "/tokens/me") for _ in range(3)]
        assert [a.headers["inin-ratelimit-count"] for a in answers] == ["1", "2", "3"]
        assert {a.headers["inin-ratelimit-allowed"] for a in answers} == {"300"}
        assert all(0 < int(a.headers["inin-ratelimit-reset"]) <= 61 for a in answers)

    @pytest.mark.parametrize("window", ["fixed", "sliding"])
    def test_beyond_the_limit_it_is_429(self, sandbox: Caller, window: str) -> None:
        sandbox.turn(rate_limit=3, rate_window=window)
        answers = [sandbox.api("GET", "/tokens/me") for _ in range(5)]
        assert [a.status_code for a in answers] == [200, 200, 200, 429, 429]
        refused = answers[-1]
        seconds = refused.headers["Retry-After"]
        assert 58 <= int(seconds) <= 60
        assert refused.json()["message"] == (
            f"Rate limit exceeded the maximum. Retry the request in [{seconds}] seconds"
        )
        assert refused.headers["inin-ratelimit-count"] == "3"

    def test_each_token_has_its_own(self, sandbox: Caller) -> None:
        sandbox.turn(rate_limit=2)
        other = Caller(sandbox.url)
        assert [sandbox.api("GET", "/tokens/me").status_code for _ in range(3)] == [200, 200, 429]
        assert other.api("GET", "/tokens/me").status_code == 200

    def test_logins_have_a_limit_of_their_own(self, sandbox: Caller) -> None:
        sandbox.turn(rate_limit=2)
        answers = [sandbox.login("limited", "limited") for _ in range(3)]
        assert [a.status_code for a in answers] == [200, 200, 400]
        assert answers[-1].json()["error"] == "invalid_request"
        assert "rate limit exceeded" in answers[-1].json()["error_description"]
        assert sandbox.api("GET", "/tokens/me").status_code == 200

    def test_the_limit_of_the_command_line(self) -> None:
        with SandboxProcess("--conversations", "0", "--rate-limit", "1") as process:
            caller = Caller(process.url)
            assert [caller.api("GET", "/tokens/me").status_code for _ in range(2)] == [200, 429]
