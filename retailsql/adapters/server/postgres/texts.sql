-- Text, numbers, arrays and JSON as PostgreSQL has them. "shim." becomes the database's name.
CREATE MACRO IF NOT EXISTS shim."|/"(x) AS sqrt(x::DOUBLE);
CREATE MACRO IF NOT EXISTS shim."||/"(x) AS cbrt(x::DOUBLE);
CREATE MACRO IF NOT EXISTS shim.initcap(s) AS array_to_string(
    list_transform(regexp_extract_all(s, '[\p{L}\p{N}]+|[^\p{L}\p{N}]+'),
                   lambda w: upper(w[1]) || lower(w[2:])), '');
CREATE MACRO IF NOT EXISTS shim.btrim(s) AS trim(s, ' '), (s, c) AS trim(s, c);
CREATE MACRO IF NOT EXISTS shim.__pg_split_part(s, d, n) AS
    CASE WHEN d = '' AND n IN (1, -1) THEN s WHEN d = '' AND s IS NOT NULL THEN ''
         ELSE system.main.split_part(s, d, n) END;
CREATE MACRO IF NOT EXISTS shim.quote_ident(s) AS
    CASE WHEN regexp_full_match(s, '[a-z_][a-z0-9_$]*') THEN s
         ELSE '"' || replace(s, '"', '""') || '"' END;
CREATE MACRO IF NOT EXISTS shim.quote_literal(s) AS
    CASE WHEN contains(s::VARCHAR, chr(92)) THEN ' E' ELSE '' END
    || '''' || replace(replace(s::VARCHAR, '''', ''''''), chr(92), chr(92) || chr(92)) || '''';
