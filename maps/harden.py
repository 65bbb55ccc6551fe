"""The one patch that keeps folium and branca from running text as a template.

branca renders an element and wraps the *result* in `Element(text)`, which compiles that text as Jinja2 once
more. A name such as `{{ cycler.__init__… }}` in any of a dozen folium features would so run code on the
server. After `apply()` a text given to `Element` is a constant. `tests/maps/test_harden.py` holds the canaries,
and shows that they sing without the patch.
"""

from __future__ import annotations

import functools
from typing import Any

from branca.element import Element

CANARY = "{{7*191}}"


class Constant:
    """A template that renders to the text it was given, whatever stands in it."""

    def __init__(self, text: str) -> None:
        self.text = text

    def render(self, *args: object, **kwargs: object) -> str:
        """The text, unchanged."""
        return self.text


def apply() -> None:
    """Nothing; afterwards `branca.element.Element` takes text as text. Doing it twice changes nothing."""
    if applied():
        return
    original = Element.__init__
    restore = Element.__setstate__

    @functools.wraps(original)
    def init(self: Any, template: str | None = None, template_name: str | None = None) -> None:
        original(self, None, template_name)
        if template is not None:
            self._template_str = template
            self._template = Constant(template)

    @functools.wraps(restore)
    def setstate(self: Any, state: dict[str, Any]) -> None:
        # the stock method compiles the kept text: an unpickled element would be a template again
        text = state["_template_str"]
        if text is None:
            restore(self, state)
        else:
            self.__dict__.update(state, _template=Constant(text))

    Element.__init__ = init  # type: ignore[method-assign]  # this is the patch
    Element.__setstate__ = setstate  # type: ignore[method-assign]  # and its other half


def applied() -> bool:
    """Whether the canary comes out as it went in."""
    return bool(Element(CANARY).render() == CANARY)
