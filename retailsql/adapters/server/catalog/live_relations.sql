-- Relations, columns and comments as PostgreSQL numbers them, of all users; for refresh.
CREATE VIEW {s}.private.all_classes AS
SELECT schema_name, name AS table_name, oid, name AS relname, {s}.private.schema_oid(schema_name) AS relnamespace, 10 AS relowner,
    CASE kind WHEN 'r' THEN 2 ELSE 0 END AS relam, CASE kind WHEN 'r' THEN oid ELSE 0 END AS relfilenode,
    0 AS relpages, CASE kind WHEN 'r' THEN estimated_size ELSE 0 END AS reltuples,
    has_primary_key OR index_count > 0 OR oid IN (SELECT reloid FROM {s}.private.copy_constraints WHERE kind = 'u') AS relhasindex,
    'p' AS relpersistence, kind AS relkind, column_count AS relnatts, check_constraint_count AS relchecks,
    kind = 'v' AS relhasrules,
    kind = 'r' AND oid IN (
        SELECT unnest([reloid, {s}.private.oid_of('relation', schema_name, referenced_table)])
        FROM {s}.private.copy_constraints WHERE kind = 'f') AS relhastriggers,
    true AS relispopulated, CASE kind WHEN 'r' THEN 'd' ELSE 'n' END AS relreplident, seen
FROM {s}.private.told_tables
UNION ALL
SELECT schema_name, table_name, oid, name, {s}.private.schema_oid(schema_name), 10, 403, oid, 1, 0, false, 'p', 'i', len(columns), 0,
    false, false, true, 'n', seen
FROM {s}.private.told_indexes
UNION ALL
SELECT schema_name, name, oid, name, {s}.private.schema_oid(schema_name), 10, 0, oid, 1, 1, false, 'p', 'S', 3, 0, false, false, true,
    'n', seen
FROM {s}.private.told_sequences
UNION ALL
SELECT nspname, relname, oid, relname, {s}.private.schema_oid(nspname), 10, CASE relkind WHEN 'r' THEN 2 ELSE 0 END, 0, 0,
    CASE relkind WHEN 'r' THEN -1 ELSE 0 END, false, 'p', relkind,
    len(regexp_split_to_array(columns, '\s+')), 0, relkind = 'v', false, true, 'n', NULL
FROM {s}.private.system_relations;

CREATE VIEW {s}.private.all_attributes AS
WITH found AS (
SELECT reloid AS attrelid, schema_name, table_name, column_name AS attname, typoid, attnum, typmod, NOT is_nullable AS attnotnull,
    column_default IS NOT NULL OR is_generated AS atthasdef, CASE WHEN is_generated THEN 's' ELSE '' END AS attgenerated, seen
FROM {s}.private.told_columns
UNION ALL
SELECT i.oid, i.schema_name, i.table_name, CASE WHEN i.key[g.n] = 0 THEN 'expr' ELSE i.columns[g.n] END, coalesce(c.typoid, 25), g.n,
    coalesce(c.typmod, -1), false, false, '', i.seen
FROM {s}.private.told_indexes AS i
JOIN range(1, 33) AS g(n) ON g.n <= len(i.columns)
LEFT JOIN {s}.private.told_columns AS c ON c.reloid = i.reloid AND c.attnum = i.key[g.n]
UNION ALL
SELECT s.reloid, s.nspname, s.relname, s.attname, t.oid, s.attnum, -1, s.attnotnull, false, '', NULL
FROM {s}.private.system_columns AS s
JOIN {s}.pg.pg_type AS t ON t.typname = s.typname
)
SELECT a.schema_name, a.table_name, a.attrelid, a.attname, a.typoid AS atttypid, t.typlen AS attlen, a.attnum,
    CASE WHEN t.typcategory = 'A' AND t.typelem <> 0 THEN 1 ELSE 0 END AS attndims,
    a.typmod AS atttypmod, t.typbyval AS attbyval, t.typalign AS attalign, t.typstorage AS attstorage,
    a.attnotnull, a.atthasdef, a.attgenerated,
    CASE WHEN t.typcollation = 100 AND a.schema_name = 'pg_catalog' THEN 950 ELSE t.typcollation END AS attcollation, a.seen
FROM found AS a
JOIN {s}.pg.pg_type AS t ON t.oid = a.typoid;

CREATE VIEW {s}.private.tell_comments AS
FROM (
    SELECT oid AS objoid, schema_name, name AS table_name, 'pg_class' AS class, 0 AS objsubid, comment AS description,
        seen FROM {s}.private.told_tables
    UNION ALL SELECT oid, schema_name, table_name, 'pg_class', 0, comment, seen FROM {s}.private.told_indexes
    UNION ALL SELECT oid, schema_name, name, 'pg_class', 0, comment, seen FROM {s}.private.told_sequences
    UNION ALL SELECT reloid, schema_name, table_name, 'pg_class', attnum, comment, seen FROM {s}.private.told_columns
    UNION ALL SELECT oid, 'pg_catalog', '', 'pg_namespace', 0, comment, NULL FROM {s}.private.copy_schemas
    UNION ALL SELECT 11, 'pg_catalog', '', 'pg_namespace', 0, 'system catalog schema', NULL
) WHERE description IS NOT NULL;
CREATE TABLE {s}.private.told_comments AS FROM {s}.private.tell_comments WITH NO DATA;
CREATE VIEW {s}.private.comments AS FROM {s}.private.told_comments WHERE {s}.private.mine(seen);
