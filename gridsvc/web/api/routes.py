"""All of our own API, in the order in which addresses are looked up."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from gridsvc.web.api import categories, health, locate, maps, reports, stats, tiles
from gridsvc.web.deps import known_query

router = APIRouter(dependencies=[Depends(known_query)])
for part in (reports, locate, stats, maps, tiles, categories, health):
    router.include_router(part.router)
