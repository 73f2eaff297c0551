-- Names to numbers and back: ::regclass, ::regtype and their like, and what is visible.
CREATE MACRO {s}.private.parts(p_text) AS list_transform(
    regexp_extract_all(p_text, '"(?:[^"]|"")*"|[^."]+'),
    lambda x: CASE WHEN x LIKE '"%' THEN lower(replace(x[2:-2], '""', '"')) ELSE lower(trim(x)) END);

-- One row, made by refresh: schema and name, or the name alone -> what may be meant.
CREATE VIEW {s}.private.tell_relation_numbers AS
WITH placed AS (
    SELECT lower(schema_name) || chr(31) || lower(name) AS key, oid, NULL::VARCHAR AS schema, seen
    FROM {s}.private.told_relations
    UNION ALL
    SELECT chr(31) || lower(name), oid, schema_name, seen FROM {s}.private.told_relations
)
SELECT map_from_entries(list((key, meant))) AS numbers
FROM (SELECT key, list({'oid': oid, 'schema': schema, 'seen': seen}) AS meant FROM placed GROUP BY key);
CREATE TABLE {s}.private.told_relation_numbers AS FROM {s}.private.tell_relation_numbers WITH NO DATA;
CREATE MACRO {s}.private.place(p_schema) AS CASE WHEN p_schema IS NULL OR p_schema = 'pg_catalog' THEN 0
    ELSE list_position({s}.private.path(), p_schema) END;
-- Of those that the user sees the first on his path.
CREATE MACRO {s}.private.meant(p_found) AS list_min(list_transform(
    list_filter(p_found, lambda x: {s}.private.mine(x.seen) AND {s}.private.place(x.schema) IS NOT NULL),
    lambda x: {'place': {s}.private.place(x.schema), 'oid': x.oid})).oid;
-- One row, made by refresh: number -> name, with all that a session needs to tell it or not.
CREATE VIEW {s}.private.tell_relation_names AS
SELECT map_from_entries(list((oid, name))) AS names FROM (
    SELECT oid, any_value({'schema': schema_name, 'before': {s}.private.quoted(schema_name) || '.',
        'name': {s}.private.quoted(name), 'seen': seen}) AS name
    FROM {s}.private.told_relations GROUP BY oid
);
CREATE TABLE {s}.private.told_relation_names AS FROM {s}.private.tell_relation_names WITH NO DATA;

CREATE MACRO {s}.private.relation_key(p_text) AS
    CASE WHEN len({s}.private.parts(p_text)) > 1 THEN {s}.private.parts(p_text)[-2] ELSE '' END
    || chr(31) || {s}.private.parts(p_text)[-1];
CREATE MACRO {s}.private.found(p_text, p_number, p_what) AS
    coalesce(p_number, CASE WHEN p_text IS NOT NULL
        THEN CAST(error(p_what || ' "' || p_text || '" does not exist') AS UINTEGER) END);

CREATE MACRO {s}.main.to_regclass(p_text) AS coalesce(TRY_CAST(p_text AS UINTEGER),
    {s}.private.meant((SELECT rs_r.numbers FROM {s}.private.told_relation_numbers AS rs_r)[
        {s}.private.relation_key(CAST(p_text AS VARCHAR))]));
CREATE MACRO {s}.main.rs_regclass(p_text) AS {s}.private.found(p_text, {s}.main.to_regclass(p_text), 'relation');
CREATE MACRO {s}.main.rs_regclass_name(p_oid) AS CASE WHEN {s}.private.number(p_oid) = 0 THEN '-' ELSE coalesce(
    list_transform([(SELECT rs_r.names FROM {s}.private.told_relation_names AS rs_r)[{s}.private.number(p_oid)]],
        lambda x: CASE WHEN {s}.private.mine(x.seen) THEN CASE
            WHEN x.schema = 'pg_catalog' OR list_contains({s}.private.path(), x.schema) THEN x.name
            ELSE x.before || x.name END END)[1], CAST(p_oid AS VARCHAR)) END;
CREATE MACRO {s}.main.pg_relation_is_updatable(p_oid, p_auto) AS 28;

CREATE MACRO {s}.private.bare_type(p_text) AS regexp_replace(regexp_replace(lower(trim(p_text)),
    '^(?:"?pg_catalog"?\.|"?information_schema"?\.)', ''), '\s*\(.*\)', '');
