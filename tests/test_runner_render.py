"""Jinja of the light runner: what it offers, and which line every line of SQL comes from."""

import jinja2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retailsql.errors import ProjectError
from retailsql.runner.not_supported import CONFIG, JINJA, NOT_DONE
from retailsql.runner.project import load_project
from retailsql.runner.read.environment import MACRO, SqlEnvironment
from retailsql.runner.read.line_map import Traced, lines


@pytest.fixture
def write(tmp_path):
    """Write files of a project; the first call adds what every project has."""

    def write(files):
        for name, text in {"dbt_project.yml": "name: p\n", **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


def sql(write, text, macros="", **kwargs):
    """What a model renders to."""
    project = load_project(write({"models/a.sql": text, "macros/m.sql": macros}), **kwargs)
    return project.nodes["a"].sql


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{{ this.schema }}.{{ this.identifier }} {{ this.name }}", "main.a a"),
        ("{{ ref('a').render() }} {{ ref('p', 'a') }}", "main.a main.a"),
        ("{{ fromjson('[1, 2]')[1] }}{{ fromjson('{', 7) }}{{ tojson({'x': 1}) }}", '27{"x": 1}'),
        ("{{ fromyaml('a: 1').a }}{{ toyaml(['x']) }}", "1- x"),
        ("{% for a, b in zip([1, 2], [3, 4]) %}{{ a + b }} {% endfor %}", "4 6"),
        ("{{ zip(1, default='no') }} {{ set([1, 1]) | length }} {{ set(3, 'no') }}", "no 1 no"),
        ("{{ modules.datetime.date(2026, 1, 31) + modules.datetime.timedelta(days=1) }}",
         "2026-02-01"),
        ("{{ modules.re.sub('a', 'b', 'aa') }}", "bb"),
        ("{% set x = [] %}{% do x.append(1) %}{{ x }}{{ log('hm', info=true) }}", "[1]"),
        ("{% for i in range(9) %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}", "01"),
        ("{{ execute }} {{ target.type }} {{ target.schema }} {{ project_name }}",
         "True duckdb main p"),
        ("{{ env_var('RETAILSQL_NOT_SET', 'x') }}", "x"),
        ("{{ var.has_var('x') }} {{ var('x', none) }}", "False None"),
        ("{{ '3' | as_number }}{{ 'x' | as_text }}", "3x"),
        ("{{ config(tags='x', meta={'k': 1}) }}{{ config.get('tags') }} {{ config.get('no', 4) }}",
         "['x'] 4"),
        ("{{ config.get('later') }}{{ config(later='known') }}", "known"),
        ("{% set r %}{{ ref('a') }}{% endset %}{{ r | upper | trim }}", "MAIN.A"),
        ("{{ builtins.ref('a') }} {{ model.name }} {{ model.original_file_path }}",
         "main.a a models/a.sql"),
        ("{{ first(1) }} {{ p.first(2) }}", "1 2"),
        ("{{ numbers()[1] + 1 }}{{ nothing() }}", "3None"),
        ("{% call wrap('a') %}inner{% endcall %}", "(a inner)"),
        ("{{ many(1, 2, k=3) }}", "(1, 2) {'k': 3}"),
    ],
)  # fmt: skip
def test_what_is_offered(write, text, wanted):
    macros = """
    {% macro first(x) %}{{ return(x) }}{% endmacro %}
    {% macro numbers() %}{% for i in [1, 2] %}{% do return([1, 2]) %}{% endfor %}{% endmacro %}
    {% macro nothing() %}text before {{ return() }}{% endmacro %}
    {% macro wrap(a) %}({{ a }} {{ caller() }}){% endmacro %}
    {% macro many() %}{{ varargs }} {{ kwargs }}{% endmacro %}
    {% materialization odd, adapter='duckdb' %}{{ run_query('x') }}{% endmaterialization %}
    """
    assert sql(write, text, macros) == wanted


