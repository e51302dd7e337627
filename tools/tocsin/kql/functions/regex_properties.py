r"""The names that ``\p{...}`` takes, with what RE2 writes between brackets for them.

Names are compared without case, blanks, ``_`` and ``-``, as Unicode asks (UAX #44, LM3). Which code points belong to
a class follows the version of Unicode that RE2 has.

Source: https://learn.microsoft.com/kusto/query/regex#match-one-character and https://www.unicode.org/reports/tr44/
"""

from __future__ import annotations

WHITE_SPACE = r"\t-\r\x{85}\p{Z}"
JOIN_CONTROL = r"\x{200C}\x{200D}"
WORD = (
    r"\p{L}\p{Nl}\p{M}\p{Nd}\p{Pc}" + JOIN_CONTROL + r"\x{24B6}-\x{24E9}\x{1F130}-\x{1F149}\x{1F150}-\x{1F169}"
    r"\x{1F170}-\x{1F189}"
)
r"""``\w``: Alphabetic, M, Nd, Pc and Join_Control. What is alphabetic beyond L, Nl and M are letters in circles."""

_OTHER_UPPERCASE = r"\x{2160}-\x{216F}\x{24B6}-\x{24CF}\x{1F130}-\x{1F149}\x{1F150}-\x{1F169}\x{1F170}-\x{1F189}"
_OTHER_LOWERCASE = (
    r"\x{AA}\x{BA}\x{2B0}-\x{2B8}\x{2C0}-\x{2C1}\x{2E0}-\x{2E4}\x{345}\x{37A}\x{10FC}\x{1D2C}-\x{1D6A}\x{1D78}"
    r"\x{1D9B}-\x{1DBF}\x{2071}\x{207F}\x{2090}-\x{209C}\x{2170}-\x{217F}\x{24D0}-\x{24E9}\x{2C7C}-\x{2C7D}"
    r"\x{A69C}-\x{A69D}\x{A770}\x{A7F2}-\x{A7F4}\x{A7F8}-\x{A7F9}\x{AB5C}-\x{AB5F}\x{AB69}\x{10780}"
    r"\x{10783}-\x{10785}\x{10787}-\x{107B0}\x{107B2}-\x{107BA}\x{1E030}-\x{1E06D}"
)

_ASSIGNED = r"\p{L}\p{M}\p{N}\p{P}\p{S}\p{Z}\p{Cc}\p{Cf}\p{Co}\p{Cs}"
_NOT_OTHER = r"\p{L}\p{M}\p{N}\p{P}\p{S}\p{Z}"

_CATEGORIES = """
L Letter, Lu Uppercase_Letter, Ll Lowercase_Letter, Lt Titlecase_Letter, Lm Modifier_Letter, Lo Other_Letter,
M Mark Combining_Mark, Mn Nonspacing_Mark, Mc Spacing_Mark, Me Enclosing_Mark,
N Number, Nd Decimal_Number Digit, Nl Letter_Number, No Other_Number,
P Punctuation Punct, Pc Connector_Punctuation, Pd Dash_Punctuation, Ps Open_Punctuation, Pe Close_Punctuation,
Pi Initial_Punctuation, Pf Final_Punctuation, Po Other_Punctuation,
S Symbol, Sm Math_Symbol, Sc Currency_Symbol, Sk Modifier_Symbol, So Other_Symbol,
Z Separator, Zs Space_Separator, Zl Line_Separator, Zp Paragraph_Separator,
Cc Control Cntrl, Cf Format, Co Private_Use
"""

