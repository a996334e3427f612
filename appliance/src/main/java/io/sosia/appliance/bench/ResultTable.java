package io.sosia.appliance.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/// Shows rows as they come: a table for people, with an empty line after rows of the same first value, or an array of JSON objects, one a line.
public final class ResultTable implements AutoCloseable {

    /// One column.
    ///
    /// @param key      in JSON
    /// @param title    in the table
    /// @param width    in the table, characters; numbers stand right
    /// @param decimals of a number; -1 for text
    public record Column(String key, String title, int width, int decimals) {}

    /// A column of words.
    static Column text(String key, int width) {
        return new Column(key, key, width, -1);
    }

    /// A column of numbers.
    static Column number(String key, String title, int width, int decimals) {
        return new Column(key, title, width, decimals);
    }

    private static final ObjectMapper JSON = new ObjectMapper();

    private final PrintStream out;
    private final boolean json;
    private final List<Column> columns;
    private Object group;
    private int rowsOfGroup;
    private boolean begun;

    /// @param json whether programs read it
    public ResultTable(PrintStream out, boolean json, List<Column> columns) {
        this.out = out;
        this.json = json;
        this.columns = columns;
    }

    /// Shows one row.
    ///
    /// @param values in the columns' order: text, numbers, or an [OptionalDouble], which is empty where nothing was measured
    public void row(List<Object> values) {
        if (values.size() != columns.size()) {
            throw new IllegalArgumentException(values.size() + " values, expected " + columns.size());
        }
        if (json) {
            out.print((begun ? ",\n" : "[\n") + asJson(values));
        } else {
            if (!begun) {
                printLine(columns.stream().map(column -> (Object) column.title()).toList());
            } else if (!values.getFirst().equals(group) && rowsOfGroup > 1) {
                out.println();
            }
            printLine(values);
        }
        rowsOfGroup = values.getFirst().equals(group) ? rowsOfGroup + 1 : 1;
        group = values.getFirst();
        begun = true;
        out.flush();
    }

    private void printLine(List<Object> values) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < columns.size(); i++) {
            Column column = columns.get(i);
            line.append(i == 0 ? "" : " ").append(String.format(Locale.ROOT,
                    "%" + (column.decimals() < 0 ? "-" : "") + column.width() + "s", text(values.get(i), column)));
        }
        out.println(line.toString().stripTrailing());
    }

    private static String text(Object value, Column column) {
        return switch (value) {
            case OptionalDouble maybe when maybe.isEmpty() -> "-";
            case OptionalDouble some -> text(some.getAsDouble(), column);
            case Double number -> String.format(Locale.ROOT, "%." + column.decimals() + "f", number);
            default -> value.toString();
        };
    }

    private String asJson(List<Object> values) {
        ObjectNode node = JSON.createObjectNode();
        for (int i = 0; i < columns.size(); i++) {
            String key = columns.get(i).key();
            switch (values.get(i)) {
                case OptionalDouble maybe when maybe.isEmpty() -> node.putNull(key);
                case OptionalDouble some -> node.put(key, some.getAsDouble());
                case Double number -> node.put(key, number);
                case Integer number -> node.put(key, number);
                case Long number -> node.put(key, number);
                default -> node.put(key, values.get(i).toString());
            }
        }
        return node.toString();
    }

    /// Ends the array.
    @Override
    public void close() {
        if (json) {
            out.println(begun ? "\n]" : "[]");
        }
    }
}
