-- What refresh has copied of the live views, with the users who see it, and what of it the session's
-- user sees. Binding the live views takes tens of milliseconds a statement, a copy one.
CREATE TABLE {s}.private.told_seers (schema_name VARCHAR, table_name VARCHAR, seen VARCHAR[], writers VARCHAR[]);
CREATE VIEW {s}.private.tell_seers AS
WITH places AS (
    SELECT schema_name, name AS table_name FROM {s}.private.copy_tables
    UNION SELECT schema_name, name FROM {s}.private.copy_sequences
)
SELECT p.schema_name, p.table_name,
    list(r.usr) FILTER ({s}.private.covers(r.readable, p.schema_name, p.table_name)) AS seen,
    list(r.usr) FILTER ({s}.private.covers(r.writable, p.schema_name, p.table_name)) AS writers
FROM places AS p, {s}.private.rights AS r GROUP BY ALL;

CREATE VIEW {s}.private.tell_tables AS
SELECT c.*, coalesce(s.seen, []) AS seen, coalesce(s.writers, []) AS writers
FROM {s}.private.copy_tables AS c LEFT JOIN {s}.private.told_seers AS s
    ON s.schema_name = c.schema_name AND s.table_name = c.name;
CREATE TABLE {s}.private.told_tables AS FROM {s}.private.tell_tables WITH NO DATA;
CREATE VIEW {s}.private.tables AS FROM {s}.private.told_tables WHERE {s}.private.mine(seen);

CREATE VIEW {s}.private.tell_columns AS
SELECT c.*, coalesce(s.seen, []) AS seen, coalesce(s.writers, []) AS writers
FROM {s}.private.copy_columns AS c LEFT JOIN {s}.private.told_seers AS s
    ON s.schema_name = c.schema_name AND s.table_name = c.table_name;
CREATE TABLE {s}.private.told_columns AS FROM {s}.private.tell_columns WITH NO DATA;
CREATE VIEW {s}.private.columns AS FROM {s}.private.told_columns WHERE {s}.private.mine(seen);

CREATE VIEW {s}.private.tell_sequences AS
SELECT c.*, coalesce(s.seen, []) AS seen, coalesce(s.writers, []) AS writers
FROM {s}.private.copy_sequences AS c LEFT JOIN {s}.private.told_seers AS s
    ON s.schema_name = c.schema_name AND s.table_name = c.name;
CREATE TABLE {s}.private.told_sequences AS FROM {s}.private.tell_sequences WITH NO DATA;
CREATE VIEW {s}.private.sequences AS FROM {s}.private.told_sequences WHERE {s}.private.mine(seen);

CREATE VIEW {s}.private.tell_constraints AS
SELECT c.*, coalesce(s.seen, []) AS seen, coalesce(s.writers, []) AS writers
FROM {s}.private.copy_constraints AS c LEFT JOIN {s}.private.told_seers AS s
    ON s.schema_name = c.schema_name AND s.table_name = c.table_name;
CREATE TABLE {s}.private.told_constraints AS FROM {s}.private.tell_constraints WITH NO DATA;
CREATE VIEW {s}.private.constraints AS FROM {s}.private.told_constraints WHERE {s}.private.mine(seen);

CREATE VIEW {s}.private.tell_indexes AS
SELECT c.*, coalesce(s.seen, []) AS seen, coalesce(s.writers, []) AS writers
FROM {s}.private.copy_indexes AS c LEFT JOIN {s}.private.told_seers AS s
    ON s.schema_name = c.schema_name AND s.table_name = c.table_name;
CREATE TABLE {s}.private.told_indexes AS FROM {s}.private.tell_indexes WITH NO DATA;
CREATE VIEW {s}.private.indexes AS FROM {s}.private.told_indexes WHERE {s}.private.mine(seen);

CREATE VIEW {s}.private.tell_foreign_keys AS
SELECT c.*, coalesce(s.seen, []) AS seen, coalesce(s.writers, []) AS writers
FROM {s}.private.copy_foreign_keys AS c LEFT JOIN {s}.private.told_seers AS s
    ON s.schema_name = c.schema_name AND s.table_name = c.table_name;
CREATE TABLE {s}.private.told_foreign_keys AS FROM {s}.private.tell_foreign_keys WITH NO DATA;
CREATE VIEW {s}.private.foreign_keys AS FROM {s}.private.told_foreign_keys WHERE {s}.private.mine(seen);

CREATE VIEW {s}.private.tell_functions AS
SELECT c.*, coalesce((SELECT list(r.usr) FROM {s}.private.rights AS r
    WHERE {s}.private.covers(r.models, c.schema_name, c.model)), []) AS seen
FROM {s}.private.copy_functions AS c;
CREATE TABLE {s}.private.told_functions AS FROM {s}.private.tell_functions WITH NO DATA;
CREATE VIEW {s}.private.functions AS FROM {s}.private.told_functions WHERE {s}.private.mine(seen);

CREATE VIEW {s}.private.tell_schemas AS
SELECT c.*, CASE WHEN c.name NOT IN ('main', 'pg_catalog', 'information_schema') THEN
    coalesce((SELECT list(r.usr) FROM {s}.private.rights AS r WHERE list_has_any(r.schemas, ['*', {s}.private.folded(c.name)])), [])
    END AS seen
FROM {s}.private.copy_schemas AS c;
CREATE TABLE {s}.private.told_schemas AS FROM {s}.private.tell_schemas WITH NO DATA;
CREATE VIEW {s}.private.schemas AS FROM {s}.private.told_schemas WHERE {s}.private.mine(seen);

CREATE VIEW {s}.private.tell_relations AS
SELECT oid, schema_name, name AS table_name, name, seen FROM {s}.private.told_tables
UNION ALL SELECT oid, schema_name, table_name, name, seen FROM {s}.private.told_indexes
UNION ALL SELECT oid, schema_name, name, name, seen FROM {s}.private.told_sequences
UNION ALL SELECT oid, nspname, relname, relname, NULL FROM {s}.private.system_relations;
CREATE TABLE {s}.private.told_relations AS FROM {s}.private.tell_relations WITH NO DATA;
CREATE VIEW {s}.private.relations AS FROM {s}.private.told_relations WHERE {s}.private.mine(seen);
