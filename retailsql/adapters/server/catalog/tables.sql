-- What refresh has copied of the live views, and what of it the session's user may see.
-- Binding the live views takes tens of milliseconds a statement, a copy one.
CREATE VIEW {s}.private.tables AS
FROM {s}.private.copy_tables WHERE {s}.private.readable(schema_name, name);
CREATE VIEW {s}.private.columns AS
FROM {s}.private.copy_columns WHERE {s}.private.readable(schema_name, table_name);
CREATE VIEW {s}.private.sequences AS
FROM {s}.private.copy_sequences WHERE {s}.private.readable(schema_name, name);
CREATE VIEW {s}.private.constraints AS
FROM {s}.private.copy_constraints WHERE {s}.private.readable(schema_name, table_name);
CREATE VIEW {s}.private.indexes AS
FROM {s}.private.copy_indexes WHERE {s}.private.readable(schema_name, table_name);
CREATE VIEW {s}.private.foreign_keys AS
FROM {s}.private.copy_foreign_keys WHERE {s}.private.readable(schema_name, table_name);
CREATE VIEW {s}.private.classes AS
FROM {s}.private.copy_classes WHERE {s}.private.readable(schema_name, table_name);
CREATE VIEW {s}.private.relations AS
FROM {s}.private.copy_relations WHERE {s}.private.readable(schema_name, table_name);
CREATE VIEW {s}.private.attributes AS
FROM {s}.private.copy_attributes WHERE {s}.private.readable(schema_name, table_name);
CREATE VIEW {s}.private.comments AS
FROM {s}.private.copy_comments WHERE {s}.private.readable(schema_name, table_name);
CREATE VIEW {s}.private.functions AS
FROM {s}.private.copy_functions WHERE {s}.private.covers({s}.private.own_keys().models, schema_name, model);
CREATE VIEW {s}.private.schemas AS
FROM {s}.private.copy_schemas
WHERE name IN ('main', 'pg_catalog', 'information_schema')
    OR list_has_any({s}.private.own_keys().schemas, ['*', name]);