CREATE MACRO IF NOT EXISTS shim.quote_nullable(s) AS
    coalesce('''' || replace(s::VARCHAR, '''', '''''') || '''', 'NULL');
CREATE MACRO IF NOT EXISTS shim.__pg_string_to_array(s, d) AS
    CASE WHEN s = '' THEN []::VARCHAR[] WHEN d IS NULL THEN string_split(s, '')
         WHEN d = '' THEN [s] ELSE string_split(s, d) END,
    (s, d, n) AS list_transform(
    CASE WHEN s = '' THEN []::VARCHAR[] WHEN d IS NULL THEN string_split(s, '')
         WHEN d = '' THEN [s] ELSE string_split(s, d) END,
    lambda x: CASE WHEN x = n THEN NULL ELSE x END);
CREATE MACRO IF NOT EXISTS shim.__pg_to_hex(n) AS
    lower(system.main.to_hex(CASE WHEN n < 0 AND n >= -2147483648 THEN n::HUGEINT + 4294967296
                      WHEN n < 0 THEN n::HUGEINT + 18446744073709551616 ELSE n::HUGEINT END));
CREATE MACRO IF NOT EXISTS shim.__pg_octet_length(s VARCHAR) AS strlen(s),
    (s BLOB) AS system.main.octet_length(s);
-- For patterns that are made by rows, that are written out, and that are quick.
CREATE MACRO IF NOT EXISTS shim.__pg_{which}substring(s, p) AS
    CASE WHEN NOT shim.{kind}regexp_matches(s, p, 's') THEN NULL
         WHEN regexp_matches(replace(replace(p, '\(', ''), '(?:', ''), '\(')
         THEN shim.{kind}regexp_extract(s, p, 1, 's')
         ELSE shim.{kind}regexp_extract(s, p, 0, 's') END;
CREATE MACRO IF NOT EXISTS shim.{named}regexp_match(s, p) AS
    CASE WHEN NOT shim.{kind}regexp_matches(s, p, 's') THEN NULL
         WHEN regexp_matches(replace(replace(p, '\(', ''), '(?:', ''), '\(')
         THEN list_transform(
             range(1, 1 + len(replace(replace(p, '\(', ''), '(?:', ''))
                      - len(replace(replace(replace(p, '\(', ''), '(?:', ''), '(', ''))),
             lambda g: regexp_extract_all(s, p, g::INTEGER, 's')[1])
         ELSE [shim.{kind}regexp_extract(s, p, 0, 's')] END;
CREATE MACRO IF NOT EXISTS shim.{named}regexp_like(s, p) AS shim.{kind}regexp_matches(s, p, 's'),
    (s, p, f) AS shim.{kind}regexp_matches(s, p, 's' || f);
CREATE MACRO IF NOT EXISTS shim.{named}regexp_substr(s, p) AS
    CASE WHEN shim.{kind}regexp_matches(s, p, 's')
         THEN shim.{kind}regexp_extract(s, p, 0, 's') END;
CREATE MACRO IF NOT EXISTS shim.regexp_count(s, p) AS
    CAST(len(shim.__pg_regexp_extract_all(s, p, 0, 's')) AS INTEGER);
CREATE MACRO IF NOT EXISTS shim.normalize(s) AS shim.__pg_nfc_normalize(s);
CREATE MACRO IF NOT EXISTS shim.__pg_encode(b, f) AS
    CASE lower(f) WHEN 'hex' THEN lower(hex(b::BLOB)) WHEN 'base64' THEN to_base64(b::BLOB)
         WHEN 'escape' THEN b::BLOB::VARCHAR ELSE error('unrecognized encoding: "' || f || '"') END;
CREATE MACRO IF NOT EXISTS shim.__pg_decode(s, f) AS
    CASE lower(f) WHEN 'hex' THEN unhex(s) WHEN 'base64' THEN from_base64(s)
         ELSE error('unrecognized encoding: "' || f || '"')::BLOB END;
CREATE MACRO IF NOT EXISTS shim.width_bucket(v, low, high, n) AS CAST(
    CASE WHEN low < high THEN
         CASE WHEN v < low THEN 0 WHEN v >= high THEN n + 1
              ELSE floor((v - low)::DOUBLE * n / (high - low)) + 1 END
         ELSE CASE WHEN v > low THEN 0 WHEN v <= high THEN n + 1
              ELSE floor((low - v)::DOUBLE * n / (low - high)) + 1 END END AS INTEGER);
CREATE MACRO IF NOT EXISTS shim.div(a, b) AS trunc(a::DECIMAL(38,10) / b::DECIMAL(38,10))::DECIMAL(38,0);
CREATE MACRO IF NOT EXISTS shim.num_nulls(a) AS (a IS NULL)::INTEGER,
    (a, b) AS (a IS NULL)::INTEGER + (b IS NULL)::INTEGER,
    (a, b, c) AS (a IS NULL)::INTEGER + (b IS NULL)::INTEGER + (c IS NULL)::INTEGER;
CREATE MACRO IF NOT EXISTS shim.num_nonnulls(a) AS (a IS NOT NULL)::INTEGER,
    (a, b) AS (a IS NOT NULL)::INTEGER + (b IS NOT NULL)::INTEGER,
    (a, b, c) AS (a IS NOT NULL)::INTEGER + (b IS NOT NULL)::INTEGER + (c IS NOT NULL)::INTEGER;
CREATE MACRO IF NOT EXISTS shim.scale(n) AS CAST(
    CASE WHEN contains(n::VARCHAR, '.') THEN len(split_part(n::VARCHAR, '.', 2)) ELSE 0 END AS INTEGER);
CREATE MACRO IF NOT EXISTS shim.trim_scale(n) AS n;
CREATE MACRO IF NOT EXISTS shim.array_upper(l, n) AS CASE WHEN n = 1 AND len(l) > 0 THEN len(l)::INTEGER END;
CREATE MACRO IF NOT EXISTS shim.array_lower(l, n) AS CASE WHEN n = 1 AND len(l) > 0 THEN 1 END;
CREATE MACRO IF NOT EXISTS shim.__pg_array_length(l, n) AS nullif(system.main.array_length(l, n), 0);
CREATE MACRO IF NOT EXISTS shim.array_dims(l) AS CASE WHEN len(l) > 0 THEN '[1:' || len(l) || ']' END;
CREATE MACRO IF NOT EXISTS shim.array_positions(l, v) AS list_transform(list_filter(
    range(1, len(l) + 1), lambda i: l[i] IS NOT DISTINCT FROM v), lambda i: i::INTEGER);
CREATE MACRO IF NOT EXISTS shim.trim_array(l, n) AS l[:len(l) - n];
CREATE MACRO IF NOT EXISTS shim.convert_from(b, e) AS CASE WHEN lower(e) IN ('utf8', 'utf-8')
    THEN system.main.decode(b) ELSE error('encoding "' || e || '" is not supported here') END;
CREATE MACRO IF NOT EXISTS shim.convert_to(s, e) AS CASE WHEN lower(e) IN ('utf8', 'utf-8')
    THEN system.main.encode(s) ELSE error('encoding "' || e || '" is not supported here')::BLOB END;
CREATE MACRO IF NOT EXISTS shim.array_ndims(l) AS
    CASE WHEN len(l) > 0 THEN (len(typeof(l)) - len(replace(typeof(l), '[', '')))::INTEGER END;
CREATE MACRO IF NOT EXISTS shim.array_remove(l, v) AS
    list_filter(l, lambda x: x IS DISTINCT FROM v);
CREATE MACRO IF NOT EXISTS shim.array_replace(l, a, b) AS
    list_transform(l, lambda x: CASE WHEN x IS NOT DISTINCT FROM a THEN b ELSE x END);
CREATE MACRO IF NOT EXISTS shim.json_typeof(j) AS
    CASE WHEN json_type(j) IS NULL THEN NULL ELSE CASE json_type(j) WHEN 'OBJECT' THEN 'object' WHEN 'ARRAY' THEN 'array' WHEN 'VARCHAR' THEN 'string'
         WHEN 'BOOLEAN' THEN 'boolean' WHEN 'NULL' THEN 'null' ELSE 'number' END END;
CREATE MACRO IF NOT EXISTS shim.jsonb_typeof(j) AS
    CASE WHEN json_type(j) IS NULL THEN NULL ELSE CASE json_type(j) WHEN 'OBJECT' THEN 'object' WHEN 'ARRAY' THEN 'array' WHEN 'VARCHAR' THEN 'string'
         WHEN 'BOOLEAN' THEN 'boolean' WHEN 'NULL' THEN 'null' ELSE 'number' END END;
CREATE MACRO IF NOT EXISTS shim.json_extract_path_text(j, a) AS j::JSON ->> a,
    (j, a, b) AS j::JSON -> a ->> b, (j, a, b, c) AS j::JSON -> a -> b ->> c;
CREATE MACRO IF NOT EXISTS shim.json_extract_path(j, a) AS j::JSON -> a,
    (j, a, b) AS j::JSON -> a -> b, (j, a, b, c) AS j::JSON -> a -> b -> c;
CREATE MACRO IF NOT EXISTS shim.jsonb_extract_path_text(j, a) AS j::JSON ->> a,
    (j, a, b) AS j::JSON -> a ->> b, (j, a, b, c) AS j::JSON -> a -> b ->> c;
CREATE MACRO IF NOT EXISTS shim.jsonb_extract_path(j, a) AS j::JSON -> a,
    (j, a, b) AS j::JSON -> a -> b, (j, a, b, c) AS j::JSON -> a -> b -> c;
-- The keys of an object, and the texts in an array.
CREATE MACRO IF NOT EXISTS shim.__pg_keys(j) AS CASE WHEN j IS NULL THEN NULL WHEN json_type(j) = 'OBJECT' THEN json_keys(j)
    WHEN json_type(j) = 'ARRAY' THEN list_transform(
        list_filter(json_extract(j, '$[*]')::JSON[], lambda e: json_type(e) = 'VARCHAR'),
        lambda e: e ->> '$')
    WHEN json_type(j) = 'VARCHAR' THEN [j ->> '$'] ELSE []::VARCHAR[] END;
CREATE MACRO IF NOT EXISTS shim."@^"(j, k) AS list_contains(shim.__pg_keys(j::JSON), k);
CREATE MACRO IF NOT EXISTS shim."@^|"(j, k) AS list_has_any(shim.__pg_keys(j::JSON), k);
CREATE MACRO IF NOT EXISTS shim."@^&"(j, k) AS list_has_all(shim.__pg_keys(j::JSON), k);
CREATE MACRO IF NOT EXISTS shim.jsonb_exists(j, k) AS list_contains(shim.__pg_keys(j::JSON), k);
CREATE MACRO IF NOT EXISTS shim.__pg_json_each(j) AS list_transform(json_keys(j::JSON),
    lambda k: {'key': k, 'value': json_extract(j::JSON, '/' || replace(replace(k, '~', '~0'), '/', '~1'))});
CREATE MACRO IF NOT EXISTS shim.__pg_json_each_text(j) AS list_transform(json_keys(j::JSON), lambda k: {
    'key': k, 'value': json_extract_string(j::JSON, '/' || replace(replace(k, '~', '~0'), '/', '~1'))});
CREATE MACRO IF NOT EXISTS shim.to_jsonb(x) AS to_json(x);
CREATE MACRO IF NOT EXISTS shim.jsonb_pretty(x) AS json_pretty(x);
CREATE MACRO IF NOT EXISTS shim.__pg_text(x) AS CASE
    WHEN typeof(x) IN ('DOUBLE', 'FLOAT') THEN
        replace(replace(regexp_replace(x::VARCHAR, '\.0$', ''), 'nan', 'NaN'), 'inf', 'Infinity')
    WHEN typeof(x) = 'INTERVAL' THEN
        regexp_replace(replace(x::VARCHAR, 'month', 'mon'), '(-1 (?:year|mon|day))\b', '\1s', 'g')
    WHEN ends_with(typeof(x), ']') THEN system.main.__rs_array_text(x::VARCHAR, typeof(x))
    ELSE x::VARCHAR END;
CREATE MACRO IF NOT EXISTS shim.__pg_out(x) AS
    CASE WHEN typeof(x) = 'BOOLEAN' THEN (x::VARCHAR)[1:1] ELSE shim.__pg_text(x) END;
CREATE MACRO IF NOT EXISTS shim.__pg_array_to_string(l, d) AS CASE WHEN d IS NULL THEN NULL
    WHEN typeof(l) IN ('VARCHAR[]', 'INTEGER[]', 'BIGINT[]') THEN system.main.array_to_string(l, d)
    ELSE system.main.__rs_array_joined(l::VARCHAR, typeof(l), d, NULL) END,
    (l, d, n) AS CASE WHEN d IS NULL THEN NULL
    WHEN typeof(l) IN ('VARCHAR[]', 'INTEGER[]', 'BIGINT[]') THEN
        system.main.array_to_string(list_transform(l, lambda x: coalesce(x::VARCHAR, n)), d)
    ELSE system.main.__rs_array_joined(l::VARCHAR, typeof(l), d, n) END;
CREATE MACRO IF NOT EXISTS shim.__pg_between(x, a, b) AS
    (x >= a AND x <= b) OR (x >= b AND x <= a);
CREATE MACRO IF NOT EXISTS shim.__pg_round(x) AS
    system.main.round(x) - cast_to_type(
        CASE WHEN typeof(x) IN ('DOUBLE', 'FLOAT') AND abs(x - trunc(x)) = 0.5
                  AND system.main.round(x) % 2 <> 0 THEN sign(x) ELSE 0 END, system.main.round(x));
CREATE MACRO IF NOT EXISTS shim.__pg_sha256(s) AS unhex(system.main.sha256(s));
CREATE MACRO IF NOT EXISTS shim.__pg_pattern(p) AS
    CASE WHEN (CASE WHEN strlen(p) > 500 THEN
        ('LIKE would work on a value that is too large: a pattern of ' || strlen(p)
         || ' bytes, at most 500; contains(text, part) and ~ take longer ones')::BOOLEAN
        ELSE false END) THEN NULL ELSE p END;
CREATE MACRO IF NOT EXISTS shim.__pg_like_any(s, l) AS
    list_bool_or(list_transform(l, lambda p: s LIKE shim.__pg_pattern(p) ESCAPE '\'));
CREATE MACRO IF NOT EXISTS shim.__pg_like_all(s, l) AS
    coalesce(list_bool_and(list_transform(l, lambda p: s LIKE shim.__pg_pattern(p) ESCAPE '\')), true);
CREATE MACRO IF NOT EXISTS shim.__pg_ilike_any(s, l) AS
    list_bool_or(list_transform(l, lambda p: s ILIKE shim.__pg_pattern(p) ESCAPE '\'));
CREATE MACRO IF NOT EXISTS shim.__pg_ilike_all(s, l) AS
    coalesce(list_bool_and(list_transform(l, lambda p: s ILIKE shim.__pg_pattern(p) ESCAPE '\')), true);
CREATE MACRO IF NOT EXISTS shim.__pg_not_like_any(s, l) AS
    list_bool_or(list_transform(l, lambda p: s NOT LIKE shim.__pg_pattern(p) ESCAPE '\'));
CREATE MACRO IF NOT EXISTS shim.__pg_not_like_all(s, l) AS
    coalesce(list_bool_and(list_transform(l, lambda p: s NOT LIKE shim.__pg_pattern(p) ESCAPE '\')), true);
CREATE MACRO IF NOT EXISTS shim.__pg_not_ilike_any(s, l) AS
    list_bool_or(list_transform(l, lambda p: s NOT ILIKE shim.__pg_pattern(p) ESCAPE '\'));
CREATE MACRO IF NOT EXISTS shim.__pg_not_ilike_all(s, l) AS
    coalesce(list_bool_and(list_transform(l, lambda p: s NOT ILIKE shim.__pg_pattern(p) ESCAPE '\')), true);
-- A row is NULL if all its columns are, and NOT NULL if none is.
CREATE MACRO IF NOT EXISTS shim.__pg_row(x) AS CASE WHEN typeof(x)[:7] = 'STRUCT(' AND len(
    list_filter(json_extract(to_json(x), '$.*'), lambda v: v::VARCHAR <> 'null')) = 0
    THEN NULL ELSE x END;
CREATE MACRO IF NOT EXISTS shim.__pg_full_row(x) AS CASE WHEN typeof(x)[:7] = 'STRUCT(' AND len(
    list_filter(json_extract(to_json(x), '$.*'), lambda v: v::VARCHAR = 'null')) > 0
    THEN NULL ELSE x END;