def test_macros_call_macros_of_other_files(write):
    """In whatever order the files come; a macro may be called like one of its own arguments."""
    project = load_project(write({
        "models/a.sql": "{{ outer(3) }}",
        "macros/a.sql": "{% macro outer(n) %}{{ inner(n) }} of {{ this }}{% endmacro %}",
        "macros/z.sql": "{% macro inner(n) %}{{ n + 1 }}{% endmacro %}",
        "models/b.sql": "{{ outer(7) }}",
    }))  # fmt: skip
    assert [project.nodes[n].sql for n in "ab"] == ["4 of main.a", "8 of main.b"]


def test_two_macros_of_one_name(write):
    files = {f"macros/{n}.sql": "{% macro f() %}{% endmacro %}" for n in "ab"}
    with pytest.raises(ProjectError, match=r"Two macros are called 'f'.*macros/a.sql and macros/b"):
        load_project(write(files))


def test_names_that_need_quotes(write):
    project = load_project(write({
        "models/order.sql": "SELECT 1", "models/a-b.sql": "FROM {{ ref('order') }}",
        "models/c.sql": "FROM {{ ref('a-b') }}",
    }))  # fmt: skip
    assert project.nodes["a-b"].sql == 'FROM main."order"'
    assert project.nodes["c"].sql == 'FROM main."a-b"'


def test_incremental_is_rendered_twice(write):
    project = load_project(write({
        "models/a.sql": "{{ config(materialized='incremental') }}"
        "SELECT 1 AS x\n{% if is_incremental() %}WHERE x >\n"
        "(SELECT max(x) FROM {{ this }}) -- {{ ref('b') }}{% endif %}",
        "models/b.sql": "SELECT 1 AS x",
        "models/c.sql": "{{ config(materialized='incremental') }}{% if is_incremental() %}"
        "{% endif %}SELECT 2",
        "models/d.sql": "{% if is_incremental() %}no{% endif %}",
    }))  # fmt: skip
    a = project.nodes["a"]
    assert a.sql == "SELECT 1 AS x"
    assert a.again == "SELECT 1 AS x\nWHERE x >\n(SELECT max(x) FROM main.a) -- main.b"
    assert a.needs == ("b",)  # in either run
    assert [p.line for p in a.lines_again] == [1, 2, 3]
    assert project.nodes["b"].again is None
    assert project.nodes["d"].again is None  # a view never is
    assert project.nodes["c"].again is None  # it asks, but the SQL is the same


def test_config_holds_results_of_macros(write):
    """A ref() inside of one counts as a need, and values are ordinary texts."""
    project = load_project(write({
        "models/churn.sql": "SELECT 1",
        "models/a.sql": "\n{{ config(scores={'s': fn('churn', 'score') ~ '(r)'}) }} SELECT 1",
        "macros/fn.sql": "{% macro fn(m, v) %}{%- set r = ref(m) -%}{{ r.schema }}."
        "{{ r.identifier }}_{{ v }}{% endmacro %}",
    }), schema="mart")  # fmt: skip
    node = project.nodes["a"]
    assert node.options == {"scores": {"s": "mart.churn_score(r)"}}
    assert type(node.options["scores"]["s"]) is str
    assert node.needs == ("churn",)
    assert str(node.refs["churn"]) == "models/a.sql:2"  # the file's line, not the macro's


def test_macros_are_lent(write):
    """What the project lacks comes with retailsql; its own goes first."""
    files = {"models/churn.sql": "SELECT 1", "models/a.sql": "SELECT {{ fn('churn', 'score') }}(r)"}
    assert load_project(write(files)).nodes["a"].sql == "SELECT main.churn_score(r)"
    write({"macros/fn.sql": "{% macro fn(m, v) %}own {{ m }}{% endmacro %}"})
    assert load_project(write(files)).nodes["a"].sql == "SELECT own churn(r)"


