"""DuckDB's messages -> SQLSTATE and PostgreSQL's words: a table, read from the top."""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Pattern(NamedTuple):
    """One kind of message.

    Args:
        seen: what DuckDB says, matched at the start of its message without the class's name.
        state: the SQLSTATE.
        said: the message to send, with the groups of ``seen``; empty: DuckDB's own first line.
        hint: what to do, if DuckDB's candidates are not it.
    """

    seen: re.Pattern[str]
    state: str
    said: str = ""
    hint: str = ""


def _p(seen: str, state: str, said: str = "", hint: str = "") -> Pattern:
    return Pattern(re.compile(seen, re.DOTALL), state, said, hint)


CASTS: Final = (
    "No function matches the given name and argument types. You might need to add explicit "
    "type casts."
)
_NAME = r'"?(?P<name>.+?)"?'

#: Names that are not there, or twice there.
_NAMES: Final = (
    _p(rf'Table with name {_NAME} does not exist because schema "(?P<s>.+?)" does not exist',
       "42P01", 'relation "{name}" does not exist'),
    _p(rf"(?:Table|View) with name {_NAME} does not exist", "42P01",
       'relation "{name}" does not exist'),
    _p(rf"(?:Scalar|Aggregate|Table|Macro|Window|Pragma)? ?(?:Macro )?Function with name {_NAME} "
       r"does not exist", "42883", "function {name} does not exist"),
    _p(rf"Function with name {_NAME} ", "42883", "function {name} does not exist"),
    _p(r"STAR expression is only allowed as the root", "42601",
       "a row as a value is written by the name of its table alone, without .*",
       "Write churn_score(c), not churn_score(c.*)."),
    _p(rf"relation {_NAME} does not exist$", "42P01"),  # as the catalog's own functions say it
    _p(rf"function {_NAME} does not exist$", "42883"),
    _p(rf"schema {_NAME} does not exist$", "3F000"),
    _p(rf"(?:type|role) {_NAME} does not exist$", "42704"),
    _p(rf"Type with name {_NAME} does not exist", "42704", 'type "{name}" does not exist'),
    _p(rf"Schema with name {_NAME} does not exist", "3F000", 'schema "{name}" does not exist'),
    _p(rf"Sequence with name {_NAME} does not exist", "42P01", 'relation "{name}" does not exist'),
    _p(rf"Catalog {_NAME} does not exist", "3D000", 'database "{name}" does not exist'),
    _p(r"unrecognized configuration parameter", "42704"),
    _p(r"(?:Could not convert string ')?(?P<fact>\S+ would work on a value that is too large: "
       r"[^;']*)(?:; (?P<todo>[^']*))?(?:' to BOOL.*)?$", "54000",
       "{fact}", "{todo}"),
    _p(rf"Schema with name {_NAME} already exists", "42P06", 'schema "{name}" already exists'),
    _p(rf"(?:Table|View|Index|Sequence) with name {_NAME} already exists", "42P07",
       'relation "{name}" already exists'),
    _p(rf"Column with name {_NAME} already exists", "42701", 'column "{name}" already exists'),
    _p(rf"(?:Macro|Macro Function|Scalar Function) with name {_NAME} already exists", "42723",
       'function "{name}" already exists'),
    _p(r'(?:Table|Values list) "(?P<t>.+?)" does not have a column (?:named|with name) '
       r'"(?P<name>.+?)"', "42703",
       "column {t}.{name} does not exist"),
    _p(r'Referenced column "(?P<name>.+?)" (?:not found|was not found)', "42703",
       'column "{name}" does not exist'),
    _p(r"Referenced update column (?P<name>.+?) not found", "42703",
       'column "{name}" does not exist'),
    _p(r'Column "(?P<name>.+?)" (?:does not exist|in \w+ list not found|referenced)', "42703",
       'column "{name}" does not exist'),
    _p(r'Referenced table "(?P<name>.+?)" not found', "42P01",
       'missing FROM-clause entry for table "{name}"'),
    _p(r'Ambiguous reference to column name "(?P<name>.+?)" \(use: (?P<use>.+)\)', "42702",
       'column reference "{name}" is ambiguous', "Use {use}."),
    _p(r'Ambiguous reference to table "(?:[^".]+\.)*(?P<name>[^"]+?)" \(duplicate alias', "42712",
       'table name "{name}" specified more than once'),
    _p(r'Ambiguous reference to table "(?P<name>.+?)"', "42712",
       'table name "{name}" specified more than once'),
    _p(r'Duplicate alias "(?P<name>.+?)"', "42712",
       'table name "{name}" specified more than once'),
    _p(r'Duplicate (?:CTE|cte) name "(?P<name>.+?)"', "42712",
       'WITH query name "{name}" specified more than once'),
    _p(r'Could not find key "(?P<name>.+?)" in struct', "42703", 'column "{name}" not found'),
    _p(r'Prepared statement "(?P<name>.+?)" does not exist', "26000",
       'prepared statement "{name}" does not exist'),
)  # fmt: skip

