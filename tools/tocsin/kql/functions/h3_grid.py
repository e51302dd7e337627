"""The H3 grid: hexagons on an icosahedron, each level a seventh of the one before and turned by 19.1 degrees.

A place is projected from the centre of the Earth to the nearest of the twenty faces, whose plane holds a lattice of
hexagons. A cell's number holds one of 122 base cells and a digit for each level: which of seven the next smaller
hexagon is, the middle one or that in direction K, J, JK, I, IK or IJ. Each base cell has its own sense of direction, so
that the digits found on a face are turned. Source: https://h3geo.org/docs/core-library/latLngToCellDesc
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TypeAlias

from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.sphere import Vector, cross, dot, unit, vector

DEEPEST = 15

Spot: TypeAlias = tuple[int, int, int]
"""A hexagon of a lattice: steps along the axes I, J and K, 120 degrees apart, the smallest of them 0."""

Plane: TypeAlias = tuple[float, float]

_SIN60 = math.sqrt(3) / 2
_SQRT7 = math.sqrt(7)
_TURN = math.asin(math.sqrt(3 / 28))
"""How odd levels are turned."""
_UNIT = (3 - math.sqrt(5)) / 2
"""The distance of two hexagons of level 0 on a face of the sphere around which it lies."""

_HALF = (
    (64.70000012793487, 10.536199075467685),
    (50.103201482241346, -143.47849001502516),
    (39.10000003397593, 122.30000040778704),
    (23.71792527122296, -67.13232636643566),
    (10.44734518751103, 58.157705839572586),
    (2.3008821116267475, -5.245390296777324),
)
"""Latitude and longitude of six corners of the icosahedron; the other six lie opposite."""

_FACES = (
    (0, 2, 1), (0, 1, 3), (0, 4, 2), (0, 3, 5), (0, 5, 4), (11, 1, 2), (10, 3, 1), (1, 11, 10), (9, 2, 4), (2, 9, 11),
    (8, 5, 3), (3, 10, 8), (7, 4, 5), (4, 7, 9), (5, 8, 7), (6, 7, 8), (6, 9, 7), (6, 8, 10), (6, 11, 9), (6, 10, 11),
)  # fmt: skip
"""The corners of each face, counterclockwise; the axis I points to the first one."""

_SPOTS: tuple[Spot, ...] = (
    (0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1), (0, 1, 2), (0, 2, 1), (1, 0, 0), (1, 0, 1), (1, 0, 2), (1, 1, 0),
    (1, 2, 0), (2, 0, 1), (2, 1, 0), (2, 0, 0), (0, 2, 0), (0, 0, 2),
)  # fmt: skip

_BASE_CELLS_OF_FACES = (
    "2:0 6:0 10:0 11:0 17:3 23:3 0:0 1:5 9:5 5:0 18:1 3:5 8:1 4:212--- 24:1--11- 14:-0-0-0",
    "7:0 21:0 9:0 19:0 34:3 20:3 3:0 13:5 29:5 1:0 6:1 12:5 0:1 4:333--- 14:1--11- 38:-0-0-0",
    "16:0 18:0 33:0 30:0 32:3 48:3 8:0 5:5 10:5 22:0 41:1 0:5 15:1 4:100--- 49:1--11- 24:-0-0-0",
    "26:0 42:0 29:0 43:0 62:3 47:3 12:0 28:5 44:5 13:0 21:1 15:5 3:1 4:444--- 38:1--11- 58:-0-0-0",
    "31:0 41:0 44:0 53:0 61:3 65:3 15:0 22:5 33:5 28:0 42:1 8:5 12:1 4:555--- 58:1--11- 49:-0-0-0",
    "25:0 23:0 17:0 11:3 10:3 6:3 45:0 39:0 37:3 35:3 27:3 59:3 56:3 63:100--- 14:3--33- 24:-4-3-4",
    "36:0 20:0 34:0 19:3 9:3 21:3 55:0 40:0 27:3 54:3 51:3 60:3 73:3 72:100--- 38:3--33- 14:-4-3-4",
    "46:0 60:0 56:0 68:3 80:3 77:3 27:0 40:3 55:3 35:0 45:3 20:3 17:3 14:100--- 63:3--33- 72:-4-3-4",
    "50:0 48:0 32:0 30:3 33:3 18:3 70:0 67:0 66:3 52:3 37:3 87:3 74:3 83:100--- 24:3--33- 49:-4-3-4",
    "57:0 59:0 74:0 78:3 79:3 92:3 37:0 39:3 45:3 52:0 70:3 23:3 32:3 24:100--- 83:3--33- 63:-4-3-4",
    "64:0 47:0 62:0 43:3 29:3 42:3 84:0 69:0 51:3 82:3 76:3 89:3 98:3 97:100--- 58:3--33- 38:-4-3-4",
    "71:0 89:0 73:0 91:3 103:3 88:3 51:0 69:3 84:3 54:0 55:3 47:3 34:3 38:100--- 72:3--33- 97:-4-3-4",
    "75:0 65:0 61:0 53:3 44:3 41:3 94:0 86:0 76:3 81:3 66:3 104:3 101:3 107:100--- 49:3--33- 58:-4-3-4",
    "85:0 87:0 101:0 102:3 100:3 112:3 66:0 67:3 70:3 81:0 94:3 48:3 61:3 49:100--- 107:3--33- 83:-4-3-4",
    "96:0 104:0 98:0 110:3 115:3 111:3 76:0 86:3 94:3 82:0 84:3 65:3 62:3 58:100--- 97:3--33- 107:-4-3-4",
    "119:0 111:0 115:0 110:0 98:3 104:3 121:0 116:0 103:5 120:1 112:1 113:5 118:1 117:212--- 107:1--11- 97:-0-0-0",
    "114:0 112:0 100:0 102:0 101:3 87:3 118:0 120:0 115:5 108:1 92:1 121:5 109:1 117:100--- 83:1--11- 107:-0-0-0",
    "105:0 88:0 103:0 91:0 73:3 89:3 113:0 99:0 80:5 116:1 111:1 106:5 121:1 117:333--- 97:1--11- 72:-0-0-0",
    "95:0 92:0 79:0 78:0 74:3 59:3 109:0 108:0 100:5 93:1 77:1 118:5 106:1 117:555--- 63:1--11- 83:-0-0-0",
    "90:0 77:0 80:0 68:0 56:3 60:3 106:0 93:0 79:5 99:1 88:1 109:5 113:1 117:444--- 72:1--11- 63:-0-0-0",
)
"""For each face the base cells at ``_SPOTS``, each with the sixths of a turn that its digits are turned by. The last
three of a face are pentagons, whose turn depends on the first digit that is not 0: one for each of the digits 1 to 6
(``-``: none such on this face)."""

_DIGITS: dict[Spot, int] = {
    (0, 0, 0): 0, (0, 0, 1): 1, (0, 1, 0): 2, (0, 1, 1): 3, (1, 0, 0): 4, (1, 0, 1): 5, (1, 1, 0): 6,
}  # fmt: skip
_STEPS: tuple[Spot, ...] = tuple(_DIGITS)
_AROUND = (1, 5, 4, 6, 2, 3)
"""The directions, counterclockwise."""
_RING = (2, 3, 1, 5, 4, 6)
"""The directions in which the reference walks around a ring, which it enters in the direction 4."""


def _turned(digit: int, sixths: int) -> int:
    return 0 if digit == 0 else _AROUND[(_AROUND.index(digit) + sixths) % 6]


class _Face:
    """A face: its corners on the sphere, its middle, and the directions of its plane's axes."""

    def __init__(self, corners: tuple[Vector, Vector, Vector]) -> None:
        self.corners = corners
        total = (sum(each[0] for each in corners), sum(each[1] for each in corners), sum(each[2] for each in corners))
        self.middle = unit(total)
        height = dot(corners[0], self.middle)
        first, middle = corners[0], self.middle
        self.x = unit((first[0] - height * middle[0], first[1] - height * middle[1], first[2] - height * middle[2]))
        self.y = cross(self.middle, self.x)

    def plane(self, point: Vector) -> Plane:
        """Where the ray through the point meets the plane, in distances of hexagons of level 0."""
        height = dot(point, self.middle) * _UNIT
        return dot(point, self.x) / height, dot(point, self.y) / height

    def sphere(self, place: Plane) -> Vector:
        """The point of the sphere below a place of the plane."""
        x, y = place[0] * _UNIT, place[1] * _UNIT
        m, a, b = self.middle, self.x, self.y
        return unit((m[0] + x * a[0] + y * b[0], m[1] + x * a[1] + y * b[1], m[2] + x * a[2] + y * b[2]))


