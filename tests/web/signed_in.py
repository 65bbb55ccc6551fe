"""A browser that is logged in, without the pages of the way there."""

from __future__ import annotations

from typing import Any

from tests.web.county import PASSWORD
from tests.web.test_access import log_in


def cookies_of(address: str, login: str, password: str = PASSWORD) -> list[Any]:
    """The cookies of somebody who came through the login form, as a browser's context takes them."""
    with log_in(address, login, password) as client:
        return [
            {"name": one.name, "value": one.value, "url": address, "httpOnly": True, "sameSite": "Lax"}
            for one in client.cookies.jar
        ]
