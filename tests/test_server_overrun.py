"""The engine stops within a second of a time limit, and what could not stop is refused."""

import threading

import duckdb
import pytest

pytest.importorskip("scramp")
from retailsql.adapters.server.policy import sizes
from retailsql.adapters.server.postgres import edits, guards
from retailsql.dialect.tokens import tokenize
from tests.server_sessions import READER, Extended, ask, door_on, enter, make_door, within

_LONG = "(SELECT list(hash(i)) l FROM range({}) t(i))"
_EACH = f"FROM {_LONG.format(100_000)}, range(100) r(j)"
_PAGES = "FROM (SELECT string_agg(md5(i::VARCHAR), '') s FROM range(2000) t(i)), range(20000) r(j)"
_TEXT = "(SELECT string_agg(md5(i::VARCHAR), '') s FROM range({}) t(i))"


door, anna, will = door_on(
    "CREATE TABLE t AS FROM (VALUES (1, [1, 1, 2], 'ab'), (3, [3], '-')) v(a, l, s)"
)


@pytest.mark.parametrize(
    "text",
    [
        # Plain DuckDB goes on for seconds to minutes after the interrupt in each of these.
        f"SELECT sum(len(list_distinct(l || [j]))) {_EACH}",
        f"SELECT sum(len(list_intersect(l || [j], l))) {_EACH}",
        f"SELECT sum(list_has_all(l || [j], l)::int) {_EACH}",
        f"SELECT count(*) {_EACH} WHERE l || [j] && [j]",
        f"SELECT count(list_aggregate(l || [j], 'histogram')) {_EACH}",
        "SELECT sum(len(regexp_extract_all(s || j, '[a-f]+'))) "
        f"FROM {_TEXT.format(4_000)}, range(2048) r(j)",
        f"SELECT sum(len(regexp_replace(s || j, '[a-f]', 'y', 'g'))) {_PAGES}",
        f"SELECT sum(len(regexp_replace(s || j, (SELECT '[a-f]'), 'y', 'g'))) {_PAGES}",
        f"SELECT sum(regexp_count(s || j, 'a')) {_PAGES}",
        f"SELECT sum(len(translate(s || j, 'abcdef', 'xyz'))) {_PAGES}",
        "SELECT count(*) FROM range(9999) r(j) "
        "WHERE regexp_matches('a', repeat('(a|b)*', 1500) || j)",
        f"SELECT sum(levenshtein(s || j, s)) FROM {_TEXT.format(31)}, range(1000000) r(j)",
    ],
)
def test_a_time_limit_stops_the_engine_within_a_second(anna, text):
    ask(anna, "SET statement_timeout = '300ms'")
    found = within(1.3, lambda: ask(anna, text))
    assert found.state == "57014", found.error


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT len(list_distinct(l)) FROM {_LONG.format(600_000)}",
        f"SELECT len(l.list_distinct()) FROM {_LONG.format(600_000)}",
        f'SELECT len("list_distinct"(l)) FROM {_LONG.format(600_000)}',
        f"SELECT pg_catalog.array_unique(l) FROM {_LONG.format(600_000)}",
        f"SELECT list_aggregate(l, 'histogram') FROM {_LONG.format(600_000)}",
        f"SELECT l && l FROM {_LONG.format(600_000)}",
        f"SELECT l @> l FROM {_LONG.format(600_000)}",
        f"SELECT l <@ l FROM {_LONG.format(600_000)}",
        f"SELECT len(regexp_extract_all(s, '.')) FROM {_TEXT.format(200_000)}",
        "SELECT len(range(a::bigint * 2000000000)) FROM t",
        "SELECT len(generate_series(0, a::bigint * 2000000000, 2)) FROM t",
        "SELECT len(list_resize(l, a::bigint * 2000000000)) FROM t",
        "SELECT concat_ws(repeat('x', 2000 + a::int), 1, 2) FROM t",
        "SELECT printf(s || '%900000000d', a) FROM t",
        "SELECT printf(s || '%900000000d', a, a, a, a) FROM t",
        f"SELECT map_keys(map(l, l)) FROM {_LONG.format(300_000)}",
        f"SELECT replace(s, 'a', s) FROM {_TEXT.format(10_000)}",
        f"SELECT regexp_replace(s, 'a', s) FROM {_TEXT.format(10_000)}",
        f"SELECT 1 FROM {_TEXT.format(10_000)} WHERE regexp_matches('a', s)",
        "SELECT hex(s) FROM (SELECT string_agg(repeat('x', 1000000), '') s FROM range(201))",
        f"SELECT regexp_matches('a', '{'a' * 10_001}'), 'at most'",
        f"SELECT jaro_similarity(s, s) FROM {_TEXT.format(10_000)}",
        f"SELECT parse_filename(s) FROM {_TEXT.format(10_000)}",
        "SELECT nfc_normalize(repeat(chr(769) || chr(790), 20000) || s) FROM t",
        "SELECT normalize(repeat(chr(769) || chr(790), 20000) || s) FROM t",
    ],
)
def test_what_could_not_stop_is_refused_with_what_to_do(anna, text):
    found = ask(anna, text)
    assert found.state == "54000", found.error
    assert "at most" in found.error.message
    assert "__pg_" not in found.error.message


