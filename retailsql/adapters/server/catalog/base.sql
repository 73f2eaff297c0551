-- What the other files build on: who may see what, and the attached database's own things.
-- {s} is the shim's name, '{db}' the attached database's. Everything here is private.
CREATE SCHEMA {s}.private;
CREATE SCHEMA {s}.pg;
CREATE SCHEMA {s}.info;
CREATE SCHEMA {s}.pg_part;    -- the columns of a view that are not empty; install adds the others
CREATE SCHEMA {s}.info_part;

-- What somebody may see: 'schema<31>name' with * for any; filled by set_rights.
CREATE TABLE {s}.private.rights (
    usr VARCHAR, readable VARCHAR[], writable VARCHAR[], models VARCHAR[], schemas VARCHAR[]
);
CREATE TABLE {s}.private.told (position INTEGER, name VARCHAR); -- tables filled from views
CREATE TABLE {s}.private.roles (
    oid UINTEGER, rolname VARCHAR, can_login BOOLEAN, admin BOOLEAN, seen_by VARCHAR[], member_of VARCHAR[]
);
CREATE TABLE {s}.private.system_relations (
    nspname VARCHAR, relname VARCHAR, oid UINTEGER, relkind VARCHAR, columns VARCHAR
);
CREATE TABLE {s}.private.system_columns (
    nspname VARCHAR, relname VARCHAR, reloid UINTEGER, attnum SMALLINT, attname VARCHAR,
    typname VARCHAR, attnotnull BOOLEAN
);
CREATE TABLE {s}.private.system_functions (
    oid UINTEGER, proname VARCHAR, pronamespace UINTEGER, prolang UINTEGER, prokind VARCHAR,
    proisstrict BOOLEAN, proretset BOOLEAN, provolatile VARCHAR, pronargs SMALLINT,
    prorettype UINTEGER, proargtypes VARCHAR
);
CREATE TABLE {s}.private.keywords (
    word VARCHAR, catcode VARCHAR, barelabel BOOLEAN, catdesc VARCHAR, baredesc VARCHAR
);
CREATE TABLE {s}.private.settings (
    name VARCHAR, setting VARCHAR, unit VARCHAR, category VARCHAR, short_desc VARCHAR,
    extra_desc VARCHAR, context VARCHAR, vartype VARCHAR, source VARCHAR, min_val VARCHAR,
    max_val VARCHAR, enumvals VARCHAR[], boot_val VARCHAR, reset_val VARCHAR
);

-- Numbers of things: a hash of the name, so that they are the same in every statement, session and
-- nightly copy of the file. Two of a thousand names meet once in 4,000 databases.
CREATE MACRO {s}.private.oid_of(p_kind, p_schema, p_name) AS
    CAST(16384 + hash(p_kind || chr(31) || p_schema || chr(31) || p_name) % 2147467263 AS UINTEGER);
CREATE MACRO {s}.private.schema_oid(p_schema) AS
    CASE p_schema WHEN 'pg_catalog' THEN 11::UINTEGER WHEN 'information_schema' THEN 13207::UINTEGER
        WHEN 'pg_toast' THEN 99::UINTEGER
        ELSE {s}.private.oid_of('schema', '', p_schema) END;

CREATE MACRO {s}.private.folded(p_name) AS
    translate(p_name, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz');
CREATE MACRO {s}.private.covers(p_keys, p_schema, p_name) AS
    {s}.private.folded(p_schema) <> 'retailsql' AND list_has_any(p_keys, [
        '*' || chr(31) || '*', '*' || chr(31) || {s}.private.folded(p_name),
        {s}.private.folded(p_schema || chr(31)) || '*',
        {s}.private.folded(p_schema || chr(31) || p_name)
    ]);
-- Every row that is told has the users who see it; NULL: all. So a statement has no rights to join.
CREATE MACRO {s}.private.mine(p_seen) AS p_seen IS NULL OR list_contains(p_seen, getvariable('rs_user'));
CREATE MACRO {s}.private.writes(p_writers) AS coalesce(list_contains(p_writers, getvariable('rs_user')), false);

-- The schemas of the search path that the database may have.
-- rs_path: as the session has it. DuckDB's own path holds the shim's schema main as well.
CREATE MACRO {s}.private.path() AS coalesce(getvariable('rs_path'),
    list_filter(list_distinct(system.main.current_schemas(false)), lambda x: x <> 'pg_catalog'));
