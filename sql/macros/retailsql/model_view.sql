{#
  What ref('churn') of a training file shows: one row, the deployed version of the model.

  A view over the registry of the same database, so it follows every deployment by itself. It has no
  row while no version is deployed. `newer_versions` counts those registered after it and not
  deployed: deploy = 'if_better' has held them back, or somebody has rolled back.

  Args:
    model: the model's name without its schema.
    schema: where its functions are, `main` if nothing else was said.
    database: where the registry is. Not for a view: in the text of one DuckDB looks in the view's
      own database, under whatever name that is attached.
#}
{% macro model_view(model, schema='main', database=none) %}
{%- set registry = ('"' ~ database | replace('"', '""') ~ '".' if database else '') ~ 'retailsql' -%}
SELECT CASE v.model_schema WHEN 'main' THEN '' ELSE v.model_schema || '.' END || v.model_name AS model,
       CAST(v.version AS INTEGER) AS version,
       CAST(v.model_type AS VARCHAR) AS model_type,
       CAST(v.kind AS VARCHAR) AS kind,
       CAST(v.primary_metric AS VARCHAR) AS metric,
       CAST(v.metric_value AS DOUBLE) AS value,
       CAST(v.baseline_name AS VARCHAR) AS baseline,
       CAST(v.baseline_value AS DOUBLE) AS baseline_value,
       CAST(v.beats_baseline AS BOOLEAN) AS beats_baseline,
       CAST(v.evaluation ->> '$.rows_train' AS BIGINT) AS rows_train,
       CAST(v.evaluation ->> '$.rows_eval' AS BIGINT) AS rows_eval,
       CAST(v.evaluation ->> '$.split' AS VARCHAR) AS split,
       CAST(v.certificate ->> '$.rows' AS BIGINT) AS parity_rows,
       CAST(v.certificate ->> '$.max_abs_diff' AS DOUBLE) AS parity_max_abs_diff,
       CAST(v.certificate ->> '$.tolerance' AS DOUBLE) AS parity_tolerance,
       CAST(v.certificate ->> '$.rows_over_tolerance' AS BIGINT) AS parity_rows_over_tolerance,
       CAST(v.created_at AS TIMESTAMP) AS trained_at,
       (SELECT count(*) FROM {{ registry }}.versions AS n
        WHERE n.model_schema = v.model_schema AND n.model_name = v.model_name
          AND n.version > v.version) AS newer_versions,
       CAST(v.evaluation -> '$.metrics' AS MAP(VARCHAR, DOUBLE)) AS metrics,
       list_transform(
           CASE WHEN json_array_length(v.signature, '$.steps') > 0
                THEN json_extract(v.signature, '$.raw[*].name')
                ELSE json_extract(v.signature, '$.features[*].name') END,
           lambda name: name ->> '$'
       ) AS inputs,
       CAST(v.profile AS JSON) AS profile
FROM {{ registry }}.versions AS v
JOIN {{ registry }}.models AS m
  ON m.model_schema = v.model_schema AND m.model_name = v.model_name
 AND m.deployed_version = v.version
WHERE lower(v.model_schema) = lower('{{ schema | replace("'", "''") }}')
  AND lower(v.model_name) = lower('{{ model | replace("'", "''") }}')
{% endmacro %}
