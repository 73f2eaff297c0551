import java.math.BigDecimal;
import java.sql.*;
import java.time.*;
import java.util.*;

/** Values, parameters past the switch to binary, fetch size, time limits, transactions. */
final class Queries {
    static final String LONG =
        "SELECT count(*) FROM sales.many a, sales.many b, sales.many c WHERE sin(a.id + b.id + c.id) > 2";

    interface Ask { Object of(Connection c) throws Exception; }

    static void add(Map<String, Checks.Check> to) {
        ask(to, "every_type", Queries::kinds);
        ask(to, "every_type_simple", Queries::kinds, "preferQueryMode", "simple");
        ask(to, "every_type_in_binary", Queries::kinds, "prepareThreshold", "-1", "binaryTransfer", "true",
            "binaryTransferEnable", "1082,1083,1114,1184,1700,1042,2950,1007,1009,1022,17,16,700,701,20,21,23");
        ask(to, "result_columns", c -> Checks.columns(c.createStatement().executeQuery("SELECT * FROM kinds").getMetaData()));
        ask(to, "getters", Queries::getters);
        ask(to, "prepared_ten_times", c -> parameters(c, 10));
        ask(to, "prepared_once", c -> parameters(c, 1));
        ask(to, "parameter_types", Queries::parameterTypes);
        ask(to, "fetch_size", Queries::fetchSize);
        ask(to, "fetch_size_twice", Queries::fetchTwice);
        ask(to, "max_rows", Queries::maxRows);
        ask(to, "query_timeout", Queries::timeout);
        ask(to, "cancel", Queries::cancel);
        ask(to, "batch", Queries::batch);
        ask(to, "several_results", Queries::severalResults);
        ask(to, "zones", Queries::zones);
        ask(to, "arrays", Queries::arrays);
        ask(to, "errors", Queries::errors);
        ask(to, "transactions", Queries::transactions);
        ask(to, "autosave", Queries::autosave, "autosave", "always");
        ask(to, "settings", Queries::settings, "ApplicationName", "Metabase", "currentSchema", "sales", "readOnly", "true");
        ask(to, "warnings", Queries::warnings);
        ask(to, "copy", Queries::copy);
        ask(to, "valid", c -> List.of(c.isValid(2), c.getSchema(), c.getCatalog(), c.getTransactionIsolation()));
        ask(to, "questions_of_tools", Queries::tools);
    }

    static void ask(Map<String, Checks.Check> to, String name, Ask ask, String... options) {
        to.put(name, () -> {
            try (Connection c = Checks.connect(options)) { return ask.of(c); }
        });
    }

    static Object kinds(Connection c) throws SQLException {
        PreparedStatement s = c.prepareStatement("SELECT * FROM kinds WHERE id > ? ORDER BY id");
        List<Object> answer = new ArrayList<>();
        for (int run = 0; run < 7; run++) { s.setInt(1, 0); answer = Checks.table(s.executeQuery()); }
        return answer;
    }

    static Object getters(Connection c) throws SQLException {
        List<Object> all = new ArrayList<>();
        ResultSet r = c.createStatement().executeQuery("SELECT * FROM kinds WHERE id IN (1, 3) ORDER BY id");
        while (r.next()) {
            all.add(Arrays.asList(r.getInt("id"), r.getBoolean("flag"), r.wasNull(), r.getShort("small"),
                r.getLong("large"), r.getFloat("single_") + "", r.getDouble("double_") + "", r.getBigDecimal("price"),
                r.getString("words"), r.getBytes("raw_"), r.getDate("day_"), r.getTime("clock"), r.getTimestamp("moment"),
                r.getTimestamp("instant"), r.getObject("span"), r.getObject("key_"), r.getObject("doc"), r.getObject("price"),
                r.getObject("instant", OffsetDateTime.class), r.getObject("moment", LocalDateTime.class),
                r.getObject("day_", LocalDate.class), r.getObject("clock", LocalTime.class)));
        }
        return all;
    }

