"""A person at the website, over HTTP: signs in by the form, posts the form of the editor."""

import uuid
from collections.abc import Mapping
from http import HTTPStatus
from uuid import UUID

import requests

from conversations.models import Role, User
from tests.genesys import Made

PASSWORD = "a storm is coming"


class NoAnswer(Exception):
    """Nobody can tell whether it was saved."""


class Person:
    """Sees everything, may change everything."""

    def __init__(self, site: str) -> None:
        self._site, self._session = site, requests.Session()
        self._name = f"storm-{uuid.uuid4().hex[:8]}"
        user = User(username=self._name, role=Role.ADMIN)
        user.set_password(PASSWORD)
        user.save()
        self._signed_in = False

    def save(
        self, made: Made, changes: Mapping[str, str], shown: Mapping[str, str], edit_id: UUID
    ) -> bool:
        """Whether it was saved; False: the page says no, with a reason. Raises `NoAnswer`."""
        form = {"edit": str(edit_id), "participant": str(made.customer)}
        form |= {f"set.{key}": value for key, value in changes.items()}
        form |= {f"was.{key}": value for key, value in shown.items() if key in changes}
        try:
            if not self._signed_in:
                self._sign_in()
            answer = self._post(f"/conversations/{made.id}/edits", form)
        except requests.RequestException as error:
            raise NoAnswer from error
        if answer.status_code in (HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY):
            return False
        if answer.status_code != HTTPStatus.FOUND or "login" in answer.headers["Location"]:
            self._signed_in = False
            raise NoAnswer(answer.status_code)
        return True

    def _sign_in(self) -> None:
        page = self._session.get(f"{self._site}/accounts/login/", timeout=5)
        page.raise_for_status()
        done = self._post("/accounts/login/", {"username": self._name, "password": PASSWORD})
        self._signed_in = done.status_code == HTTPStatus.FOUND

    def _post(self, path: str, form: Mapping[str, str]) -> requests.Response:
        token = self._session.cookies.get("csrftoken", "")
        return self._session.post(
            self._site + path,
            data={**form, "csrfmiddlewaretoken": token},
            timeout=10,
            allow_redirects=False,
        )
