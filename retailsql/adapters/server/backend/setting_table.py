"""PostgreSQL's settings, as far as drivers and tools read or set them."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["text", "bool", "int", "milliseconds", "real", "zone", "path", "encoding", "fixed"]


class Setting(NamedTuple):
    """One setting.

    Args:
        name: as PostgreSQL spells it.
        value: at the start of a session.
        kind: what may be set; ``fixed`` nothing but what it is.
        choices: the values allowed; empty: any of the kind.
        words: what it is, for SHOW ALL.
    """

    name: str
    value: str
    kind: Kind = "text"
    choices: tuple[str, ...] = ()
    words: str = ""


VERSION = "15.0"
"""The PostgreSQL that the door passes for: what its drivers may rely on."""
_BOOL: Kind = "bool"
_LEVELS = ("serializable", "repeatable read", "read committed", "read uncommitted")
_MESSAGES = (
    "debug5", "debug4", "debug3", "debug2", "debug1", "debug", "log", "notice", "warning", "error",
)  # fmt: skip

_ALL = (
    Setting("application_name", "", words="Sets the application name to be reported."),
    Setting("array_nulls", "on", _BOOL),
    Setting("backslash_quote", "safe_encoding"),
    Setting("block_size", "8192", "fixed"),
    Setting("bytea_output", "hex", choices=("hex",), words="Sets the output format for bytea."),
    Setting("check_function_bodies", "on", _BOOL),
    Setting("client_encoding", "UTF8", "encoding", words="Sets the character set encoding."),
    Setting("client_min_messages", "notice", choices=_MESSAGES),
    Setting("cursor_tuple_fraction", "0.1", "real"),
    Setting("data_checksums", "off", "fixed"),
    Setting("DateStyle", "ISO, MDY", words="Sets the display format for date and time values."),
    Setting("default_tablespace", ""),
    Setting("default_text_search_config", "pg_catalog.english"),
    Setting("default_transaction_deferrable", "off", _BOOL),
    Setting("default_transaction_isolation", "read committed", choices=_LEVELS),
    Setting("default_transaction_read_only", "off", _BOOL),
    Setting("enable_hashjoin", "on", _BOOL),
    Setting("enable_indexscan", "on", _BOOL),
    Setting("enable_mergejoin", "on", _BOOL),
    Setting("enable_nestloop", "on", _BOOL),
    Setting("enable_seqscan", "on", _BOOL),
    Setting("escape_string_warning", "on", _BOOL),
    Setting("extra_float_digits", "1", "int", words="Sets digits displayed for float values."),
    Setting("from_collapse_limit", "8", "int"),
    Setting("geqo", "on", _BOOL),
    Setting("hot_standby", "on", "fixed"),
    Setting("idle_in_transaction_session_timeout", "0", "milliseconds"),
    Setting("idle_session_timeout", "0", "milliseconds"),
    Setting("in_hot_standby", "off", "fixed"),
    Setting("integer_datetimes", "on", "fixed"),
    Setting("IntervalStyle", "postgres", choices=("postgres",)),
    Setting("is_superuser", "off", "fixed"),
    Setting("jit", "off", _BOOL),
    Setting("join_collapse_limit", "8", "int"),
    Setting("lc_collate", "C.UTF-8", "fixed"),
    Setting("lc_ctype", "C.UTF-8", "fixed"),
    Setting("lc_messages", "C"),
    Setting("lc_monetary", "C"),
    Setting("lc_numeric", "C"),
    Setting("lc_time", "C"),
    Setting("listen_addresses", "localhost", "fixed"),
    Setting("lo_compat_privileges", "off", _BOOL),
    Setting("lock_timeout", "0", "milliseconds"),
    Setting("max_connections", "100", "fixed"),
    Setting("max_function_args", "100", "fixed"),
    Setting("max_identifier_length", "63", "fixed", words="Shows the maximum identifier length."),
    Setting("max_index_keys", "32", "fixed"),
    Setting("password_encryption", "scram-sha-256"),
    Setting("port", "5433", "fixed"),
    Setting("quote_all_identifiers", "off", _BOOL),
    Setting("row_security", "on", _BOOL),
    Setting("search_path", "main", "path", words="Sets the schema search order."),
    Setting("server_encoding", "UTF8", "fixed"),
    Setting("server_version", VERSION, "fixed", words="Shows the server version."),
    Setting("server_version_num", "150000", "fixed", words="Shows the server version."),
    Setting("session_authorization", "", "fixed"),
    Setting("session_replication_role", "origin"),
    Setting("shared_buffers", "128MB", "fixed"),
    Setting("ssl", "off", "fixed"),
    Setting("standard_conforming_strings", "on", _BOOL, ("on",)),
    Setting("statement_timeout", "0", "milliseconds", words="Sets the maximum statement time."),
    Setting("synchronize_seqscans", "on", _BOOL),
    Setting("synchronous_commit", "on"),
    Setting("tcp_keepalives_idle", "0", "int"),
    Setting("tcp_keepalives_interval", "0", "int"),
    Setting("TimeZone", "UTC", "zone", words="Sets the time zone for timestamps."),
    Setting("timezone_abbreviations", "Default"),
    Setting("transaction_deferrable", "off", _BOOL),
    Setting("transaction_isolation", "read committed", choices=_LEVELS),
    Setting("transaction_read_only", "off", _BOOL),
    Setting("transform_null_equals", "off", _BOOL),
    Setting("wal_level", "replica", "fixed"),
    Setting("work_mem", "4MB"),
    Setting("xmlbinary", "base64"),
    Setting("xmloption", "content"),
)
SETTINGS = {setting.name.lower(): setting for setting in _ALL}
"""By their names in lower case."""
REPORTED = (
    "application_name", "client_encoding", "DateStyle", "default_transaction_read_only",
    "in_hot_standby", "integer_datetimes", "IntervalStyle", "is_superuser", "server_encoding",
    "server_version", "session_authorization", "standard_conforming_strings", "TimeZone",
)  # fmt: skip
"""What a client is told at the start and whenever it changes."""
