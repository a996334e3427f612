package io.sosia.witness.claim;

import static io.sosia.witness.claim.Samples.PAIR;
import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.witness.claim.ClaimCommand.Change;
import io.sosia.witness.claim.ClaimResult.Granted;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/// What holds of any commands in any order, late copies of earlier ones among them.
class ClaimTablePropertyTest {
    private static final int COMMANDS = 120;

    /// All that was seen of one pair, and what must hold of it.
    private static final class Checker {
        private final Map<Long, NodeName> ownerOf = new HashMap<>();
        private final Map<Long, ClaimCommand> liveBy = new HashMap<>();
        private final Set<Expected> seen = new HashSet<>();
        private final Set<ClaimCommand> refusedForEver = new HashSet<>();
        private final Map<ClaimCommand, PairRecord> grants = new HashMap<>();

        void observe(
                Optional<PairRecord> before, ClaimCommand command, ClaimResult result, Optional<PairRecord> after) {
            if (!(result instanceof Granted(PairRecord record))) {
                assertThat(after).isEqualTo(before);
                if (command instanceof Change change && seen.contains(change.expected())) {
                    refusedForEver.add(command);
                }
                return;
            }
            assertThat(after).contains(record);
            assertThat(record.lastChange()).isEqualTo(command);
            assertThat(refusedForEver).doesNotContain(command);
            PairRecord firstGrant = grants.putIfAbsent(command, record);
            if (firstGrant != null) {
                assertThat(record).as("a grant repeated").isEqualTo(firstGrant);
                assertThat(before).as("a grant repeated").contains(record);
                return;
            }
            before.ifPresent(last -> movesOn(last, record));
            assertThat(seen.add(record.asExpected())).as("a record comes back").isTrue();
            NodeName owner = ownerOf.putIfAbsent(record.epoch(), record.owner());
            assertThat(owner).as("owner of epoch %d", record.epoch()).isIn(null, record.owner());
            if (goesLive(command)) {
                assertThat(liveBy.put(record.epoch(), command)).as("went live in one epoch").isNull();
                assertThat(record.inSync()).hasSize(1).containsKey(record.owner());
            }
        }

        private static void movesOn(PairRecord last, PairRecord next) {
            assertThat(next.epoch()).isGreaterThanOrEqualTo(last.epoch());
            if (next.epoch() == last.epoch()) {
                assertThat(next.owner()).isEqualTo(last.owner());
                assertThat(next.state()).isGreaterThan(last.state());
                assertThat(next.inSync()).containsAllEntriesOf(last.inSync());
            }
        }

        private static boolean goesLive(ClaimCommand command) {
            return command instanceof ClaimCommand.ClaimSolo
                    || command instanceof ClaimCommand.ColdBoot
                    || command instanceof ClaimCommand.Start;
        }
    }

    @Property(tries = 400)
    void oneOwnerAnEpochNoWayBackAndRetriesAreHarmless(@ForAll long seed) {
        CommandSource source = new CommandSource(seed);
        ClaimTable table = new ClaimTable();
        Checker checker = new Checker();
        List<ClaimCommand> sent = new ArrayList<>();
        for (int i = 0; i < COMMANDS; i++) {
            Optional<PairRecord> before = table.find(PAIR).map(TableEntry::record);
            boolean late = !sent.isEmpty() && source.below(3) == 0;
            ClaimCommand command = late ? sent.get(source.below(sent.size())) : source.next(PAIR, before);
            sent.add(command);
            ClaimResult result = table.apply(command);
            checker.observe(before, command, result, table.find(PAIR).map(TableEntry::record));
        }
    }

    @Property(tries = 50)
    void sameCommandsGiveSameAnswersAndSameTables(@ForAll long seed) {
        CommandSource source = new CommandSource(seed);
        ClaimTable one = new ClaimTable();
        ClaimTable other = new ClaimTable();
        for (int i = 0; i < COMMANDS; i++) {
            PairId pairId = Samples.pair(source.below(5));
            ClaimCommand command = source.next(pairId, one.find(pairId).map(TableEntry::record));
            assertThat(other.apply(command)).isEqualTo(one.apply(command));
            assertThat(List.copyOf(other.entries())).isEqualTo(List.copyOf(one.entries()));
            other = ClaimTable.of(other.entries());
        }
    }
}
