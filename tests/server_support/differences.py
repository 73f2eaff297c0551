"""What the door answers otherwise than PostgreSQL 15, each with its reason.

A row that no longer meets a difference fails its test: it must go then.
"""

from __future__ import annotations

from typing import NamedTuple


class Known(NamedTuple):
    """One difference.

    Args:
        client: whose check.
        check: its name.
        at: the place in the answer, as ``fnmatch`` reads it.
        reason: why it may stay.
    """

    client: str
    check: str
    at: str
    reason: str


NUMERIC = "DuckDB has no numeric without precision: zeros behind the last digit are not kept"
TESTER = "the tester is a superuser at PostgreSQL only, so that he may load the shop"
VERSION = "the door's own version"
OWNER = "what is in the file belongs to the server, not to one of its users"
DEFAULT = "DuckDB's own words for a default or a check, without casts"
PLAN = "the plan is DuckDB's"
CATALOG = "the catalog has no functions but a model's: DuckDB's own are not PostgreSQL's"
WORDS = "the catalog does not describe types in words"
WHERE = "DuckDB's parser stops at another word of the statement"
SUM = "DuckDB's view has a type with precision where PostgreSQL's has none"
RIGHT = "refused for want of a right, before anybody asks whether the transaction may write"
ONE = "there is one database, and no templates of others"
NAMED = "the hint tells what the database is called"
HINT = "the door proposes a name where PostgreSQL has no proposal"
WRITER = "the door adds which right a change needs"
JIT = "there is no JIT compiler, and asyncpg asks whether it is on"
FLOAT = "DuckDB reads a number with an exponent as DOUBLE"
SCALE = "the numbers of DuckDB's list have one scale"
LITERAL = "beside a smallint, DuckDB's integer literal is one"
DOUBLE = "DuckDB divides numerics, averages them and reads 1e20 in double precision: 15 digits"
DAYS = "the difference of two dates is a bigint in DuckDB"
MIDNIGHT = "DuckDB truncates a date to a timestamp without zone: the same midnight"
BLANKS = "DuckDB writes JSON without blanks"
TYPE_NAME = "pg_typeof answers the name of the type, as text"
PADDING = "not filled with blanks: DuckDB's comparisons would see them, PostgreSQL's do not"
JOINED = "of two columns beside || the text does not tell that one is a double: 1.0"
APPENDED = "DuckDB's || takes arrays or texts, no element beside an array"
CONTAINED = "DuckDB's @> is of lists: of JSON it is refused"
QUOTED = "beside a column, whose type the text does not tell, '2.5' is a numeric"
ROUNDED = "compared with a whole number, DuckDB rounds a fraction in quotes"
FIFTEEN = "DuckDB writes exponents from 1e16 on, PostgreSQL from 1e15"
BITS = "DuckDB has one type of bits: varbit"
VOID = "DuckDB has no void: what returns nothing returns an empty text"
ENCODED = "pg_encoding_to_char returns text: macros have no type of their own"
COMPARED = "beside a column of type name, which DuckDB has not, a parameter is a text"
TEXTS = "DuckDB has one type of text: a parameter of another is described as text"
JSONS = "DuckDB has one type of JSON, json, and the door writes its lists as JSON"
OIDS = "an oid is a bigint in DuckDB"
NETS = "DuckDB has no inet: it is a text"
LIMITED = "the time limit of the tester's role, which PostgreSQL's roles do not have"
HEARD = "nobody notifies: who listens is told so, and does not wait for ever"
UNLOADED = "a hint tells that COPY FROM is refused to everybody"
SERIES = "generate_series counts in bigint, and the text does not cast it"
PLACE = "the name is looked up when the statement runs, where its place is no longer known"
COPIED = "the place of a relation is told in COPY, too"

