-- The list for people: SHOW MODELS, and the view retailsql.model_versions.
SELECT CASE v.model_schema WHEN 'main' THEN '' ELSE v.model_schema || '.' END || v.model_name AS model,
       v.version, coalesce(v.version = m.deployed_version, false) AS deployed, v.model_type, v.kind,
       v.primary_metric, v.metric_value, v.baseline_name, v.baseline_value, v.beats_baseline,
       CAST(v.certificate ->> 'max_abs_diff' AS DOUBLE) AS parity_max_abs_diff,
       octet_length(v.artefact) AS bytes, v.created_at, n.value ->> '$' AS description
FROM {db}.retailsql.versions AS v
JOIN {db}.retailsql.models AS m USING (model_schema, model_name)
LEFT JOIN {db}.retailsql.notes AS n
       ON n.model_schema = v.model_schema AND n.model_name = v.model_name AND n.note = 'description'
ORDER BY model, version