    static Object parameters(Connection c, int times) throws SQLException {
        Map<String, Object> answer = new LinkedHashMap<>();
        Object[][] values = {
            {"flag", true}, {"id", 1}, {"small", (short) 7}, {"large", 9007199254740993L}, {"single_", 1.5f},
            {"double_", 3.141592653589793}, {"price", new BigDecimal("12345.678")}, {"words", ""},
            {"day_", java.sql.Date.valueOf("2024-02-29")}, {"day_", LocalDate.of(2024, 2, 29)},
            {"clock", LocalTime.of(12, 34, 56, 789012000)}, {"moment", Timestamp.valueOf("2024-02-29 12:34:56.789012")},
            {"moment", LocalDateTime.of(2024, 2, 29, 12, 34, 56, 789012000)},
            {"instant", OffsetDateTime.of(2024, 2, 29, 13, 34, 56, 789012000, ZoneOffset.ofHours(1))},
            {"key_", UUID.fromString("12345678-1234-5678-1234-567812345678")}, {"raw_", new byte[] {0, -1, 65}},
        };
        for (Object[] each : values)
            for (String sign : new String[] {"=", ">"}) {
                String query = "SELECT id FROM kinds WHERE " + each[0] + " " + sign + " ? ORDER BY id";
                try (PreparedStatement s = c.prepareStatement(query)) {
                    List<Object> found = new ArrayList<>();
                    for (int i = 0; i < times; i++) { s.setObject(1, each[1]); found.add(Checks.table(s.executeQuery()).toString()); }
                    answer.put(each[1].getClass().getSimpleName() + " " + query, found);
                } catch (SQLException e) { answer.put(each[1].getClass() + query, e.getSQLState()); }
            }
        try (PreparedStatement s = c.prepareStatement("SELECT ?::int, ?::text, ?::numeric, ?::timestamp, id FROM sales.many WHERE id < ? ORDER BY id LIMIT ?")) {
            List<Object> found = new ArrayList<>();
            for (int i = 0; i < times; i++) {
                s.setNull(1, Types.INTEGER); s.setString(2, "ü" + i); s.setBigDecimal(3, new BigDecimal("1.50"));
                s.setTimestamp(4, Timestamp.valueOf("2024-07-01 00:00:00")); s.setLong(5, 100); s.setInt(6, 2);
                found.add(Checks.table(s.executeQuery()));
            }
            answer.put("mixed", found);
        }
        return answer;
    }

    static Object parameterTypes(Connection c) throws SQLException {
        List<Object> all = new ArrayList<>();
        PreparedStatement s = c.prepareStatement("SELECT id, words FROM kinds WHERE id = ? AND words = ? AND moment > ? AND price < ? AND flag = ?");
        ParameterMetaData m = s.getParameterMetaData();
        for (int i = 1; i <= m.getParameterCount(); i++) all.add(Arrays.asList(m.getParameterType(i), m.getParameterTypeName(i), m.getParameterClassName(i)));
        return Arrays.asList(all, Checks.columns(s.getMetaData()));
    }

    static Object fetchSize(Connection c) throws SQLException {
        c.setAutoCommit(false);
        Statement s = c.createStatement();
        s.setFetchSize(300);
        ResultSet r = s.executeQuery("SELECT id FROM sales.many ORDER BY id");
        long sum = 0, count = 0;
        while (r.next()) { sum += r.getInt(1); count++; }
        c.commit();
        return List.of(sum, count);
    }

    static Object fetchTwice(Connection c) throws SQLException {
        c.setAutoCommit(false);
        Statement one = c.createStatement(), two = c.createStatement();
        one.setFetchSize(2); two.setFetchSize(2);
        ResultSet a = one.executeQuery("SELECT id FROM sales.many ORDER BY id"), b = two.executeQuery("SELECT id FROM kinds ORDER BY id");
        List<Object> all = new ArrayList<>();
        while (b.next() && a.next()) all.add(List.of(a.getInt(1), b.getInt(1)));
        c.rollback();
        return all;
    }

    static Object maxRows(Connection c) throws SQLException {
        Statement s = c.createStatement();
        s.setMaxRows(5);
        List<Object> all = new ArrayList<>();
        for (int i = 0; i < 7; i++) all.add(Checks.table(s.executeQuery("SELECT id FROM sales.many ORDER BY id")).size());
        return all;
    }

    static Object timeout(Connection c) throws SQLException {
        Statement s = c.createStatement();
        s.setQueryTimeout(1);
        List<Object> all = new ArrayList<>();
        try { s.executeQuery(LONG); } catch (SQLException e) { all.add(e.getSQLState()); }
        all.add(Checks.table(s.executeQuery("SELECT 1")));
        return all;
    }

    static Object cancel(Connection c) throws Exception {
        Statement s = c.createStatement();
        Thread later = new Thread(() -> { try { Thread.sleep(300); s.cancel(); } catch (Exception e) { throw new RuntimeException(e); } });
        later.start();
        List<Object> all = new ArrayList<>();
        try { s.executeQuery(LONG); } catch (SQLException e) { all.add(e.getSQLState()); }
        later.join();
        all.add(Checks.table(s.executeQuery("SELECT 1")));
        return all;
    }

