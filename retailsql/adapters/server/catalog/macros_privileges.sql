-- has_..._privilege in all their forms, by the session's own grants. Asked of another role, the
-- answer is that of the session's: nobody learns here what others may do.
CREATE VIEW {s}.private.table_rights AS
SELECT coalesce(list(oid), []) AS readable,
    coalesce(list(oid) FILTER ({s}.private.writes(writers)), []) AS writable
FROM (
    SELECT oid, writers FROM {s}.private.tables
    UNION ALL SELECT oid, writers FROM {s}.private.sequences
    UNION ALL SELECT oid, NULL FROM {s}.private.system_relations
);
CREATE MACRO {s}.private.table_right(p_table, p_privilege) AS CASE
    WHEN {s}.main.to_regclass(p_table) IS NULL THEN NULL
    WHEN regexp_matches(upper(p_privilege), 'SELECT|USAGE')
        AND list_contains((SELECT rs_t.readable FROM {s}.private.table_rights AS rs_t), {s}.main.to_regclass(p_table)) THEN true
    WHEN regexp_matches(upper(p_privilege), 'INSERT|UPDATE|DELETE|TRUNCATE')
        THEN list_contains((SELECT rs_t.writable FROM {s}.private.table_rights AS rs_t), {s}.main.to_regclass(p_table))
    ELSE false END;
CREATE MACRO {s}.private.schema_right(p_schema, p_privilege) AS CASE
    WHEN regexp_matches(upper(p_privilege), 'USAGE') THEN
        (SELECT rs_s.numbers FROM {s}.private.schema_names AS rs_s)[lower(CAST(p_schema AS VARCHAR))] IS NOT NULL
        OR (SELECT rs_s.names FROM {s}.private.schema_names AS rs_s)[{s}.private.number(p_schema)] IS NOT NULL
    ELSE false END;

CREATE MACRO {s}.main.has_table_privilege(p_table, p_privilege) AS {s}.private.table_right(p_table, p_privilege),
    (p_user, p_table, p_privilege) AS {s}.private.table_right(p_table, p_privilege);
CREATE MACRO {s}.main.has_any_column_privilege(p_table, p_privilege) AS {s}.private.table_right(p_table, p_privilege),
    (p_user, p_table, p_privilege) AS {s}.private.table_right(p_table, p_privilege);
CREATE MACRO {s}.main.has_sequence_privilege(p_table, p_privilege) AS {s}.private.table_right(p_table, p_privilege),
    (p_user, p_table, p_privilege) AS {s}.private.table_right(p_table, p_privilege);
CREATE MACRO {s}.main.has_column_privilege(p_table, p_column, p_privilege) AS {s}.private.table_right(p_table, p_privilege),
    (p_user, p_table, p_column, p_privilege) AS {s}.private.table_right(p_table, p_privilege);
CREATE MACRO {s}.main.has_schema_privilege(p_schema, p_privilege) AS {s}.private.schema_right(p_schema, p_privilege),
    (p_user, p_schema, p_privilege) AS {s}.private.schema_right(p_schema, p_privilege);
CREATE MACRO {s}.main.has_database_privilege(p_database, p_privilege) AS regexp_matches(upper(p_privilege), 'CONNECT'),
    (p_user, p_database, p_privilege) AS regexp_matches(upper(p_privilege), 'CONNECT');
CREATE MACRO {s}.main.has_function_privilege(p_function, p_privilege) AS true,
    (p_user, p_function, p_privilege) AS true;
CREATE MACRO {s}.main.has_language_privilege(p_language, p_privilege) AS true,
    (p_user, p_language, p_privilege) AS true;
CREATE MACRO {s}.main.has_type_privilege(p_type, p_privilege) AS true, (p_user, p_type, p_privilege) AS true;
CREATE MACRO {s}.main.has_tablespace_privilege(p_space, p_privilege) AS true, (p_user, p_space, p_privilege) AS true;
CREATE MACRO {s}.main.has_server_privilege(p_server, p_privilege) AS false, (p_user, p_server, p_privilege) AS false;
CREATE MACRO {s}.main.has_foreign_data_wrapper_privilege(p_name, p_privilege) AS false,
    (p_user, p_name, p_privilege) AS false;
CREATE MACRO {s}.private.is_member(p_role) AS coalesce(list_contains((
    SELECT list(rs_r.rolname) || list(CAST(rs_r.oid AS VARCHAR)) FROM {s}.private.roles AS rs_r
    WHERE list_contains(rs_r.seen_by, getvariable('rs_user'))), CAST(p_role AS VARCHAR)), false);
CREATE MACRO {s}.main.pg_has_role(p_role, p_privilege) AS {s}.private.is_member(p_role),
    (p_user, p_role, p_privilege) AS {s}.private.is_member(p_role);
CREATE MACRO {s}.main.row_security_active(p_table) AS false;
