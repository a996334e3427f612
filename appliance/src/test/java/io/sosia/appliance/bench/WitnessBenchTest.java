package io.sosia.appliance.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.witness.claim.PairId;
import io.sosia.witness.client.WitnessAnswer;
import io.sosia.witness.client.WitnessClient;
import io.sosia.witness.client.WitnessClientConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class WitnessBenchTest {

    @Test
    @Timeout(600)
    void measuresClaimsAndTheLossOfTheLeaderOnRealMembers() throws Exception {
        List<WitnessBench.Row> rows = new ArrayList<>();
        List<String> said = new ArrayList<>();
        new WitnessBench(new WitnessBench.Settings(1, List.of(3), 500, 100, 1, 1, true), said::add).measure(rows::add);
        assertThat(rows).singleElement().satisfies(row -> {
            assertThat(row.members()).isEqualTo(3);
            assertThat(row.values().get(1)).isEqualTo("on");
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
    @Timeout(180)
    void membersAreAskedOverTlsOnlyUnlessTheyAreToldOtherwise(@TempDir Path folder) throws Exception {
        assertThat(whoDoesNotEncrypt(Files.createDirectory(folder.resolve("on")), true)).isInstanceOf(WitnessAnswer.Unanswered.class);
        assertThat(whoDoesNotEncrypt(Files.createDirectory(folder.resolve("off")), false)).isInstanceOf(WitnessAnswer.Answered.class);
    }

    /// What a client without credentials hears of a witness that answers its own.
    private static WitnessAnswer<?> whoDoesNotEncrypt(Path folder, boolean encrypted) throws Exception {
        PairId pair = new PairId(new UUID(1, 1));
        Duration patience = Duration.ofSeconds(60);
        try (WitnessMembers witness = WitnessMembers.form(folder, 1, encrypted);
                WitnessClient own = witness.client();
                WitnessClient plain = WitnessClient.open(new WitnessClientConfig(witness.addresses()))) {
            assertThat(own.read(pair, patience).get()).isInstanceOf(WitnessAnswer.Answered.class);
            return plain.read(pair, encrypted ? Duration.ofSeconds(5) : patience).get();
        }
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
        assertThatThrownBy(() -> new WitnessBench.Settings(1, List.of(), 200, 100, 1, 1, true)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new WitnessBench.Settings(1, List.of(1), 200, 0, 1, 1, true)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new WitnessBench.Settings(1, List.of(1), 1, 100, 1, 1, true)).isInstanceOf(IllegalArgumentException.class);
    }
}