@pytest.mark.parametrize(
    ("call", "size", "most", "todo"),
    [
        ("list_distinct(range(1000000))", "1000000 elements", 500_000, "unnest"),
        ("list_intersect(range(200000), range(200000))", "200000 elements", 150_000, "unnest"),
        ("regexp_extract_all((SELECT string_agg(repeat('a', 1000000), '') FROM range(6)), 'a')",
         "6000000 bytes", 5_000_000, "unnest"),
        ("levenshtein(repeat('a', 100000), repeat('b', 100000))", "10000000000 pairs of",
         1_000_000, "left"),
        ("lpad('a', 2000000000)", "2000000000 char", 1_000_000, "less"),
        ("lpad('a', 200000 + a::INT)", "200003 char", 100_000, "less"),
        ("rpad('a', 200000 + a::INT, 'x')", "200003 char", 100_000, "less"),
        ("range(a * 10000000)", "30000000 elements", 1_000_000, "FROM"),
    ],
)  # fmt: skip
def test_a_limit_tells_the_size_the_most_and_what_to_do(anna, call, size, most, todo):
    found = ask(anna, f"SELECT {call} FROM t WHERE a = 3")
    assert found.state == "54000"
    assert f"too large: {size}" in found.error.message
    assert f"at most {most}" in found.error.message
    assert todo in found.error.hint


def test_ordinary_calls_give_what_they_gave_with_their_names(anna):
    found = ask(
        anna,
        "SELECT list_distinct(l), list_sort(l.list_distinct()), l && [2], l @> [3], [3] <@ l, "
        "range(a), concat_ws(s, 'x', 'y'), regexp_extract_all(s, '[a-z]'), translate(s, 'a', 'z'), "
        "list_aggregate(l, 'sum') FROM t WHERE a = 3",
    )
    assert found.rows == [("{3}", "{3}", "f", "t", "t", "{0,1,2}", "x-y", "{}", "-", "3")]
    assert (found.names[0][0], found.names[0][5]) == ("list_distinct", "range")
    assert ask(anna, f"SELECT len(list_distinct(l)) FROM {_LONG.format(400_000)}").error is None
    assert ask(anna, "SELECT count(*) FROM range(3), t, generate_series(1, a) g(i)").error is None
    assert ask(anna, "FROM pg_catalog.generate_series(1, (SELECT 2)) g(i)").rows == [("1",), ("2",)]


def test_a_subquery_may_stand_where_a_constant_may(anna):
    found = ask(
        anna,
        "SELECT regexp_extract_all(s, (SELECT '[a-z]')), regexp_split_to_array(s, (SELECT 'a')), "
        "regexp_replace(s, (SELECT 'a'), ''), regexp_replace(s, (SELECT 'A'), 'x', 'i'), "
        "replace(s, (SELECT 'a'), (SELECT 'c')), "
        "list_distinct((SELECT list(a) FROM t WHERE a = 1)), concat_ws((SELECT ','), 1, 2) "
        "FROM t WHERE a = 1",
    )
    assert found.rows == [("{a,b}", '{"",b}', "b", "xb", "cb", "{1}", "1,2")], found.error
    assert found.names[0][0] == "regexp_extract_all"


def test_names_that_are_guarded_are_read_where_they_are_no_functions(anna):
    found = ask(anna, "SELECT * REPLACE (a + 1 AS a, replace(s, s, 'x') AS s), MAP {'k': a} FROM t "
                      "WHERE a = 1")  # fmt: skip
    assert found.rows == [("2", "{1,1,2}", "x", '{"k":1}')], found.error
    many = ", ".join(f"'{i}'" for i in range(20))
    assert ask(anna, f"SELECT concat_ws(s, {many}) FROM t WHERE a = 3").rows[0][0].count("-") == 19
    grouped = ask(anna, "SELECT replace(s, s, 'x'), count(*) FROM t GROUP BY replace(s, s, 'x')")
    assert grouped.rows == [("x", "2")]


def test_a_cancel_and_a_roles_limit_stop_it_too(door, tmp_path):
    slow = f"SELECT sum(len(list_distinct(l || [j]))) {_EACH}"
    file = tmp_path / "shop.duckdb"
    duckdb.connect(str(file)).close()
    limited = make_door(file, tmp_path, anna={"grants": READER, "time_limit": "500ms"})
    session = enter(limited)
    assert within(1.5, lambda: ask(session, slow)).state == "57014"
    limited.close()
    session = enter(door)

    def cancelled():
        threading.Timer(0.5, session.cancel).start()
        return ask(session, slow)

    found = within(1.5, cancelled)
    assert (found.state, "user request" in found.error.message) == ("57014", True)
    session.close()


