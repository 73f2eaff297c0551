-- The attached database's own things, as DuckDB tells them; everything, for nobody but refresh.
CREATE VIEW {s}.private.live_tables AS
SELECT {s}.private.oid_of('relation', schema_name, table_name) AS oid, schema_name, table_name AS name,
    'r' AS kind, comment, column_count, estimated_size, has_primary_key, index_count,
    check_constraint_count, NULL::VARCHAR AS sql
FROM duckdb_tables()
WHERE database_name = '{db}' AND NOT internal AND NOT temporary
UNION ALL
SELECT {s}.private.oid_of('relation', schema_name, view_name), schema_name, view_name,
    'v', comment, column_count, 0, false, 0, 0, sql
FROM duckdb_views()
WHERE database_name = '{db}' AND NOT internal AND NOT temporary;
CREATE TABLE {s}.private.copy_tables AS FROM {s}.private.live_tables WITH NO DATA;

CREATE VIEW {s}.private.live_columns AS
SELECT {s}.private.oid_of('relation', c.schema_name, c.table_name) AS reloid, c.schema_name, c.table_name,
    c.column_name, c.column_index AS attnum, c.comment,
    CASE WHEN c.data_type = 'VARCHAR' AND regexp_full_match(c.column_default, '''(?:[^'']|'''')*''')
        THEN c.column_default || '::text' ELSE c.column_default END AS column_default, c.is_nullable, c.data_type,
    c.is_generated, c.generation_expression,
    c.numeric_precision, c.numeric_scale,
    {s}.private.type_oid(c.data_type) AS typoid, {s}.private.type_mod(c.data_type) AS typmod
FROM duckdb_columns() AS c
WHERE c.database_name = '{db}' AND NOT c.internal;
CREATE TABLE {s}.private.copy_columns AS FROM {s}.private.live_columns WITH NO DATA;

CREATE VIEW {s}.private.live_sequences AS
SELECT {s}.private.oid_of('relation', schema_name, sequence_name) AS oid, schema_name,
    sequence_name AS name, comment, start_value, min_value, max_value, increment_by, cycle, last_value
FROM duckdb_sequences()
WHERE database_name = '{db}' AND NOT temporary;
CREATE TABLE {s}.private.copy_sequences AS FROM {s}.private.live_sequences WITH NO DATA;

-- A primary key that nobody named is called as PostgreSQL calls it.
CREATE VIEW {s}.private.live_constraints AS
WITH found AS (
    SELECT schema_name, table_name, constraint_type, constraint_text, expression,
        constraint_column_names AS names, constraint_column_indexes AS indexes,
        referenced_table, referenced_column_names AS referenced_names,
        CASE constraint_type
            WHEN 'PRIMARY KEY' THEN replace(constraint_name, 
                table_name || '_' || array_to_string(constraint_column_names, '_') || '_pkey', table_name || '_pkey')
            WHEN 'FOREIGN KEY' THEN replace(constraint_name,
                array_to_string(constraint_column_names, '_') || '_' || array_to_string(referenced_column_names, '_') || '_fkey',
                array_to_string(constraint_column_names, '_') || '_fkey')
            ELSE constraint_name END AS name
    FROM duckdb_constraints()
    WHERE database_name = '{db}' AND constraint_type <> 'NOT NULL'
)
SELECT {s}.private.oid_of('constraint', schema_name, table_name || '.' || name) AS oid, schema_name, table_name, name,
    {s}.private.oid_of('relation', schema_name, table_name) AS reloid,
    CASE constraint_type WHEN 'PRIMARY KEY' THEN 'p' WHEN 'UNIQUE' THEN 'u'
        WHEN 'FOREIGN KEY' THEN 'f' ELSE 'c' END AS kind,
    names, list_transform(indexes, lambda i: CAST(i + 1 AS SMALLINT)) AS key,
    referenced_table, referenced_names, expression, constraint_text
