{#
  materialized='score': rows of a SELECT, each with what a model says of it.

    config(materialized='score', unique_key='customer_id', keep=['as_of'],
           scores={'churn_score': fn('churn', 'score') ~ '(r)'})

  `r` in scores is a row of the SELECT. The table has the key, what `keep` names, a column per
  score, and
    model_version  which version of the model scored the row
    scored_at      when, UTC
    row_hash       hash of the row, of the scores' text and of the functions that stand in it
  Only rows that are new or changed are scored again, rows that left the SELECT are deleted. When
  another version is deployed, the columns change, or with --full-refresh, all are. A score is what
  model and row say: of the clock, of chance, or of a table behind a macro nothing is noticed; where
  a SELECT stands in the scores themselves, all rows are scored every time.

  The macros rs_score_* are SQL and nothing else: they ask no database, and both engines use them.
  A run is: rows, check, then `replace`, or `update` where `same_columns` says true, then end; all
  in one transaction, so that whatever fails leaves the table as it was.
#}


{# A name, quoted. #}
{% macro rs_quoted(name) -%}
"{{ name | replace('"', '""') }}"
{%- endmacro %}


{# The key columns, as a list. #}
{% macro rs_score_keys(unique_key) -%}
{%- set keys = [unique_key] if unique_key is string else unique_key -%}
{%- for key in keys %}{{ rs_quoted(key) }}{{ ', ' if not loop.last }}{% endfor -%}
{%- endmacro %}


{# Name of the temporary table that holds the rows of one run. #}
{% macro rs_score_table(name) -%}
{{ rs_quoted('__rs_rows_' ~ name) }}
{%- endmacro %}


{# The rows of the SELECT, with their hash, once: what follows reads them several times. #}
{% macro rs_score_rows(name, query, scores) -%}
{%- set text = scores.values() | join(', ') -%}
CREATE OR REPLACE TEMPORARY TABLE {{ rs_score_table(name) }} AS
SELECT *, hash(
    __rs_row,
    -- Names and types too: 1.25 and 12.5 in DECIMALs of other scale have one hash. And of lists and
    -- intervals the text: [] and NULL, [5] and [0, 5], 30 days and a month have one.
    typeof(__rs_row),
    CASE WHEN regexp_matches(typeof(__rs_row), '\[\]|MAP\(|INTERVAL') THEN CAST(__rs_row AS VARCHAR) END,
    ({{ rs_score_functions(text) }})
) AS __rs_row_hash
FROM (
{{ query }}
) AS __rs_row
{%- endmacro %}


{# One hash of all macros that a text calls, by way of macros too: a model that was dropped and
   trained again has the same number, and functions of another content. #}
{% macro rs_score_functions(text) -%}
WITH RECURSIVE
__rs_macros AS (  -- each with the names it can be called by
    SELECT macro_definition AS said,
           [lower(function_name), lower(schema_name || '.' || function_name),
            lower(database_name || '.' || schema_name || '.' || function_name)] AS names
    FROM duckdb_functions() WHERE NOT internal AND macro_definition IS NOT NULL
),
__rs_texts AS (
    SELECT {{ rs_score_text(text) }} AS said
    UNION
    SELECT m.said FROM __rs_texts AS t JOIN __rs_macros AS m ON list_has_any(
        regexp_extract_all(lower(replace(t.said, '"', '')), '[\w.]+'), m.names)
)
SELECT hash(string_agg(said, ';' ORDER BY said)) FROM __rs_texts
{%- endmacro %}


{# Stops the run if a key is missing or there twice, or no version of the model is deployed. #}
{% macro rs_score_check(name, file, unique_key, model_name, model_view) -%}
{%- set keys = [unique_key] if unique_key is string else unique_key -%}
SELECT CASE
    WHEN (SELECT count(*) FROM {{ model_view }}) = 0
    THEN error({{ rs_score_text(file ~ ': no version of model ' ~ model_name ~ ' is deployed. '
        ~ 'What to do: train it.') }})
    WHEN (SELECT count(*) FROM (DESCRIBE {{ rs_score_table(name) }}) WHERE lower(column_name) = 'r') > 0
    THEN error({{ rs_score_text(file ~ ': a column is called r, as the row is in scores. '
        ~ 'What to do: give it another name with AS.') }})
    WHEN nulls > 0
    THEN error({{ rs_score_text(file ~ ': the unique_key ' ~ keys | join(', ') ~ ' is NULL in ') }}
        || nulls || ' of ' || n || ' rows. Nothing was changed. What to do: leave them out with WHERE.')
    WHEN n > different
    THEN error({{ rs_score_text(file ~ ': the unique_key ' ~ keys | join(', ') ~ ' is not unique: ') }}
        || n || ' rows, ' || different || ' keys, twice is ' || (
            SELECT CAST(({{ rs_score_keys(keys) }},) AS VARCHAR) FROM {{ rs_score_table(name) }}
            GROUP BY {{ rs_score_keys(keys) }} HAVING count(*) > 1 ORDER BY ALL LIMIT 1
        ) || '. Nothing was changed. What to do: name the columns that tell rows apart.')
    END AS fault
FROM (
    SELECT
        count(*) AS n,
        count(*) FILTER (WHERE {% for key in keys %}{{ rs_quoted(key) }} IS NULL{{ ' OR ' if not loop.last }}{% endfor %}) AS nulls,
        (SELECT count(*) FROM (SELECT DISTINCT {{ rs_score_keys(keys) }} FROM {{ rs_score_table(name) }})) AS different
    FROM {{ rs_score_table(name) }}
)
{%- endmacro %}


{# A text as an SQL literal. #}
{% macro rs_score_text(text) -%}
'{{ text | replace("'", "''") }}'
{%- endmacro %}


{# The scored rows: the SELECT list of the table. `where` leaves out rows that are scored already. #}
{% macro rs_score_select(name, unique_key, keep, scores, model_view, where='') -%}
SELECT
    {{ rs_score_keys(unique_key) }},
    {% for column in keep -%}
    r.{{ rs_quoted(column) }},
    {% endfor -%}
    {% for column, expression in scores.items() -%}
    {{ expression }} AS {{ rs_quoted(column) }},
    {% endfor -%}
    CAST((SELECT version FROM {{ model_view }}) AS INTEGER) AS model_version,
    make_timestamp(epoch_us(now())) AS scored_at,
    r.__rs_row_hash AS row_hash
FROM {{ rs_score_table(name) }} AS r
{{- '\n' ~ where if where }}
{%- endmacro %}


{# Names of the table's columns. #}
{% macro rs_score_names(unique_key, keep, scores) -%}
{{ rs_score_keys(unique_key) }}
{%- for column in keep %}, {{ rs_quoted(column) }}{% endfor %}
{%- for column in scores %}, {{ rs_quoted(column) }}{% endfor -%}
, model_version, scored_at, row_hash
{%- endmacro %}


{# true if the table there has the columns it should have, and a row's scores depend on nothing but
   the row and the model; else it is made anew. #}
{% macro rs_score_same_columns(name, target, unique_key, keep, scores, model_view) -%}
{%- set text = scores.values() | join(', ') | lower | replace(' ', '') | replace('\n', '') -%}
SELECT {{ 'false AND ' if '(select' in text or '(from' in text or '(with' in text }}
       (SELECT list((column_name, column_type) ORDER BY column_name) FROM (DESCRIBE {{ target }}))
     = (SELECT list((column_name, column_type) ORDER BY column_name) FROM (DESCRIBE
{{ rs_score_select(name, unique_key, keep, scores, model_view) }}
)) AS same
{%- endmacro %}


{# The table made anew. `columns`: its DDL in brackets where a contract gives it, with constraints. #}
{% macro rs_score_replace(name, target, unique_key, keep, scores, model_view, columns='') -%}
{%- set rows = rs_score_select(name, unique_key, keep, scores, model_view) -%}
{%- if columns -%}
CREATE OR REPLACE TABLE {{ target }} {{ columns }};
INSERT INTO {{ target }} BY NAME
{{ rows }}
{%- else -%}
CREATE OR REPLACE TABLE {{ target }} (
    {{- rs_score_names(unique_key, keep, scores) }}) AS  {# with names: two that are the same are refused #}
{{ rows }}
{%- endif -%}
{%- endmacro %}


{# What changed: rows that are gone, differ or were scored by another version go, what lacks comes. #}
{% macro rs_score_update(name, target, unique_key, keep, scores, model_view) -%}
{%- set keys = [unique_key] if unique_key is string else unique_key -%}
{%- set same -%}
{% for key in keys %}r.{{ rs_quoted(key) }} = t.{{ rs_quoted(key) }}{{ ' AND ' if not loop.last }}{% endfor %}
{%- endset -%}
DELETE FROM {{ target }} AS t
WHERE t.model_version IS DISTINCT FROM (SELECT version FROM {{ model_view }})
   OR NOT EXISTS (
       FROM {{ rs_score_table(name) }} AS r WHERE {{ same }} AND r.__rs_row_hash = t.row_hash
   );
INSERT INTO {{ target }} BY NAME
{{ rs_score_select(name, unique_key, keep, scores, model_view,
    'WHERE NOT EXISTS (FROM ' ~ target ~ ' AS t WHERE ' ~ same ~ ')') }}
{%- endmacro %}


{# How many rows this transaction has scored, of how many, and by which version. #}
{% macro rs_score_counts(target) -%}
SELECT count(*) FILTER (WHERE scored_at = make_timestamp(epoch_us(now()))) AS scored,
       count(*) AS n, max(model_version) AS version
FROM {{ target }}
{%- endmacro %}


{# The temporary rows are needed no more. #}
{% macro rs_score_end(name) -%}
DROP TABLE IF EXISTS {{ rs_score_table(name) }}
{%- endmacro %}