def _corners() -> tuple[Vector, ...]:
    half = [vector(longitude, latitude) or (0.0, 0.0, 0.0) for latitude, longitude in _HALF]
    return (*half, *((-x, -y, -z) for x, y, z in half))


_CORNERS = _corners()
_PLANES = tuple(_Face((_CORNERS[a], _CORNERS[b], _CORNERS[c])) for a, b, c in _FACES)
_TRIANGLE: tuple[Plane, ...] = ((2.0, 0.0), (-1.0, math.sqrt(3)), (-1.0, -math.sqrt(3)))
"""The corners of every face in its plane."""

_NUMBERS: dict[tuple[int, Spot], tuple[int, str]] = {
    (face, spot): (int(text.partition(":")[0]), text.partition(":")[2])
    for face, row in enumerate(_BASE_CELLS_OF_FACES)
    for spot, text in zip(_SPOTS, row.split(), strict=True)
}
_PLACES: dict[int, list[tuple[int, Spot]]] = {}
for _place, (_number, _turns) in sorted(_NUMBERS.items(), key=lambda each: each[1][1]):
    _PLACES.setdefault(_number, []).append(_place)
BASE_CELLS = tuple(sorted(_PLACES))
"""The numbers of the base cells."""
PENTAGONS = frozenset(number for number, turns in _NUMBERS.values() if len(turns) > 1)
"""The base cells at the corners of the icosahedron."""


