-- What objects are made of, as text.
CREATE MACRO {s}.main.pg_get_expr(p_text, p_table) AS CAST(p_text AS VARCHAR),
    (p_text, p_table, p_pretty) AS CAST(p_text AS VARCHAR);

CREATE VIEW {s}.private.tell_constraint_texts AS
SELECT map_from_entries(list((oid, text))) AS texts FROM (
    SELECT c.oid, any_value({'seen': c.seen, 'schema': c.schema_name, 'text': CASE c.kind
        WHEN 'p' THEN 'PRIMARY KEY (' || {s}.private.quoted_list(c.names) || ')'
        WHEN 'u' THEN 'UNIQUE (' || {s}.private.quoted_list(c.names) || ')'
        WHEN 'f' THEN 'FOREIGN KEY (' || {s}.private.quoted_list(c.names) || ') REFERENCES '
        ELSE 'CHECK ((' || regexp_replace(c.expression, '^\((.*)\)$', '\1', 's') || '))' END,
        'before': {s}.private.quoted(c.schema_name) || '.',
        'target': {s}.private.quoted(c.referenced_table) || '(' || {s}.private.quoted_list(c.referenced_names) || ')'
    }) AS text
    FROM {s}.private.told_constraints AS c GROUP BY c.oid
);
CREATE TABLE {s}.private.told_constraint_texts AS FROM {s}.private.tell_constraint_texts WITH NO DATA;
CREATE MACRO {s}.private.constraint_text(p_oid) AS
    list_transform([(SELECT rs_c.texts FROM {s}.private.told_constraint_texts AS rs_c)[{s}.private.number(p_oid)]],
        lambda x: CASE WHEN {s}.private.mine(x.seen) THEN x.text || coalesce(CASE
            WHEN list_contains({s}.private.path(), x.schema) THEN '' ELSE x.before END || x.target, '') END)[1];
CREATE MACRO {s}.main.pg_get_constraintdef(p_oid) AS {s}.private.constraint_text(p_oid),
    (p_oid, p_pretty) AS regexp_replace({s}.private.constraint_text(p_oid), '^CHECK \(\((.*)\)\)$', 'CHECK (\1)', 's');

CREATE VIEW {s}.private.tell_index_texts AS
SELECT map_from_entries(list((oid, (columns, text, seen)))) AS texts FROM (
    SELECT oid, any_value(columns) AS columns, any_value(seen) AS seen, any_value(
        {s}.private.index_text(is_unique, name, schema_name, table_name, columns)) AS text
    FROM {s}.private.told_indexes GROUP BY oid
);
CREATE TABLE {s}.private.told_index_texts AS FROM {s}.private.tell_index_texts WITH NO DATA;
CREATE MACRO {s}.private.index_of(p_oid) AS
    list_transform([(SELECT rs_i.texts FROM {s}.private.told_index_texts AS rs_i)[{s}.private.number(p_oid)]],
        lambda x: CASE WHEN {s}.private.mine(x[3]) THEN x END)[1];
CREATE MACRO {s}.main.pg_get_indexdef(p_oid) AS {s}.private.index_of(p_oid)[2],
    (p_oid, p_column, p_pretty) AS CASE WHEN p_column = 0 THEN {s}.private.index_of(p_oid)[2]
        ELSE {s}.private.index_of(p_oid)[1][CAST(p_column AS BIGINT)] END;

CREATE VIEW {s}.private.view_texts AS
SELECT map_from_entries(list((oid, {s}.private.view_text(sql)))) AS texts
FROM {s}.private.tables WHERE kind = 'v';
CREATE MACRO {s}.private.view_of(p_view) AS
    (SELECT rs_v.texts FROM {s}.private.view_texts AS rs_v)[{s}.main.to_regclass(p_view)];
CREATE MACRO {s}.main.pg_get_viewdef(p_view) AS {s}.private.view_of(p_view),
    (p_view, p_pretty) AS {s}.private.view_of(p_view);
CREATE MACRO {s}.main.pg_get_ruledef(p_oid) AS CAST(NULL AS VARCHAR), (p_oid, p_pretty) AS CAST(NULL AS VARCHAR);
CREATE MACRO {s}.main.pg_get_triggerdef(p_oid) AS CAST(NULL AS VARCHAR), (p_oid, p_pretty) AS CAST(NULL AS VARCHAR);
CREATE MACRO {s}.main.pg_get_partkeydef(p_oid) AS CAST(NULL AS VARCHAR);
CREATE MACRO {s}.main.pg_get_partition_constraintdef(p_oid) AS CAST(NULL AS VARCHAR);
CREATE MACRO {s}.main.pg_get_statisticsobjdef(p_oid) AS CAST(NULL AS VARCHAR);
CREATE MACRO {s}.main.pg_get_statisticsobjdef_columns(p_oid) AS CAST(NULL AS VARCHAR);
CREATE MACRO {s}.main.pg_get_serial_sequence(p_table, p_column) AS CAST(NULL AS VARCHAR);
CREATE MACRO {s}.main.pg_get_multixact_members(p_oid) AS CAST(NULL AS VARCHAR);

