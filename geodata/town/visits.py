"""The script of door-to-door visits: a round of one subdistrict that went well, then one of all the town, half done."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from random import Random

from geodata.town import dice
from geodata.town.plan import M_PER_DEG_LAT, M_PER_DEG_LON
from geodata.town.rows import DAYS, ZONE, Duty, Household, Outcome, Visit

HOURS = (9, 10, 11, 14, 15, 16, 17, 18, 19, 20)
HOUR_SUMS = dice.cumulated((8, 9, 5, 4, 7, 9, 12, 18, 16, 6))
MISSES: tuple[Outcome, ...] = ("absent", "refused", "vacant", "moved")
MISS_SUMS = dice.cumulated((70, 12, 13, 5))
AGAIN_DAYS = 14
EXTREMES = 0.07  # share of the grids with no door reached, and again with every door reached
LOWEST, HIGHEST = 0.06, 0.97
TURN = DAYS // 2  # the first round ends and the second begins
FIRST_ROUND = "990101002"  # the subdistrict that made it
FIRST_LOWEST, FIRST_HIGHEST = 0.86, 1.0


def target_shares(codes: list[str], seed: int) -> dict[str, float]:
    """The share of doors to be reached in each grid: some 0, some 1, the others evenly between, in mixed order."""
    rng = dice.stream(seed, "coverage")
    n_extreme = max(1, round(len(codes) * EXTREMES)) if len(codes) > 2 else 0
    n_between = len(codes) - 2 * n_extreme
    shares = [0.0] * n_extreme + [1.0] * n_extreme
    shares += [LOWEST + (HIGHEST - LOWEST) * i / max(1, n_between - 1) for i in range(n_between)]
    return dict(zip(codes, dice.shuffled(rng, shares), strict=True))


def visits(until: date, households: tuple[Household, ...], duties: tuple[Duty, ...], seed: int) -> tuple[Visit, ...]:
    """All visits of both rounds by `recorded_at`, each before `until`; numbers follow the households."""
    rng = dice.stream(seed, "visits")
    doors: dict[str, list[Household]] = {}
    for door in households:
        doors.setdefault(door.script_grid, []).append(door)
    mains = {duty.code: duty.worker_code for duty in duties if duty.kind == "main"}
    shares = target_shares(sorted(doors), seed)
    made: list[Visit] = []
    for code in sorted(doors):
        begin = until - timedelta(days=DAYS)
        if code.startswith(FIRST_ROUND):
            share = dice.between(rng, FIRST_LOWEST, FIRST_HIGHEST)
            made += _grid_visits(rng, begin, TURN, dice.shuffled(rng, doors[code]), share, mains[code])
        begin += timedelta(days=TURN)
        made += _grid_visits(rng, begin, DAYS - TURN, dice.shuffled(rng, doors[code]), shares[code], mains[code])
    return tuple(sorted(made, key=lambda visit: (visit.recorded_at, visit.client_key)))


def _grid_visits(
    rng: Random, begin: date, n_days: int, doors: list[Household], share: float, worker_code: str
) -> list[Visit]:
    made = []
    n_reached = round(share * len(doors))
    # Some grids with no door reached were walked in vain, the others never.
    tried = 0.45 if share > 0 or dice.happens(rng, 0.5) else 0.0
    for rank, door in enumerate(doors):
        outcomes: list[Outcome] = []
        while len(outcomes) < 2 and dice.happens(rng, 0.17 if rank < n_reached else tried):
            outcomes.append(dice.weighted(rng, MISSES, MISS_SUMS) if rank >= n_reached else "absent")
        if rank < n_reached:
            outcomes += ["reached"] * (2 if dice.happens(rng, 0.06) else 1)
        # who is not met is tried again within a week or two
        day = dice.below(rng, n_days - AGAIN_DAYS * max(0, len(outcomes) - 1))
        for outcome in outcomes:
            made.append(_visit(rng, begin + timedelta(days=day), door, outcome, worker_code))
            day += 1 + dice.below(rng, AGAIN_DAYS)
    return made


def _visit(rng: Random, day: date, door: Household, outcome: Outcome, worker_code: str) -> Visit:
    hour = dice.weighted(rng, HOURS, HOUR_SUMS)
    happened_at = datetime.combine(day, time(hour), ZONE) + timedelta(seconds=dice.below(rng, 3600))
    # Phones without a network send later, always on the same day.
    delay_s = dice.below(rng, 9000) if dice.happens(rng, 0.08) else 2 + dice.below(rng, 40)
    far = dice.happens(rng, 0.01)
    spread_m = 420.0 if far else 9.0
    lon = door.lon + spread_m * dice.normal(rng) / M_PER_DEG_LON
    lat = door.lat + spread_m * dice.normal(rng) / M_PER_DEG_LAT
    accuracy_m = round(dice.between(rng, 4.0, 25.0), 1)
    recorded_at = happened_at + timedelta(seconds=delay_s)
    return Visit(
        dice.key(rng), door.key, worker_code, outcome, happened_at, recorded_at,
        round(lon, 7), round(lat, 7), "wgs84", accuracy_m,
    )  # fmt: skip
