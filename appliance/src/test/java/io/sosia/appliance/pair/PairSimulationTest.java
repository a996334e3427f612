package io.sosia.appliance.pair;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.pair.PairSimulation.Plan;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Whole runs of a pair. To run more of them, or one again:
/// `mvn -pl appliance -am test -Dtest=PairSimulationTest -Dsurefire.failIfNoSpecifiedTests=false
/// -Dsosia.pair.seeds=10000 -Dsosia.pair.firstSeed=1`.
class PairSimulationTest {

    private static final String AGAIN = "to run it again: mvn -pl appliance -am test"
            + " -Dtest=PairSimulationTest#promisesHoldWhateverGoesWrong"
            + " -Dsurefire.failIfNoSpecifiedTests=false -Dsosia.pair.seeds=1 -Dsosia.pair.firstSeed=";
    private static final long FIRST_SEED = Long.getLong("sosia.pair.firstSeed", 1);
    private static final long SEEDS = Long.getLong("sosia.pair.seeds", 200);

    /// What happens in a few hundred runs: its absence means that the faults no longer reach it.
    private static final String[] COMMON = {
        "DRAINING -> CLAIMING", "CLAIMING -> HALTED", "CLAIMING -> FROZEN", "PROTECTED -> HANDING-OVER",
        "WAITING -> CLAIMING", "READY -> HALTED", "READY -> STOPPED", "DRAINING -> STOPPED", "CLAIMING -> STOPPED",
        "record: STOPPED", "reboot", "SOLO -> SYNCING", "STANDBY -> SYNCING", "SYNCING -> CLAIMING", "SYNCING -> READY",
        "SYNCING -> SOLO", "SYNCING -> HALTED",
        "READY -> READY", "CLAIMING -> RELYING", "RELYING -> SOLO"};

    /// What happens in a few thousand.
    private static final String[] RARE = {
        "FROZEN -> SOLO", "FROZEN -> HALTED", "HANDING-OVER -> STOPPED", "HANDING-OVER -> HALTED", "WAITING -> STANDBY",
        "DRAINING -> HALTED", "SYNCING -> DRAINING", "SYNCING -> STOPPED",
        "HANDING-OVER -> CLAIMING", "HANDING-OVER -> PROTECTED", "FROZEN -> RELYING", "RELYING -> STOPPED"};

    /// What an operator does in a few runs of these.
    private static final Map<Faults.Kind, List<String>> ORDERS = Map.of(
            Faults.Kind.ORDERS, List.of("order: Override"),
            Faults.Kind.LIES, List.of("order: Override", "SOLO -> HALTED"),
            Faults.Kind.LOSSES, List.of("order: Reinitialise", "order: Reinitialise of a life", "SOLO -> CLAIMING"));

    private static void run(Plan plan, Map<String, Long> seen) {
        try {
            new PairSimulation(plan).run().forEach((what, times) -> seen.merge(what, times, Long::sum));
        } catch (AssertionError e) {
            throw new AssertionError(plan + "\n" + AGAIN + plan.seed() + "\n" + e.getMessage(), e);
        }
    }

    @Test
    void promisesHoldWhateverGoesWrong() {
        Map<String, Long> seen = new TreeMap<>();
        for (long seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
            run(Plan.of(seed), seen);
        }
        System.out.println(SEEDS + " runs: " + seen);
        if (SEEDS >= 200) {
            assertThat(seen).containsKeys(COMMON);
        }
        if (SEEDS >= 5_000) {
            assertThat(seen).containsKeys(RARE);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"ECHOES", "SLOW_DISKS", "OUTAGES", "PAUSE", "ORDERS", "LIES", "LOSSES"})
    void promisesHoldUnder(Faults.Kind faults) {
        Map<String, Long> seen = new TreeMap<>();
        for (long seed = 1; seed <= Math.max(60, SEEDS / 10); seed++) {
            run(new Plan(seed, Sabotage.NONE, faults, 0, Long.MAX_VALUE), seen);
        }
        assertThat(seen.keySet()).containsAll(ORDERS.getOrDefault(faults, List.of()));
    }

    /// Of either node: what it does for its core is interrupted at every place, from its start until both run for a
    /// while.
    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void promisesHoldWhereverANodeDies(int host) {
        for (int point = 1; point <= 80; point++) {
            run(new Plan(point % 5, Sabotage.NONE, Faults.Kind.NONE, host, point), new TreeMap<>());
        }
    }

    @Test
    void sameSeedIsSameRun() {
        PairSimulation one = new PairSimulation(Plan.of(4));
        PairSimulation other = new PairSimulation(Plan.of(4));
        assertThat(one.run()).isEqualTo(other.run());
        assertThat(one.timeline.trace()).isEqualTo(other.timeline.trace());
    }

    @Test
    void pairIsProtectedWhenNothingGoesWrong() {
        Map<String, Long> seen = new TreeMap<>();
        run(new Plan(3, Sabotage.NONE, Faults.Kind.NONE, 0, Long.MAX_VALUE), seen);
        assertThat(seen).containsEntry("end: PROTECTED", 1L).containsEntry("end: READY", 1L)
                .containsEntry("record: PROTECTED", 1L);
    }
}
