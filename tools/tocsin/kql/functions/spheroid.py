"""Geodesics on the spheroid of WGS-84, by Vincenty's formulas: exact to a tenth of a millimetre. Between places that
are nearly opposite they do not converge; there the way is put together of two.

Source: T. Vincenty, Direct and inverse solutions of geodesics on the ellipsoid (Survey Review XXIII, 1975)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeAlias

from tocsin.kql.functions.sphere import Vector, cross, degrees, unit, vector

_EQUATOR = 6_378_137.0
_FLATTENING = 1 / 298.257223563
_POLE = _EQUATOR * (1 - _FLATTENING)
_SECOND_ECCENTRICITY = (_EQUATOR**2 - _POLE**2) / _POLE**2

_MOST_STEPS = 200
_EXACT = 1e-12
"""Radians: less than a hundredth of a millimetre."""

Place: TypeAlias = tuple[float, float]
"""Longitude and latitude in degrees."""


def geodesic(start: Place, end: Place) -> tuple[float, float]:
    """Metres from one place to the other on the shortest way, and its direction at the start, in radians from north."""
    turn = math.remainder(math.radians(end[0] - start[0]), math.tau)
    sin1, cos1 = _reduced(start[1])
    sin2, cos2 = _reduced(end[1])
    longitude = turn
    for _ in range(_MOST_STEPS):
        east = cos2 * math.sin(longitude)
        north = cos1 * sin2 - sin1 * cos2 * math.cos(longitude)
        sine = math.hypot(east, north)
        if sine == 0 and abs(longitude) < 1:
            return 0.0, 0.0
        cosine = sin1 * sin2 + cos1 * cos2 * math.cos(longitude)
        angle = math.atan2(sine, cosine)
        azimuth = cos1 * cos2 * math.sin(longitude) / sine if sine else 0.0
        square = 1 - azimuth * azimuth
        middle = cosine - 2 * sin1 * sin2 / square if square > _EXACT else 0.0
        before, longitude = longitude, turn + _correction(azimuth, square, sine, cosine, angle, middle)
        if abs(longitude) > math.pi:
            break
        if abs(longitude - before) < _EXACT:
            scale, share = _series(square)
            length = _POLE * scale * (angle - _shift(share, sine, cosine, middle))
            return length, math.atan2(east, north)
    return _across(start, end)


def _across(start: Place, end: Place) -> tuple[float, float]:
    """The same for nearly opposite places: every way from one to the other crosses the circle that lies between them,
    so the shortest one goes through the point of it that makes both parts together shortest."""
    one, other = _normal(start), _normal(end)
    axis = unit((one[0] - other[0], one[1] - other[1], one[2] - other[2]))
    side = unit(cross(axis, (0.0, 0.0, 1.0) if abs(axis[2]) < 0.9 else (1.0, 0.0, 0.0)))
    up = cross(axis, side)

    def between(turn: float) -> Place:
        east, north = math.cos(turn), math.sin(turn)
        x, y, z = (east * a + north * b for a, b in zip(side, up, strict=True))
        return degrees((x, y, z))

    def length(turn: float) -> float:
        middle = between(turn)
        return geodesic(start, middle)[0] + geodesic(middle, end)[0]

    best = _lowest(length, math.tau, _CIRCLE_PIECES, _EXACT_TURN)
    return length(best), geodesic(start, between(best))[1]


def _normal(place: Place) -> Vector:
    return vector(*place) or (0.0, 0.0, 1.0)


def along(start: Place, direction: float, length: float) -> Place:
    """The place so many metres from the start in that direction."""
    sin1, cos1 = _reduced(start[1])
    sine_of, cosine_of = math.sin(direction), math.cos(direction)
    first = math.atan2(sin1, cos1 * cosine_of)
    azimuth = cos1 * sine_of
    square = 1 - azimuth * azimuth
    scale, share = _series(square)
    angle = plain = length / (_POLE * scale)
    for _ in range(_MOST_STEPS):
        middle = math.cos(2 * first + angle)
        before, angle = angle, plain + _shift(share, math.sin(angle), math.cos(angle), middle)
        if abs(angle - before) < _EXACT:
            break
    sine, cosine, middle = math.sin(angle), math.cos(angle), math.cos(2 * first + angle)
    rest = sin1 * sine - cos1 * cosine * cosine_of
    latitude = math.atan2(sin1 * cosine + cos1 * sine * cosine_of, (1 - _FLATTENING) * math.hypot(azimuth, rest))
    turn = math.atan2(sine * sine_of, cos1 * cosine - sin1 * sine * cosine_of)
    turn -= _correction(azimuth, square, sine, cosine, angle, middle)
    return math.degrees(math.remainder(math.radians(start[0]) + turn, math.tau)), math.degrees(latitude)


def share_of_line(line: Sequence[Place], point: Place) -> float:
    """The share of a line of geodesics up to its place that is nearest to the point."""
    walked, best = 0.0, (math.inf, 0.0)
    for start, end in pairwise(line):
        length, direction = geodesic(start, end)

        def distance(metres: float, start: Place = start, direction: float = direction) -> float:
            return geodesic(point, along(start, direction, metres))[0]

        found = _lowest(distance, length, _PIECES, _NEAR)
        best = min(best, (distance(found), walked + found))
        walked += length
    return best[1] / walked


_PIECES = 16
_NEAR = 1e-4
"""Metres that the place may be off."""

_CIRCLE_PIECES = 64
_EXACT_TURN = 1e-9
_GOLDEN = (math.sqrt(5) - 1) / 2


def _lowest(value: Callable[[float], float], length: float, pieces: int, near: float) -> float:
    """Where between 0 and the length the value is lowest: near the lowest of the ends of so many pieces."""
    step = length / pieces
    at = min((step * piece for piece in range(pieces + 1)), key=value)
    low, high = max(0.0, at - step), min(length, at + step)
    while high - low > near:
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        if value(left) <= value(right):
            high = right
        else:
            low = left
    return min(0.0, length, (low + high) / 2, key=value)


def _reduced(latitude: float) -> tuple[float, float]:
    """Sine and cosine of the latitude on the sphere around the spheroid."""
    phi = math.radians(latitude)
    sine, cosine = (1 - _FLATTENING) * math.sin(phi), math.cos(phi)
    size = math.hypot(sine, cosine)
    return sine / size, cosine / size


def _correction(azimuth: float, square: float, sine: float, cosine: float, angle: float, middle: float) -> float:
    """How far longitudes on that sphere and on the spheroid differ."""
    part = _FLATTENING / 16 * square * (4 + _FLATTENING * (4 - 3 * square))
    inner = middle + part * cosine * (2 * middle * middle - 1)
    return (1 - part) * _FLATTENING * azimuth * (angle + part * sine * inner)


def _series(square: float) -> tuple[float, float]:
    """The coefficients A and B of the paper."""
    u = square * _SECOND_ECCENTRICITY
    scale = 1 + u / 16384 * (4096 + u * (u * (320 - 175 * u) - 768))
    share = u / 1024 * (256 + u * (u * (74 - 47 * u) - 128))
    return scale, share


def _shift(share: float, sine: float, cosine: float, middle: float) -> float:
    inner = cosine * (2 * middle * middle - 1)
    inner -= share / 6 * middle * (4 * sine * sine - 3) * (4 * middle * middle - 3)
    return share * sine * (middle + share / 4 * inner)