_SCRIPTS = """
Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali Bhaiksuki Bopomofo
Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham Cherokee Chorasmian Common
Coptic Cuneiform Cypriot Cypro_Minoan Cyrillic Deseret Devanagari Dives_Akuru Dogra Duployan Egyptian_Hieroglyphs
Elbasan Elymaic Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati Gunjala_Gondi Gurmukhi Han Hangul
Hanifi_Rohingya Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic Inherited Inscriptional_Pahlavi
Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kawi Kayah_Li Kharoshthi Khitan_Small_Script Khmer Khojki
Khudawadi Lao Latin Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian Mahajani Makasar Malayalam Mandaic Manichaean
Marchen Masaram_Gondi Medefaidrin Meetei_Mayek Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi
Mongolian Mro Multani Myanmar Nabataean Nag_Mundari Nandinagari New_Tai_Lue Newa Nko Nushu Nyiakeng_Puachue_Hmong
Ogham Ol_Chiki Old_Hungarian Old_Italic Old_North_Arabian Old_Permic Old_Persian Old_Sogdian Old_South_Arabian
Old_Turkic Old_Uyghur Oriya Osage Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi
Rejang Runic Samaritan Saurashtra Sharada Shavian Siddham SignWriting Sinhala Sogdian Sora_Sompeng Soyombo Sundanese
Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangsa Tangut Telugu Thaana Thai Tibetan
Tifinagh Tirhuta Toto Ugaritic Vai Vithkuqi Wancho Warang_Citi Yezidi Yi Zanabazar_Square
"""

_SCRIPT_CODES = {
    "arab": "Arabic",
    "armn": "Armenian",
    "cyrl": "Cyrillic",
    "grek": "Greek",
    "hang": "Hangul",
    "hani": "Han",
    "hebr": "Hebrew",
    "hira": "Hiragana",
    "kana": "Katakana",
    "latn": "Latin",
    "thai": "Thai",
    "zyyy": "Common",
    "zinh": "Inherited",
}


def _plain(name: str) -> str:
    return "".join(char for char in name.lower() if char not in " _-\t\n\v\f\r")


def _categories() -> dict[str, tuple[str, bool]]:
    found: dict[str, tuple[str, bool]] = {}
    for entry in _CATEGORIES.split(","):
        names = entry.split()
        found.update((_plain(name), (rf"\p{{{names[0]}}}", False)) for name in names)
    found.update(dict.fromkeys(("lc", "casedletter"), (r"\p{Lu}\p{Ll}\p{Lt}", False)))
    found.update(dict.fromkeys(("c", "other"), (_NOT_OTHER, True)))
    found.update(dict.fromkeys(("cn", "unassigned"), (_ASSIGNED, True)))
    found["any"] = (r"\x{0}-\x{10FFFF}", False)
    found["ascii"] = (r"\x{0}-\x{7F}", False)
    found["assigned"] = (_ASSIGNED, False)
    return found


def _scripts() -> dict[str, tuple[str, bool]]:
    found = {_plain(name): (rf"\p{{{name}}}", False) for name in _SCRIPTS.split()}
    found.update((code, (rf"\p{{{name}}}", False)) for code, name in _SCRIPT_CODES.items())
    return found


_BINARY: dict[str, tuple[str, bool]] = {
    **dict.fromkeys(("whitespace", "wspace", "space"), (WHITE_SPACE, False)),
    **dict.fromkeys(("joincontrol", "joinc"), (JOIN_CONTROL, False)),
    **dict.fromkeys(("lowercase", "lower"), (r"\p{Ll}" + _OTHER_LOWERCASE, False)),
    **dict.fromkeys(("uppercase", "upper"), (r"\p{Lu}" + _OTHER_UPPERCASE, False)),
}

_TABLES = {
    "gc": _categories(),
    "generalcategory": _categories(),
    "sc": _scripts(),
    "script": _scripts(),
}
_NAMES = {**_scripts(), **_categories(), **_BINARY}


def property_named(text: str) -> tuple[str, bool] | None:
    r"""What ``\p{text}`` stands for: the members for an RE2 bracket and whether it is all but these. None: unknown."""
    for separator, turned in (("!=", True), (":", False), ("=", False)):
        kind, found, name = text.partition(separator)
        if found:
            members = _TABLES.get(_plain(kind), {}).get(_plain(name))
            return (members[0], members[1] != turned) if members else None
    plain = _plain(text)
    return _NAMES.get(plain) or _NAMES.get(plain.removeprefix("is"))
