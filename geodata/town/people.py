"""Households, workers and hours of duty."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import time
from random import Random

import shapely
from geopandas import GeoDataFrame

from geodata.town import dice, names
from geodata.town.built import STYLES, Building
from geodata.town.ground import Grids
from geodata.town.plan import Plan, lonlat
from geodata.town.rows import Duty, Household, Worker

NONE = "无"  # the literal for a level that an address does not have
WEEKDAYS, WEEKEND, ALL_DAYS = (1, 2, 3, 4, 5), (6, 7), (1, 2, 3, 4, 5, 6, 7)
SHOPS = 0.015  # of all doors
BESIDE_A_ROAD_DEG = 0.0009  # about a hundred metres
GROUND_FLOOR = frozenset({NONE, *(str(100 + flat) for flat in range(1, 9))})
CLASSES = ("ordinary", "floating", "living_alone", "cared_for", "in_need")
CLASS_SUMS = dice.cumulated((930, 25, 20, 15, 10))
GRIDS_PER_WORKER = (1, 1, 2, 2, 2, 3)


def households(plan: Plan, every: Iterable[Building], codes: Grids, seed: int, scale: float) -> tuple[Household, ...]:
    """All doors, building by building. `scale` multiplies the floors, in street houses the doors."""
    rng = dice.stream(seed, "households")
    doors: list[Household] = []
    for building in every:
        if building.site is None:
            continue
        lon, lat = lonlat(plan, building.x, building.y)
        community, ref = names.community_code(building.site.letter), building.site.ref
        for unit, room in _rooms(rng, building, scale):
            key = "-".join((community, ref, building.label, unit, room))
            doors.append(
                Household(key, community, ref, building.id, building.label, unit, room, lon, lat, codes[building.block])
            )
    return tuple(doors)


def furnished(doors: tuple[Household, ...], roads: GeoDataFrame, seed: int) -> tuple[Household, ...]:
    """The doors with who is behind them: a few shops on the ground floor along main roads, a few in other classes."""
    rng = dice.stream(seed, "behind the doors")
    major = shapely.union_all(roads.geometry[roads["class"] == "major"].to_numpy())
    shapely.prepare(major)
    places = shapely.points([door.lon for door in doors], [door.lat for door in doors])
    beside = shapely.dwithin(places, major, BESIDE_A_ROAD_DEG).tolist()
    fit = [near and door.room in GROUND_FLOOR for near, door in zip(beside, doors, strict=True)]
    share = min(1.0, SHOPS * len(doors) / max(1, sum(fit)))
    names_left = dice.shuffled(rng, [s + of for s in names.SURNAMES for of in names.TRADES])
    return tuple(
        _furnished(rng, door, fits and dice.happens(rng, share), names_left)
        for door, fits in zip(doors, fit, strict=True)
    )


def _furnished(rng: Random, door: Household, is_shop: bool, names_left: list[str]) -> Household:
    if is_shop and names_left:
        name = names_left.pop()
        owner = name[0] + dice.pick(rng, names.GIVEN_NAMES)
        return replace(door, kind="shop", name=name, class_code="business", contact=owner)
    class_code = dice.weighted(rng, CLASSES, CLASS_SUMS)
    n_people = 1 if class_code == "living_alone" else 1 + dice.below(rng, 5)
    return replace(door, class_code=class_code, n_people=n_people, registered_elsewhere=class_code == "floating")


def _rooms(rng: Random, building: Building, scale: float) -> list[tuple[str, str]]:
    if building.site is None or building.site.name is None:
        n_doors = int(dice.pick(rng, (1, 1, 1, 2)) * scale + rng.random() * 0.999)
        return [(NONE, NONE)] if n_doors == 1 else [(NONE, str(door)) for door in range(1, n_doors + 1)]
    *_, n_floors, n_units, n_flats = STYLES[building.site.name.style]
    return [
        (f"{unit}单元" if n_units > 1 else NONE, f"{floor}{flat:02d}")
        for unit in range(1, n_units + 1)
        for floor in range(1, max(1, round(n_floors * scale)) + 1)
        for flat in range(1, n_flats + 1)
    ]


def workers(
    base_codes: list[str], dedicated_codes: list[str], seed: int
) -> tuple[tuple[Worker, ...], tuple[Duty, ...]]:
    """Who works where and when; the codes in their order.

    Every grid has a main worker; many of these answer for two or three grids. About one grid in eight has no deputy,
    so that outside the main worker's hours the community's leader answers.
    """
    rng = dice.stream(seed, "workers")
    people = dice.shuffled(rng, [surname + given for surname in names.SURNAMES for given in names.GIVEN_NAMES])
    staff: list[Worker] = []
    duties: list[Duty] = []

    def hire(community: str, leads: bool) -> Worker:
        staff.append(Worker(f"W{len(staff) + 1:03d}", people[len(staff)], community, "leader" if leads else "worker"))
        return staff[-1]

    for letter in names.COMMUNITY_NAMES:
        community = names.community_code(letter)
        leader = hire(community, True)
        duties.append(Duty(leader.code, "leader", "community", community, ALL_DAYS, time(0, 0), time(23, 59)))
        own = [code for code in base_codes if code[:12] == community]
        beats: list[tuple[Worker, list[str]]] = []
        while own:
            n_grids = dice.pick(rng, GRIDS_PER_WORKER)
            beats.append((hire(community, False), own[:n_grids]))
            own = own[n_grids:]
        duties += _hours(rng, beats)
        for code in dedicated_codes:
            if code[:12] == community:
                guard = hire(community, False)
                duties.append(Duty(guard.code, "main", "dedicated", code, ALL_DAYS, time(7, 0), time(22, 0)))
                duties.append(Duty(leader.code, "deputy", "dedicated", code, WEEKDAYS, time(8, 0), time(18, 0)))
    return tuple(staff), tuple(duties)


def _hours(rng: Random, beats: list[tuple[Worker, list[str]]]) -> list[Duty]:
    duties = []
    for number, (worker, codes) in enumerate(beats):
        other = beats[(number + 1) % len(beats)][0]
        long_days = dice.happens(rng, 0.3)
        for code in codes:
            if long_days:
                duties.append(Duty(worker.code, "main", "base", code, ALL_DAYS, time(7, 30), time(19, 30)))
            else:
                duties.append(Duty(worker.code, "main", "base", code, WEEKDAYS, time(8, 0), time(18, 0)))
            if other is not worker and dice.happens(rng, 0.87):
                days, until = (WEEKEND, time(17, 30)) if dice.happens(rng, 0.5) else (ALL_DAYS, time(21, 0))
                duties.append(Duty(other.code, "deputy", "base", code, days, time(8, 30), until))
    return duties
