"""A statistics answer as the words and colours of a sheet of paper, by the rules of the page's own scripts.

Classes are those of `maps.legend`; how they are written is in `static/legend.js`, `words.js` and `finding.js` too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gridsvc.web.templating import DASH, count
from maps.legend import RATES, View
from maps.paper.sheet import Key, Ranked, Texture

Row = Mapping[str, Any]
Legend = Mapping[str, Any]
Words = Callable[..., str]

HOT, COLD = ("hot99", "hot95", "hot90"), ("cold99", "cold95", "cold90")


def swatch_of(row: Row, legend: Legend) -> Mapping[str, Any]:
    """The line of the legend that a row falls under."""
    swatches: Sequence[Mapping[str, Any]] = legend["swatches"]
    if legend["measure"] == "significance":
        return next(one for one in swatches if one["band"] == row.get("band"))
    value = row[legend["measure"]]
    classes = [one for one in swatches if one["kind"] == "class"]
    if value is None:
        return next(one for one in swatches if one["kind"] == "no_data")
    if value == 0 or not classes:
        return next(one for one in swatches if one["kind"] == "zero")
    return next((one for one in reversed(classes) if value >= one["low"]), classes[0])


def is_few(row: Row, legend: Legend) -> bool:
    """Whether a row's rate rests on too few households to say much."""
    below = legend["few_below"]
    return below is not None and row["denom"] is not None and row.get("rate") is not None and row["denom"] < below


def texture_of(row: Row, legend: Legend) -> Texture | None:
    """Dots where there is no number, lines where it rests on few households."""
    if swatch_of(row, legend)["kind"] == "no_data":
        return "dots"
    return "lines" if is_few(row, legend) else None


def percent(share: float | None, digits: int = 1) -> str:
    """A share as the maps write it.

    >>> percent(0.5), percent(0.855, 0), percent(None)
    ('50.0\\xa0%', '86\\xa0%', '—')
    """
    return DASH if share is None else f"{share * 100:,.{digits}f}\N{NO-BREAK SPACE}%"


