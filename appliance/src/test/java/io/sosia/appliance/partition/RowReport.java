package io.sosia.appliance.partition;

import java.util.Arrays;
import java.util.Optional;

/// What came of a row, as a line on the way from the namespaces to the test.
///
/// @param outcome  of the fault, and `healed` of its healing, in words
/// @param failure  why it is not what it should be
record RowReport(String fault, String outcome, double outcomeSeconds, String healed, double healedSeconds,
        Optional<String> failure) {

    private static final String MARK = "ROW\t";
    private static final int FIELDS = 6;

    static RowReport of(Row row, RowRun.Result result) {
        return new RowReport(row.fault(), result.outcome().what(), result.outcome().nanos() / 1e9, result.healed().what(),
                result.healed().nanos() / 1e9, Optional.empty());
    }

    static RowReport failed(Row row, String why) {
        return new RowReport(row.fault(), "FAILED", 0, "", 0, Optional.of(why));
    }

    String line() {
        return MARK + String.join("\t", fault, outcome, Double.toString(outcomeSeconds), healed, Double.toString(healedSeconds),
                failure.map(why -> why.replace("\\", "\\\\").replace("\t", " ").replace("\n", "\\n")).orElse(""));
    }

    /// The report in a line; empty for lines that are none.
    static Optional<RowReport> parse(String line) {
        if (!line.startsWith(MARK)) {
            return Optional.empty();
        }
        String[] fields = line.substring(MARK.length()).split("\t", -1);
        if (fields.length != FIELDS) {
            throw new IllegalArgumentException(FIELDS + " fields expected, got " + Arrays.toString(fields));
        }
        return Optional.of(new RowReport(fields[0], fields[1], Double.parseDouble(fields[2]), fields[3],
                Double.parseDouble(fields[4]), Optional.of(fields[5].replace("\\n", "\n")).filter(why -> !why.isEmpty())));
    }
}
