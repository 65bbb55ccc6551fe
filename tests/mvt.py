"""What stands in a Mapbox vector tile, read by the format's own words: layers of features, each with its properties."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Feature:
    """Properties, and the corners of the geometry in units of the tile, in order."""

    properties: dict[str, Any]
    corners: list[tuple[int, int]]


def layers(tile: bytes) -> dict[str, list[Feature]]:
    """The features of each layer, by its name."""
    found = {}
    for number, value in _fields(tile):
        if number == 3:
            name, features = _layer(value)
            found[name] = features
    return found


def _layer(data: bytes) -> tuple[str, list[Feature]]:
    parts = list(_fields(data))
    name = next(value for number, value in parts if number == 1).decode()
    keys = [value.decode() for number, value in parts if number == 3]
    values = [_value(value) for number, value in parts if number == 4]
    features = []
    for number, value in parts:
        if number != 2:
            continue
        inner = dict(_fields(value))
        tags = list(_packed(inner.get(2, b"")))
        told = {keys[k]: values[v] for k, v in zip(tags[::2], tags[1::2], strict=True)}
        features.append(Feature(told, _corners(list(_packed(inner[4])))))
    return name, features


def _corners(commands: list[int]) -> list[tuple[int, int]]:
    corners, x, y, at = [], 0, 0, 0
    while at < len(commands):
        kind, n = commands[at] & 7, commands[at] >> 3
        at += 1
        for _ in range(n if kind in (1, 2) else 0):
            x, y = x + _zigzag(commands[at]), y + _zigzag(commands[at + 1])
            corners.append((x, y))
            at += 2
    return corners


def _zigzag(value: int) -> int:
    return (value >> 1) ^ -(value & 1)


def _value(data: bytes) -> Any:
    number, value = next(_fields(data))
    if number == 1:
        return value.decode()
    if number == 6:
        return _zigzag(value)
    return struct.unpack("<f" if number == 2 else "<d", value)[0] if number in (2, 3) else value


def _packed(data: bytes) -> Iterator[int]:
    at = 0
    while at < len(data):
        value, at = _varint(data, at)
        yield value


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, value
            continue
        size = {1: 8, 5: 4}.get(wire)
        if size is None:
            size, at = _varint(data, at)
        yield number, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
