"""``convert_length`` and its kin: a number of one unit in another. A name that is no unit gives null.

Source: https://learn.microsoft.com/kusto/query/convert-length-function and its neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tocsin.kql.functions.declaration import FunctionTable
from tocsin.kql.functions.errors import KqlValueError

TABLE = FunctionTable()

_INCH = 0.0254
_FOOT = 12 * _INCH
_YARD = 3 * _FOOT
_MILE = 1760 * _YARD
_SURVEY_FOOT = 1200 / 3937
_POUND = 0.45359237
_GRAVITY = 9.80665
_PARSEC = 3.08567758128e16
_LIGHT_YEAR = 9.46073047258e15
_US_GALLON = 231 * _INCH**3
_IMPERIAL_GALLON = 0.00454609
_BTU = 1055.05585262
_ELECTRON_VOLT = 1.602176634e-19
_HOUR = 3600.0

_PREFIXES = {
    "Tera": 1e12,
    "Giga": 1e9,
    "Mega": 1e6,
    "Kilo": 1e3,
    "Hecto": 1e2,
    "Deca": 1e1,
    "": 1.0,
    "Deci": 1e-1,
    "Centi": 1e-2,
    "Milli": 1e-3,
    "Micro": 1e-6,
    "Nano": 1e-9,
}


def _prefixed(unit: str, size: float, *prefixes: str) -> dict[str, float]:
    """The unit with these prefixes; the unit's name starts with a capital only when it stands alone."""
    return {
        f"{prefix}{unit[0].lower()}{unit[1:]}" if prefix else unit: _PREFIXES[prefix] * size
        for prefix in prefixes or ("",)
    }


_LENGTHS = {
    **_prefixed("Meter", 1.0, "Kilo", "Hecto", "Deca", "", "Deci", "Centi", "Milli", "Micro", "Nano"),
    "Angstrom": 1e-10,
    "AstronomicalUnit": 1.495978707e11,
    "Chain": 22 * _YARD,
    "Fathom": 2 * _YARD,
    "Foot": _FOOT,
    "Hand": 4 * _INCH,
    "Inch": _INCH,
    "Microinch": _INCH * 1e-6,
    "Mil": _INCH / 1000,
    "Mile": _MILE,
    "NauticalMile": 1852.0,
    "Yard": _YARD,
    "UsSurveyFoot": _SURVEY_FOOT,
    "Twip": _INCH / 1440,
    "Shackle": 15 * 6 * _FOOT,
    "DataMile": 6000 * _FOOT,
    "DtpPoint": _INCH / 72,
    "DtpPica": _INCH / 6,
    "Parsec": _PARSEC,
    "Kiloparsec": _PARSEC * 1e3,
    "Megaparsec": _PARSEC * 1e6,
    "LightYear": _LIGHT_YEAR,
    "KilolightYear": _LIGHT_YEAR * 1e3,
    "MegalightYear": _LIGHT_YEAR * 1e6,
}
_SPEEDS = {
    f"{unit}Per{per}": size / seconds
    for unit, size in {
        **{name: _LENGTHS[name] for name in ("Kilometer", "Meter", "Decimeter", "Centimeter", "Millimeter")},
        **{
            name: _LENGTHS[name] for name in ("Micrometer", "Nanometer", "Foot", "Inch", "Mile", "Yard", "UsSurveyFoot")
        },
    }.items()
    for per, seconds in (("Second", 1.0), ("Minute", 60.0), ("Hour", _HOUR))
}

