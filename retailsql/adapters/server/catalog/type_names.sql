-- DuckDB's types as PostgreSQL's: as the encoder announces them.
CREATE TABLE {s}.private.type_map AS
SELECT map_from_entries(list((duckdb, oid))) AS plain, map_from_entries(list((duckdb, arr))) AS arrays
FROM (VALUES
    ('BOOLEAN', 16, 1000), ('BLOB', 17, 1001), ('BIGINT', 20, 1016), ('SMALLINT', 21, 1005),
    ('TINYINT', 21, 1005), ('UTINYINT', 21, 1005), ('INTEGER', 23, 1007), ('USMALLINT', 23, 1007),
    ('UINTEGER', 20, 1016), ('UBIGINT', 1700, 1231), ('HUGEINT', 1700, 1231),
    ('UHUGEINT', 1700, 1231), ('BIGNUM', 1700, 1231), ('VARCHAR', 25, 1009), ('FLOAT', 700, 1021),
    ('DOUBLE', 701, 1022), ('DATE', 1082, 1182), ('TIME', 1083, 1183),
    ('TIME WITH TIME ZONE', 1266, 1270), ('TIMESTAMP', 1114, 1115), ('TIMESTAMP_S', 1114, 1115),
    ('TIMESTAMP_MS', 1114, 1115), ('TIMESTAMP_NS', 1114, 1115), ('TIME_NS', 1083, 1183),
    ('TIMESTAMP WITH TIME ZONE', 1184, 1185), ('INTERVAL', 1186, 1187), ('UUID', 2950, 2951),
    ('BIT', 1562, 1563), ('JSON', 114, 199), ('VARIANT', 114, 199), ('NULL', 25, 1009)
) AS t(duckdb, oid, arr);

CREATE MACRO {s}.private.is_nested(p_type) AS regexp_matches(p_type, '^(STRUCT|MAP|UNION|ROW)');
CREATE MACRO {s}.private.element(p_type) AS regexp_replace(p_type, '\[\d*\]$', '');
CREATE MACRO {s}.private.type_oid(p_type) AS CAST(CASE
    WHEN {s}.private.is_nested(p_type) OR p_type LIKE '%]%]' THEN 114
    WHEN p_type LIKE 'DECIMAL(%)' THEN 1700
    WHEN p_type LIKE 'DECIMAL(%]' THEN 1231
    WHEN p_type LIKE 'ENUM(%]' THEN 1009
    WHEN p_type LIKE '%]' THEN coalesce((SELECT rs_m.arrays FROM {s}.private.type_map AS rs_m)[{s}.private.element(p_type)], 1009)
    ELSE coalesce((SELECT rs_m.plain FROM {s}.private.type_map AS rs_m)[p_type], 25)
END AS UINTEGER);
CREATE MACRO {s}.private.type_mod(p_type) AS CASE
    WHEN p_type LIKE 'DECIMAL(%' THEN CAST(
        CAST(regexp_extract(p_type, '(\d+),', 1) AS INTEGER) * 65536
        + CAST(regexp_extract(p_type, ',\s*(\d+)', 1) AS INTEGER) + 4 AS INTEGER)
    ELSE -1 END;

-- The names that format_type gives.
CREATE TABLE {s}.private.type_names AS
WITH words(typname, word) AS (VALUES
    ('bool', 'boolean'), ('int8', 'bigint'), ('int2', 'smallint'), ('int4', 'integer'),
    ('float4', 'real'), ('float8', 'double precision'), ('bpchar', 'character'),
    ('varchar', 'character varying'), ('time', 'time without time zone'),
    ('timestamp', 'timestamp without time zone'), ('timestamptz', 'timestamp with time zone'),
    ('timetz', 'time with time zone'), ('varbit', 'bit varying'), ('char', '"char"'),
    ('decimal', 'numeric')
), named AS (
    SELECT t.oid, t.typname, t.typelem, t.typnamespace,
        coalesce(w.word, CASE WHEN t.typnamespace = 11 THEN '' ELSE 'information_schema.' END || t.typname) AS name
    FROM {s}.pg.pg_type AS t LEFT JOIN words AS w USING (typname)
), shown AS (
    SELECT t.oid, t.typname,
        CASE WHEN t.typname LIKE '\_%' ESCAPE '\' AND e.name IS NOT NULL THEN e.name || '[]' ELSE t.name END AS name
    FROM named AS t LEFT JOIN named AS e ON e.oid = t.typelem
)
SELECT map_from_entries(list((oid, name))) AS names,
    map_from_entries(list_distinct(list((typname, oid)) || list((name, oid)) FILTER (name <> typname AND name <> '"char"')
        || [('decimal', 1700::UINTEGER), ('int', 23::UINTEGER), ('float', 701::UINTEGER), ('"char"', 18::UINTEGER)])) AS numbers
FROM shown;
