-- Database, roles, settings, sessions, and the views for people.
CREATE MACRO {s}.private.database_oid() AS {s}.private.oid_of('database', '', '{db}');

CREATE VIEW {s}.pg_part.pg_database AS
SELECT {s}.private.database_oid() AS oid, '{db}' AS datname, 10 AS datdba, 6 AS encoding, 'c' AS datlocprovider,
    true AS datallowconn, -1 AS datconnlimit, 1663 AS dattablespace, 'C.UTF-8' AS datcollate, 'C.UTF-8' AS datctype;

CREATE VIEW {s}.private.seen_roles AS
SELECT 10::UINTEGER AS oid, 'retailsql' AS rolname, true AS super, false AS can_login, NULL::VARCHAR[] AS member_of
UNION ALL
SELECT oid, rolname, false, can_login, member_of FROM {s}.private.roles
WHERE list_contains(seen_by, getvariable('rs_user'));

CREATE VIEW {s}.pg_part.pg_roles AS
SELECT rolname, super AS rolsuper, true AS rolinherit, super AS rolcreaterole, super AS rolcreatedb,
    can_login AS rolcanlogin, false AS rolreplication, -1 AS rolconnlimit, '********' AS rolpassword,
    super AS rolbypassrls, oid
FROM {s}.private.seen_roles;

CREATE VIEW {s}.pg_part.pg_authid AS
SELECT oid, rolname, super AS rolsuper, true AS rolinherit, super AS rolcreaterole, super AS rolcreatedb,
    can_login AS rolcanlogin, super AS rolbypassrls, -1 AS rolconnlimit
FROM {s}.private.seen_roles;

CREATE VIEW {s}.pg_part.pg_user AS
SELECT rolname AS usename, oid AS usesysid, super AS usecreatedb, super AS usesuper, false AS userepl,
    super AS usebypassrls, '********' AS passwd
FROM {s}.private.seen_roles WHERE can_login OR oid = 10;

CREATE VIEW {s}.pg_part.pg_group AS
SELECT r.rolname AS groname, r.oid AS grosysid,
    (SELECT coalesce(list(m.oid), []) FROM {s}.private.seen_roles AS m WHERE list_contains(m.member_of, r.rolname)) AS grolist
FROM {s}.private.seen_roles AS r WHERE NOT r.can_login AND r.oid <> 10;

CREATE VIEW {s}.pg_part.pg_auth_members AS
SELECT r.oid AS roleid, m.oid AS member, 10 AS grantor, false AS admin_option
FROM {s}.private.seen_roles AS m JOIN {s}.private.seen_roles AS r ON list_contains(m.member_of, r.rolname);

-- The session's own values, which the backend keeps in a variable, over the defaults.
CREATE MACRO {s}.private.own_settings() AS TRY_CAST(getvariable('rs_settings') AS MAP(VARCHAR, VARCHAR));
CREATE MACRO {s}.private.session_setting(p_name) AS {s}.private.own_settings()[p_name];
CREATE VIEW {s}.pg_part.pg_settings AS
WITH own AS (
    SELECT list_zip(map_keys(m), map_values(m)) AS pairs
    FROM (SELECT TRY_CAST(getvariable('rs_settings') AS MAP(VARCHAR, VARCHAR)) AS m)
), pairs AS (SELECT unnest(pairs) AS p FROM own)
SELECT coalesce(s.name, o.p[1]) AS name, coalesce(o.p[2], s.setting) AS setting, s.unit,
    coalesce(s.category, 'Customized Options') AS category, s.short_desc, s.extra_desc,
    coalesce(s.context, 'user') AS context, coalesce(s.vartype, 'string') AS vartype,
    CASE WHEN o.p IS NULL THEN 'default' ELSE 'session' END AS source, s.min_val, s.max_val, s.enumvals,
    s.boot_val, s.reset_val, false AS pending_restart
FROM {s}.private.settings AS s FULL JOIN pairs AS o ON lower(o.p[1]) = lower(s.name);

