import java.sql.*;
import java.util.*;

/** Runs each check against the server of the arguments and prints one line of JSON per check. */
public class Checks {
    interface Check { Object run() throws Exception; }

    static String url, user, password;

    public static void main(String[] arguments) throws Exception {
        url = arguments[0]; user = arguments[1]; password = System.getenv("PGPASSWORD");
        TimeZone.setDefault(TimeZone.getTimeZone("Europe/Berlin"));
        Map<String, Check> checks = new LinkedHashMap<>();
        Meta.add(checks);
        Queries.add(checks);
        for (Map.Entry<String, Check> each : checks.entrySet()) {
            Object answer;
            try { answer = each.getValue().run(); }
            catch (Throwable error) { answer = List.of("raised", told(error)); }
            System.out.println(Json.of(List.of(each.getKey(), answer)));
        }
    }

    static Connection connect(String... options) throws SQLException {
        Properties p = new Properties();
        p.setProperty("user", user); p.setProperty("password", password);
        p.setProperty("connectTimeout", "10"); p.setProperty("socketTimeout", "30");
        for (int i = 0; i < options.length; i += 2) p.setProperty(options[i], options[i + 1]);
        return DriverManager.getConnection(url, p);
    }

    static Object told(Throwable error) {
        if (error instanceof SQLException e && e.getSQLState() != null) return e.getSQLState();
        return error.toString();
    }

    /** All rows, each value as text; columns first. */
    static List<Object> table(ResultSet rows, String... left_out) throws SQLException {
        ResultSetMetaData meta = rows.getMetaData();
        Set<String> without = new HashSet<>(List.of(left_out));
        List<Object> all = new ArrayList<>(), names = new ArrayList<>();
        for (int i = 1; i <= meta.getColumnCount(); i++) names.add(meta.getColumnName(i));
        all.add(names);
        while (rows.next()) {
            List<Object> row = new ArrayList<>();
            for (int i = 1; i <= names.size(); i++)
                if (without.contains(names.get(i - 1))) row.add("");
                else row.add(rows.getObject(i) instanceof byte[] bytes ? bytes : rows.getString(i));
            all.add(row);
        }
        rows.close();
        return all;
    }

    static List<Object> columns(ResultSetMetaData m) throws SQLException {
        List<Object> all = new ArrayList<>();
        for (int i = 1; i <= m.getColumnCount(); i++)
            all.add(Arrays.asList(m.getColumnLabel(i), m.getColumnName(i), m.getColumnType(i),
                m.getColumnTypeName(i), m.getColumnClassName(i), m.getPrecision(i), m.getScale(i),
                m.getColumnDisplaySize(i), m.isNullable(i), m.isSigned(i), m.isAutoIncrement(i),
                m.getTableName(i), m.getSchemaName(i)));
        return all;
    }
}