@dataclass(frozen=True)
class Teller:
    """What the paper says in one language about one answer by one legend; `words("name", …)` are of the catalogue."""

    view: View
    answer: Mapping[str, Any]
    legend: Legend
    words: Words

    def _word(self, name: str, **facts: object) -> str:
        return self.words(f"maps.{name}", **facts)

    def figure(self, row: Row) -> str:
        """The measure of a row, with its unit where it needs one."""
        measure = self.legend["measure"]
        if measure == "significance":
            return self._word(f"band_{row['band']}") if row.get("band") else self._word("not_tested")
        value = row[measure]
        if value is None:
            return DASH
        if measure == "n":
            return count(value)
        return percent(value) if measure == "share" else f"{value:,.{self.legend['digits']}f}"

    def brief(self, row: Row) -> str:
        """What stands on an area of the map: its figure, or nothing: a bare count among rates misleads."""
        measure = self.legend["measure"]
        if measure == "significance":
            return self.figure(row) if row.get("band") in (*HOT, *COLD) else ""
        if row[measure] is None:
            return ""
        return self.figure(row)

    def of(self, row: Row) -> str:
        """The count of a row and what it is divided by."""
        return count(row["n"]) if row["denom"] is None else f"{count(row['n'])} / {count(row['denom'])}"

    def named(self, row: Row) -> str:
        """What a row is called."""
        if row.get("ring") is not None:
            return self._word("cell_name", code=row["code"])
        return str(row["name"] or row["code"])

    def keys(self) -> tuple[Key, ...]:
        """The lines of the legend."""
        n = "n_communities" if self.answer["by"] == "community" else "n_grids"
        return tuple(
            Key(
                one["color"],
                "dots" if one["kind"] == "no_data" else None,
                self._limits(one),
                self._word(n, n=count(one["n_rows"])),
            )
            for one in self.legend["swatches"]
        )

    def _limits(self, one: Mapping[str, Any]) -> str:
        legend, low, high = self.legend, one["low"], one["high"]
        measure = legend["measure"]
        if one["kind"] == "band":
            return self._word(f"band_{one['band']}")
        if one["kind"] == "no_data":
            return self._word("not_tested" if measure == "significance" else "no_data")
        if one["kind"] == "zero":
            return self._edge(0)
        last = one is [other for other in legend["swatches"] if other["kind"] == "class"][-1]
        if legend["method"] == "target" and low == high:
            return self._edge(high)
        if high is None:
            return f"> {self._edge(0)}" if low == 0 else self._word("from_up", low=self._edge(low))
        if last and (measure == "share" or legend["n_few"]):
            return self._word("from_up", low=self._edge(low))
        if low == 0:
            return self._word("below", high=self._edge(high))
        # counts are whole: 4 up to but not 8 is 4 to 7
        high = high - 1 if measure == "n" and not last else high
        return self._edge(high) if high == low else f"{self._edge(low).removesuffix(f'{NBSP}%')}–{self._edge(high)}"

    def _edge(self, value: float) -> str:
        if self.legend["measure"] == "share":
            return percent(value, 0)
        return f"{value:,.{0 if value == 0 else self.legend['digits']}f}"

    def method(self) -> str:
        """How the classes were made."""
        legend = self.legend
        if legend["method"] == "gi_star":
            return " · ".join(self._tested())
        return self._word(f"method_{legend['method']}", target=percent(legend.get("target") or 0, 0))

    def few(self) -> Key | None:
        """What hatching means, where something is hatched."""
        if not self.legend["n_few"]:
            return None
        classes = [one for one in self.legend["swatches"] if one["kind"] == "class"] or self.legend["swatches"]
        return Key(
            classes[0]["color"],
            "lines",
            self._word("few", n=self.legend["few_below"], n_few=count(self.legend["n_few"])),
            "",
        )

    def facts(self, selected: str | None) -> tuple[str, ...]:
        """Time of the data, denominator, sums, what a test found, and the area that is ringed."""
        answer = self.answer
        told = [self._word("as_of", when=when(answer["as_of"]))]
        if answer["denominator"]["label"] and answer["by"] != "cell":
            told.append(self._word("denominator", label=answer["denominator"]["label"]))
        n, unlocated = sum(row["n"] or 0 for row in answer["rows"]), answer["unlocated"] or 0
        facts = {"n": count(n), "unlocated": count(unlocated), "total": count(n + unlocated)}
        told.append(self._word(f"sum_{self.view}", **facts))
        if self.view == "coverage":
            known = [row for row in answer["rows"] if row["denom"]]
            reached, due = (sum(row[name] for row in known) for name in ("n", "denom"))
            share = percent(reached / due if due else None)
            told.append(self._word("sum_share", share=share, n=count(reached), denom=count(due)))
            told.append(self._of_all())
        if self.legend["measure"] == "significance":
            told += self._found()
        row = next((row for row in answer["rows"] if row["code"] == selected), None)
        if row is not None:
            what = f"{self.named(row)}: {self.figure(row)} ({self.of(row)})"
            told.append(self.words("paper.selected", what=what))
        return tuple(told)

    def _of_all(self) -> str:
        """The second reading of the whole: doors reached of all, those confirmed as not to be visited too."""
        names = list(self.answer["counts"])
        told = [row["counts"] for row in self.answer["rows"] if row["counts"]]
        n, denom = (sum(one[names.index(name)] for one in told) for name in ("reached_enumerated", "enumerated"))
        share = percent(n / denom if denom else None)
        return self._word("sum_share_all", share=share, n=count(n), denom=count(denom))

    def notes(self) -> tuple[str, ...]:
        """What to know before believing the ranking: of a coverage its definitions."""
        if self.view == "coverage":
            return tuple(self.answer["notes"])
        visits = any(row.get("visits") is not None for row in self.answer["rows"])
        return (self._word("bias_visits" if visits else "bias"),)

    def ranking(self) -> tuple[str, tuple[Ranked, ...]]:
        """The heading of the list and its lines, what rests on few households after the others."""
        measure, rows = self.legend["measure"], [row for row in self.answer["rows"] if not row.get("retired")]
        if measure == "significance":
            known = [row for row in rows if row.get("band") in HOT]
            known.sort(key=lambda row: (HOT.index(row["band"]), -(row["z"] or 0)))
        else:
            turn = 1 if measure == "share" else -1
            known = [row for row in rows if row[measure] is not None and (row[measure] or measure == "share")]
            known.sort(
                key=lambda row: (measure in RATES and is_few(row, self.legend), turn * row[measure], row["code"])
            )
        ranked = (
            Ranked(
                self.named(row),
                self.figure(row),
                self.of(row),
                swatch_of(row, self.legend)["color"],
                texture_of(row, self.legend),
                "" if row.get("visits") is None else count(row["visits"]),
            )
            for row in known
        )
        return self.words(f"paper.ranking_{measure}"), tuple(ranked)

    def columns(self) -> tuple[str, str]:
        """What stands in the list: a count with its denominator, and door visits beside it."""
        names = [self._word(f"col_n_{self.view}")]
        if self.answer["by"] != "cell":
            names.append(self._word(f"col_denom_{self.view}"))
        return " / ".join(names), self._word("col_visits")

    def _tested(self) -> list[str]:
        test = self.answer["significance"]
        near = self._word(f"weights_{test['weights']}", k=test.get("k") or "", band_m=count(test.get("band_m")))
        return [self._word("tested_how", near=near), self._word("not_significant_means")]

    def _found(self) -> list[str]:
        rows, test = self.answer["rows"], self.answer["significance"]
        if not test["n_tested"]:
            return [self._word(f"untested_{test['reason'] or 'too_few'}")]
        bands = [row.get("band") for row in rows]
        tested = len(bands) - bands.count(None)
        n = {
            "tested": tested,
            "hot": sum(band in HOT for band in bands),
            "cold": sum(band in COLD for band in bands),
            "none": bands.count("none"),
            "untested": bands.count(None),
            "islands": sum(row.get("why") == "island" for row in rows),
        }
        told = [self._word(f"tested_{test['on']}"), self._word("tested_numbers", **{k: count(v) for k, v in n.items()})]
        return told if n["hot"] else [*told, self._word("look_nowhere")]


NBSP = "\N{NO-BREAK SPACE}"


def when(iso: str) -> str:
    """2026-11-21 14:05 of an ISO time in the server's zone.

    >>> when("2026-11-21T14:05:00+08:00"), when("2026-11-21T06:05:00Z")
    ('2026-11-21 14:05', '2026-11-21 06:05 UTC')
    """
    return iso[:16].replace("T", " ") + (" UTC" if iso.endswith("Z") else "")