    /** Selects in a batch are sent in one go, their rows are thrown away. */
    static Object batch(Connection c) throws SQLException {
        Statement s = c.createStatement();
        for (int i = 0; i < 3; i++) s.addBatch("SELECT " + i);
        Object batch;
        try { batch = Arrays.stream(s.executeBatch()).boxed().toList(); }
        catch (BatchUpdateException e) { batch = e.getSQLState(); }
        s.clearBatch();
        s.addBatch("SET application_name = 'a'"); s.addBatch("SET application_name = 'b'");
        return Arrays.asList(batch, Arrays.stream(s.executeBatch()).boxed().toList(), Checks.table(s.executeQuery("SHOW application_name")));
    }

    static Object severalResults(Connection c) throws SQLException {
        Statement s = c.createStatement();
        List<Object> all = new ArrayList<>();
        boolean rows = s.execute("SELECT 1 AS a; SET application_name = 'x'; SELECT 'y' AS b");
        while (rows || s.getUpdateCount() != -1) {
            all.add(rows ? Checks.table(s.getResultSet()) : (Object) s.getUpdateCount());
            rows = s.getMoreResults();
        }
        return all;
    }

    static Object zones(Connection c) throws SQLException {
        Map<String, Object> all = new LinkedHashMap<>();
        for (String zone : new String[] {"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"}) {
            c.createStatement().execute("SET TimeZone = '" + zone + "'");
            ResultSet r = c.createStatement().executeQuery("SELECT instant, instant::text AS t, moment, day_ FROM kinds WHERE id = 1");
            r.next();
            Calendar tokyo = Calendar.getInstance(TimeZone.getTimeZone("Asia/Tokyo"));
            all.put(zone, Arrays.asList(r.getTimestamp(1), r.getString(2), r.getTimestamp(1, tokyo), r.getTimestamp(3, tokyo),
                r.getObject(1, OffsetDateTime.class), r.getDate(4)));
            PreparedStatement s = c.prepareStatement("SELECT ?::timestamptz::text, ?::timestamptz = instant FROM kinds WHERE id = 1");
            s.setTimestamp(1, Timestamp.valueOf("2024-07-01 00:00:00"));
            s.setObject(2, OffsetDateTime.of(2024, 2, 29, 12, 34, 56, 789012000, ZoneOffset.UTC));
            all.put(zone + " parameter", Checks.table(s.executeQuery()));
        }
        return all;
    }

    static Object arrays(Connection c) throws SQLException {
        List<Object> all = new ArrayList<>();
        PreparedStatement s = c.prepareStatement("SELECT numbers, floats, tags FROM kinds WHERE id < ? ORDER BY id");
        for (int run = 0; run < 7; run++) {
            s.setInt(1, 4);
            ResultSet r = s.executeQuery();
            while (r.next())
                for (int i = 1; i <= 3; i++) {
                    Array one = r.getArray(i);
                    all.add(one == null ? "null" : one.getBaseTypeName() + Arrays.toString((Object[]) one.getArray()));
                }
        }
        PreparedStatement any = c.prepareStatement("SELECT id FROM kinds WHERE id = ANY (?) ORDER BY id");
        for (int run = 0; run < 7; run++) { any.setArray(1, c.createArrayOf("int4", new Object[] {1, 3})); all.add(Checks.table(any.executeQuery())); }
        PreparedStatement text = c.prepareStatement("SELECT ?::text[]");
        text.setArray(1, c.createArrayOf("text", new Object[] {"a,b", null, "\"q\""}));
        all.add(Checks.table(text.executeQuery()));
        return all;
    }

    static Object errors(Connection c) throws SQLException {
        Map<String, Object> all = new LinkedHashMap<>();
        for (String query : new String[] {"SELECT * FROM nowhere", "SELECT 1 / 0", "SELECT x FROM kinds", "SELEC", "SELECT 'x'::int",
                "SELECT nofunction(1)", "INSERT INTO nothing VALUES (1, 'x')", "SELECT id FROM kinds WHERE day_ = 'never'"})
            try { all.put(query, Checks.table(c.createStatement().executeQuery(query))); }
            catch (SQLException e) {
                org.postgresql.util.ServerErrorMessage m = ((org.postgresql.util.PSQLException) e).getServerErrorMessage();
                all.put(query, Arrays.asList(e.getSQLState(), m == null ? null : m.getPosition(), m == null ? null : m.getSeverity()));
            }
        return all;
    }