_UNITS: dict[str, dict[str, float]] = {
    "angle": {
        **_prefixed("Radian", 1.0, "", "Deci", "Centi", "Milli", "Micro", "Nano"),
        **_prefixed("Degree", math.pi / 180, "", "Milli", "Micro", "Nano"),
        "Arcminute": math.pi / 180 / 60,
        "Arcsecond": math.pi / 180 / 3600,
        "Gradian": math.pi / 200,
        "NatoMil": math.pi / 3200,
        "Revolution": 2 * math.pi,
    },
    "energy": {
        **_prefixed("Joule", 1.0, "Giga", "Mega", "Kilo", "", "Milli"),
        **_prefixed("WattHour", _HOUR, "Tera", "Giga", "Mega", "Kilo", ""),
        **_prefixed("WattDay", 24 * _HOUR, "Tera", "Giga", "Mega", "Kilo", ""),
        **_prefixed("Calorie", 4.184, "Mega", "Kilo", ""),
        **_prefixed("ElectronVolt", _ELECTRON_VOLT, "Tera", "Giga", "Mega", "Kilo", ""),
        **_prefixed("BritishThermalUnit", _BTU, "Giga", "Mega", "Kilo", ""),
        "HorsepowerHour": 550 * _FOOT * _POUND * _GRAVITY * _HOUR,
        "Erg": 1e-7,
        "FootPound": _FOOT * _POUND * _GRAVITY,
    },
    "force": {
        **_prefixed("Newton", 1.0, "Mega", "Kilo", "Deca", "", "Milli", "Micro"),
        "Dyn": 1e-5,
        "KilogramForce": _GRAVITY,
        "KiloPond": _GRAVITY,
        "TonneForce": _GRAVITY * 1000,
        "PoundForce": _POUND * _GRAVITY,
        "KilopoundForce": _POUND * _GRAVITY * 1000,
        "OunceForce": _POUND * _GRAVITY / 16,
        "ShortTonForce": _POUND * _GRAVITY * 2000,
        "Poundal": _POUND * _FOOT,
    },
    "length": _LENGTHS,
    "mass": {
        **_prefixed("Gram", 1e-3, "Kilo", "Hecto", "Deca", "", "Deci", "Centi", "Milli", "Micro", "Nano"),
        **_prefixed("Tonne", 1e3, "Mega", "Kilo", ""),
        **_prefixed("Pound", _POUND, "Mega", "Kilo", ""),
        "Grain": _POUND / 7000,
        "Ounce": _POUND / 16,
        "Stone": _POUND * 14,
        "ShortHundredweight": _POUND * 100,
        "LongHundredweight": _POUND * 112,
        "ShortTon": _POUND * 2000,
        "LongTon": _POUND * 2240,
        "Slug": _POUND * _GRAVITY / _FOOT,
    },
    "speed": {**_SPEEDS, "Knot": 1852 / _HOUR},
    "volume": {
        **_prefixed("Liter", 1e-3, "Mega", "Kilo", "Hecto", "Deca", "", "Deci", "Centi", "Milli", "Micro"),
        **{f"Cubic{name}": _LENGTHS[name] ** 3 for name in ("Kilometer", "Hectometer", "Meter", "Decimeter")},
        **{f"Cubic{name}": _LENGTHS[name] ** 3 for name in ("Centimeter", "Millimeter", "Micrometer", "Mile")},
        **{f"Cubic{name}": _LENGTHS[name] ** 3 for name in ("Yard", "Foot", "Inch")},
        **_prefixed("CubicMeter", 1.0, "Kilo", "Hecto", ""),
        **_prefixed("CubicFoot", _FOOT**3, "Mega", "Kilo", "Hecto", ""),
        **_prefixed("ImperialGallon", _IMPERIAL_GALLON, "Mega", "Kilo", ""),
        **_prefixed("UsGallon", _US_GALLON, "Mega", "Kilo", "Hecto", "Deca", "", "Deci"),
        "AcreFoot": 43560 * _FOOT**3,
        "BoardFoot": 144 * _INCH**3,
        "ImperialPint": _IMPERIAL_GALLON / 8,
        "ImperialOunce": _IMPERIAL_GALLON / 160,
        "OilBarrel": 42 * _US_GALLON,
        "UsBeerBarrel": 31 * _US_GALLON,
        "ImperialBeerBarrel": 36 * _IMPERIAL_GALLON,
        "UsQuart": _US_GALLON / 4,
        "UsPint": _US_GALLON / 8,
        "UsCustomaryCup": _US_GALLON / 16,
        "UsOunce": _US_GALLON / 128,
        "UsTablespoon": _US_GALLON / 256,
        "UsTeaspoon": _US_GALLON / 768,
        "UsLegalCup": 0.00024,
        "MetricCup": 0.00025,
        "MetricTeaspoon": 5e-6,
        "AuTablespoon": 2e-5,
        "UkTablespoon": 1.5e-5,
    },
}
"""How many of the base unit (radian, joule, newton, metre, kilogram, metre per second, cubic metre) one is."""


_UNSETTLED = frozenset({
    "DecathermEc", "DecathermImperial", "DecathermUs", "EarthMass", "PrinterPica", "PrinterPoint",
    "SolarMass", "SolarRadius", "ThermEc", "ThermImperial", "ThermUs", "Tilt",
})  # fmt: skip
"""Units that Kusto knows and whose size differs from one authority to the next."""


def _settled(*names: str) -> None:
    for name in names:
        if name in _UNSETTLED:
            raise KqlValueError(f"the local engine does not know the size that Kusto gives to {name}")


def _scaling(units: dict[str, float]) -> Callable[[Any, str, str], float | None]:
    def convert(value: Any, source: str, target: str) -> float | None:
        _settled(source, target)
        if source not in units or target not in units:
            return None
        return float(value) * units[source] / units[target]

    return convert


_SIGNATURE = "(value: number, from: single string, to: single string) -> real"
_REPORTED = "(value: real, from: string, to: string) -> real"
for _quantity, _sizes in _UNITS.items():
    TABLE.scalar(f"convert_{_quantity}", _SIGNATURE, accepts=(_REPORTED,), page=f"convert-{_quantity}-function")(
        _scaling(_sizes)
    )

_TEMPERATURES: dict[str, tuple[float, float]] = {
    "Kelvin": (1.0, 0.0),
    "DegreeCelsius": (1.0, 273.15),
    "MillidegreeCelsius": (1e-3, 273.15),
    "DegreeDelisle": (-2 / 3, 373.15),
    "DegreeFahrenheit": (5 / 9, 459.67 * 5 / 9),
    "DegreeNewton": (100 / 33, 273.15),
    "DegreeRankine": (5 / 9, 0.0),
    "DegreeReaumur": (1.25, 273.15),
    "DegreeRoemer": (40 / 21, 273.15 - 7.5 * 40 / 21),
    "SolarTemperature": (5778.0, 0.0),
}
"""Kelvins of one degree, and the kelvins at 0."""


@TABLE.scalar(
    "convert_temperature",
    _SIGNATURE,
    accepts=(_REPORTED,),
    page="convert-temperature-function",
)
def convert_temperature(value: Any, source: str, target: str) -> float | None:
    """A temperature of one scale in another."""
    if source not in _TEMPERATURES or target not in _TEMPERATURES:
        return None
    size, zero = _TEMPERATURES[source]
    target_size, target_zero = _TEMPERATURES[target]
    return (float(value) * size + zero - target_zero) / target_size
