-- Texts made of parts, and one-row tables of number -> name: a macro reads them without a join.
CREATE TABLE {s}.private.reserved AS
SELECT list(word) AS words FROM {s}.private.keywords WHERE catcode <> 'U';
CREATE MACRO {s}.private.quoted(p_name) AS CASE
    WHEN regexp_full_match(p_name, '[a-z_][a-z0-9_$]*') AND NOT list_contains((SELECT rs_k.words FROM {s}.private.reserved AS rs_k), p_name)
        THEN p_name
    ELSE '"' || replace(p_name, '"', '""') || '"' END;
CREATE MACRO {s}.private.quoted_list(p_names) AS
    array_to_string(list_transform(p_names, lambda x: CASE WHEN regexp_full_match(x, '[a-z_][a-z0-9_$]*')
        THEN x ELSE '"' || replace(x, '"', '""') || '"' END), ', ');
CREATE MACRO {s}.private.view_text(p_sql) AS
    regexp_replace(p_sql,
        '^CREATE (?:OR REPLACE )?(?:TEMP(?:ORARY)? )?VIEW (?:IF NOT EXISTS )?(?:"(?:[^"]|"")*"|[^ ("]+|\.)+\s*(?:\([^)]*\))?\s*AS\s*',
        ' ', 'is');
CREATE MACRO {s}.private.index_text(p_unique, p_name, p_schema, p_table, p_columns) AS
    'CREATE ' || CASE WHEN p_unique THEN 'UNIQUE ' ELSE '' END || 'INDEX ' || {s}.private.quoted(p_name) || ' ON '
    || {s}.private.quoted(p_schema) || '.' || {s}.private.quoted(p_table) || ' USING btree ('
    || array_to_string(p_columns, ', ') || ')';
CREATE MACRO {s}.private.number(p_value) AS TRY_CAST(p_value AS UINTEGER);
CREATE MACRO {s}.private.type_name(p_oid) AS (SELECT rs_n.names FROM {s}.private.type_names AS rs_n)[{s}.private.number(p_oid)];
