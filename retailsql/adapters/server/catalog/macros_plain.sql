-- Functions of values that tools use beside the catalog.
CREATE MACRO {s}.main.quote_ident(p_text) AS {s}.private.quoted(p_text);
CREATE MACRO {s}.main.quote_literal(p_text) AS '''' || replace(CAST(p_text AS VARCHAR), '''', '''''') || '''';
CREATE MACRO {s}.main.quote_nullable(p_text) AS coalesce('''' || replace(CAST(p_text AS VARCHAR), '''', '''''') || '''', 'NULL');
CREATE MACRO {s}.main.parse_ident(p_text) AS {s}.private.parts(p_text), (p_text, p_strict) AS {s}.private.parts(p_text);

-- int2vector and oidvector are text, counted from 0.
CREATE MACRO {s}.main.rs_vector(p_text) AS list_transform(
    list_filter(string_split(CAST(p_text AS VARCHAR), ' '), lambda x: x <> ''), lambda x: CAST(x AS BIGINT));
CREATE MACRO {s}.main.rs_vector_at(p_text, p_index) AS {s}.main.rs_vector(p_text)[p_index + 1];
CREATE MACRO {s}.main.rs_vector_subscripts(p_text, p_dimension) AS
    unnest(range(0, CASE WHEN p_dimension > 0 THEN len({s}.main.rs_vector(p_text)) ELSE 0 END));
CREATE MACRO {s}.main._pg_expandarray(p_list) AS unnest(list_transform(p_list, lambda x, i: {'x': x, 'n': CAST(i AS INTEGER)}));

CREATE MACRO {s}.main.array_lower(p_list, p_dimension) AS CASE WHEN len(p_list) > 0 THEN 1 END;
CREATE MACRO {s}.main.array_upper(p_list, p_dimension) AS CASE WHEN len(p_list) > 0 THEN CAST(len(p_list) AS INTEGER) END;
CREATE MACRO {s}.main.array_position(p_list, p_value) AS system.main.list_position(p_list, p_value);
CREATE MACRO {s}.main.array_remove(p_list, p_value) AS list_filter(p_list, lambda x: x IS DISTINCT FROM p_value);
CREATE MACRO {s}.main.cardinality(p_list) AS CAST(len(p_list) AS INTEGER);

CREATE VIEW {s}.private.sizes AS
SELECT map_from_entries(list((t.oid, t.bytes))) AS bytes FROM (
    SELECT oid, any_value(estimated_size) * 8 * any_value(column_count) AS bytes FROM {s}.private.tables GROUP BY oid
) AS t;
-- DuckDB does not tell the bytes of a table: an estimate, eight a value.
CREATE MACRO {s}.private.size_of(p_oid) AS coalesce(
    CAST((SELECT rs_s.bytes FROM {s}.private.sizes AS rs_s)[{s}.main.to_regclass(p_oid)] AS BIGINT), 0);
CREATE MACRO {s}.main.pg_relation_size(p_oid) AS {s}.private.size_of(p_oid), (p_oid, p_fork) AS {s}.private.size_of(p_oid);
CREATE MACRO {s}.main.pg_table_size(p_oid) AS {s}.private.size_of(p_oid);
CREATE MACRO {s}.main.pg_total_relation_size(p_oid) AS {s}.private.size_of(p_oid);
CREATE MACRO {s}.main.pg_indexes_size(p_oid) AS 0::BIGINT;
CREATE MACRO {s}.main.pg_database_size(p_oid) AS coalesce((
    SELECT CAST(sum(rs_t.estimated_size * 8 * rs_t.column_count) AS BIGINT) FROM {s}.private.tables AS rs_t), 0);
CREATE MACRO {s}.main.pg_tablespace_size(p_oid) AS 0::BIGINT;
CREATE MACRO {s}.main.pg_tablespace_location(p_oid) AS '';
CREATE MACRO {s}.main.pg_relation_filenode(p_oid) AS CAST(p_oid AS UINTEGER);
CREATE MACRO {s}.main.pg_size_pretty(p_bytes) AS CASE
    WHEN abs(p_bytes) < 10240 THEN CAST(CAST(p_bytes AS BIGINT) AS VARCHAR) || ' bytes'
    WHEN abs(p_bytes) < 10485248 THEN CAST(CAST(round(p_bytes / 1024.0) AS BIGINT) AS VARCHAR) || ' kB'
    WHEN abs(p_bytes) < 10736893952 THEN CAST(CAST(round(p_bytes / 1048576.0) AS BIGINT) AS VARCHAR) || ' MB'
    ELSE CAST(CAST(round(p_bytes / 1073741824.0) AS BIGINT) AS VARCHAR) || ' GB' END;
CREATE MACRO {s}.main.pg_column_size(p_value) AS len(CAST(p_value AS VARCHAR));
CREATE MACRO {s}.main.pg_typeof(p_value) AS {s}.private.type_name({s}.private.type_oid(typeof(p_value)));

-- information_schema's own helpers.
CREATE MACRO {s}.main._pg_truetypid(p_att, p_typ) AS p_att.atttypid;
CREATE MACRO {s}.main._pg_char_max_length(p_type, p_mod) AS CASE WHEN p_type IN (1042, 1043) AND p_mod > 4 THEN p_mod - 4 END;
CREATE MACRO {s}.main._pg_numeric_precision(p_type, p_mod) AS CASE p_type WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64
    WHEN 700 THEN 24 WHEN 701 THEN 53 WHEN 1700 THEN CASE WHEN p_mod > 4 THEN (p_mod - 4) // 65536 END END;
CREATE MACRO {s}.main._pg_numeric_scale(p_type, p_mod) AS CASE WHEN p_type IN (20, 21, 23) THEN 0
    WHEN p_type = 1700 AND p_mod > 4 THEN (p_mod - 4) % 65536 END;
CREATE MACRO {s}.main._pg_datetime_precision(p_type, p_mod) AS CASE WHEN p_type = 1082 THEN 0
    WHEN p_type IN (1083, 1114, 1184, 1266, 1186) THEN 6 END;