# ---------------------------------------------------------------------------------------------------------- lattices


def _normal(i: int, j: int, k: int) -> Spot:
    least = min(i, j, k)
    return i - least, j - least, k - least


def _sum(one: Spot, other: Spot) -> Spot:
    return _normal(one[0] + other[0], one[1] + other[1], one[2] + other[2])


def _spot(place: Plane) -> Spot:
    """The hexagon that a place of a lattice lies in."""
    x, y = place
    along = y / _SIN60
    i, j = math.floor(x + along / 2), math.floor(along)
    near = ((i, j), (i + 1, j), (i, j + 1), (i + 1, j + 1))
    a, b = min(near, key=lambda each: (each[0] - each[1] / 2 - x) ** 2 + (each[1] * _SIN60 - y) ** 2)
    return _normal(a, b, 0)


def _middle(spot: Spot) -> Plane:
    i, j = spot[0] - spot[2], spot[1] - spot[2]
    return i - j / 2, j * _SIN60


def _scaled(place: Plane, level: int, direction: int) -> Plane:
    """From level 0 to the lattice of a level (direction 1), or back (-1)."""
    size = _SQRT7 ** (level * direction)
    x, y = place[0] * size, place[1] * size
    if level % 2:
        cosine, sine = math.cos(_TURN), -direction * math.sin(_TURN)
        x, y = x * cosine - y * sine, x * sine + y * cosine
    return x, y


def _halves_up(number: int) -> int:
    """A seventh of the number, to the nearest whole one."""
    return (2 * number + 7) // 14


def _larger(spot: Spot, level: int) -> Spot:
    """The hexagon of the level above that this one of ``level`` is a seventh of."""
    i, j = spot[0] - spot[2], spot[1] - spot[2]
    if level % 2:
        return _normal(_halves_up(3 * i - j), _halves_up(i + 2 * j), 0)
    return _normal(_halves_up(2 * i + j), _halves_up(3 * j - i), 0)


def _smaller(spot: Spot, level: int) -> Spot:
    """The hexagon of ``level`` in the middle of this one of the level above."""
    i, j, k = spot
    if level % 2:
        return _normal(3 * i + j, 3 * j + k, 3 * k + i)
    return _normal(3 * i + k, 3 * j + i, 3 * k + j)


# ------------------------------------------------------------------------------------------------------------- cells


