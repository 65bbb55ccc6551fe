"""All of our own API, in the order in which addresses are looked up."""

from __future__ import annotations

from fastapi import APIRouter

from gridsvc.web.api import (
    accounts,
    actions,
    campaigns,
    categories,
    departments,
    devices,
    door_import,
    duty,
    find,
    health,
    households,
    joining,
    ledger,
    locate,
    map_coverage,
    maps,
    photos,
    public,
    report_tiles,
    reports,
    residents,
    responsibility,
    saved_queries,
    stats,
    sync,
    tiles,
    unsent,
    visits,
    voices,
    wall,
    worklist,
)

ROUTERS: tuple[APIRouter, ...] = tuple(
    part.router
    for part in (
        # looked through from the start at each request: what many phones send at the same moment comes first
        *(sync, photos, voices),
        *(residents, joining, actions, reports, locate, stats, maps, tiles, report_tiles, categories),
        *(worklist, wall, ledger, departments, responsibility, duty, accounts, devices, health),
        *(public, campaigns, visits, door_import, households, saved_queries, map_coverage, find, unsent),
    )
)