CREATE VIEW {s}.pg_part.pg_stat_activity AS
SELECT {s}.private.database_oid() AS datid, '{db}' AS datname, CAST(getvariable('rs_pid') AS INTEGER) AS pid,
    (SELECT any_value(oid) FROM {s}.private.roles WHERE rolname = getvariable('rs_user')) AS usesysid,
    CAST(getvariable('rs_user') AS VARCHAR) AS usename,
    coalesce({s}.private.session_setting('application_name'), '') AS application_name,
    now() AS xact_start, now() AS query_start, now() AS state_change, 'active' AS state,
    coalesce(CAST(getvariable('rs_query') AS VARCHAR), current_query()) AS query, 'client backend' AS backend_type;

-- What the session has made by PREPARE, DECLARE and the protocol; told before a statement that asks.
CREATE VIEW {s}.pg_part.pg_prepared_statements AS
SELECT p.name, p.statement, p.made AS prepare_time, p.kinds AS parameter_types, p.from_sql,
    p.generic AS generic_plans, p.custom AS custom_plans
FROM (SELECT unnest(TRY_CAST(getvariable('rs_prepared') AS STRUCT(
    name VARCHAR, statement VARCHAR, made TIMESTAMPTZ, kinds UINTEGER[], from_sql BOOLEAN, generic BIGINT, custom BIGINT
)[])) AS p);

CREATE VIEW {s}.pg_part.pg_cursors AS
SELECT c.name, c.statement, c.hold AS is_holdable, false AS is_binary, c.scrolls AS is_scrollable, c.made AS creation_time
FROM (SELECT unnest(TRY_CAST(getvariable('rs_cursors') AS STRUCT(
    name VARCHAR, statement VARCHAR, hold BOOLEAN, scrolls BOOLEAN, made TIMESTAMPTZ
)[])) AS c);

CREATE VIEW {s}.pg_part.pg_tables AS
SELECT schema_name AS schemaname, name AS tablename, 'retailsql' AS tableowner,
    has_primary_key OR index_count > 0 AS hasindexes, false AS hasrules, false AS hastriggers, false AS rowsecurity
FROM {s}.private.tables WHERE kind = 'r'
UNION ALL
SELECT nspname, relname, 'retailsql', true, false, false, false
FROM {s}.private.system_relations WHERE relkind = 'r';

CREATE VIEW {s}.pg_part.pg_views AS
SELECT schema_name AS schemaname, name AS viewname, 'retailsql' AS viewowner,
    {s}.private.view_text(sql) AS definition
FROM {s}.private.tables WHERE kind = 'v'
UNION ALL
SELECT nspname, relname, 'retailsql', '' FROM {s}.private.system_relations WHERE relkind = 'v';

CREATE VIEW {s}.pg_part.pg_indexes AS
SELECT schema_name AS schemaname, table_name AS tablename, name AS indexname,
    {s}.private.index_text(is_unique, name, schema_name, table_name, columns) AS indexdef
FROM {s}.private.indexes;

CREATE VIEW {s}.pg_part.pg_sequences AS
SELECT schema_name AS schemaname, name AS sequencename, 'retailsql' AS sequenceowner, 20 AS data_type,
    start_value, min_value, max_value, increment_by, cycle, 1 AS cache_size, last_value
FROM {s}.private.sequences;

CREATE VIEW {s}.pg_part.pg_stat_user_tables AS
SELECT oid AS relid, schema_name AS schemaname, name AS relname, 0 AS seq_scan, 0 AS seq_tup_read,
    0 AS n_tup_ins, 0 AS n_tup_upd, 0 AS n_tup_del, estimated_size AS n_live_tup, 0 AS n_dead_tup
FROM {s}.private.tables WHERE kind = 'r';
CREATE VIEW {s}.pg_part.pg_stat_all_tables AS FROM {s}.pg_part.pg_stat_user_tables;
