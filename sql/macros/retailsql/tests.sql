{#
  Data tests of models' quality. All but no_drift stand on a training file, and read its view (see
  model_view.sql); no_drift stands on the rows that are scored. Every row found says what is wrong:
  fact, seen, wanted.
#}

{#- Which model: a training file that was never run has a view without rows, and that is no pass. -#}
{%- macro no_version(model) -%}
SELECT 'No version of the model is deployed' AS fact, '{{ model | replace("'", "''") }}' AS seen,
       'a version: run its training file' AS wanted
WHERE NOT EXISTS (SELECT 1 FROM {{ model }})
{%- endmacro -%}

{#- Rows that say of a stored metric that it is unknown, or on the wrong side of a limit. -#}
{%- macro metric_beyond(model, metric, sign, limit) -%}
WITH told AS (
    SELECT model, version, split, metrics, element_at(metrics, '{{ metric | lower | replace("'", "''") }}')[1] AS value
    FROM {{ model }}
)
{{ no_version(model) }}
UNION ALL
SELECT 'The evaluation of ' || model || ', version ' || version || ', has no metric '
       || '{{ metric | lower | replace("'", "''") }}',
       coalesce(array_to_string(list_sort(map_keys(metrics)), ', '), 'no evaluation'), 'one of these'
FROM told WHERE value IS NULL
UNION ALL
SELECT '{{ metric | lower | replace("'", "''") }} of ' || model || ', version ' || version || ', on ' || split,
       CAST(value AS VARCHAR), '{{ "at least" if sign == ">=" else "at most" }} {{ limit }}'
FROM told WHERE isnan(value) OR NOT value {{ sign }} {{ limit }}
{%- endmacro -%}

{#- The metric, on rows held out, is at least this much: for those of which more is better. -#}
{% test metric_at_least(model, metric, at_least) %}
{{ metric_beyond(model, metric, '>=', at_least) }}
{% endtest %}

{#- The metric, on rows held out, is at most this much: for errors and losses. -#}
{% test metric_at_most(model, metric, at_most) %}
{{ metric_beyond(model, metric, '<=', at_most) }}
{% endtest %}

{#- The model is better than the best trivial rule on the same rows held out. -#}
{% test beats_baseline(model) %}
{{ no_version(model) }}
UNION ALL
SELECT 'Model ' || model || ', version ' || version
       || CASE WHEN metric IS NULL THEN ', was not evaluated' ELSE ', does not beat its baseline' END,
       coalesce(metric || ' ' || value, 'no metric'),
       coalesce('better than ' || baseline || ' with ' || baseline_value, 'an evaluation beside a baseline')
FROM {{ model }} WHERE beats_baseline IS NOT TRUE
{% endtest %}

{#
  The exported model scores as the library that trained it does, as the certificate of its version
  says. Trees are not exact in 32 bits: a row in some hundred thousand crosses a threshold. So rows
  over the certificate's own tolerance are counted, and at most the share `over` may be; with
  `within`, no difference at all may be larger than that.
#}
{% test parity(model, within=none, over=0.001) %}
{{ no_version(model) }}
UNION ALL
SELECT 'Model ' || model || ', version ' || version || ', has no parity certificate',
       kind || ' ' || model_type,
       'rows scored by the library and through SQL; stored forecasts and imported models have none'
FROM {{ model }} WHERE coalesce(parity_rows, 0) = 0
UNION ALL
SELECT 'Model ' || model || ', version ' || version || ', does not score as the library that trained it',
{%- if within is not none %}
       'largest difference ' || parity_max_abs_diff || ' over ' || parity_rows || ' rows',
       'at most {{ within }}'
FROM {{ model }} WHERE parity_rows > 0 AND (parity_max_abs_diff <= {{ within }}) IS NOT TRUE
{%- else %}
       parity_rows_over_tolerance || ' of ' || parity_rows || ' rows differ by more than '
       || parity_tolerance || ', at most by ' || parity_max_abs_diff,
       'at most a share of {{ over }}'
FROM {{ model }}
WHERE parity_rows > 0 AND (parity_rows_over_tolerance <= {{ over }} * parity_rows) IS NOT TRUE
{%- endif %}
{% endtest %}

{#
  The rows come from where the training rows came: no column's PSI is above its critical value
  (drift.sql says how). All columns together cry wolf with a chance of `alpha`.

  Args:
    model: what the test stands on.
    trained: the training file, its name or ref() of it.
    rows: the rows of today, if what the test stands on does not hold them: of a score file, the
      features it scores.
    columns: names to look at; all that the model takes if none. A date that moves on drifts always.
    alpha: chance of a false alarm of the whole test.
#}
{% test no_drift(model, trained, rows=none, columns=none, alpha=0.05) %}
{%- set version = trained if "." in trained | string else ref(trained) %}
{%- set model = model if rows is none else rows %}
WITH judged AS (
    {{ drift(model, version, columns, alpha) }}
),
there AS (
    SELECT lower(column_name) AS name
    FROM (SELECT unnest(map_keys(CAST(to_json(r) AS MAP(VARCHAR, JSON)))) AS column_name
          FROM (SELECT * FROM {{ model }} LIMIT 1) AS r)
),
wanted AS (
    SELECT {% if columns is none %}unnest(inputs){% else %}unnest([
        {%- for c in columns %}'{{ c | replace("'", "''") }}'{{ ", " if not loop.last }}{% endfor -%}
    ]){% endif %} AS name
    FROM {{ version }}
)
{{ no_version(version) }}
UNION ALL
SELECT 'There are no rows to compare with training', '0 rows', 'rows of ' || '{{ model | replace("'", "''") }}'
WHERE NOT EXISTS (SELECT 1 FROM there)
UNION ALL
SELECT 'Column ' || name || ' is not among the rows', (SELECT string_agg(name, ', ' ORDER BY name) FROM there),
       'the columns that the model takes'
FROM wanted WHERE EXISTS (SELECT 1 FROM there) AND lower(name) NOT IN (SELECT name FROM there)
UNION ALL
SELECT 'No column can be compared with training',
       (SELECT count(*) FROM {{ model }}) || ' rows; columns: '
       || (SELECT coalesce(string_agg(name, ', '), 'none') FROM wanted),
       'at least 20 rows, and columns that the profile of training counts'
WHERE EXISTS (SELECT 1 FROM there) AND EXISTS (SELECT 1 FROM {{ version }})
  AND NOT EXISTS (SELECT 1 FROM judged)
UNION ALL
SELECT 'Column ' || "column" || ' has drifted since training',
       'PSI ' || round(psi, 4) || ' of ' || m || ' rows beside ' || n || ' of training, p ' || round(p_value, 6),
       'at most ' || round(critical_value, 4) || ' (' || cells || ' cells)'
FROM judged WHERE drifts
{% endtest %}
