"""Phones of the tests: each has the app from before, and nothing else of whoever had it last.

To fetch the app's files anew costs seconds a test; what a test is about begins with the storage empty and nobody logged in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser

from tests.browser.field import PIXEL, Phone
from tests.browser.page_checks import put_away

OWN = "indexeddb,local_storage"  # what the app keeps of a person and of a day; its own files stay


@dataclass
class Drawer:
    """The browser, and phones that nobody holds, by what they are."""

    browser: Browser
    idle: dict[str, list[Phone]] = field(default_factory=dict)

    @contextmanager
    def lend(
        self,
        address: str,
        profile: dict[str, Any] = PIXEL,
        *,
        lang: str = "zh",
        clocked: bool = False,
        geolocation: Any = None,
        permissions: Iterable[str] = (),
        **options: Any,
    ) -> Iterator[Phone]:
        """A phone as `field.phone` gives one; what a test broke is not lent again.

        Args:
            clocked: its clock will be set, which cannot be undone.
        """
        what = repr((address, profile["viewport"], lang, clocked, sorted(options.items())))
        shelf = self.idle.setdefault(what, [])
        held = shelf.pop() if shelf else Phone.made(self.browser, address, profile, lang=lang, **options)
        whole = False
        try:
            held.renew()
            tool = held.context.new_cdp_session(held.page)
            tool.send("Storage.clearDataForOrigin", {"origin": address, "storageTypes": OWN})
            tool.detach()
            held.context.clear_cookies()
            held.context.clear_permissions()
            held.context.grant_permissions(list(permissions))
            held.context.set_geolocation(geolocation)
            yield held
            whole = True
        finally:
            if whole:
                for page in held.context.pages:  # an empty one, too, would keep a process
                    put_away(page)
                shelf.append(held)
            else:
                held.context.close()

    def close(self) -> None:
        """Puts all of them away for good."""
        for shelf in self.idle.values():
            for held in shelf:
                held.context.close()