class Cell:
    """A cell: base cell and digits."""

    def __init__(self, base: int, digits: tuple[int, ...]) -> None:
        self.base = base
        self.digits = digits

    @property
    def level(self) -> int:
        """0 to 15."""
        return len(self.digits)

    @property
    def token(self) -> str:
        """The text of its number."""
        number = 1 << 59 | self.level << 52 | self.base << 45
        for level in range(1, DEEPEST + 1):
            digit = self.digits[level - 1] if level <= self.level else 7
            number |= digit << 3 * (DEEPEST - level)
        return f"{number:x}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cell) and (self.base, self.digits) == (other.base, other.digits)

    def __hash__(self) -> int:
        return hash((self.base, self.digits))

    @property
    def pentagon(self) -> bool:
        """Whether the cell has five sides."""
        return self.base in PENTAGONS and not any(self.digits)


def parse_cell(token: str) -> Cell | None:
    """The cell that a token means; None for what is none."""
    if not 1 <= len(token) <= 16 or any(char not in "0123456789abcdef" for char in token.lower()):
        return None
    number = int(token, 16)
    level, base = number >> 52 & 15, number >> 45 & 127
    digits = [number >> 3 * (DEEPEST - each) & 7 for each in range(1, DEEPEST + 1)]
    if number >> 56 != 8 or base not in _PLACES or 7 in digits[:level] or set(digits[level:]) - {7}:
        return None
    if base in PENTAGONS and next((digit for digit in digits[:level] if digit), 0) == 1:
        return None
    return Cell(base, tuple(digits[:level]))


def _nearest_face(point: Vector) -> int:
    return max(range(len(_PLANES)), key=lambda face: dot(point, _PLANES[face].middle))


def _turn_of(turns: str, digits: list[int]) -> int:
    if len(turns) == 1:
        return int(turns)
    first = next((digit for digit in digits if digit), 0)
    found = turns[first - 1] if first else "-"
    return int(found) if found != "-" else 0


def cell_at(point: Vector, level: int) -> Cell:
    """The cell of this level that holds the point."""
    face = _nearest_face(point)
    spot = _spot(_scaled(_PLANES[face].plane(point), level, 1))
    digits: list[int] = []
    for each in range(level, 0, -1):
        above = _larger(spot, each)
        i, j, k = _smaller(above, each)
        digits.insert(0, _DIGITS[_normal(spot[0] - i, spot[1] - j, spot[2] - k)])
        spot = above
    base, turns = _NUMBERS[face, spot]
    turn = _turn_of(turns, digits)
    return Cell(base, tuple(_turned(digit, turn) for digit in digits))


class Place:
    """Where a cell lies: on the lattice of which face, and how its directions are turned there."""

    def __init__(self, face: int, spot: Spot, turn: int, level: int) -> None:
        self.face = face
        self.spot = spot
        self.turn = turn
        self.level = level

    @property
    def centre(self) -> Vector:
        """The middle of the cell."""
        return self.point(_middle(self.spot))

    def point(self, place: Plane) -> Vector:
        """The point of the sphere at a place of the lattice."""
        return _PLANES[self.face].sphere(_scaled(place, self.level, -1))


def place_of(cell: Cell) -> Place:
    """The face that the middle of the cell lies on, with its hexagon there."""
    for face, base in _PLACES[cell.base]:
        turns = _NUMBERS[face, base][1]
        for turn in range(6) if len(turns) > 1 else (int(turns),):
            spot = base
            for level, digit in enumerate(cell.digits, 1):
                spot = _sum(_smaller(spot, level), _STEPS[_turned(digit, -turn)])
            found = Place(face, spot, turn, cell.level)
            centre = found.centre
            nearest = max(dot(centre, each.middle) for each in _PLANES)
            if dot(centre, _PLANES[face].middle) >= nearest - 1e-14 and cell_at(centre, cell.level) == cell:
                return found
    raise KqlValueError(f"the H3 cell {cell.token} lies nowhere")


# ------------------------------------------------------------------------------------------- beyond the edge of a face


