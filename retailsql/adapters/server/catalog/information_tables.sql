-- information_schema: schemas, tables, columns, views, privileges.
CREATE VIEW {s}.info_part.information_schema_catalog_name AS SELECT '{db}' AS catalog_name;
CREATE VIEW {s}.info_part.schemata AS
SELECT '{db}' AS catalog_name, name AS schema_name, 'retailsql' AS schema_owner FROM {s}.private.schemas;

CREATE VIEW {s}.info_part.tables AS
SELECT '{db}' AS table_catalog, schema_name AS table_schema, name AS table_name,
    CASE kind WHEN 'r' THEN 'BASE TABLE' ELSE 'VIEW' END AS table_type,
    'NO' AS is_typed, seen, CASE kind WHEN 'r' THEN writers END AS writers
FROM {s}.private.told_tables
UNION ALL
SELECT '{db}', nspname, relname, CASE relkind WHEN 'r' THEN 'BASE TABLE' ELSE 'VIEW' END, 'NO', NULL, NULL
FROM {s}.private.system_relations;

CREATE VIEW {s}.private.described_columns AS
SELECT schema_name, table_name, column_name, attnum, column_default, is_nullable, typoid, typmod, is_generated,
    generation_expression, seen, writers
FROM {s}.private.told_columns
UNION ALL
SELECT s.nspname, s.relname, s.attname, s.attnum, NULL, NOT s.attnotnull,
    CASE WHEN t.typbasetype <> 0 THEN t.typbasetype ELSE t.oid END, -1, false, NULL, NULL, NULL
FROM {s}.private.system_columns AS s JOIN {s}.pg.pg_type AS t ON t.typname = s.typname;

CREATE VIEW {s}.info_part.columns AS
SELECT '{db}' AS table_catalog, c.schema_name AS table_schema, c.table_name, c.column_name,
    c.attnum AS ordinal_position, CASE WHEN NOT c.is_generated THEN c.column_default END AS column_default,
    CASE WHEN c.is_nullable THEN 'YES' ELSE 'NO' END AS is_nullable,
    CASE WHEN t.typcategory = 'A' AND t.typelem <> 0 AND t.typlen = -1 THEN 'ARRAY' ELSE n.names[c.typoid] END AS data_type,
    {s}.main._pg_char_max_length(c.typoid, c.typmod) AS character_maximum_length,
    CASE WHEN c.typoid IN (25, 1042, 1043) THEN 1073741824 END AS character_octet_length,
    {s}.main._pg_numeric_precision(c.typoid, c.typmod) AS numeric_precision,
    CASE WHEN c.typoid IN (20, 21, 23, 700, 701) THEN 2 WHEN c.typoid = 1700 THEN 10 END AS numeric_precision_radix,
    {s}.main._pg_numeric_scale(c.typoid, c.typmod) AS numeric_scale,
    {s}.main._pg_datetime_precision(c.typoid, c.typmod) AS datetime_precision,
    CASE WHEN t.typcollation NOT IN (0, 100) THEN '{db}' END AS collation_catalog,
    CASE WHEN t.typcollation NOT IN (0, 100) THEN 'pg_catalog' END AS collation_schema,
    CASE WHEN t.typcollation NOT IN (0, 100) THEN 'C' END AS collation_name,
    '{db}' AS udt_catalog, 'pg_catalog' AS udt_schema, t.typname AS udt_name,
    CAST(c.attnum AS VARCHAR) AS dtd_identifier, 'NO' AS is_self_referencing, 'NO' AS is_identity, 'NO' AS identity_cycle,
    CASE WHEN c.is_generated THEN 'ALWAYS' ELSE 'NEVER' END AS is_generated, c.generation_expression, c.seen, c.writers
FROM {s}.private.described_columns AS c JOIN {s}.pg.pg_type AS t ON t.oid = c.typoid, {s}.private.type_names AS n;

CREATE VIEW {s}.info_part.views AS
SELECT '{db}' AS table_catalog, schema_name AS table_schema, name AS table_name,
    {s}.private.view_text(sql) AS view_definition, 'NONE' AS check_option, 'NO' AS is_updatable,
    'NO' AS is_insertable_into, 'NO' AS is_trigger_updatable, 'NO' AS is_trigger_deletable,
    'NO' AS is_trigger_insertable_into
FROM {s}.private.tables WHERE kind = 'v'
UNION ALL
SELECT '{db}', nspname, relname, NULL, 'NONE', 'NO', 'NO', 'NO', 'NO', 'NO'
FROM {s}.private.system_relations WHERE relkind = 'v';

CREATE VIEW {s}.info_part.table_privileges AS
SELECT 'retailsql' AS grantor, getvariable('rs_user') AS grantee, '{db}' AS table_catalog,
    t.schema_name AS table_schema, t.name AS table_name, p.privilege AS privilege_type,
    'NO' AS is_grantable, CASE p.privilege WHEN 'SELECT' THEN 'YES' ELSE 'NO' END AS with_hierarchy
FROM {s}.private.tables AS t, (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS p(privilege)
WHERE p.privilege = 'SELECT' OR {s}.private.writes(t.writers);
CREATE VIEW {s}.info_part.role_table_grants AS FROM {s}.info_part.table_privileges;
CREATE VIEW {s}.info_part.column_privileges AS
SELECT 'retailsql' AS grantor, getvariable('rs_user') AS grantee, '{db}' AS table_catalog,
    c.schema_name AS table_schema, c.table_name, c.column_name, p.privilege AS privilege_type, 'NO' AS is_grantable
FROM {s}.private.columns AS c, (VALUES ('SELECT'), ('INSERT'), ('UPDATE')) AS p(privilege)
WHERE p.privilege = 'SELECT' OR {s}.private.writes(c.writers);
CREATE VIEW {s}.info_part.role_column_grants AS FROM {s}.info_part.column_privileges;

CREATE VIEW {s}.info_part.enabled_roles AS
SELECT rolname AS role_name FROM {s}.private.roles WHERE list_contains(seen_by, getvariable('rs_user'));
CREATE VIEW {s}.info_part.applicable_roles AS
SELECT getvariable('rs_user') AS grantee, rolname AS role_name, 'NO' AS is_grantable
FROM {s}.private.roles WHERE list_contains(seen_by, getvariable('rs_user')) AND NOT can_login;
CREATE VIEW {s}.info_part.character_sets AS
SELECT 'UTF8' AS character_set_name, 'UCS' AS character_repertoire, 'UTF8' AS form_of_use,
    '{db}' AS default_collate_catalog, 'pg_catalog' AS default_collate_schema, 'C' AS default_collate_name;
CREATE VIEW {s}.info_part.collations AS
SELECT '{db}' AS collation_catalog, 'pg_catalog' AS collation_schema, collname AS collation_name,
    'NO PAD' AS pad_attribute FROM {s}.pg.pg_collation;
CREATE VIEW {s}.info_part.sequences AS
SELECT '{db}' AS sequence_catalog, schema_name AS sequence_schema, name AS sequence_name, 'bigint' AS data_type,
    64 AS numeric_precision, 2 AS numeric_precision_radix, 0 AS numeric_scale,
    CAST(start_value AS VARCHAR) AS start_value, CAST(min_value AS VARCHAR) AS minimum_value,
    CAST(max_value AS VARCHAR) AS maximum_value, CAST(increment_by AS VARCHAR) AS increment,
    CASE WHEN cycle THEN 'YES' ELSE 'NO' END AS cycle_option
FROM {s}.private.sequences;
