-- Schemas, relations, columns, keys and comments: those of the database and those of the catalog.
-- With a column of who sees a row, seen, they are for all users, and build makes a table of them.
CREATE VIEW {s}.pg_part.pg_namespace AS
SELECT oid, name AS nspname, 10 AS nspowner, seen FROM {s}.private.told_schemas
UNION ALL
SELECT 99, 'pg_toast', 10, NULL;

CREATE VIEW {s}.pg_part.pg_class AS FROM {s}.private.all_classes;

CREATE VIEW {s}.pg_part.pg_attribute AS
SELECT *, -1 AS attstattarget, -1 AS attcacheoff, true AS attislocal FROM {s}.private.all_attributes;

CREATE VIEW {s}.pg_part.pg_attrdef AS
SELECT {s}.private.oid_of('default', schema_name, table_name || '.' || column_name) AS oid, reloid AS adrelid,
    attnum AS adnum, coalesce(generation_expression, column_default) AS adbin, seen
FROM {s}.private.told_columns
WHERE column_default IS NOT NULL OR is_generated;

CREATE VIEW {s}.pg_part.pg_index AS
SELECT oid AS indexrelid, reloid AS indrelid, len(columns) AS indnatts, len(columns) AS indnkeyatts,
    is_unique AS indisunique, is_primary AS indisprimary, true AS indimmediate, true AS indisvalid,
    true AS indisready, true AS indislive, array_to_string(key, ' ') AS indkey,
    array_to_string(collations, ' ') AS indcollation,
    array_to_string(classes, ' ') AS indclass,
    array_to_string(list_transform(key, lambda x: 0), ' ') AS indoption,
    CASE WHEN list_contains(key, 0) THEN
        array_to_string(list_filter(columns, lambda x, i: key[i] = 0), ', ') END AS indexprs, seen
FROM {s}.private.told_indexes;

CREATE VIEW {s}.pg_part.pg_constraint AS
SELECT c.oid, c.name AS conname, {s}.private.schema_oid(c.schema_name) AS connamespace, c.kind AS contype,
    true AS convalidated, c.reloid AS conrelid,
    CASE WHEN c.kind IN ('p', 'u') THEN {s}.private.oid_of('relation', c.schema_name, c.name)
        ELSE coalesce(f.conindid, 0) END AS conindid,
    coalesce(f.target, 0) AS confrelid,
    CASE c.kind WHEN 'f' THEN 'a' ELSE ' ' END AS confupdtype, CASE c.kind WHEN 'f' THEN 'a' ELSE ' ' END AS confdeltype,
    CASE c.kind WHEN 'f' THEN 's' ELSE ' ' END AS confmatchtype, true AS conislocal, c.kind <> 'c' AS connoinherit,
    c.key AS conkey, f.confkey, c.expression AS conbin, c.seen
FROM {s}.private.told_constraints AS c LEFT JOIN {s}.private.copy_foreign_keys AS f USING (oid);

CREATE VIEW {s}.pg_part.pg_description AS
SELECT c.objoid, r.oid AS classoid, c.objsubid, c.description, c.seen
FROM {s}.private.told_comments AS c JOIN {s}.private.system_relations AS r ON r.relname = c.class
UNION ALL
SELECT oid, 1255, 0, description, seen FROM {s}.private.told_functions WHERE description IS NOT NULL;

CREATE VIEW {s}.pg_part.pg_sequence AS
SELECT oid AS seqrelid, 20 AS seqtypid, start_value AS seqstart, increment_by AS seqincrement,
    max_value AS seqmax, min_value AS seqmin, 1 AS seqcache, cycle AS seqcycle
FROM {s}.private.sequences;

CREATE VIEW {s}.pg_part.pg_rewrite AS
SELECT {s}.private.oid_of('rule', schema_name, name) AS oid, '_RETURN' AS rulename, oid AS ev_class,
    '1' AS ev_type, 'O' AS ev_enabled, true AS is_instead, '<>' AS ev_qual, sql AS ev_action, seen
FROM {s}.private.told_tables WHERE kind = 'v';