#: Types and functions that do not fit, and clauses in the wrong place.
_FIT: Final = (
    _p(r"No function matches the given name and argument types '(?P<op>[^\w\"]+)"
       r"\((?P<a>[^,]+), (?P<b>[^,]+)\)'", "42883", "operator does not exist: {a} {op} {b}",
       "No operator matches the given name and argument types. You might need to add explicit "
       "type casts."),
    _p(r"No function matches the given name and argument types '(?P<call>.+?)'\.", "42883",
       "function {call} does not exist", CASTS),
    _p(r'Could not choose a best candidate function for the function call "(?P<op>[^\w\"]+)'
       r'\((?P<a>[^,]+), (?P<b>[^,]+)\)"', "42725", "operator is not unique: {a} {op} {b}",
       "Could not choose a best candidate operator. You might need to add explicit type casts."),
    _p(r'Could not choose a best candidate function for the function call "(?P<call>.+?)"\.',
       "42725", "function {call} is not unique",
       "Could not choose a best candidate function. You might need to add explicit type casts."),
    _p(r'Macro "?(?P<name>[^\s"]+?)"?\(\) does not support the supplied arguments', "42883",
       "function {name} does not exist for these arguments", CASTS),
    _p(r'column "(?P<name>.+?)" must appear in the GROUP BY clause', "42803",
       'column "{name}" must appear in the GROUP BY clause or be used in an aggregate function'),
    _p(r"(?P<c>\w+(?: \w+)?) clause cannot contain aggregates", "42803",
       "aggregate functions are not allowed in {c}"),
    _p(r"(?P<c>\w+(?: \w+)?) clause cannot contain window functions", "42P20",
       "window functions are not allowed in {c}"),
    _p(r"aggregate function calls cannot be nested", "42803"),
    _p(r"Window functions are not supported here", "42P20"),
    _p(r"Set operations can only apply to expressions with the same number", "42601",
       "each query of a set operation must have the same number of columns"),
    _p(r"(?P<c>ORDER|GROUP BY) term out of range - should be between (?P<r>.+)", "42P10",
       "{c} position is not in select list"),
    _p(r"Subquery returns \d+ columns - expected 1", "42601",
       "subquery must return only one column"),
    _p(r'[Tt]able "(?P<t>.+?)" has (?P<n>\d+) columns available but (?P<m>\d+) columns specified',
       "42P10"),
    _p(r'table ".+?" has \d+ columns but \d+ values', "42601"),
    _p(r"LIMIT/OFFSET cannot be negative", "2201W", "LIMIT must not be negative"),
    _p(r"Cannot (?:compare values|mix values|concatenate types|combine types)", "42804"),
    _p(r"Unimplemented type for cast \((?P<a>.+?) -> (?P<b>.+?)\)", "42846",
       "cannot cast type {a} to {b}"),
    _p(r"UNNEST\(\) can only be applied", "42883"),
    _p(r"DECIMAL type (?:width|scale)", "22023"),
    _p(r"No columns found to join on in NATURAL JOIN", "42703"),
    _p(r"Values were not provided for the following parameters: (?P<n>\w+)", "42P02",
       "there is no parameter ${n}"),
    _p(r"Cannot (?:drop|alter) entry", "2BP01"),
    _p(r"Not-?null constraint", "23502"),
    _p(r"Existing object (?P<name>.+?) is of type (?P<a>\w+), trying to \w+ with type (?P<b>\w+)",
       "42809", '"{name}" is not a {b}'),
)  # fmt: skip

