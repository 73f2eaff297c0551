-- The functions of models, and those that types are read and written with.
CREATE VIEW {s}.pg_part.pg_proc AS
SELECT oid, name AS proname, {s}.private.schema_oid(schema_name) AS pronamespace, 10 AS proowner,
    14 AS prolang, 100 AS procost, CASE WHEN is_table THEN 1000 ELSE 0 END AS prorows, 'f' AS prokind,
    false AS proisstrict, is_table AS proretset, 'i' AS provolatile, 's' AS proparallel,
    len(names) AS pronargs, result AS prorettype, array_to_string(types, ' ') AS proargtypes,
    names AS proargnames, name AS prosrc, seen
FROM {s}.private.told_functions
UNION ALL
SELECT oid, proname, pronamespace, 10, prolang, 1, 0, prokind, proisstrict, proretset, provolatile, 's', pronargs,
    prorettype, proargtypes, NULL, proname, NULL
FROM {s}.private.system_functions;
