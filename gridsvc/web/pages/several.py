"""Several reports of the worklist at once: one action on all that was ticked, asked about first where that is due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field
from starlette.responses import Response

from gridsvc import dispatching, handling, terms
from gridsvc.errors import GridsvcError, Refused
from gridsvc.rules.roles import may
from gridsvc.web import deps
from gridsvc.web.deps import RuleDep, ServicesDep, Unit, UnitDep
from gridsvc.web.pages import acting, deeds
from gridsvc.web.pages.worklist import PATH, Bar, Plan, Result, Told, answer
from gridsvc.web.templating import Frame, frame_of, report_path

router = APIRouter()

WITH_WORDS = frozenset({"remind", "note"})  # actions for which something has to be written
ASKED_ONCE = deeds.ASKED_ONCE | {"dispatch"}  # of a single report the page says where it goes; of several this does
TAKEN_BACK_BY = {"dispatch": "undo_dispatch"}

Wished = tuple[str, str, int, handling.Wish]


class Sent(BaseModel):
    """What the action bar sends: the action and the reports that were ticked, each as the person saw it."""

    action: Annotated[str, Field(max_length=40)]
    pick: Annotated[list[Annotated[str, Field(max_length=1000)]], Field(max_length=400)] = Field(default_factory=list)
    note: Annotated[str, Field(max_length=40_000)] = ""
    sure: Annotated[str, Field(max_length=5)] = ""


@router.get(f"{PATH}/act", dependencies=[deps.may("read_worklist")])
def back(request: Request) -> Response:
    """To the list: who reloads the answer to a form comes here."""
    return RedirectResponse(PATH + (f"?{request.url.query}" if request.url.query else ""), 303)


@router.post(f"{PATH}/act", response_class=HTMLResponse, dependencies=[deps.may("read_worklist")])
def act(
    request: Request,
    unit: UnitDep,
    mine: ServicesDep,
    rule: RuleDep,
    form: Annotated[Sent, Form()],
) -> Response:
    """One action on all that was ticked, and the list as it is then: what was done, what was not, and why not."""
    frame = replace(frame_of(request), path=PATH)
    note = form.note.replace("\x00", "").replace("\r\n", "\n").strip()
    bar = Bar(frozenset(form.pick), note)
    if not form.pick:
        return answer(frame, unit, replace(bar, errors={"bar": frame.words("pages.worklist.pick_some")}), 422)
    wishes = [_wish(one, form.action, note) for one in dict.fromkeys(form.pick)]
    if form.action in WITH_WORDS and not note:
        why = frame.words("pages.words.missing", words=frame.words("pages.words.words"))
        return answer(frame, unit, replace(bar, errors={"bar-note": why}), 422)
    if len(note) > acting.MAX_NOTE:
        why = frame.says("note_too_long", max=acting.MAX_NOTE, n=len(note))
        return answer(frame, unit, replace(bar, errors={"bar-note": why}), 422)
    if form.action in ASKED_ONCE and not form.sure and may(unit.actor, form.action):
        plan = _plan(unit, wishes) if form.action == "dispatch" else None
        return answer(frame, unit, replace(bar, asks=form.action, plan=plan))
    agreed = terms.load(unit.db, **mine.settings.agreed)
    outcomes = handling.act_on_several(unit.db, unit.actor, wishes, unit.now, agreed, rule)
    told = [_told(frame, form.action, outcome) for outcome in outcomes]
    done = tuple(one for one in told if one.why is None)
    refused = tuple(one for one in told if one.why is not None)
    undo = TAKEN_BACK_BY.get(form.action) if done else None
    return answer(frame, unit, Bar(result=Result(form.action, done, refused, undo)))


def _wish(pick: str, action: str, note: str) -> Wished:
    told = dict(parse_qsl(pick, keep_blank_values=True))
    version, repeat = told.get("version", ""), told.get("repeat", "")
    numbers = version.isdecimal() and repeat.isdecimal() and len(version) < 10 and len(repeat) < 10
    if not numbers or "\x00" in pick or "%00" in pick or not {"source", "number"} <= told.keys():
        raise Refused("pick_unreadable", found=pick[:60])
    wish = handling.Wish(action, int(version), note=note or None)
    return told["source"], told["number"], int(repeat), wish


def _plan(unit: Unit, wishes: Sequence[Wished]) -> Plan:
    """Where each would go by the lists, counted by department."""
    fallback = unit.mine.settings.territorial_fallback
    found = dispatching.planned(unit.db, unit.actor, [one[:3] for one in wishes], fallback=fallback)
    counts = Counter(one.department for one in found if one.department is not None)
    unlisted = tuple(Told(one.key[1], _path(one.key), None) for one in found if one.department is None)
    return Plan(tuple(sorted(counts.items(), key=lambda one: (-one[1], one[0]))), unlisted, len(wishes) - len(found))


@dataclass(frozen=True)
class _Named:
    source: str
    number: str
    repeat: int


def _path(key: dispatching.Key) -> str:
    return report_path(_Named(*key))


def _told(frame: Frame, action: str, outcome: handling.Outcome) -> Told:
    path = _path(outcome.key)
    if outcome.held is not None:
        source, number, repeat = outcome.key
        again = {"version": outcome.held.seq, "repeat": repeat, "source": source, "number": number}
        return Told(outcome.number, path, None, urlencode(again))
    return Told(outcome.number, path, _why(frame, action, outcome.refusal) if outcome.refusal else "")


def _why(frame: Frame, action: str, error: GridsvcError) -> str:
    if action == "dispatch" and error.code == "input_missing":
        return frame.words("pages.worklist.no_list")
    return acting.said(frame, action, error)
