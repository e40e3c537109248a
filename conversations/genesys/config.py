"""Where one Genesys Cloud organisation is and how to sign in to it."""

import re
from dataclasses import dataclass
from typing import Self

#: A host suffix such as `mypurecloud.ie` or `euw2.pure.cloud` (API.md 1); new regions appear, so the form is checked
#: and not the name.
_REGION = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


@dataclass(frozen=True, slots=True)
class Config:
    """Addresses, credentials and timeouts (seconds) of one organisation."""

    api_url: str
    login_url: str
    client_id: str
    client_secret: str
    connect_timeout: float = 3.0
    #: A whole answer must have arrived this long after the request was sent, however slowly it drips.
    read_timeout: float = 10.0

    @property
    def apps_url(self) -> str:
        """Where the agent desktop of the organisation runs: beside its API. The sandbox plays all hosts from one."""
        return self.api_url.replace("://api.", "://apps.", 1)

    def __repr__(self) -> str:  # the secret never reaches a log or a traceback
        return f"Config(api_url={self.api_url!r}, client_id={self.client_id!r})"

    def __post_init__(self) -> None:
        object.__setattr__(self, "api_url", self.api_url.rstrip("/"))
        object.__setattr__(self, "login_url", self.login_url.rstrip("/"))

    @classmethod
    def for_region(cls, region: str, client_id: str, client_secret: str) -> Self:
        """The two hosts of a region, named by its host suffix; `ValueError` where it is none."""
        if not _REGION.fullmatch(region):
            raise ValueError(
                f"Environment variable GENESYS_REGION invalid: {region!r} is not a host such as mypurecloud.ie"
            )
        return cls(
            api_url=f"https://api.{region}",
            login_url=f"https://login.{region}",
            client_id=client_id,
            client_secret=client_secret,
        )
