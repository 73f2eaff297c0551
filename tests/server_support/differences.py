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


NUMERIC = "DuckDB has no numeric without precision: all digits are there, with zeros behind them"
TESTER = "the tester is a superuser at PostgreSQL only, so that he may load the shop"
VERSION = "the door's own version"
FORWARD = "results stream: a cursor that reads backwards would have to hold them"
OWNER = "what is in the file belongs to the server, not to one of its users"
DEFAULT = "DuckDB's own words for a default or a check, without casts"
PLAN = "the plan is DuckDB's"
CATALOG = "the catalog has no functions but a model's: DuckDB's own are not PostgreSQL's"
WORDS = "the catalog does not describe types in words"
WHERE = "DuckDB's parser stops at another word of the statement"
SUM = "DuckDB's view has a type with precision where PostgreSQL's has none"
TABLE = "columns of a result do not tell their table: DuckDB does not"
PREPARED = "pg_prepared_statements is empty: what the protocol names is not in the engine"
RIGHT = "refused for want of a right, before anybody asks whether the transaction may write"
HINT = "the door proposes a name where PostgreSQL has no proposal"

KNOWN: list[Known] = [
    Known("psycopg", "parameters_in_text", "*::numeric.*", NUMERIC),
    Known("psycopg", "parameters_in_binary", "*::numeric.*", NUMERIC),
    Known("psycopg", "wrong_parameters", "overflow.2", WHERE),
    Known("psycopg", "prepared_statements", "1.0", PREPARED),
    Known("psycopg session", "settings", "?.is_superuser", TESTER),
    Known("psycopg session", "refused_logins", "database", "the hint tells the right name"),
    Known("psycopg session", "refused_writes", "11.1", RIGHT),
    *(
        Known("psycopg session", "errors", f"{statement}.3", WHERE)
        for statement in (
            "SELECT (1",
            "SELECT 1 FROM",
            "SELECT 'open",
            "SELECT 40000::smallint",
            "SELECT 1 UNION SELECT 1, 2",
            "SELECT 1 GROUP BY 3",
            "SELECT 1 LIMIT 'x'",
        )
    ),
    Known("psycopg2", "parameters", "*numeric).*", NUMERIC),
    Known("psycopg2", "named_cursor_scrolls", "", FORWARD),
    Known("node", "parameters", "numeric *", NUMERIC),
    Known("node", "named_statement", "1", PREPARED),
    Known("jdbc", "prepared_ten_times", "mixed.*.2", NUMERIC),
    Known("jdbc", "prepared_once", "mixed.*.2", NUMERIC),
    Known("jdbc", "result_columns", "*.8", TABLE),
    Known("jdbc", "result_columns", "*.11", TABLE),
    Known("jdbc", "parameter_types", "1.?.8", TABLE),
    Known("jdbc", "parameter_types", "1.?.11", TABLE),
    Known("jdbc", "meta_plain_answers", "getDatabaseMinorVersion", VERSION),
    Known("jdbc", "meta_plain_answers", "getDatabaseProductVersion", VERSION),
    Known("jdbc", "meta_functions_abs", "*", CATALOG),
    Known("jdbc", "meta_columns_sales", "5.12", DEFAULT),
    Known("jdbc", "meta_columns_sales", "18.*", SUM),
    *(
        Known("psql", name, "1.?.3", OWNER)
        for name in ("d", "dt", "dt_sales", "dt_all", "dt_plus", "dv", "di")
    ),
    Known("psql", "dn", "1.?.1", OWNER),
    Known("psql", "l", "1.?.1", OWNER),
    Known("psql", "db", "1.?.1", OWNER),
    *(
        Known("psql", name, "1.6.4", DEFAULT)
        for name in ("d_customers", "d_plus_customers", "d_pattern")
    ),
    Known("psql", "d_orders", "1.11.0", DEFAULT),
    Known("psql", "d_view", "1.4.1", SUM),
    Known("psql", "df_abs", "1.*", CATALOG),
    Known("psql", "du", "1.2.1", TESTER),
    Known("psql", "dT", "1.2.2", WORDS),
    Known("psql", "dT_plus", "1.2.?", WORDS),
    Known("psql", "gdesc", "1.*", SUM),
    Known("psql", "explain", "1.*", PLAN),
    *(
        Known("psql", name, "2.?", HINT)
        for name in ("gdesc_error", "error_column", "error_verbose", "errverbose")
    ),
    Known("psql", "error_syntax", "2.*", WHERE),
]
