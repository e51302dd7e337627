"""The kinds of problems that reading a YAML file can find, and what helps against syntax errors."""

from __future__ import annotations

from tocsin.content.finding import FindingKind, Level

SYNTAX = FindingKind("YAML001", "yaml.syntax", about="The text is not YAML.")
UNREADABLE = FindingKind("YAML002", "yaml.unreadable", about="The file cannot be opened.")
ENCODING = FindingKind(
    "YAML003", "yaml.encoding", about="The file is not UTF-8, or holds a character that YAML does not allow."
)
TAB = FindingKind("YAML004", "yaml.tab", about="A tab indents a line.")
DUPLICATE_KEY = FindingKind("YAML005", "yaml.duplicate-key", about="A field is written twice in one mapping.")
TAG = FindingKind(
    "YAML006", "yaml.tag", about="A value has a tag such as `!!python/object`; tags are never needed and never run."
)
ALIAS = FindingKind("YAML007", "yaml.alias", about="An alias names no anchor, or there are too many aliases.")
MERGE_KEY = FindingKind("YAML008", "yaml.merge-key", about="A merge key (`<<`), which YAML 1.2 does not have.")
KEY = FindingKind("YAML009", "yaml.key", about="A field name is a list or a mapping.")
TOO_LARGE = FindingKind(
    "YAML010", "yaml.too-large", about="The file is larger, deeper or holds more values than any content needs."
)
DOCUMENTS = FindingKind("YAML011", "yaml.documents", about="A file holds a second document.")
EMPTY = FindingKind("YAML012", "yaml.empty", about="The file is empty.")
BYTE_ORDER_MARK = FindingKind(
    "YAML013", "yaml.byte-order-mark", Level.INFO, about="The file starts with a byte order mark."
)
IN_PLACE = FindingKind(
    "YAML014", "yaml.in-place", about="A value is written in a way that does not allow to change it where it stands."
)
KINDS = (
    SYNTAX,
    UNREADABLE,
    ENCODING,
    TAB,
    DUPLICATE_KEY,
    TAG,
    ALIAS,
    MERGE_KEY,
    KEY,
    TOO_LARGE,
    DOCUMENTS,
    EMPTY,
    BYTE_ORDER_MARK,
    IN_PLACE,
)

# What libyaml says, and what helps a person who sees it. First match wins.
SYNTAX_HELP = (
    ("mapping values are not allowed", "quote the text if it contains ': ', or check the indentation of this line"),
    ("did not find expected key", "check the indentation of this line against the lines above it"),
    ("expected <block end>", "check the indentation of this line against the lines above it"),
    ("did not find expected '-' indicator", "lists need '- ' at the same column on every item"),
    ("could not find expected ':'", "a field is written 'name: value'; text over several lines needs '|' or quotes"),
    ("found unexpected end of stream", "close the quote that is opened above"),
    ("did not find expected ',' or", "close the [ or { that is opened above, and separate its items by commas"),
    ("unknown escape character", "a backslash in double quotes starts an escape; use single quotes, or write \\\\"),
    ("cannot start any token", "quote text that starts with this character"),
    ("while scanning a block scalar", "indent all lines of the text the same, deeper than its field"),
)
