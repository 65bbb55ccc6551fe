"""Campaigns of visits played door by door, to hold forecasts against: every household has its own hours at home."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

BEGIN = date(2026, 3, 2)
LONGEST_DAYS = 700


@dataclass(frozen=True)
class Played:
    """A campaign from its first day to its last: per day the doors newly reached, and those left in the evening."""

    begin: date
    n_new: tuple[int, ...]
    n_left: tuple[int, ...]

    def day(self, number: int) -> date:
        return self.begin + timedelta(days=number)

    @property
    def end_on(self) -> date:
        return self.day(len(self.n_new) - 1)


@dataclass
class Door:
    """A household: when it is at home, whether it lets people in, what was tried."""

    home_weekday: float
    home_weekend: float
    refuses: bool
    vacant: bool
    n_tries: int = 0
    next_try: int = 0


def door(rng: Random, refusing: float, vacant: float) -> Door:
    """Pensioners and small children at home all day, working people in the evening, people who are hardly ever there."""
    kind = rng.random()
    if kind < 0.4:
        weekday, weekend = rng.betavariate(6, 2), rng.betavariate(6, 2)
    elif kind < 0.9:
        weekday, weekend = rng.betavariate(2.5, 4), rng.betavariate(4, 3)
    else:
        weekday, weekend = rng.betavariate(1.5, 9), rng.betavariate(1.5, 7)
    return Door(weekday, weekend, rng.random() < refusing, rng.random() < vacant)


class Team:
    """The people who walk: how many come on a day and how many doors each of them gets to."""

    def __init__(self, rng: Random, n_doors: int) -> None:
        self.rng = rng
        days = rng.uniform(8, 45)  # that one round through all doors takes
        self.n_workers = max(1, min(12, round(n_doors / days / 22)))
        self.n_doors_each = n_doors / days / self.n_workers
        self.weekend = rng.choice((0.0, 0.0, 0.4, 1.0))
        self.tiring = rng.uniform(0.0, 0.3) / 60  # by day, down to 0.6
        self.break_at = rng.randint(5, 60) if rng.random() < 0.25 else -99
        self.break_days = rng.randint(2, 7)
        self.change_at = rng.randint(5, 50) if rng.random() < 0.25 else None
        self.change = rng.choice((-1, -1, 1, 2))
        self.sick_until = [0] * (self.n_workers + 2)

    def tries(self, number: int, weekend: bool) -> int:
        """How many doors the team knocks at on a day."""
        if self.break_at <= number < self.break_at + self.break_days:
            return 0
        if number == self.change_at:
            self.n_workers = max(1, self.n_workers + self.change)
        present = 0
        for worker in range(self.n_workers):
            if self.sick_until[worker] <= number and self.rng.random() < 0.02:
                self.sick_until[worker] = number + self.rng.randint(1, 6)
            present += self.sick_until[worker] <= number
        weather = 0.3 if self.rng.random() < 0.06 else self.rng.uniform(0.8, 1.2)
        share = self.weekend if weekend else 1.0
        return round(present * self.n_doors_each * weather * share * max(0.6, 1 - self.tiring * number))


def play(seed: int) -> Played:
    """A campaign of 60 to 2,000 doors until none is left: reached, or found vacant by a second person."""
    rng = Random(seed)  # noqa: S311 - dice, not secrets
    n_doors = round(60 * (2000 / 60) ** rng.random())
    refusing, vacant = rng.uniform(0, 0.05), rng.uniform(0, 0.06)
    doors = [door(rng, refusing, vacant) for _ in range(n_doors)]
    team = Team(rng, n_doors)
    begin = BEGIN + timedelta(days=rng.randrange(7))
    wait_days = rng.randint(1, 4)  # before a door is tried again
    appointments_from = rng.randint(3, 6)  # tries, then somebody leaves a note and telephones
    left, n_new, n_left = list(doors), [], []
    while left and len(n_new) < LONGEST_DAYS:
        number = len(n_new)
        weekend = (begin.weekday() + number) % 7 >= 5
        ready = [one for one in left if one.next_try <= number]
        ready.sort(key=lambda one: one.n_tries)  # stable: street by street, first everybody once
        gone: set[int] = set()
        reached = 0
        for one in ready[: team.tries(number, weekend)]:
            one.n_tries += 1
            one.next_try = number + wait_days
            done = knock(rng, one, weekend, appointments_from)
            reached += done == "reached"
            if done:
                gone.add(id(one))
        left = [one for one in left if id(one) not in gone]
        n_new.append(reached)
        n_left.append(len(left))
    return Played(begin, tuple(n_new), tuple(n_left))


def knock(rng: Random, one: Door, weekend: bool, appointments_from: int) -> str:
    """What comes of it: "reached", "removed" from the list, or nothing yet."""
    if one.vacant:
        return "removed" if one.n_tries >= 3 and rng.random() < 0.5 else ""
    home = one.home_weekend if weekend else one.home_weekday
    if one.n_tries > appointments_from:
        home = max(home, 0.45)
    if rng.random() >= home:
        return ""
    if one.refuses and rng.random() < (0.75 if one.n_tries < 8 else 0.4):  # the head of the community comes along
        return ""
    return "reached"


def daily(played: Played, number: int) -> list[tuple[date, int]]:
    """What a planner sees on the morning of a day: the days with doors reached so far, in whatever order."""
    seen = Counter({played.day(day): n for day, n in enumerate(played.n_new[:number]) if n})
    return list(seen.items())
