-- Relations, columns, comments and functions as PostgreSQL numbers them; everything, for refresh.
CREATE VIEW {s}.private.live_classes AS
SELECT schema_name, name AS table_name, oid, name AS relname, {s}.private.schema_oid(schema_name) AS relnamespace, 10 AS relowner,
    CASE kind WHEN 'r' THEN 2 ELSE 0 END AS relam, CASE kind WHEN 'r' THEN oid ELSE 0 END AS relfilenode,
    0 AS relpages, CASE kind WHEN 'r' THEN estimated_size ELSE 0 END AS reltuples,
    has_primary_key OR index_count > 0 OR oid IN (SELECT reloid FROM {s}.private.copy_constraints WHERE kind = 'u') AS relhasindex,
    'p' AS relpersistence, kind AS relkind, column_count AS relnatts, check_constraint_count AS relchecks,
    kind = 'v' AS relhasrules,
    kind = 'r' AND oid IN (
        SELECT unnest([reloid, {s}.private.oid_of('relation', schema_name, referenced_table)])
        FROM {s}.private.copy_constraints WHERE kind = 'f') AS relhastriggers,
    true AS relispopulated, CASE kind WHEN 'r' THEN 'd' ELSE 'n' END AS relreplident
FROM {s}.private.copy_tables
UNION ALL
SELECT schema_name, table_name, oid, name, {s}.private.schema_oid(schema_name), 10, 403, oid, 1, 0, false, 'p', 'i', len(columns), 0,
    false, false, true, 'n'
FROM {s}.private.copy_indexes
UNION ALL
SELECT schema_name, name, oid, name, {s}.private.schema_oid(schema_name), 10, 0, oid, 1, 1, false, 'p', 'S', 3, 0, false, false, true, 'n'
FROM {s}.private.copy_sequences
UNION ALL
SELECT nspname, relname, oid, relname, {s}.private.schema_oid(nspname), 10, CASE relkind WHEN 'r' THEN 2 ELSE 0 END, 0, 0,
    CASE relkind WHEN 'r' THEN -1 ELSE 0 END, false, 'p', relkind,
    len(string_split(columns, ' ')), 0, relkind = 'v', false, true, 'n'
FROM {s}.private.system_relations;
CREATE TABLE {s}.private.copy_classes AS FROM {s}.private.live_classes WITH NO DATA;

CREATE VIEW {s}.private.live_relations AS
SELECT oid, schema_name, table_name, relname AS name FROM {s}.private.copy_classes;
CREATE TABLE {s}.private.copy_relations AS FROM {s}.private.live_relations WITH NO DATA;

CREATE VIEW {s}.private.live_attributes AS
WITH found AS (
SELECT reloid AS attrelid, schema_name, table_name, column_name AS attname, typoid, attnum, typmod, NOT is_nullable AS attnotnull,
    column_default IS NOT NULL OR is_generated AS atthasdef, CASE WHEN is_generated THEN 's' ELSE '' END AS attgenerated
FROM {s}.private.copy_columns
UNION ALL
SELECT i.oid, i.schema_name, i.table_name, CASE WHEN i.key[g.n] = 0 THEN 'expr' ELSE i.columns[g.n] END, coalesce(c.typoid, 25), g.n,
    coalesce(c.typmod, -1), false, false, ''
FROM {s}.private.copy_indexes AS i
JOIN range(1, 33) AS g(n) ON g.n <= len(i.columns)
LEFT JOIN {s}.private.copy_columns AS c ON c.reloid = i.reloid AND c.attnum = i.key[g.n]
UNION ALL
SELECT s.reloid, s.nspname, s.relname, s.attname, t.oid, s.attnum, -1, s.attnotnull, false, ''
FROM {s}.private.system_columns AS s
JOIN {s}.pg.pg_type AS t ON t.typname = s.typname
)
SELECT a.schema_name, a.table_name, a.attrelid, a.attname, a.typoid AS atttypid, t.typlen AS attlen, a.attnum,
    CASE WHEN t.typcategory = 'A' AND t.typelem <> 0 THEN 1 ELSE 0 END AS attndims,
    a.typmod AS atttypmod, t.typbyval AS attbyval, t.typalign AS attalign, t.typstorage AS attstorage,
    a.attnotnull, a.atthasdef, a.attgenerated,
    CASE WHEN t.typcollation = 100 AND a.schema_name = 'pg_catalog' THEN 950 ELSE t.typcollation END AS attcollation
