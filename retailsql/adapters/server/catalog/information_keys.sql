-- information_schema: keys and checks. NOT NULL is a check there, named by numbers.
CREATE VIEW {s}.private.not_nulls AS
SELECT schema_name, table_name, column_name, CAST({s}.private.schema_oid(schema_name) AS VARCHAR) || '_'
    || CAST(reloid AS VARCHAR) || '_' || CAST(attnum AS VARCHAR) || '_not_null' AS name
FROM {s}.private.columns WHERE NOT is_nullable;

CREATE VIEW {s}.info_part.table_constraints AS
SELECT '{db}' AS constraint_catalog, schema_name AS constraint_schema, name AS constraint_name, '{db}' AS table_catalog,
    schema_name AS table_schema, table_name,
    CASE kind WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE' WHEN 'f' THEN 'FOREIGN KEY' ELSE 'CHECK' END AS constraint_type,
    'NO' AS is_deferrable, 'NO' AS initially_deferred, 'YES' AS enforced,
    CASE kind WHEN 'u' THEN 'YES' END AS nulls_distinct
FROM {s}.private.constraints
UNION ALL
SELECT '{db}', schema_name, name, '{db}', schema_name, table_name, 'CHECK', 'NO', 'NO', 'YES', NULL FROM {s}.private.not_nulls;

CREATE VIEW {s}.info_part.check_constraints AS
SELECT '{db}' AS constraint_catalog, schema_name AS constraint_schema, name AS constraint_name, expression AS check_clause
FROM {s}.private.constraints WHERE kind = 'c'
UNION ALL
SELECT '{db}', schema_name, name, column_name || ' IS NOT NULL' FROM {s}.private.not_nulls;

CREATE VIEW {s}.info_part.key_column_usage AS
SELECT '{db}' AS constraint_catalog, c.schema_name AS constraint_schema, c.name AS constraint_name,
    '{db}' AS table_catalog, c.schema_name AS table_schema, c.table_name, c.names[g.n] AS column_name,
    g.n AS ordinal_position, CASE c.kind WHEN 'f' THEN g.n END AS position_in_unique_constraint
FROM {s}.private.constraints AS c JOIN range(1, 33) AS g(n) ON g.n <= len(c.names)
WHERE c.kind IN ('p', 'u', 'f');

CREATE VIEW {s}.info_part.referential_constraints AS
SELECT '{db}' AS constraint_catalog, c.schema_name AS constraint_schema, c.name AS constraint_name,
    '{db}' AS unique_constraint_catalog, c.schema_name AS unique_constraint_schema, f.unique_name AS unique_constraint_name,
    'NONE' AS match_option, 'NO ACTION' AS update_rule, 'NO ACTION' AS delete_rule
FROM {s}.private.constraints AS c JOIN {s}.private.foreign_keys AS f USING (oid);

CREATE VIEW {s}.info_part.constraint_column_usage AS
SELECT '{db}' AS table_catalog, c.schema_name AS table_schema, coalesce(c.referenced_table, c.table_name) AS table_name,
    CASE c.kind WHEN 'f' THEN c.referenced_names[g.n] ELSE c.names[g.n] END AS column_name,
    '{db}' AS constraint_catalog, c.schema_name AS constraint_schema, c.name AS constraint_name
FROM {s}.private.constraints AS c JOIN range(1, 33) AS g(n) ON g.n <= len(c.names);

CREATE VIEW {s}.info_part.constraint_table_usage AS
SELECT DISTINCT '{db}' AS table_catalog, schema_name AS table_schema, coalesce(referenced_table, table_name) AS table_name,
    '{db}' AS constraint_catalog, schema_name AS constraint_schema, name AS constraint_name
FROM {s}.private.constraints;