@pytest.mark.parametrize("name", sorted(JINJA))
def test_what_is_not_done_is_named(write, name):
    """In an error with file, line and what to do; by whatever way it is used."""
    for use in ("('x')", ".x('y')", ""):
        with pytest.raises(ProjectError, match="^models/a.sql:2: The light runner") as caught:
            sql(write, f"SELECT 1\n{{{{ {name}{use} }}}}")
        assert name in str(caught.value.seen)
        assert caught.value.todo


@pytest.mark.parametrize("name", sorted(CONFIG))
def test_config_that_is_not_done_is_named(write, name):
    with pytest.raises(ProjectError, match="^models/a.sql:2: The light runner"):
        sql(write, f"SELECT 1\n{{{{ config(**{{'{name}': 'x'}}) }}}}")


def test_the_table_of_what_is_not_done():
    """Every name is in it once, with a sentence and what to do."""
    names = [name for entry in NOT_DONE for name in entry.names]
    assert len(names) == len(set(names))
    assert set(names) >= JINJA | CONFIG
    assert all(e.what.startswith("The light runner") and e.todo for e in NOT_DONE)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ exceptions.raise_compiler_error('needs a day') }}", "a.sql:1: needs a day"),
        ("\n{{ ref('b', v=2) }}", "a.sql:2: .*no versions"),
        ("{{ ref('other', 'b') }}", "a.sql:1: .*names a package. Wanted: p"),
        ("{{ env_var('RETAILSQL_NOT_SET') }}", "a.sql:1: .*not set.*export RETAILSQL_NOT_SET"),
        ("\n{{ config.require('kee') }}{{ config(keep=1) }}", "a.sql:2: .*'kee'"),
        ("{{ return(1) }}", "a.sql:1: return.. outside a macro"),
        ("{% macro f() %}{% endmacro %}", "a.sql:1: .*outside of the macros folder"),
        ("x\n{% snapshot s %}{% endsnapshot %}", "a.sql:2: .*no snapshots"),
        ("{{ again() }}", "m.sql:1: Jinja failed.*recursion"),
        ("{{ wants() }}", "m.sql:2: Jinja failed.*'x' was not provided.*from models/a.sql:1"),
        ("{{ config(materialized='ephemeral') }}", "a.sql:1: .*has this materialization not"),
        ("{{ config(materialised='table') }}", "a.sql:1: there is no setting.*materialized"),
        ("{{ config(enabled='yes') }}", "a.sql:1: enabled is neither"),
        ("{{ config(contract=3) }}", "a.sql:1: contract has another shape"),
        ("{{ config(tags=[1]) }}", "a.sql:1: tags is not"),
    ],
)  # fmt: skip
def test_errors(write, text, words):
    macros = (
        "{% macro again() %}{{ again() }}{% endmacro %}\n"
        "{% macro wants(x) %}{{ x.y }}{% endmacro %}"
    )
    with pytest.raises(ProjectError, match=words):
        sql(write, text, macros)


# --- which line of which file


def test_lines_through_loops_and_macros(write):
    text = (
        "SELECT\n{%- for i in [1, 2] %}\n    {{ i }} AS c{{ i }},\n{%- endfor %}\n"
        "    {{ twice('x') }}\nFROM {{ ref('b') }}"
    )
    macros = "\n{% macro twice(c) -%}\n2 *\n    {{ c }}\n{%- endmacro %}"
    files = {"models/a.sql": text, "models/b.sql": "SELECT 1 AS x", "macros/m.sql": macros}
    node = load_project(write(files)).nodes["a"]
    found = list(zip(node.sql.split("\n"), map(str, node.lines), strict=True))
    assert found == [
        ("SELECT", "models/a.sql:1"),
        ("    1 AS c1,", "models/a.sql:3"),
        ("    2 AS c2,", "models/a.sql:3"),
        ("    2 *", "macros/m.sql:3"),
        ("    x", "macros/m.sql:4"),
        ("FROM main.b", "models/a.sql:6"),
    ]


