package io.sosia.appliance.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class WitnessBenchTest {

    @Test
    @Timeout(600)
    void measuresClaimsAndTheLossOfTheLeaderOnRealMembers() throws Exception {
        List<WitnessBench.Row> rows = new ArrayList<>();
        List<String> said = new ArrayList<>();
        new WitnessBench(new WitnessBench.Settings(1, List.of(3), 500, 100, 1, 1), said::add).measure(rows::add);
        assertThat(rows).singleElement().satisfies(row -> {
            assertThat(row.members()).isEqualTo(3);
            assertThat(row.p50Millis()).isPositive().isLessThanOrEqualTo(row.p99Millis());
            assertThat(row.ratioToAppend()).isPositive();
            assertThat(row.lossSeconds().orElseThrow()).isPositive();
            assertThat(row.rssMiB()).isPositive();
            assertThat(row.storageMiB()).isPositive();
            assertThat(row.values()).hasSameSizeAs(WitnessBench.Row.COLUMNS);
        });
        assertThat(said).anyMatch(line -> line.contains("500 pairs registered")).anyMatch(line -> line.contains("leader killed"));
    }

    @Test
    void percentileIsTheLeastValueThatSoManyDoNotExceed() {
        double[] hundred = new double[100];
        for (int i = 0; i < 100; i++) {
            hundred[i] = i + 1;
        }
        assertThat(WitnessBench.percentile(hundred, 50)).isEqualTo(50);
        assertThat(WitnessBench.percentile(hundred, 99)).isEqualTo(99);
        assertThat(WitnessBench.percentile(new double[] {7}, 99)).isEqualTo(7);
    }

    @Test
    void settingsOutOfRangeAreRefused() {
        assertThatThrownBy(() -> new WitnessBench.Settings(1, List.of(), 200, 100, 1, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new WitnessBench.Settings(1, List.of(1), 200, 0, 1, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new WitnessBench.Settings(1, List.of(1), 1, 100, 1, 1)).isInstanceOf(IllegalArgumentException.class);
    }
}