FROM found AS a
JOIN {s}.pg.pg_type AS t ON t.oid = a.typoid;
CREATE TABLE {s}.private.copy_attributes AS FROM {s}.private.live_attributes WITH NO DATA;

CREATE VIEW {s}.private.live_comments AS
FROM (
    SELECT oid AS objoid, schema_name, name AS table_name, 'pg_class' AS class, 0 AS objsubid, comment AS description FROM {s}.private.copy_tables
    UNION ALL SELECT oid, schema_name, table_name, 'pg_class', 0, comment FROM {s}.private.copy_indexes
    UNION ALL SELECT oid, schema_name, name, 'pg_class', 0, comment FROM {s}.private.copy_sequences
    UNION ALL SELECT reloid, schema_name, table_name, 'pg_class', attnum, comment FROM {s}.private.copy_columns
    UNION ALL SELECT oid, 'pg_catalog', '', 'pg_namespace', 0, comment FROM {s}.private.copy_schemas
    UNION ALL SELECT 11, 'pg_catalog', '', 'pg_namespace', 0, 'system catalog schema'
) WHERE description IS NOT NULL;
CREATE TABLE {s}.private.copy_comments AS FROM {s}.private.live_comments WITH NO DATA;

CREATE MACRO {s}.private.verbs() AS
    ['score', 'predict', 'explain', 'forecast', 'recommend', 'similar', 'distance', 'transform'];

-- One row for every form of a macro. A model m owns m_<verb>; a verb holds no underscore.
CREATE VIEW {s}.private.live_functions AS
WITH found AS (
    SELECT schema_name, function_name AS name, function_type, parameters AS names,
        list_transform(parameter_types, lambda t: CASE
            WHEN t IS NULL THEN 2249 WHEN t LIKE 'DECIMAL(%' THEN 1700
            WHEN t LIKE '%]' THEN coalesce(m.arrays[regexp_replace(t, '\[\d*\]$', '')], 114)
            ELSE coalesce(m.plain[t], 114) END) AS types,
        coalesce(description, comment) AS description, macro_definition,
        regexp_extract(function_name, '^(.+)_([a-z]+)$', 1) AS model,
        regexp_extract(function_name, '^(.+)_([a-z]+)$', 2) AS verb
    FROM duckdb_functions(), {s}.private.type_map AS m
    WHERE database_name = '{db}' AND NOT internal AND function_type IN ('macro', 'table_macro')
        AND NOT starts_with(function_name, '__rs_')
)
SELECT {s}.private.oid_of('function', schema_name, name || function_type || array_to_string(names, ',')) AS oid,
    schema_name, name, names, types, model, verb, macro_definition, function_type = 'table_macro' AS is_table,
    coalesce(description, 'Model ' || model || ': ' || verb) AS description,
    CASE WHEN function_type = 'table_macro' THEN 2249
        WHEN verb IN ('score', 'distance') OR verb = 'predict' AND macro_definition = max(
            CASE WHEN verb = 'score' THEN macro_definition END
        ) OVER (PARTITION BY schema_name, model, function_type, names) THEN 701
        ELSE 114 END AS result
FROM found
WHERE list_contains({s}.private.verbs(), verb);
CREATE TABLE {s}.private.copy_functions AS FROM {s}.private.live_functions WITH NO DATA;