_WORDS = st.lists(st.sampled_from(["\n", "  ", "w", "é", "{", "%", " x"]), max_size=6).map("".join)
_LEFT, _RIGHT = st.sampled_from(["{%", "{%-"]), st.sampled_from(["%}", "-%}"])


@st.composite
def _templates(draw, depth=2):
    """Jinja with whitespace control, loops, conditions, set blocks, filters, macros and calls."""
    left, right = draw(_LEFT), draw(_RIGHT)
    inner = _templates(depth=depth - 1) if depth else _WORDS
    body = draw(inner)
    kinds = [
        draw(_WORDS) + "§\n",
        f"{left} for i in [1, 2] {right}{body}{left} endfor {right}",
        f"{left} if n > {draw(st.integers(0, 2))} {right}{body}{left} else {right}e{left} endif "
        + right,
        f"{left} set y {right}{body}{left} endset {right}{{{{ y | trim }}}}{{{{ y | length }}}}",
        f"{left} filter upper {right}{body}{left} endfilter {right}",
        f"{left} call m(2) {right}{body}{left} endcall {right}",
        "{{- m(1) -}}", "{{ n ~ m(3) }}", "{{ ['a', none, n] }}", "{# no #}",
        "{% raw %}{{ n }}\n{% endraw %}", "{{ '\n' }}", "{{ m(1) == m(1) }}",
    ]  # fmt: skip
    chosen = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=3))
    return draw(_WORDS) + draw(_WORDS).join(chosen)


_MACRO_FILE = (
    "{% macro m(k) %}\n M{{ k }}\n{{ caller() if caller is defined else '' }}\n{% endmacro %}\n"
)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(_templates(), st.integers(0, 3))
def test_lines_change_no_byte(text, n):
    """What is rendered is what Jinja alone renders; and every line has its place."""
    plain = jinja2.Environment(extensions=["jinja2.ext.do"])
    try:
        wanted = plain.from_string(_MACRO_FILE.strip() + text).render(n=n)
    except jinja2.TemplateSyntaxError:
        return  # words that happen to open a block
    files = {"m.sql": lambda: _MACRO_FILE.strip(), "t.sql": lambda: text}
    traced = SqlEnvironment(files, {"m.sql"})
    scope = {"n": n}
    scope["m"] = vars(traced.get_template("m.sql").make_module(scope, shared=True))[MACRO + "m"]
    made = traced.get_template("t.sql").render(scope)
    assert made == wanted
    if isinstance(made, Traced):
        assert len(lines(made)) == made.count("\n") + 1


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(["word", "loop", "blank", "macro", "cut"]), min_size=1, max_size=12)
)
def test_every_line_is_found_again(kinds):
    """Words that name their own line end up on a line that is known to come from there."""
    text = ""
    for kind in kinds:
        line = text.count("\n") + 1
        text += {
            "word": f"w{line}\n",
            "loop": f"{{% for i in [1, 2] %}}\nw{line + 1}\n{{% endfor %}}\n",
            "blank": "\n",
            "macro": "{{ m(1) }}\n",
            "cut": f"{{%- if true -%}}\n\n  w{line + 2}\n{{%- endif %}}\n",
        }[kind]
    files = {"m.sql": lambda: _MACRO_FILE, "t.sql": lambda: text}
    environment = SqlEnvironment(files, {"m.sql"})
    scope = {}
    scope["m"] = vars(environment.get_template("m.sql").make_module(scope, shared=True))[
        MACRO + "m"
    ]
    made = environment.get_template("t.sql").render(scope)
    for line, place in zip(str.split(made, "\n"), lines(made), strict=bool(made)):
        first = line.strip().split("w")
        if line.strip().startswith("w"):
            assert str(place) == f"t.sql:{first[1]}"
        elif line.strip() == "M1":
            assert str(place) == "m.sql:2"