-- Many arguments stand in lines, else \df of a model is wider than a screen.
CREATE VIEW {s}.private.function_texts AS
WITH args AS (
    SELECT f.oid, f.result, f.is_table, f.name, f.schema_name, f.macro_definition,
        regexp_replace(array_to_string(list_transform(list_zip(f.names, f.types),
            lambda x: x[1] || ' ' || coalesce(t.names[CAST(x[2] AS UINTEGER)], 'record')), ', '),
            '([^\n]{50,}?), ', '\1,' || chr(10), 'g') AS arguments
    FROM {s}.private.functions AS f, {s}.private.type_names AS t
)
SELECT map_from_entries(list((oid, text))) AS texts FROM (
    SELECT oid, any_value((arguments, result, is_table, schema_name, name, macro_definition)) AS text FROM args GROUP BY oid
);
CREATE TABLE {s}.private.system_function_texts AS
SELECT map_from_entries(list((oid, (arguments, prorettype, proretset)))) AS texts FROM (
    SELECT f.oid, f.prorettype, f.proretset, array_to_string(list_transform(
        list_filter(string_split(f.proargtypes, ' '), lambda x: x <> ''),
        lambda x: t.names[CAST(x AS UINTEGER)]), ', ') AS arguments
    FROM {s}.private.system_functions AS f, {s}.private.type_names AS t
);
CREATE MACRO {s}.private.function_of(p_oid) AS
    (SELECT rs_f.texts FROM {s}.private.function_texts AS rs_f)[{s}.private.number(p_oid)];
CREATE MACRO {s}.private.system_function_of(p_oid) AS
    (SELECT rs_f.texts FROM {s}.private.system_function_texts AS rs_f)[{s}.private.number(p_oid)];
CREATE MACRO {s}.main.pg_get_function_arguments(p_oid) AS
    coalesce({s}.private.function_of(p_oid)[1], {s}.private.system_function_of(p_oid)[1]);
CREATE MACRO {s}.main.pg_get_function_identity_arguments(p_oid) AS
    coalesce({s}.private.function_of(p_oid)[1], {s}.private.system_function_of(p_oid)[1]);
CREATE MACRO {s}.main.pg_get_function_result(p_oid) AS coalesce(
    CASE WHEN {s}.private.function_of(p_oid)[3] OR {s}.private.system_function_of(p_oid)[3] THEN 'SETOF ' ELSE '' END
    || {s}.private.type_name(coalesce({s}.private.function_of(p_oid)[2], {s}.private.system_function_of(p_oid)[2])), NULL);
CREATE MACRO {s}.main.pg_get_functiondef(p_oid) AS
    'CREATE OR REPLACE FUNCTION ' || {s}.private.quoted({s}.private.function_of(p_oid)[4]) || '.'
    || {s}.private.quoted({s}.private.function_of(p_oid)[5]) || '(' || {s}.private.function_of(p_oid)[1] || ')' || chr(10)
    || ' RETURNS ' || {s}.private.type_name({s}.private.function_of(p_oid)[2]) || chr(10)
    || ' LANGUAGE sql' || chr(10) || 'AS $function$ model $function$' || chr(10);
CREATE MACRO {s}.main.pg_get_function_arg_default(p_oid, p_number) AS CAST(NULL AS VARCHAR);
CREATE MACRO {s}.main.pg_get_function_sqlbody(p_oid) AS CAST(NULL AS VARCHAR);

CREATE VIEW {s}.private.tell_comment_texts AS
SELECT map_from_entries(list((key, text))) AS texts FROM (
    SELECT CAST(objoid AS VARCHAR) || ':' || class || ':' || CAST(objsubid AS VARCHAR) AS key,
        any_value({'seen': seen, 'text': description}) AS text
    FROM {s}.private.told_comments GROUP BY 1
);
CREATE TABLE {s}.private.told_comment_texts AS FROM {s}.private.tell_comment_texts WITH NO DATA;
CREATE MACRO {s}.private.comment_of(p_oid, p_class, p_sub) AS
    list_transform([(SELECT rs_c.texts FROM {s}.private.told_comment_texts AS rs_c)[
        CAST({s}.private.number(p_oid) AS VARCHAR) || ':' || p_class || ':' || CAST(p_sub AS VARCHAR)]],
        lambda x: CASE WHEN {s}.private.mine(x.seen) THEN x.text END)[1];
CREATE VIEW {s}.private.function_comments AS
SELECT map_from_entries(list((oid, description))) AS texts
FROM (SELECT oid, any_value(description) AS description FROM {s}.private.functions GROUP BY oid);
CREATE MACRO {s}.main.obj_description(p_oid) AS {s}.private.comment_of(p_oid, 'pg_class', 0),
    (p_oid, p_class) AS {s}.private.comment_of(p_oid, p_class, 0);
CREATE MACRO {s}.main.rs_function_description(p_oid) AS
    (SELECT rs_c.texts FROM {s}.private.function_comments AS rs_c)[{s}.private.number(p_oid)];
CREATE MACRO {s}.main.col_description(p_oid, p_column) AS {s}.private.comment_of(p_oid, 'pg_class', p_column);
CREATE MACRO {s}.main.shobj_description(p_oid, p_class) AS CAST(NULL AS VARCHAR);
CREATE MACRO {s}.main.pg_describe_object(p_class, p_oid, p_sub) AS {s}.main.rs_regclass_name(p_oid);
CREATE MACRO {s}.main.pg_identify_object(p_class, p_oid, p_sub) AS {s}.main.rs_regclass_name(p_oid);
