"""Signing in and asking who one is: `/oauth/token`, tokens/me, subjects/me, users/me (API
reference, 2 and 3).
"""

import base64
import binascii
import secrets

from sandbox.api.call import Answer, Call, Json
from sandbox.api.errors import bad_request
from sandbox.api.paging import page_of
from sandbox.api.tokens import CLIENTS, Client, Role
from sandbox.state import Sandbox
from sandbox.world.organisation import (
    DIVISIONS,
    ORGANISATION_ID,
    ORGANISATION_NAME,
    Division,
)


def token(sandbox: Sandbox, call: Call) -> Answer:
    """`POST /oauth/token` with the client-credentials grant; its errors are not `ErrorBody`-shaped
    (recorded).
    """
    client_id, secret = _basic(call.headers.get("authorization", ""))
    if client_id is not None and sandbox.logins.count(client_id).is_over:
        return login_error(400, "invalid_request", "rate limit exceeded, try again later")
    grant = call.form().get("grant_type")
    if grant != "client_credentials":
        return login_error(400, "unsupported_grant_type", f"grant type {grant!r} is not supported")
    status = int(sandbox.switches.failed_login_status)
    client = CLIENTS.get(client_id or "")
    if client is None:
        return login_error(status, "invalid_client", "client not found")
    if not secrets.compare_digest(client.secret.encode(), (secret or "").encode()):
        return login_error(status, "invalid_client", "authentication failed")
    seconds = sandbox.switches.token_seconds
    issued = sandbox.tokens.issue(client, seconds)
    return Answer(
        200,
        {
            "access_token": issued.text,
            "token_type": "bearer",
            "expires_in": max(1, int(seconds) - 1),
        },
    )


def login_error(status: int, error: str, description: str) -> Answer:
    """The recorded body of a failed login."""
    return Answer(
        status, {"error": error, "description": description, "error_description": description}
    )


def _basic(header: str) -> tuple[str | None, str | None]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None, None
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None, None
    return name, secret


def tokens_me(sandbox: Sandbox, call: Call) -> Answer:
    """`GET /api/v2/tokens/me`."""
    client = call.token.client
    return Answer(
        200,
        {
            "organization": {"id": ORGANISATION_ID, "name": ORGANISATION_NAME},
            "homeOrganization": {"id": ORGANISATION_ID},
            "authorizedScope": ["everything"],
            "OAuthClient": {
                "id": client.subject_id,
                "name": client.name,
                "organization": {"id": ORGANISATION_ID},
            },
        },
    )


def head_tokens_me(sandbox: Sandbox, call: Call) -> Answer:
    """`HEAD /api/v2/tokens/me`."""
    return Answer(200)


def delete_tokens_me(sandbox: Sandbox, call: Call) -> Answer:
    """`DELETE /api/v2/tokens/me`: sign out."""
    sandbox.tokens.revoke(call.token)
    return Answer(200)


def subjects_me(sandbox: Sandbox, call: Call) -> Answer:
    """`GET /api/v2/authorization/subjects/me`: the client's grants, each a role within a
    division.
    """
    client = call.token.client
    with_policies = not sandbox.switches.policies_only_on_request or call.flag("includeFullRoles")
    grants = [
        _grant(client, role, division, with_policies)
        for role in client.roles
        for division in client.divisions
    ]
    return Answer(
        200,
        {
            "id": client.subject_id,
            "grants": grants,
            "version": 1,
            "selfUri": f"/api/v2/authorization/subjects/{client.subject_id}",
        },
    )


def _grant(client: Client, role: Role, division: Division, with_policies: bool) -> Json:
    policies = [
        {"actions": list(actions), "domain": d, "entityName": e} for d, e, actions in role.policies
    ]
    return {
        "subjectId": client.subject_id,
        "division": division_body(division),
        "role": {
            "id": role.id,
            "name": role.name,
            "description": role.description,
            "policies": policies if with_policies else [],
            "default": role.is_default,
            "selfUri": f"/api/v2/authorization/roles/{role.id}",
        },
    }


def division_body(division: Division) -> Json:
    """A division as grants and the division list show it."""
    return {
        "id": division.id,
        "name": division.name,
        "description": division.description,
        "homeDivision": division.is_home,
        "selfUri": f"/api/v2/authorization/divisions/{division.id}",
    }


def divisions(sandbox: Sandbox, call: Call) -> Answer:
    """`GET /api/v2/authorization/divisions`."""
    return Answer(
        200, page_of([division_body(d) for d in DIVISIONS], call, "/api/v2/authorization/divisions")
    )


def users_me(sandbox: Sandbox, call: Call) -> Answer:
    """`GET /api/v2/users/me`: there is no user behind a client-credentials token
    (REPORTED: 400).
    """
    raise bad_request(
        "This request requires a user context. Client credentials cannot be used for requests"
        " that require a user context."
    )


SCOPES = (
    "analytics",
    "authorization",
    "conversations",
    "notifications",
    "routing",
    "user-basic-info",
    "users",
)


def scopes(sandbox: Sandbox, call: Call) -> Answer:
    """`GET /api/v2/oauth/scopes`; they do not apply to client-credentials tokens (CONFIRMED)."""
    names = [name + suffix for name in SCOPES for suffix in ("", ":readonly")]
    entities = [
        {"id": name, "description": f"Scope {name}", "selfUri": f"/api/v2/oauth/scopes/{name}"}
        for name in names
    ]
    return Answer(
        200, {"total": len(entities), "entities": entities, "selfUri": "/api/v2/oauth/scopes"}
    )