FROM found;
CREATE TABLE {s}.private.copy_constraints AS FROM {s}.private.live_constraints WITH NO DATA;

-- Keys have an index of their name; others are DuckDB's own.
CREATE VIEW {s}.private.live_indexes AS
WITH found AS (
    SELECT schema_name, table_name, name, true AS is_unique, kind = 'p' AS is_primary, oid AS constraint_oid,
        names AS columns, NULL::VARCHAR AS comment
    FROM {s}.private.copy_constraints WHERE kind IN ('p', 'u')
    UNION ALL
    SELECT schema_name, table_name, index_name, is_unique, false, NULL,
        list_transform(string_split(expressions[2:-2], ', '), lambda x: trim(x, ' "''')), comment
    FROM duckdb_indexes() WHERE database_name = '{db}'
), columns AS (
    SELECT schema_name, table_name, list(column_name ORDER BY attnum) AS names, list(typoid ORDER BY attnum) AS types
    FROM {s}.private.copy_columns GROUP BY ALL
), classes AS (
    SELECT map_from_entries(list((opcintype, oid))) AS of_type FROM (
        SELECT opcintype, any_value(oid) AS oid FROM {s}.pg.pg_opclass WHERE opcdefault GROUP BY opcintype)
)
SELECT {s}.private.oid_of('relation', f.schema_name, f.name) AS oid, f.schema_name, f.table_name,
    {s}.private.oid_of('relation', f.schema_name, f.table_name) AS reloid, f.name, f.is_unique, f.is_primary,
    f.constraint_oid, f.columns, f.comment,
    list_transform(f.columns, lambda x: CAST(coalesce(list_position(c.names, x), 0) AS SMALLINT)) AS key,
    list_transform(f.columns, lambda x: coalesce(o.of_type[c.types[list_position(c.names, x)]], 3126)) AS classes,
    list_transform(f.columns, lambda x: CASE c.types[list_position(c.names, x)] WHEN 25 THEN 100 ELSE 0 END) AS collations
FROM found AS f JOIN columns AS c USING (schema_name, table_name), classes AS o;
CREATE TABLE {s}.private.copy_indexes AS FROM {s}.private.live_indexes WITH NO DATA;

CREATE VIEW {s}.private.live_schemas AS
SELECT {s}.private.schema_oid(schema_name) AS oid, schema_name AS name, comment
FROM duckdb_schemas()
WHERE database_name = '{db}' AND schema_name NOT IN ('retailsql', 'pg_catalog', 'information_schema')
UNION ALL
SELECT {s}.private.schema_oid(n), n, NULL FROM (VALUES ('pg_catalog'), ('information_schema')) AS v(n);
CREATE TABLE {s}.private.copy_schemas AS FROM {s}.private.live_schemas WITH NO DATA;

CREATE VIEW {s}.private.live_foreign_keys AS
WITH columns AS (
    SELECT reloid, list(column_name ORDER BY attnum) AS names, list(attnum ORDER BY attnum) AS numbers
    FROM {s}.private.copy_columns GROUP BY reloid
)
SELECT f.oid, f.schema_name, f.table_name, {s}.private.oid_of('relation', f.schema_name, f.referenced_table) AS target,
    list_transform(f.referenced_names, lambda x: CAST(list_position(c.names, x) AS SMALLINT)) AS confkey,
    u.name AS unique_name,
    {s}.private.oid_of('relation', u.schema_name, u.name) AS conindid
FROM {s}.private.copy_constraints AS f
LEFT JOIN columns AS c ON c.reloid = {s}.private.oid_of('relation', f.schema_name, f.referenced_table)
LEFT JOIN {s}.private.copy_constraints AS u
    ON u.schema_name = f.schema_name AND u.table_name = f.referenced_table
    AND u.kind IN ('p', 'u') AND u.names = f.referenced_names
WHERE f.kind = 'f';
CREATE TABLE {s}.private.copy_foreign_keys AS FROM {s}.private.live_foreign_keys WITH NO DATA;

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