def _beyond(place: Plane) -> tuple[int, float]:
    """The edge of the triangle that a place lies farthest beyond, and how far (negative: inside)."""
    found = []
    for edge in range(3):
        (ax, ay), (bx, by) = _TRIANGLE[edge], _TRIANGLE[(edge + 1) % 3]
        found.append((((by - ay) * (place[0] - ax) - (bx - ax) * (place[1] - ay)) / math.hypot(bx - ax, by - ay), edge))
    distance, edge = max(found)
    return edge, distance


def _across(face: int, edge: int, place: Plane) -> tuple[int, Plane]:
    """The same place in the plane of the face beyond an edge, as if both were unfolded."""
    start, end = _FACES[face][edge], _FACES[face][(edge + 1) % 3]
    other = next(number for number, corners in enumerate(_FACES) if number != face and {start, end} <= set(corners))
    (ax, ay), (bx, by) = _TRIANGLE[edge], _TRIANGLE[(edge + 1) % 3]
    cx, cy = _TRIANGLE[_FACES[other].index(start)]
    dx, dy = _TRIANGLE[_FACES[other].index(end)]
    turn = complex(dx - cx, dy - cy) / complex(bx - ax, by - ay)
    moved = complex(cx, cy) + turn * complex(place[0] - ax, place[1] - ay)
    return other, (moved.real, moved.imag)


_ON_EDGE = 1e-9


def unfolded(face: int, place: Plane) -> Vector:
    """The point of the sphere at a place of a face's plane, also beyond the face's edges."""
    for _ in range(6):
        edge, distance = _beyond(place)
        if distance <= _ON_EDGE:
            break
        face, place = _across(face, edge, place)
    return _PLANES[face].sphere(place)


def boundary(cell: Cell) -> list[Vector]:
    """The corners of a cell, counterclockwise, and where its sides break at an edge of the icosahedron."""
    if cell.pentagon:
        raise KqlValueError("the outline of a pentagon of H3 is not run by the local engine")
    place = place_of(cell)
    x, y = _middle(place.spot)
    corners: list[Plane] = []
    for sixth in range(6):
        angle = math.radians(30 + 60 * sixth)
        at = (x + math.cos(angle) / math.sqrt(3), y + math.sin(angle) / math.sqrt(3))
        corners.append(_scaled(at, cell.level, -1))
    points: list[Vector] = []
    for sixth, corner in enumerate(corners):
        points.append(unfolded(place.face, corner))
        if cell.level % 2:
            broken = _break(corner, corners[(sixth + 1) % 6])
            if broken is not None:
                points.append(_PLANES[place.face].sphere(broken))
    return points


def _break(start: Plane, end: Plane) -> Plane | None:
    """Where a side leaves the triangle of its face, unless at one of its ends."""
    (edge, before), (other, after) = _beyond(start), _beyond(end)
    if (before > _ON_EDGE) == (after > _ON_EDGE) or min(abs(before), abs(after)) <= _ON_EDGE:
        return None
    share = before / (before - after) if edge == other else None
    if share is None:
        crossed = edge if before > 0 else other
        (ax, ay), (bx, by) = _TRIANGLE[crossed], _TRIANGLE[(crossed + 1) % 3]
        first, last = (
            ((by - ay) * (place[0] - ax) - (bx - ax) * (place[1] - ay)) / math.hypot(bx - ax, by - ay)
            for place in (start, end)
        )
        share = first / (first - last)
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


def rings(cell: Cell, distance: int) -> Iterator[list[Cell]]:
    """The cells at 0, 1, 2 … steps, each ring in the order of the reference. Raises KqlValueError near a pentagon."""
    place = place_of(cell)
    reach = (distance + 2) / _SQRT7**cell.level
    middle = _scaled(_middle(place.spot), cell.level, -1)
    if any(math.dist(corner, middle) <= reach for corner in _TRIANGLE):
        raise KqlValueError("rings of H3 cells around a pentagon are not run by the local engine")
    steps = [_STEPS[_turned(direction, -place.turn)] for direction in (4, *_RING)]
    spot = place.spot
    yield [cell]
    for ring in range(1, distance + 1):
        spot = _sum(spot, steps[0])
        found: list[Cell] = []
        for step in steps[1:]:
            for _ in range(ring):
                spot = _sum(spot, step)
                point = unfolded(place.face, _scaled(_middle(spot), cell.level, -1))
                found.append(cell_at(point, cell.level))
        yield found