KNOWN: list[Known] = [
    Known("psycopg", "parameters_in_text", "*::numeric.*", NUMERIC),
    Known("psycopg", "parameters_in_binary", "*::numeric.*", NUMERIC),
    *(
        Known("psycopg", "parameters_of_declared_types", at, reason)
        for at, reason in (
            ("numeric *", NUMERIC),
            ("varchar *", TEXTS),
            ("bpchar *", TEXTS),
            ("name *", TEXTS),
            ("json 199 *", JSONS),
            ("jsonb *", JSONS),
            ("oid *", OIDS),
            ("inet *", NETS),
        )
    ),
    Known("psycopg", "parameters_in_arithmetic", "SELECT %s AS doc*.0.0.1", JSONS),
    Known("psycopg session", "settings", "?.is_superuser", TESTER),
    Known("psycopg session", "tags", "23.1", HEARD),
    Known("psycopg session", "refused_logins", "database", "the hint tells the right name"),
    Known("psycopg session", "errors", "COPY nowhere TO STDOUT.3", COPIED),
    *(
        Known("psycopg session", "errors", f"{statement}.3", WHERE)
        for statement in (
            "SELECT (1",
            "SELECT 1 FROM",
            "SELECT 'open",
            "SELECT 1 UNION SELECT 1, 2",
            "SELECT 1 GROUP BY 3",
            "SELECT 1 LIMIT 'x'",
        )
    ),
    Known("asyncpg", "parameters", "decimal.1.0", NUMERIC),
    Known("psycopg2", "parameters", "*numeric).*", NUMERIC),
    Known("psycopg2", "parameters", "floats *", NUMERIC),
    Known("psycopg2", "parameters", "double *", FLOAT),
    Known("node", "parameters", "numeric *", NUMERIC),
    Known("go", "pq_parameters", "numeric 1.50.1.0.0", NUMERIC),
    Known("go", "pq_parameters_in_binary", "numeric 1.50.1.0.0", NUMERIC),
    Known("go", "pgx_parameters", "numeric 1.50.[12].0.0", NUMERIC),
    Known("go", "pgx_parameters_simple", "numeric 1.50.[12].0.0", NUMERIC),
    Known("go", "pgx_copy_to", "3.2.2", COPIED),
    Known("jdbc", "prepared_ten_times", "mixed.*.2", NUMERIC),
    Known("jdbc", "prepared_once", "mixed.*.2", NUMERIC),
    Known("jdbc", "meta_plain_answers", "getDatabaseMinorVersion", VERSION),
    Known("jdbc", "meta_plain_answers", "getDatabaseProductVersion", VERSION),
    Known("jdbc", "meta_functions_abs", "*", CATALOG),
    Known("jdbc", "meta_columns_sales", "18.*", SUM),
    *(
        Known("psql", name, "1.?.3", OWNER)
        for name in ("d", "dt", "dt_sales", "dt_all", "dt_plus", "dv", "di")
    ),
    Known("psql", "show", "1.*.3", OWNER),
    Known("psql", "copy_from", "2.*", UNLOADED),
    Known("psql", "argument_c", "1.*", OWNER),
    Known("psql", "argument_list", "1.*", ONE),
    Known("psql", "argument_wrong_database", "2.1", NAMED),
    Known("psql", "dn", "1.?.1", OWNER),
    Known("psql", "l", "1.?.1", OWNER),
    Known("psql", "db", "1.?.1", OWNER),
    Known("psql", "d_orders", "1.11.0", DEFAULT),
    Known("psql", "d_view", "1.4.1", SUM),
    Known("psql", "df_abs", "1.*", CATALOG),
    Known("psql", "du", "1.2.1", TESTER),
    Known("psql", "dT", "1.2.2", WORDS),
    Known("psql", "dT_plus", "1.2.?", WORDS),
    Known("psql", "explain", "1.*", PLAN),
    Known("odbc", "columns_of_tables", "spent.1.*", SUM),
    Known("odbc", "procedures", "0.*", CATALOG),
    Known("odbc", "parameters", "decimal.*", NUMERIC),
    Known("sqlalchemy", "columns", "sales.spent.2.1", SUM),
    Known("sqlalchemy", "reflection", "sales.spent.0.2.1", SUM),
    Known("sqlalchemy", "multi_reflection", "*spent*.2.1", SUM),
    *(
        Known("psql", name, "2.?", HINT)
        for name in ("gdesc_error", "error_column", "error_verbose", "errverbose")
    ),
    Known("psql", "error_syntax", "2.*", WHERE),
    Known("psql", "write", "2.1", RIGHT),
    Known("psql", "write", "2.1", WRITER),
    Known("log asyncpg", "inferred_parameters 0", "23..1.2.0.0", JIT),
    Known("log psql", "explain 0", "0.EXPLAIN *", PLAN),
    Known("log psycopg_session", "tags 0", "23.LISTEN x.*", HEARD),
    Known("log psycopg_session", "settings 0", "14.SHOW statement_timeout.1.2.0.0", LIMITED),
    Known("log node", "all 22", "3.SHOW statement_timeout.1.2.0.0", LIMITED),
    Known("log psycopg_session", "tags 0", "22.EXPLAIN *", PLAN),
    Known("log psycopg2", "parameters 0", "15.*", FLOAT),
    Known("log psycopg2", "parameters 0", "49.*", SCALE),
    # Place 1 is the number of the type, 3.0 the value; False is text, True binary.
    *(
        Known("expressions", name, at, reason)
        for name, reason, places in (
            ("7 / 2.0", DOUBLE, ("*.1", "*.3.0")),
            ("avg(id)", DOUBLE, ("*.1", "*.3.0")),
            ("avg(price)", DOUBLE, ("*.1", "*.3.0")),
            ("stddev(id)", DOUBLE, ("*.1", "True.3.0")),
            ("1e20", DOUBLE, ("*.1", "*.3.0")),
            ("date '2024-03-01' - date '2024-02-01'", DAYS, ("*.1", "True.3.0")),
            ("date_trunc('week', date '2024-05-08')", MIDNIGHT, ("*.1", "False.3.0")),
            ("""'{"a": {"b": 2}}'::json -> 'a'""", BLANKS, ("*.3.0",)),
            ("pg_typeof(1)", TYPE_NAME, ("*.1", "True.3.0")),
            ("pg_typeof('x'::text)", TYPE_NAME, ("*.1", "True.3.0")),
            ("'a'::char(3)", PADDING, ("*.3.0",)),
            ("1e15::double precision::text", FIFTEEN, ("*.3.0",)),
            ("upper('a') || 1::double precision", JOINED, ("*.3.0",)),
            ("ARRAY[1, 2] || 3", APPENDED, ("*",)),
            ("""'{"a": 1}'::jsonb @> '{"a": 1}'""", CONTAINED, ("*",)),
            ("id * '2.5'", QUOTED, ("*",)),
            ("max(id) = '2.5'", ROUNDED, ("*",)),
            ("B'101'", BITS, ("*.1",)),
        )
        for at in places
    ),
    Known("statements", "tableau: days between", "0.0.1", DAYS),
    Known("statements", "cte: cohorts", "0.0.1", DAYS),
    Known("statements", "metabase: differences of times", "0.2.1", DAYS),
    Known("log asyncpg", "session 0", "*RESET ALL;.0.1.0.1", VOID),
    *(Known("log psql", name, "0.*.0.2", PLACE) for name in ("sv 0", "sf 0")),
    Known("log psql", "error_syntax 0", "[02].*.0.2", WHERE),
    Known("log psycopg", "prepared_statements 0", "*.1.0.1", LITERAL),
    *(
        Known("log psycopg_session", f"errors {number}", "0.*.0.2", WHERE)
        for number in (9, 10, 11, 19, 33, 35)
    ),
    Known("log psycopg_session", "errors 36", "0.COPY nowhere TO STDOUT.0.2", COPIED),
    Known("log asyncpg", "every_type 0", "0.*.7.2.0.0", JIT),
    Known("log asyncpg", "copy_from_query 0", "0.*.7.2.0.0", JIT),
    *(Known("log jdbc", f"all {number}", "3.*.1.8.1", SERIES) for number in (11, 12, 13)),
    Known("log jdbc", "all 36", "34.*.3.2.[01].2", NUMERIC),
    Known("log node", "all 3", "8.*.3.2.0.0", NUMERIC),
    Known("log odbc", "parameters 0", "40..2.2.0.0", NUMERIC),
    Known("log psycopg", "parameters_in_text 0", "20.*.3.2.0.0", NUMERIC),
    Known("log psycopg", "parameters_in_binary 0", "20.*.3.2.0.0", NUMERIC),
    Known("log psycopg2", "parameters 0", "20.*.1.2.0.0", NUMERIC),
    Known("log psql", "l 0", "0.*.0.1.2.1", ENCODED),
    Known("log psql", "dc 0", "0.*.0.1.[23].1", ENCODED),
    Known("log asyncpg", "types 0", "0.*.1.1.0", COMPARED),
]
