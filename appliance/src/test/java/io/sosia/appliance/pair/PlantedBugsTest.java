package io.sosia.appliance.pair;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.pair.PairSimulation.Plan;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The simulation's checks are worth something only if they see a node that breaks the rules.
class PlantedBugsTest {

    private static final int SEEDS_MAX = 2_000;

    @ParameterizedTest
    @CsvSource({
        "RELEASE_ON_SEND, the backup holds the log up to",
        "ACK_WHILE_DRAINING, releases the output at|has left already|the backup holds the log up to",
        "PROMOTE_WITHOUT_CLAIM, never granted to it|two primaries",
        "ANY_LIFE_MAY_ACK, the backup holds the log up to",
        "LIVE_BEFORE_DRAINED, has left already",
        "OPEN_BEFORE_GRANT, never granted to it|SOLO is not granted|two primaries",
        "CUT_WITHOUT_REST, but nothing was corrupted|replayed another output",
        "CUT_WITHOUT_BLOCKS, but nothing was corrupted|replayed another output|without a flushed write|without a write to",
        "FLUSH_FROM_LOG, without a flushed write",
        "STALE_BACKUP_PROMOTED, has left already|releases the output at .* after",
        "HANDS_OVER_UNREAD, gives its machine up",
        "RELIES_BEFORE_IT_IS_DURABLE, the backup holds the log up to",
        "TAKES_RENUNCIATION_BACK_ALONE, has left already|releases the output at .* after",
        "OVERRULED_GOES_ON, still serves|no redundancy|lives on as",
        "ORDER_UNCOMPARED, takes the machine",
        "ORDER_NAMES_ANYBODY, takes the machine",
        "ORDER_ON_A_LIE, takes the machine",
        "REINIT_NAMES_AN_OLDER_LIFE, has left already|releases the output at .* after",
        "REINIT_FORGETS_AN_EPOCH, two primaries",
    })
    void seesPlantedBug(Sabotage bug, String complaint) {
        Optional<String> seen = Optional.empty();
        for (long seed = 0; seed < SEEDS_MAX && seen.isEmpty(); seed++) {
            seen = complaintOf(new Plan(seed, bug, kind(bug), 0, Long.MAX_VALUE));
        }
        assertThat(seen).as("complaint about %s within %d seeds", bug, SEEDS_MAX).isPresent();
        assertThat(seen.get()).containsPattern(complaint);
    }

    private static Optional<String> complaintOf(Plan plan) {
        try {
            new PairSimulation(plan).run();
            return Optional.empty();
        } catch (AssertionError e) {
            return Optional.of(e.getMessage().lines().findFirst().orElseThrow());
        }
    }

    private static Faults.Kind kind(Sabotage bug) {
        return switch (bug) {
            case ANY_LIFE_MAY_ACK -> Faults.Kind.ECHOES;
            case FLUSH_FROM_LOG -> Faults.Kind.SLOW_DISKS;
            case ACK_WHILE_DRAINING -> Faults.Kind.PAUSE;
            case CUT_WITHOUT_REST, CUT_WITHOUT_BLOCKS -> Faults.Kind.PAUSE;
            case RELIES_BEFORE_IT_IS_DURABLE, TAKES_RENUNCIATION_BACK_ALONE -> Faults.Kind.OUTAGES;
            case OVERRULED_GOES_ON, ORDER_ON_A_LIE -> Faults.Kind.LIES;
            case ORDER_UNCOMPARED, ORDER_NAMES_ANYBODY -> Faults.Kind.ORDERS;
            case REINIT_NAMES_AN_OLDER_LIFE, REINIT_FORGETS_AN_EPOCH -> Faults.Kind.LOSSES;
            case NONE, HANDS_OVER_UNREAD, STALE_BACKUP_PROMOTED, RELEASE_ON_SEND, PROMOTE_WITHOUT_CLAIM, LIVE_BEFORE_DRAINED,
                 OPEN_BEFORE_GRANT -> Faults.Kind.ANY;
        };
    }

    @Test
    void honestNodesAreNotAccused() {
        assertThat(complaintOf(Plan.of(1))).isEmpty();
    }
}
