import java.lang.reflect.Method;
import java.sql.*;
import java.util.*;

/** What Metabase and DBeaver read before any query: DatabaseMetaData. */
final class Meta {
    interface Ask { Object of(DatabaseMetaData meta) throws Exception; }

    static void add(Map<String, Checks.Check> to) {
        ask(to, "catalogs", m -> Checks.table(m.getCatalogs()));
        ask(to, "schemas", m -> Checks.table(m.getSchemas()));
        ask(to, "schemas_like", m -> Checks.table(m.getSchemas(null, "sa%")));
        ask(to, "table_types", m -> Checks.table(m.getTableTypes()));
        ask(to, "tables", m -> Checks.table(m.getTables(null, "sales", "%", null)));
        ask(to, "tables_of_types", m -> Checks.table(m.getTables("shop", "%", "%", new String[] {"TABLE", "VIEW"})));
        ask(to, "table_one", m -> Checks.table(m.getTables(null, null, "kinds", null)));
        ask(to, "system_tables", m -> Checks.table(m.getTables(null, "pg_catalog", "pg_class", new String[] {"SYSTEM TABLE"})));
        ask(to, "columns_kinds", m -> Checks.table(m.getColumns(null, "main", "kinds", "%")));
        ask(to, "columns_sales", m -> Checks.table(m.getColumns("shop", "sales", "%", null)));
        ask(to, "primary_keys", m -> Checks.table(m.getPrimaryKeys(null, "sales", "orders")));
        ask(to, "imported_keys", m -> Checks.table(m.getImportedKeys(null, "sales", "orders")));
        ask(to, "exported_keys", m -> Checks.table(m.getExportedKeys(null, "sales", "customers")));
        ask(to, "cross_reference", m -> Checks.table(m.getCrossReference(null, "sales", "customers", null, "sales", "orders")));
        ask(to, "index_info", m -> Checks.table(m.getIndexInfo(null, "sales", "orders", false, true), "CARDINALITY", "PAGES", "cardinality", "pages"));
        ask(to, "unique_indexes", m -> Checks.table(m.getIndexInfo(null, "sales", "customers", true, true), "CARDINALITY", "PAGES", "cardinality", "pages"));
        ask(to, "best_row", m -> Checks.table(m.getBestRowIdentifier(null, "sales", "orders", 0, true)));
        ask(to, "version_columns", m -> Checks.table(m.getVersionColumns(null, "sales", "orders")));
        ask(to, "table_privileges", m -> Checks.table(m.getTablePrivileges(null, "sales", "no_such")));
        ask(to, "column_privileges", m -> Checks.table(m.getColumnPrivileges(null, "sales", "no_such", "%")));
        ask(to, "type_info", Meta::types);
        ask(to, "functions_none", m -> Checks.table(m.getFunctions(null, null, "no_such_function")));
        ask(to, "functions_abs", m -> Checks.table(m.getFunctions(null, "pg_catalog", "abs")));
        ask(to, "function_columns", m -> Checks.table(m.getFunctionColumns(null, null, "no_such_function", null)));
        ask(to, "procedures", m -> Checks.table(m.getProcedures(null, null, "no_such_procedure")));
        ask(to, "user_types", m -> Checks.table(m.getUDTs(null, null, "no_such_type", null)));
        ask(to, "client_info", m -> Checks.table(m.getClientInfoProperties()));
        ask(to, "words", m -> Arrays.asList(m.getStringFunctions(), m.getNumericFunctions(), m.getTimeDateFunctions()));
        ask(to, "keywords", m -> new TreeSet<>(Arrays.asList(m.getSQLKeywords().split(","))));
        ask(to, "plain_answers", Meta::plain);
    }

    static void ask(Map<String, Checks.Check> to, String name, Ask ask) {
        to.put("meta_" + name, () -> {
            try (Connection c = Checks.connect()) { return ask.of(c.getMetaData()); }
        });
    }

    /** The types every tool maps; the door has no ranges, points and the like. */
    static Object types(DatabaseMetaData meta) throws SQLException {
        Set<String> wanted = new HashSet<>(List.of("bool", "int2", "int4", "int8", "float4", "float8", "numeric",
            "text", "varchar", "bpchar", "bytea", "date", "time", "timetz", "timestamp", "timestamptz", "interval",
            "uuid", "json", "jsonb", "name", "oid", "_int4", "_text"));
        Map<String, Object> found = new TreeMap<>();
        List<Object> rows = Checks.table(meta.getTypeInfo());
        for (Object row : rows.subList(1, rows.size()))
            if (wanted.contains(((List<?>) row).get(0))) found.put((String) ((List<?>) row).get(0), row);
        return Arrays.asList(rows.get(0), found);
    }

    /** Every method without parameters that answers a word, a number or a truth. */
    static Object plain(DatabaseMetaData meta) throws Exception {
        Map<String, Object> all = new TreeMap<>();
        for (Method method : DatabaseMetaData.class.getMethods()) {
            Class<?> kind = method.getReturnType();
            boolean simple = kind == boolean.class || kind == int.class || kind == String.class || kind == long.class;
            if (!simple || method.getParameterCount() > 0 || method.getName().equals("getURL")) continue;
            if (method.getName().equals("getSQLKeywords")) continue;
            try { all.put(method.getName(), method.invoke(meta)); }
            catch (java.lang.reflect.InvocationTargetException e) { all.put(method.getName(), Checks.told(e.getCause())); }
        }
        return all;
    }
}
