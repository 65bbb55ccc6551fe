"""The script of reports: about three months of what people see, how it reaches the office, and what becomes of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from random import Random

from geodata import datum as datums
from geodata.town import dice, names, phrases, where
from geodata.town.built import Site
from geodata.town.ground import Grids
from geodata.town.plan import M_PER_DEG_LAT, M_PER_DEG_LON, N_COLS, N_ROWS, Block, LonLat, Plan, block_at, lonlat
from geodata.town.rows import DAYS, ZONE, Channel, Datum, Duty, Household, Report, ReportState, Spot, Step
from geodata.town.where import HotSpot, Place

N_ORDINARY, N_BORDER, N_CORNER, N_NEAR, N_FAR, N_UNKNOWN = 2150, 24, 12, 14, 8, 6
N_RAIN_DAYS = 6
CHANNELS: tuple[Channel, ...] = ("worker", "wechat", "hotline", "web", "visit")
CHANNEL_SUMS = dice.cumulated((46, 26, 14, 8, 6))
CHANNEL_DAYS = {  # weights of the days Monday to Sunday
    "worker": (10, 10, 10, 10, 10, 5, 4),
    "wechat": (9, 8, 8, 8, 9, 11, 11),
    "hotline": (11, 10, 9, 9, 9, 6, 5),
    "web": (9, 9, 9, 9, 8, 7, 7),
    "visit": (7, 8, 8, 8, 8, 10, 6),
}
CHANNEL_HOURS = {  # weights of the hours 0 to 23
    "worker": (0, 0, 0, 0, 0, 0, 1, 4, 12, 15, 13, 8, 3, 3, 10, 13, 12, 8, 3, 1, 1, 0, 0, 0),
    "wechat": (2, 1, 0, 0, 0, 1, 4, 10, 9, 7, 6, 6, 9, 7, 5, 5, 6, 9, 12, 14, 13, 10, 6, 3),
    "hotline": (1, 1, 0, 0, 0, 1, 3, 6, 12, 14, 12, 8, 5, 6, 10, 11, 10, 7, 5, 5, 4, 3, 2, 1),
    "web": (2, 1, 1, 0, 0, 0, 1, 4, 8, 9, 8, 7, 9, 8, 7, 7, 7, 7, 8, 11, 12, 11, 8, 4),
    "visit": (0, 0, 0, 0, 0, 0, 0, 0, 2, 8, 9, 5, 1, 1, 4, 7, 9, 12, 17, 15, 7, 1, 0, 0),
}
SPOT_HOURS = {
    "night_market": (7, 2, 0, 0, 0, 0, 4, 8, 5, 2, 1, 1, 1, 1, 1, 1, 2, 4, 8, 14, 20, 24, 22, 16),
    "fire_lanes": (3, 2, 1, 1, 0, 0, 3, 7, 5, 3, 2, 2, 3, 2, 2, 2, 3, 7, 13, 18, 18, 15, 10, 6),
}
DELAYS_S = {"worker": 600, "wechat": 1500, "hotline": 9000, "web": 14000, "visit": 1800}  # seen until sent, mean
# How good the phone says its position is, metres; None: a pin on a map says nothing.
ACCURACY_M = {"worker": (3.5, 14.0), "wechat": (8.0, 65.0), "hotline": None, "web": None, "visit": (4.0, 30.0)}


@dataclass(frozen=True)
class Stage:
    """What the script plays on."""

    until: date
    plan: Plan
    codes: Grids
    sites: tuple[Site, ...]
    site_at: Mapping[Block, Site]
    mains: Mapping[str, str]  # grid code -> worker
    leaders: Mapping[str, str]  # community code -> worker
    rain: tuple[int, ...]  # days of the script
    categories: tuple[str, ...]
    sums: list[float]
    texts: Mapping[str, phrases.Phrases]


def reports(
    until: date, plan: Plan, codes: Grids, sites: tuple[Site, ...], households: tuple[Household, ...],
    duties: tuple[Duty, ...], seed: int, scale: float,
) -> tuple[tuple[Report, ...], tuple[Spot, ...]]:  # fmt: skip
    """All reports by `received_at`, each before `until`, and the hot spots; `scale` multiplies their number."""
    rng = dice.stream(seed, "reports")
    stage = _stage(rng, until, plan, codes, sites, duties)
    n_doors: dict[str, int] = {}
    for door in households:
        n_doors[door.script_grid] = n_doors.get(door.script_grid, 0) + 1
    blocks, sums = where.block_weights(plan, n_doors, codes)
    made = []
    for _ in range(round(N_ORDINARY * scale)):
        place = where.in_block(rng, plan, codes, dice.weighted(rng, blocks, sums))
        made.append(_report(rng, stage, place, dice.weighted(rng, stage.categories, stage.sums)))
    made += [_special(rng, stage, place) for place in _special_places(rng, stage, scale)]
    made += _named(rng, stage)
    for category in phrases.UNKNOWN_CATEGORIES * (N_UNKNOWN // len(phrases.UNKNOWN_CATEGORIES)):
        place = where.in_block(rng, plan, codes, dice.weighted(rng, blocks, sums))
        made.append(replace(_report(rng, stage, place, "event-0136"), category=category))
    spots = []
    for spot in where.hot_spots(plan, sites):
        places = [where.at_spot(rng, plan, codes, spot) for _ in range(max(3, round(spot.n_reports * scale)))]
        made += [_report(rng, stage, place, spot.category, spot) for place in places]
        spots.append(_spot(plan, spot, places))
    return _numbered(_with_markup(made)), tuple(spots)


def _stage(
    rng: Random, until: date, plan: Plan, codes: Grids, sites: tuple[Site, ...], duties: tuple[Duty, ...]
) -> Stage:
    return Stage(
        until, plan, codes, sites,
        site_at={block: site for site in sites for block in site.blocks},
        mains={duty.code: duty.worker_code for duty in duties if duty.kind == "main"},
        leaders={duty.code: duty.worker_code for duty in duties if duty.kind == "leader"},
        rain=tuple(sorted(dice.shuffled(rng, range(DAYS))[:N_RAIN_DAYS])),
        categories=tuple(one.code for one in phrases.PHRASES),
        sums=dice.cumulated([one.weight for one in phrases.PHRASES]),
        texts={one.code: one for one in phrases.PHRASES},
    )  # fmt: skip


def _special_places(rng: Random, stage: Stage, scale: float) -> list[Place]:
    def several(n: int) -> range:
        return range(max(1, round(n * scale)))

    plan, codes = stage.plan, stage.codes
    places = [where.on_border(rng, plan, codes) for _ in several(N_BORDER)]
    places += [where.on_corner(rng, plan, codes) for _ in several(N_CORNER)]
    places += [where.outside(rng, plan, codes, near=True) for _ in several(N_NEAR)]
    return places + [where.outside(rng, plan, codes, near=False) for _ in several(N_FAR)]


def _special(rng: Random, stage: Stage, place: Place) -> Report:
    category = dice.weighted(rng, stage.categories, stage.sums)
    made = _report(rng, stage, replace(place, exact=None), category)
    lon, lat = place.exact or lonlat(stage.plan, place.x, place.y)
    return replace(
        made, lon=lon, lat=lat, datum="wgs84", accuracy_m=None, words=None, compound=None, script_placing=place.placing
    )


def _spot(plan: Plan, spot: HotSpot, places: list[Place]) -> Spot:
    counts: dict[str, int] = {}
    for place in places:
        if place.code:
            counts[place.code] = counts.get(place.code, 0) + 1
    codes = tuple(sorted(code for code, n in counts.items() if n >= 0.15 * len(places)))
    x, y = sum(place.x for place in places) / len(places), sum(place.y for place in places) / len(places)
    return Spot(spot.name, spot.category, *lonlat(plan, x, y), codes)


def _report(rng: Random, stage: Stage, place: Place, category: str, spot: HotSpot | None = None) -> Report:
    channel = dice.weighted(rng, CHANNELS, CHANNEL_SUMS)
    observed_at, received_at = _times(rng, stage, channel, category, spot)
    words, compound, located = _reference(rng, stage, place, channel, spot)
    described = words or _in_words(rng, stage, place, spot, compound)
    datum, accuracy_m, position = _position(rng, stage, place, channel) if located else (None, None, (None, None))
    steps = _steps(rng, stage, place, received_at, spot)
    state: ReportState = "reported" if not steps else "void" if steps[-1].action == "void" else "closed"
    return Report(
        number="",
        client_key=dice.key(rng),
        channel=channel,
        worker_code=_worker(stage, place) if channel in ("worker", "visit") else None,
        category=category,
        description=_text(rng, stage, channel, category, described),
        words=words,
        compound=compound,
        lon=position[0],
        lat=position[1],
        datum=datum,
        accuracy_m=accuracy_m,
        observed_at=observed_at,
        received_at=received_at,
        state=state,
        steps=steps,
        script_spot=spot.name if spot else None,
        script_placing="compound" if compound else "inside" if located else "words",
    )


def _times(
    rng: Random, stage: Stage, channel: Channel, category: str, spot: HotSpot | None
) -> tuple[datetime, datetime]:
    start, end = stage.until - timedelta(days=DAYS), datetime.combine(stage.until, time(0), ZONE)
    if category == "event-0506":
        day = dice.pick(rng, stage.rain)
    elif spot and spot.name == "hospital_bicycles":
        # It began four weeks ago and grows.
        day = DAYS - 1 - int(28 * (1.0 - math.sqrt(rng.random())))
    else:
        # The weekday by its weight, then one of its dates: the number of Mondays and Sundays differs by one at most.
        weekday = dice.weighted(rng, range(7), dice.cumulated(CHANNEL_DAYS[channel]))
        day = dice.pick(rng, range((weekday - start.weekday()) % 7, DAYS, 7))
    weights = SPOT_HOURS.get(spot.name, CHANNEL_HOURS[channel]) if spot else CHANNEL_HOURS[channel]
    hour = dice.weighted(rng, range(24), dice.cumulated(weights))
    observed_at = datetime.combine(start + timedelta(days=day), time(hour), ZONE)
    observed_at += timedelta(seconds=dice.below(rng, 3600))
    delay_s = 5 + int(-DELAYS_S[channel] * math.log(1.0 - rng.random()))
    return observed_at, min(observed_at + timedelta(seconds=delay_s), end - timedelta(seconds=1))


def _in_words(rng: Random, stage: Stage, place: Place, spot: HotSpot | None, compound: str | None) -> str:
    block = block_at(stage.plan, place.x, place.y)
    site = stage.site_at.get(block)
    if spot and not spot.sites:
        return dice.pick(rng, spot.words)
    facts = _address(rng, block)
    title = compound or (site.title if site and (spot or dice.happens(rng, 0.7)) else None)
    if title:
        other = int(facts["number"]) % 6 + 1
        return dice.pick(rng, phrases.COMPOUND_PLACES).format(compound=title, number=other, other=other + 1)
    return dice.pick(rng, phrases.PLACES).format(**facts)


def _address(rng: Random, block: Block) -> dict[str, str]:
    row, col = min(max(block[0], 0), N_ROWS - 1), min(max(block[1], 0), N_COLS - 1)
    road, cross = names.ROW_ROADS[row + dice.below(rng, 2)], names.COLUMN_ROADS[col + dice.below(rng, 2)]
    return {"road": road, "cross": cross, "number": str(1 + dice.below(rng, 60))}


def _reference(
    rng: Random, stage: Stage, place: Place, channel: Channel, spot: HotSpot | None
) -> tuple[str | None, str | None, bool]:
    """Words, compound, and whether the report also has a position."""
    site = stage.site_at.get(block_at(stage.plan, place.x, place.y))
    chance = rng.random()
    if channel in ("hotline", "web") and site and chance < 0.45:
        name = dice.pick(rng, (site.title, site.title, *(site.name.aliases if site.name else ())))
        return None, name, channel == "web" and dice.happens(rng, 0.4)
    if channel in ("hotline", "wechat") and not spot and chance > (0.86 if channel == "hotline" else 0.985):
        block = block_at(stage.plan, place.x, place.y)
        return dice.pick(rng, phrases.WORDS).format(**_address(rng, block)), None, False
    return None, None, True


def _position(rng: Random, stage: Stage, place: Place, channel: Channel) -> tuple[Datum, float | None, LonLat]:
    datum: Datum = "wgs84"
    chance = rng.random()
    if channel == "wechat" and chance < 0.24:
        datum = "gcj02"
    elif channel == "hotline":
        datum = "gcj02" if chance < 0.45 else "bd09" if chance < 0.6 else "wgs84"
    span, accuracy_m = ACCURACY_M[channel], None
    if span:
        accuracy_m = round(dice.between(rng, *span), 1)
        if dice.happens(rng, 0.02):
            accuracy_m = round(accuracy_m * 20.0)
    # The true point blurred: a phone's circle holds about two thirds of its fixes; pins are set to some ten metres.
    blur_m = min((accuracy_m or 12.0) * 0.66, 120.0)
    lon, lat = lonlat(stage.plan, place.x, place.y)
    lon += blur_m * dice.normal(rng) / M_PER_DEG_LON
    lat += blur_m * dice.normal(rng) / M_PER_DEG_LAT
    if datum == "gcj02":
        lon, lat = datums.wgs84_to_gcj02(lon, lat)
    elif datum == "bd09":
        lon, lat = datums.wgs84_to_bd09(lon, lat)
    return datum, accuracy_m, (round(lon, 7), round(lat, 7))


def _text(rng: Random, stage: Stage, channel: Channel, category: str, place: str) -> str:
    texts = stage.texts[category]
    english = channel in ("wechat", "web") and dice.happens(rng, 0.07)
    return (texts.en if english else dice.pick(rng, texts.zh)).format(place=place)


def _worker(stage: Stage, place: Place) -> str:
    return stage.mains[place.code] if place.code else min(stage.leaders.values())


def _steps(rng: Random, stage: Stage, place: Place, received_at: datetime, spot: HotSpot | None) -> tuple[Step, ...]:
    chance = rng.random()
    worker = _worker(stage, place)
    if chance < 0.05:
        leader = stage.leaders[place.code[:12]] if place.code else worker
        step = Step("void", _later(rng, received_at, 0.5), leader, dice.pick(rng, phrases.VOID_NOTES))
    elif chance < (0.80 if spot else 0.93):
        step = Step("close", _later(rng, received_at, 4.5 if spot else 2.2), worker, "")
        step = replace(step, note=dice.pick(rng, phrases.CLOSED_NOTES))
    else:
        return ()
    return (step,) if step.at < datetime.combine(stage.until, time(0), ZONE) else ()


def _later(rng: Random, at: datetime, median_days: float) -> datetime:
    # Most are done within days, a few take weeks: log-normal. What would end at night ends in the next forenoon.
    done_at = at + timedelta(seconds=round(86400 * median_days * math.exp(0.9 * dice.normal(rng))))
    return done_at + timedelta(hours=8 if done_at.hour < 8 else 12 if done_at.hour >= 20 else 0)


def _named(rng: Random, stage: Stage) -> list[Report]:
    # By telephone with nothing but the name of a compound: two compounds bear the first one, the others are aliases.
    made = []
    for name, title in phrases.NAMED_COMPOUNDS:
        site = next(site for site in stage.sites if site.title == title)
        place = where.in_block(rng, stage.plan, stage.codes, site.blocks[0])
        report = _report(rng, stage, place, dice.weighted(rng, stage.categories, stage.sums))
        text = _text(rng, stage, "hotline", report.category, f"{name}门口")
        report = replace(report, channel="hotline", worker_code=None, words=None, compound=name, description=text)
        made.append(replace(report, lon=None, lat=None, datum=None, accuracy_m=None, script_placing="compound"))
    return made


def _with_markup(made: list[Report]) -> list[Report]:
    at = next((i for i, report in enumerate(made) if report.channel == "web"), 0)
    text = phrases.MARKUP.format(place=names.ROW_ROADS[3] + "12号门前")
    return [*made[:at], replace(made[at], category="part-0137", description=text), *made[at + 1 :]]


def _numbered(made: list[Report]) -> tuple[Report, ...]:
    counts: dict[str, int] = {}
    numbered = []
    for report in sorted(made, key=lambda report: (report.received_at, report.client_key)):
        day = report.received_at.strftime("%Y%m%d")
        counts[day] = counts.get(day, 0) + 1
        numbered.append(replace(report, number=f"QL{day}{counts[day]:04d}"))
    return tuple(numbered)
