package io.sosia.appliance.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sosia.appliance.bench.MachineBench.Row;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class ResultTableTest {

    private static final Row OURS = new Row("crc32", "translator", "warm", 1234.56, 1000, OptionalDouble.of(1.5), OptionalDouble.empty());
    private static final Row OTHER = new Row("wide", "interpreter", "cold", 100, 99, OptionalDouble.of(0.25), OptionalDouble.of(0.125));

    private static String shown(boolean json, Row... rows) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ResultTable table = new ResultTable(new PrintStream(out, true, StandardCharsets.UTF_8), json, Row.COLUMNS)) {
            for (Row row : rows) {
                table.row(row.values());
            }
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void tableHasATitleLineAndAnEmptyLineBetweenPrograms() {
        assertThat(shown(false, OURS, OURS, OTHER)).isEqualTo("""
                program    engine       phase     MIPS  process to icount  to plain
                crc32      translator   warm    1234.6   1000.0     1.500         -
                crc32      translator   warm    1234.6   1000.0     1.500         -

                wide       interpreter  cold     100.0     99.0     0.250     0.125
                """);
    }

    @Test
    void jsonIsAnArrayOfObjectsWithNullForWhatWasNotMeasured() throws Exception {
        JsonNode rows = new ObjectMapper().readTree(shown(true, OURS, OTHER));

        assertThat(rows).hasSize(2);
        assertThat(rows.get(0).fieldNames()).toIterable().containsExactly(
                "program", "engine", "phase", "mips", "processMips", "ratioToIcount", "ratioToPlain");
        assertThat(rows.get(0).path("mips").asDouble()).isEqualTo(1234.56);
        assertThat(rows.get(0).path("ratioToPlain").isNull()).isTrue();
        assertThat(rows.get(1).path("ratioToIcount").asDouble()).isEqualTo(0.25);
        assertThat(new ObjectMapper().readTree(shown(true))).isEmpty();
    }
}
