"""Which of our fields a file of each kind may have, and the sender's word for the column of each.

The options of the command (`--contact-field`), the parameters of the API (`contact_field`) and the choices on the page
are these. A field that is not named is looked for by its usual names; one named with an empty word is not in the file.
"""

from __future__ import annotations

from collections.abc import Mapping

from geodata.layer import DOOR_ROLES, REPORT_ROLES, Fields
from gridsvc.errors import Refused

_POSITION = ("lon", "lat", "x", "y", "wkt")
FIELDS_OF: dict[str, tuple[str, ...]] = {
    "areas": ("code", "name", "parent", "level", "wkt"),
    "grids": ("code", "name", "layer", "wkt"),
    "compounds": ("code", "name", "aliases", "households", "buildings", "managed", *_POSITION),
    "workers": ("code", "name", "grid", "layer", "duty", "hours"),
    "basemap": ("feature", "category", "name", *_POSITION),
    "reports": (*REPORT_ROLES, "lon", "lat", "x", "y"),
    "households": (*DOOR_ROLES, *_POSITION),
}
# Those of a table of accounts, which has no places.
ACCOUNT_FIELDS = ("login", "name", "role", "areas", "department", "worker")
# Fields that say nothing of a person by themselves: what stands there may be shown to who looks at a file.
OF_PLACES = frozenset(
    ("community", "compound", "building", "entrance", "room", "target", "category", "people", "elsewhere")
)


def chosen(kind: str, named: Mapping[str, str]) -> Fields:
    """The columns that a sender names, by field.

    Raises:
        Refused: `field_unknown`: files of this kind have no such field.
    """
    known = FIELDS_OF.get(kind, ())
    for role in named:
        if role not in known:
            raise Refused("field_unknown", role=role[:80], fields=", ".join(known))
    return Fields(**named)
