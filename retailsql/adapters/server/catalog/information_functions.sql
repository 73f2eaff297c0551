-- information_schema: the functions of models.
CREATE VIEW {s}.info_part.routines AS
SELECT '{db}' AS specific_catalog, f.schema_name AS specific_schema, f.name || '_' || CAST(f.oid AS VARCHAR) AS specific_name,
    '{db}' AS routine_catalog, f.schema_name AS routine_schema, f.name AS routine_name, 'FUNCTION' AS routine_type,
    n.names[f.result::UINTEGER] AS data_type, '{db}' AS type_udt_catalog, 'pg_catalog' AS type_udt_schema,
    t.typname AS type_udt_name, '0' AS dtd_identifier, 'EXTERNAL' AS routine_body, 'SQL' AS external_language,
    'GENERAL' AS parameter_style, 'YES' AS is_deterministic, 'MODIFIES' AS sql_data_access, 'NO' AS is_null_call,
    'YES' AS schema_level_routine, 0 AS max_dynamic_result_sets, 'INVOKER' AS security_type, 'NO' AS as_locator,
    'NO' AS is_udt_dependent
FROM {s}.private.functions AS f LEFT JOIN {s}.pg.pg_type AS t ON t.oid = f.result, {s}.private.type_names AS n;

CREATE VIEW {s}.info_part.parameters AS
SELECT '{db}' AS specific_catalog, f.schema_name AS specific_schema, f.name || '_' || CAST(f.oid AS VARCHAR) AS specific_name,
    g.n AS ordinal_position, 'IN' AS parameter_mode, 'NO' AS is_result, 'NO' AS as_locator, f.names[g.n] AS parameter_name,
    n.names[f.types[g.n]::UINTEGER] AS data_type, '{db}' AS udt_catalog, 'pg_catalog' AS udt_schema, t.typname AS udt_name,
    CAST(g.n AS VARCHAR) AS dtd_identifier
FROM {s}.private.functions AS f JOIN range(1, 1001) AS g(n) ON g.n <= len(f.names)
LEFT JOIN {s}.pg.pg_type AS t ON t.oid = f.types[g.n], {s}.private.type_names AS n;

CREATE VIEW {s}.info_part.routine_privileges AS
SELECT 'retailsql' AS grantor, getvariable('rs_user') AS grantee, '{db}' AS specific_catalog, schema_name AS specific_schema,
    name || '_' || CAST(oid AS VARCHAR) AS specific_name, '{db}' AS routine_catalog, schema_name AS routine_schema,
    name AS routine_name, 'EXECUTE' AS privilege_type, 'NO' AS is_grantable
FROM {s}.private.functions;