CREATE MACRO {s}.main.to_regtype(p_text) AS coalesce(TRY_CAST(p_text AS UINTEGER),
    (SELECT rs_n.numbers FROM {s}.private.type_names AS rs_n)[replace({s}.private.bare_type(p_text), '"', '')],
    (SELECT rs_n.numbers FROM {s}.private.type_names AS rs_n)[{s}.private.bare_type(p_text)]);
CREATE MACRO {s}.main.rs_regtype(p_text) AS {s}.private.found(p_text, {s}.main.to_regtype(p_text), 'type');
CREATE MACRO {s}.main.rs_regtype_name(p_oid) AS CASE WHEN {s}.private.number(p_oid) = 0 THEN '-'
    ELSE coalesce({s}.private.type_name(p_oid), CAST(p_oid AS VARCHAR)) END;
CREATE MACRO {s}.main.format_type(p_oid, p_mod) AS CASE
    WHEN p_oid IS NULL THEN NULL
    WHEN {s}.private.number(p_oid) = 0 THEN '-'
    WHEN {s}.private.number(p_oid) = 1700 AND CAST(p_mod AS INTEGER) > 4
        THEN printf('numeric(%d,%d)', (CAST(p_mod AS INTEGER) - 4) // 65536, (CAST(p_mod AS INTEGER) - 4) % 65536)
    WHEN {s}.private.number(p_oid) IN (1042, 1043) AND CAST(p_mod AS INTEGER) > 4
        THEN {s}.private.type_name(p_oid) || '(' || CAST(CAST(p_mod AS INTEGER) - 4 AS VARCHAR) || ')'
    WHEN {s}.private.number(p_oid) IN (1083, 1114, 1184, 1266) AND CAST(p_mod AS INTEGER) >= 0
        THEN regexp_replace({s}.private.type_name(p_oid), '^\w+', '\0(' || CAST(p_mod AS VARCHAR) || ')')
    ELSE coalesce({s}.private.type_name(p_oid), '???') END;

CREATE TABLE {s}.private.proc_names AS
SELECT map_from_entries(list((proname, oid))) AS numbers, map_from_entries(list((oid, proname))) AS names
FROM (SELECT proname, min(oid) AS oid FROM {s}.private.system_functions GROUP BY proname);
CREATE MACRO {s}.main.to_regproc(p_text) AS coalesce(TRY_CAST(p_text AS UINTEGER),
    (SELECT rs_p.numbers FROM {s}.private.proc_names AS rs_p)[{s}.private.parts(p_text)[-1]],
    (SELECT map_from_entries(list((rs_p.proname, rs_p.oid))) FROM (SELECT rs_p.proname, min(rs_p.oid) AS oid
        FROM {s}.pg_part.pg_proc AS rs_p GROUP BY ALL) AS rs_p)[{s}.private.parts(p_text)[-1]]);
CREATE MACRO {s}.main.rs_regproc(p_text) AS {s}.private.found(p_text, {s}.main.to_regproc(p_text), 'function');
CREATE MACRO {s}.main.rs_regproc_name(p_oid) AS CASE WHEN {s}.private.number(p_oid) = 0 THEN '-' ELSE coalesce(
    (SELECT rs_p.names FROM {s}.private.proc_names AS rs_p)[{s}.private.number(p_oid)],
    (SELECT map_from_entries(list((rs_p.oid, rs_p.proname))) FROM (SELECT rs_p.oid, min(rs_p.proname) AS proname
        FROM {s}.pg_part.pg_proc AS rs_p GROUP BY ALL) AS rs_p)[{s}.private.number(p_oid)],
    CAST(p_oid AS VARCHAR)) END;
CREATE MACRO {s}.main.rs_regprocedure(p_text) AS {s}.main.rs_regproc(regexp_replace(p_text, '\(.*', ''));
CREATE MACRO {s}.main.rs_regprocedure_name(p_oid) AS {s}.main.rs_regproc_name(p_oid);
CREATE MACRO {s}.main.rs_regoper(p_text) AS CAST(0 AS UINTEGER);
CREATE MACRO {s}.main.rs_regoper_name(p_oid) AS CAST(p_oid AS VARCHAR);

CREATE VIEW {s}.private.schema_names AS
SELECT map_from_entries(list((oid, name))) AS names, map_from_entries(list((lower(name), oid))) AS numbers
FROM {s}.private.schemas;
CREATE MACRO {s}.main.to_regnamespace(p_text) AS coalesce(TRY_CAST(p_text AS UINTEGER),
    (SELECT rs_s.numbers FROM {s}.private.schema_names AS rs_s)[{s}.private.parts(p_text)[-1]]);
CREATE MACRO {s}.main.rs_regnamespace(p_text) AS {s}.private.found(p_text, {s}.main.to_regnamespace(p_text), 'schema');
CREATE MACRO {s}.main.rs_regnamespace_name(p_oid) AS coalesce(
    (SELECT rs_s.names FROM {s}.private.schema_names AS rs_s)[{s}.private.number(p_oid)], CAST(p_oid AS VARCHAR));

CREATE VIEW {s}.private.role_names AS
SELECT map_from_entries(list((oid, rolname))) AS names, map_from_entries(list((rolname, oid))) AS numbers
FROM {s}.private.seen_roles;
CREATE MACRO {s}.main.pg_get_userbyid(p_oid) AS coalesce(
    (SELECT rs_r.names FROM {s}.private.role_names AS rs_r)[{s}.private.number(p_oid)],
    'unknown (OID=' || CAST(p_oid AS VARCHAR) || ')');
CREATE MACRO {s}.main.to_regrole(p_text) AS
    (SELECT rs_r.numbers FROM {s}.private.role_names AS rs_r)[{s}.private.parts(p_text)[-1]];
CREATE MACRO {s}.main.rs_regrole(p_text) AS {s}.private.found(p_text, {s}.main.to_regrole(p_text), 'role');
CREATE MACRO {s}.main.rs_regrole_name(p_oid) AS {s}.main.pg_get_userbyid(p_oid);

CREATE VIEW {s}.private.visible AS
SELECT coalesce(list(oid), []) AS oids FROM {s}.private.relations
WHERE schema_name = 'pg_catalog' OR list_contains({s}.private.path(), schema_name);
CREATE MACRO {s}.main.pg_table_is_visible(p_oid) AS
    list_contains((SELECT rs_v.oids FROM {s}.private.visible AS rs_v), {s}.private.number(p_oid));
CREATE MACRO {s}.main.pg_type_is_visible(p_oid) AS coalesce({s}.private.type_name(p_oid) NOT LIKE 'information_schema.%', false);
CREATE MACRO {s}.main.pg_function_is_visible(p_oid) AS coalesce((SELECT map_from_entries(list((rs_p.oid,
    rs_p.pronamespace = 11 OR list_contains(list_transform({s}.private.path(),
        lambda x: 16384 + hash('schema' || chr(31) || chr(31) || x) % 2147467263), rs_p.pronamespace))))
    FROM {s}.pg_part.pg_proc AS rs_p)[{s}.private.number(p_oid)], false);
CREATE MACRO {s}.main.pg_operator_is_visible(p_oid) AS true;
CREATE MACRO {s}.main.pg_opclass_is_visible(p_oid) AS true;
CREATE MACRO {s}.main.pg_opfamily_is_visible(p_oid) AS true;
CREATE MACRO {s}.main.pg_collation_is_visible(p_oid) AS true;
CREATE MACRO {s}.main.pg_conversion_is_visible(p_oid) AS true;
CREATE MACRO {s}.main.pg_ts_config_is_visible(p_oid) AS true;
CREATE MACRO {s}.main.pg_ts_dict_is_visible(p_oid) AS true;
CREATE MACRO {s}.main.pg_ts_parser_is_visible(p_oid) AS true;
CREATE MACRO {s}.main.pg_ts_template_is_visible(p_oid) AS true;
CREATE MACRO {s}.main.pg_statistics_obj_is_visible(p_oid) AS true;

-- 'x'::regclass::text: checked, then read back.
CREATE MACRO {s}.main.rs_regclass_text(p_text) AS {s}.main.rs_regclass_name({s}.main.rs_regclass(p_text));
CREATE MACRO {s}.main.rs_regtype_text(p_text) AS {s}.main.rs_regtype_name({s}.main.rs_regtype(p_text));
CREATE MACRO {s}.main.rs_regproc_text(p_text) AS {s}.main.rs_regproc_name({s}.main.rs_regproc(p_text));
CREATE MACRO {s}.main.rs_regprocedure_text(p_text) AS {s}.main.rs_regproc_name({s}.main.rs_regprocedure(p_text));
CREATE MACRO {s}.main.rs_regoper_text(p_text) AS CAST(p_text AS VARCHAR);
CREATE MACRO {s}.main.rs_regnamespace_text(p_text) AS {s}.main.rs_regnamespace_name({s}.main.rs_regnamespace(p_text));
CREATE MACRO {s}.main.rs_regrole_text(p_text) AS {s}.main.rs_regrole_name({s}.main.rs_regrole(p_text));