def test_it_holds_in_prepared_statements_cursors_and_copy(anna):
    client = Extended(anna)
    assert client.run("SELECT repeat($1, $2)", ["ab", 2])[0] == [("abab",)]
    assert client.run("SELECT len(range(0, $1))", [5])[0] == [("5",)]
    refused = f"SELECT list_distinct(l) FROM {_LONG.format(600_000)}"
    for text in (f"COPY ({refused}) TO STDOUT", f"EXPLAIN ANALYZE {refused}",
                 f"BEGIN; DECLARE c CURSOR FOR {refused}; FETCH c"):  # fmt: skip
        assert ask(anna, text).state == "54000"
        ask(anna, "ROLLBACK")


def test_a_view_holds_duckdbs_own_functions(will):
    sql = "CREATE VIEW main.v AS SELECT list_distinct(l) d, l && [1] o, concat_ws(s, 1) FROM main.t"
    assert ask(will, sql).error is None
    stored = ask(will, "SELECT pg_get_viewdef('main.v'::regclass)").rows[0][0]
    assert "__pg" not in stored
    assert "@&&" not in stored


def test_the_policy_knows_the_functions_that_are_guarded_in_each_row():
    always = {name for name, guard in guards.BY_NAME.items() if guard.constant is None}
    # DuckDB writes MAP {'a': 1} as map(['a'], [1]).
    # Views and TRANSFORM may call regexp_replace: what others have written is left as it is.
    assert (always - {"map", "regexp_replace"}) | set(guards.OPERATORS.values()) == sizes.GUARDED


def test_thousands_of_columns_are_edited_in_moderate_time():
    text = f"SELECT {', '.join(f'a + {i} AS x{i}' for i in range(5_000))} FROM t"
    tokens = tokenize(text)
    # 0.1 s; 13 s when each AS looked for its bracket
    assert within(1.5, lambda: edits(text, tokens)) == []


# At the limit of each guard, in a hundred rows; DuckDB by itself takes up to a minute for these.
_AT_THE_LIMIT = {
    "list_distinct array_unique list_mode list_entropy list_histogram": (500_000, "l || [j]"),
    "list_has_all list_has_any": (500_000, "l || [j], l"),
    "list_intersect": (150_000, "l || [j], l"),
    "map_concat": (15_000, "map(l, l), map([j::ubigint], [j::ubigint])"),
    "map": (250_000, "l || [hash(-j - 1)], l || [hash(-j - 1)]"),  # no key twice
    "flatten": (100_000, "[l || [j], l]"),
    "regexp_extract_all regexp_split_to_array": (150_000, "s || j, '[a-f]'"),
    "translate": (600_000, "s || j, 'abc', 'xyz'"),
    "bin hex url_encode regexp_escape": (300_000, "s || j"),
    "to_base64": (300_000, "encode(s || j)"),
    "replace": (100_000, "s || j, 'a' || j % 1, repeat('x', 290 + j % 1)"),
    "levenshtein damerau_levenshtein": (31, "s || j, s"),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "most", "given"),
    [(n, most, given) for ns, (most, given) in _AT_THE_LIMIT.items() for n in ns.split()],
)
def test_every_guarded_function_stops_at_its_limit(anna, name, most, given):
    rows = 100 if most > 100 else 2_000_000
    source = _TEXT if "s || j" in given else _LONG
    text = f"SELECT max(hash({name}({given}))) FROM {source.format(most - 1)}, range({rows}) r(j)"
    ask(anna, "SET statement_timeout = '500ms'")
    found = within(1.5, lambda: ask(anna, text))
    assert found.state in ("57014", "00000"), found.error