#: Values that are wrong when a row is reached.
_VALUES: Final = (
    _p(r"Division by zero|.*division by zero", "22012", "division by zero"),
    _p(r"Could not convert string ['\"](?P<v>.*?)['\"] to INTERVAL", "22007",
       'invalid input syntax for type interval: "{v}"'),
    _p(r"Could not convert string ['\"](?P<v>\s*[+-]?\d+\s*)['\"] to (?P<t>U?INT\d+)", "22003",
       'value "{v}" is out of range for type {t}'),
    _p(r"Could not convert string ['\"](?P<v>.*?)['\"] to (?P<t>[A-Z]+\d*)(?:\(|\s|$)", "22P02"),
    _p(r"Type VARCHAR with value '(?P<v>\{.*|\[.*)' can't be cast to the destination type",
       "22P02", 'malformed array literal: "{v}"'),
    _p(r"Type \w+ with value .+ can't be cast because the value is out of range for the "
       r"destination type (?P<t>\w+)", "22003", "{t} out of range"),
    _p(r"invalid (?P<t>date|time|timestamp) field format: \"(?P<v>.*?)\"", "22007",
       'invalid input syntax for type {t}: "{v}"'),
    _p(r"(?:date|time|timestamp) field value out of range: \"(?P<v>.*?)\"", "22008",
       'date/time field value out of range: "{v}"'),
    _p(r"Date out of range: (?P<v>.+)", "22008", "date field value out of range: {v}"),
    _p(r"(?:Date and time|Timestamp|Date).*(?:not in|out of).*range", "22008",
       "timestamp out of range"),
    _p(r"extract specifier \"(?P<v>.*?)\" not recognized", "22023", 'unit "{v}" not recognized'),
    _p(r"Unknown TimeZone '(?P<v>.*?)'", "22023", 'time zone "{v}" not recognized'),
    _p(r"Overflow in \w+ of INT16", "22003", "smallint out of range"),
    _p(r"Overflow in \w+ of INT32", "22003", "integer out of range"),
    _p(r"Overflow in \w+ of INT64", "22003", "bigint out of range"),
    _p(r"Could not cast value|Overflow|Needed scale|.*out of range", "22003"),
    _p(r"Malformed JSON", "22P02", "invalid input syntax for type json"),
    _p(r"(?:Invalid|String).*(?:blob|hex)", "22P02"),
    _p(r"Bit string literal", "22P02"),
    _p(r"Invalid UTF8", "22021"),
    _p(r"(?:missing|unexpected|invalid|bad|no argument|trailing).*: ", "2201B",
       "invalid regular expression: {all}"),
    _p(r"More than one row returned by a subquery", "21000",
       "more than one row returned by a subquery used as an expression"),
    _p(r"Could not parse string \"(?P<v>.*?)\" according to format specifier \"(?P<f>.*?)\"",
       "22007", 'invalid value "{v}" for the format "{f}"'),
    _p(r"Cannot create a string of size", "54000", "requested length too large"),
    _p(r"Duplicate key|.*violates (?:primary key|unique) constraint", "23505"),
    _p(r"NOT NULL constraint failed: (?P<n>.+)", "23502",
       'null value in column "{n}" violates not-null constraint'),
    _p(r"CHECK constraint failed", "23514"),
    _p(r"Violates foreign key", "23503"),
    _p(r"VALUES lists must all be the same length", "42601",
       "VALUES lists must all be the same length"),
)  # fmt: skip

