"""All of our own API, in the order in which addresses are looked up."""

from __future__ import annotations

from fastapi import APIRouter

from gridsvc.web.api import categories, health, locate, maps, photos, reports, stats, tiles

ROUTERS: tuple[APIRouter, ...] = tuple(
    part.router for part in (reports, photos, locate, stats, maps, tiles, categories, health)
)
