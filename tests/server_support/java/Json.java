import java.util.*;

/** JSON of lists, maps, text, numbers, truths and null; anything else as text. */
final class Json {
    static String of(Object value) {
        if (value == null) return "null";
        if (value instanceof Boolean || value instanceof Integer || value instanceof Long) return value.toString();
        StringBuilder out = new StringBuilder();
        if (value instanceof Map<?, ?> map) {
            for (Map.Entry<?, ?> e : map.entrySet())
                out.append(out.length() == 0 ? "" : ",").append(of(e.getKey().toString())).append(":").append(of(e.getValue()));
            return "{" + out + "}";
        }
        if (value instanceof Collection<?> many) {
            for (Object one : many) out.append(out.length() == 0 ? "" : ",").append(of(one));
            return "[" + out + "]";
        }
        if (value instanceof Object[] many) return of(Arrays.asList(many));
        if (value instanceof byte[] bytes) return of(HexFormat.of().formatHex(bytes));
        for (char c : value.toString().toCharArray())
            if (c == '"' || c == '\\') out.append('\\').append(c);
            else if (c < ' ') out.append(String.format("\\u%04x", (int) c));
            else out.append(c);
        return "\"" + out + "\"";
    }
}