@pytest.mark.parametrize("call", [
    "{s} ~ '(a?){{900}}b'", "{s} !~* '(a?){{900}}b'", "regexp_like({s}, '(a?){{900}}b')",
    "regexp_full_match({s}, '((a?){{30}}){{30}}b')", "regexp_extract({s}, '(.?){{900}}b', 1)",
    "{s} ~ (repeat('(a?){{900}}', 1) || s)", "{s} ~ (SELECT '(a?){{900}}b')",
    "coalesce(regexp_matches({s}, '(a?){{900}}' || s), true)", "regexp_match({s}, '(a?){{900}}b')",
    "substring({s} FROM '(a?){{900}}b')", "regexp_substr({s}, '(a?){{900}}b')",
    "regexp_replace({s}, '(a?){{900}}b', '')", "regexp_count({s}, '(a?){{900}}b')",
    "regexp_split_to_array({s}, '(a?){{900}}b')", "{s} SIMILAR TO '(a?){{900}}b'",
    "{s} SIMILAR TO ('(a?){{900}}' || s)",
    "{s} LIKE '%_' || repeat('a', 499) || s", "{s} NOT ILIKE repeat('a', 499) || s",
    "{s} ~~ (repeat('a', 499) || s)", "{s} GLOB repeat('a', 499) || s",
    "{s} LIKE '%_" + "a" * 499 + "'", "{s} LIKE ANY (ARRAY[repeat('a', 499) || s])",
    "'a' ~ (repeat('(a|b)', 2000) || s)", "'a' ~ '" + "(a|b)" * 2001 + "'",
])  # fmt: skip
def test_no_pattern_meets_a_text_that_takes_it_long(anna, call):
    text = "(repeat('a', 1000000) || s)"
    found = within(2, lambda: ask(anna, f"SELECT {call.format(s=text)} FROM t"))
    assert found.state == "54000", found.error
    assert "at most" in found.error.message
    assert "__pg_" not in found.error.message


def test_a_search_stops_between_rows(anna):
    ask(anna, "SET statement_timeout = '300ms'")
    pattern = "(a|b)*a(a|b){100}c"
    for search in (f"s || j ~ '{pattern}'", f"regexp_like(s || j, '{pattern}')",
                   f"s || j ~ ('{pattern}' || j)"):  # fmt: skip
        text = (
            "SELECT count(*) FROM (SELECT string_agg(chr((97 + hash(i) % 2)::INT), '') s "
            f"FROM range(20000) t(i)), range(20000) r(j) WHERE {search}"
        )
        assert within(1.3, lambda text=text: ask(anna, text)).state == "57014"


def test_searches_in_searches_are_planned_soon(anna):
    inner, outer = "s", "s"
    for _ in range(6):
        inner = f"(s ~ {inner}::text)"
    for _ in range(12):
        outer = f"({outer}::text ~ u)"
    for text in (inner, outer):
        asked = f"SELECT count({text}) FROM t CROSS JOIN (SELECT 'a' AS u)"
        assert within(1.0, lambda asked=asked: ask(anna, asked)).rows == [("2",)]


def test_patterns_of_people_work_as_before(anna):
    asked = (
        "s ~ '^A'", "s !~ '^A'", "s ~* '^A'", "s !~* '^A'", "s ~ '^a.$'", "s ~* '^A.$'",
        "s ~ s", "s ~ (SELECT '^a')", "s LIKE '%' || s || '%'", "s LIKE (SELECT 'a%')",
        "s NOT LIKE s || 'x'", "s LIKE s::varchar(3)", "s GLOB 'a*'", "s ~~ s",
        "regexp_like(s, 'A.', 'i')", "regexp_like(s, (SELECT 'b'))", r"'a_' LIKE s[1] || '\_'",
        r"'ab' NOT ILIKE s[1] || '\_'", r"s[1] || '\' LIKE s[1] || '\' ESCAPE '!'",
        "s SIMILAR TO s[1] || '%'", "s SIMILAR TO (SELECT '_b')",
        "count(*) OVER (PARTITION BY s ~ s, s LIKE s || '%', regexp_extract(s, '(.).', 1)) = 1",
        "(repeat('x', 90000) || s) ~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}$'",
    )  # fmt: skip
    found = ask(anna, f"SELECT {', '.join(asked)} FROM t WHERE a = 1")
    assert found.rows == [tuple("fttf" + "t" * 18 + "f")], found.error


def test_a_model_is_trained_on_rows_found_by_patterns_of_rows(will):
    ask(will, "CREATE TABLE main.tr AS SELECT i, i % 7 AS x, i % 3 = 0 AS y, 'n' || i AS s "
              "FROM range(100) r(i)")  # fmt: skip
    found = ask(
        will, "CREATE MODEL main.m OPTIONS (model_type = 'logistic_reg', input_label_cols = ['y']) "
        "AS SELECT x, y FROM main.tr WHERE s LIKE '%' || x || '%' OR s ~ (s || '$')",
    )  # fmt: skip
    assert found.tags == ["CREATE MODEL"], found.error
    rows = "SELECT x FROM main.tr WHERE s LIKE '%' || i || '%' AND s ~ s"
    found = ask(will, f"SELECT count(*) FROM ML.PREDICT(MODEL main.m, ({rows}))")
    assert found.rows == [("100",)], found.error


def test_a_type_and_a_collation_that_take_the_square_of_a_length_are_refused(anna):
    for text in ("repeat('9', 999999)::bignum", "try_cast(s AS BIGNUM)", "s COLLATE NFC > 'b'",
                 "s COLLATE nocase.nfc"):  # fmt: skip
        assert ask(anna, f"SELECT {text} FROM t").state == "0A000"