#: What the engine refuses as a whole.
_ENGINE: Final = (
    _p(r"Cannot execute statement of type \"(?P<v>.+?)\" on database \".+?\" which is attached "
       r"in read-only", "25006", "cannot execute {v} in a read-only transaction"),
    _p(r".*(?:transaction is launched in read-only|in read-only mode)", "25006",
       "cannot write in a read-only transaction"),
    _p(r"cannot start a transaction within", "25001",
       "there is already a transaction in progress"),
    _p(r"cannot (?:commit|rollback) - no transaction", "25P01",
       "there is no transaction in progress"),
    _p(r"Current transaction is aborted", "25P02",
       "current transaction is aborted, commands ignored until end of transaction block"),
    _p(r".*(?:Conflict|conflict)", "40001",
       "could not serialize access due to concurrent update", "Run the transaction again."),
    _p(r".*(?:[Mm]ax expression depth|recursion|stack)", "54001", "stack depth limit exceeded"),
    _p(r".*(?:disabled by configuration|disabled through configuration|configuration has been "
       r"locked|Cannot access|not allowed)", "42501", "this is not allowed here"),
)  # fmt: skip

#: Which tables of patterns an exception's message is looked up in: all, in this order.
PATTERNS: Final = (*_NAMES, *_FIT, *_ENGINE, *_VALUES)

#: The state of a message no pattern knows, by the class of the exception.
STATES: Final = {
    "ParserException": "42601", "SyntaxException": "42601", "BinderException": "42000",
    "CatalogException": "42704", "ConversionException": "22P02", "OutOfRangeException": "22003",
    "InvalidInputException": "22023", "TypeMismatchException": "42804",
    "InterruptException": "57014", "OutOfMemoryException": "53200", "IOException": "58030",
    "NotImplementedException": "0A000", "PermissionException": "42501",
    "ConstraintException": "23000", "TransactionException": "25000",
    "DependencyException": "2BP01", "SequenceException": "55000",
    "InvalidTypeException": "42704", "InternalException": "XX000", "FatalException": "XX000",
    "SerializationException": "XX000", "ConnectionException": "57P01", "HTTPException": "58000",
    "NotSupportedError": "0A000",
}  # fmt: skip

#: The state of our own errors.
OWN: Final = {
    "DatabaseOpenError": "58030", "StatementError": "42601", "ModelNotFoundError": "42704",
    "NameTakenError": "42710", "SignatureError": "42804", "TrainingError": "22023",
    "ImportModelError": "22023", "CorruptModelError": "XX001", "ScoringError": "22023",
    "RegistryError": "58000", "ProjectError": "58000", "MissingExtraError": "0A000",
}  # fmt: skip

#: DuckDB's names of types in a message -> PostgreSQL's.
TYPES: Final = {
    "INT8": "smallint", "INT16": "smallint", "INT32": "integer", "INT64": "bigint",
    "INT128": "numeric", "BOOL": "boolean", "FLOAT": "real", "DOUBLE": "double precision",
    "UUID": "uuid", "INTERVAL": "interval", "DECIMAL": "numeric", "BIT": "bit",
    "UINT8": "smallint", "UINT16": "integer", "UINT32": "bigint", "UINT64": "numeric",
    "UINT128": "numeric", "VARCHAR": "text", "INTEGER": "integer", "BIGINT": "bigint",
    "SMALLINT": "smallint", "TINYINT": "smallint", "HUGEINT": "numeric", "BOOLEAN": "boolean",
    "BLOB": "bytea", "STRING_LITERAL": "unknown", "INTEGER_LITERAL": "integer",
    "DATE": "date", "TIME": "time", "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone", "JSON": "json",
}  # fmt: skip
