"""XXH64, the hash behind ``hash()``.

Source: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
"""

from __future__ import annotations

_MASK = 2**64 - 1
_PRIME1 = 0x9E3779B185EBCA87
_PRIME2 = 0xC2B2AE3D27D4EB4F
_PRIME3 = 0x165667B19E3779F9
_PRIME4 = 0x85EBCA77C2B2AE63
_PRIME5 = 0x27D4EB2F165667C5


def _rotated(value: int, count: int) -> int:
    return ((value << count) | (value >> (64 - count))) & _MASK


def _round(accumulator: int, lane: int) -> int:
    return _rotated((accumulator + lane * _PRIME2) & _MASK, 31) * _PRIME1 & _MASK


def _merged(accumulator: int, lane: int) -> int:
    return ((accumulator ^ _round(0, lane)) * _PRIME1 + _PRIME4) & _MASK


def _read(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "little")


def xxhash64(data: bytes, seed: int = 0) -> int:
    """The 64-bit hash of the bytes, without sign."""
    length = len(data)
    at = 0
    if length >= 32:
        lanes = [(seed + _PRIME1 + _PRIME2) & _MASK, (seed + _PRIME2) & _MASK, seed, (seed - _PRIME1) & _MASK]
        while at + 32 <= length:
            lanes = [_round(lane, _read(data, at + 8 * index, 8)) for index, lane in enumerate(lanes)]
            at += 32
        result = sum(_rotated(lane, count) for lane, count in zip(lanes, (1, 7, 12, 18), strict=True)) & _MASK
        for lane in lanes:
            result = _merged(result, lane)
    else:
        result = (seed + _PRIME5) & _MASK
    result = (result + length) & _MASK
    while at + 8 <= length:
        result = (_rotated(result ^ _round(0, _read(data, at, 8)), 27) * _PRIME1 + _PRIME4) & _MASK
        at += 8
    if at + 4 <= length:
        result = (_rotated(result ^ (_read(data, at, 4) * _PRIME1 & _MASK), 23) * _PRIME2 + _PRIME3) & _MASK
        at += 4
    for byte in data[at:]:
        result = _rotated(result ^ (byte * _PRIME5 & _MASK), 11) * _PRIME1 & _MASK
    for shift, prime in ((33, _PRIME2), (29, _PRIME3)):
        result = (result ^ (result >> shift)) * prime & _MASK
    return result ^ (result >> 32)