    static Object transactions(Connection c) throws SQLException {
        List<Object> all = new ArrayList<>();
        c.setAutoCommit(false);
        c.setReadOnly(true);
        c.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        all.add(Checks.table(c.createStatement().executeQuery("SELECT 1")));
        Savepoint point = c.setSavepoint("p");
        try { c.createStatement().executeQuery("SELECT 1 / 0"); } catch (SQLException e) { all.add(e.getSQLState()); }
        try { c.createStatement().executeQuery("SELECT 1"); } catch (SQLException e) { all.add(e.getSQLState()); }
        c.rollback(point);
        all.add(Checks.table(c.createStatement().executeQuery("SELECT 2")));
        c.commit();
        all.add(Checks.table(c.createStatement().executeQuery("SHOW transaction_isolation")));
        c.rollback();
        return all;
    }

    static Object autosave(Connection c) throws SQLException {
        List<Object> all = new ArrayList<>();
        c.setAutoCommit(false);
        all.add(Checks.table(c.createStatement().executeQuery("SELECT 1")));
        try { c.createStatement().executeQuery("SELECT 1 / 0"); } catch (SQLException e) { all.add(e.getSQLState()); }
        all.add(Checks.table(c.createStatement().executeQuery("SELECT 2")));
        c.commit();
        return all;
    }

    static Object settings(Connection c) throws SQLException {
        List<Object> all = new ArrayList<>();
        for (String name : new String[] {"application_name", "search_path", "extra_float_digits", "DateStyle", "TimeZone", "client_encoding", "transaction_isolation"})
            all.add(Checks.table(c.createStatement().executeQuery("SHOW " + name)));
        c.setSchema("main");
        all.add(Checks.table(c.createStatement().executeQuery("SHOW TRANSACTION ISOLATION LEVEL")));
        all.add(Arrays.asList(c.getSchema(), c.isReadOnly(), c.getClientInfo("ApplicationName")));
        return all;
    }

    static Object warnings(Connection c) throws SQLException {
        Statement s = c.createStatement();
        s.execute("COMMIT");
        SQLWarning w = s.getWarnings();
        return w == null ? null : Arrays.asList(w.getMessage(), w.getSQLState());
    }

    static Object copy(Connection c) throws Exception {
        java.io.StringWriter out = new java.io.StringWriter();
        long rows = new org.postgresql.copy.CopyManager((org.postgresql.core.BaseConnection) c)
            .copyOut("COPY (SELECT id, words, doc FROM kinds ORDER BY id) TO STDOUT (FORMAT csv)", out);
        return Arrays.asList(rows, out.toString());
    }

    /** Sent by Metabase, DBeaver and Grafana before anything else. */
    static Object tools(Connection c) throws SQLException {
        Map<String, Object> all = new LinkedHashMap<>();
        for (String query : new String[] {
                "SELECT current_schema(), session_user", "SHOW search_path",
                "SELECT current_setting('server_version_num')::int / 10000 AS version",
                "SELECT t.oid, t.typname, t.typtype FROM pg_catalog.pg_type t WHERE t.typname IN ('int4', 'text') ORDER BY 1",
                "SELECT n.nspname FROM pg_catalog.pg_namespace n WHERE n.nspname NOT LIKE 'pg_%' ORDER BY 1",
                "SELECT quote_ident(table_name) FROM information_schema.tables WHERE table_schema = 'sales' ORDER BY 1",
                "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'orders' ORDER BY ordinal_position",
                "SELECT has_schema_privilege('sales', 'USAGE'), has_table_privilege('sales.orders', 'SELECT')",
                "SELECT 'sales.orders'::regclass::text, 'kinds'::regclass::text, 'int4'::regtype::text",
                "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname = 'tester'",
                "SELECT string_agg(word, ',' ORDER BY word) FROM pg_catalog.pg_get_keywords() WHERE word IN ('select', 'table')",
                "SELECT datname FROM pg_catalog.pg_database WHERE NOT datistemplate AND datallowconn AND datname = 'shop'",
                "SELECT c.relname, c.relkind, obj_description(c.oid, 'pg_class') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'sales' AND c.relkind IN ('r', 'v') ORDER BY 1"})
            try (Statement s = c.createStatement()) { all.put(query, Checks.table(s.executeQuery(query))); }
            catch (SQLException e) { all.put(query, e.getSQLState() + " " + e.getMessage()); }
        return all;
    }
}
