package io.sosia.appliance.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.demo.CrashingPair.Moment;
import io.sosia.appliance.demo.CrashingPair.Phase;
import io.sosia.appliance.demo.CrashingPair.Roles;
import io.sosia.appliance.node.DiskDamage;
import io.sosia.appliance.node.DiskReport;
import io.sosia.appliance.node.PairFiles;
import io.sosia.appliance.node.WitnessOfTests;
import io.sosia.appliance.node.WrittenDisk;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// `kill -9` of either node, or of both, while the disk of one is being made equal to the other's and the guest writes all over it:
/// redundancy comes back by itself every time, and the disks are the same.
///
/// Which nodes, how far on the way, and what else has happened to their disks is decided by a seed: the first few, or as many as
/// `-Dsosia.crash.seeds=N` says, or one alone with `-Dsosia.crash.seed=N`; `-Dsosia.crash.rounds=N` for more rounds with each.
@Timeout(3_600)
class CrashedResyncIT {

    @RegisterExtension
    static final WitnessOfTests WITNESS = new WitnessOfTests();

    private static final int DISK_BYTES = 128 << 20;
    private static final int ROUNDS = Integer.getInteger("sosia.crash.rounds", 2);
    private static final int CRASHES_MAX = 2;
    /// What may happen to a disk that is to be made equal anyhow: so it is done in full, by hash, or only where it has changed.
    private static final List<Optional<DiskDamage>> WAYS = List.of(Optional.empty(), Optional.of(DiskDamage.METADATA_DELETED),
            Optional.of(DiskDamage.DISK_DELETED), Optional.of(DiskDamage.METADATA_SCRIBBLED));

    @TempDir
    Path folder;

    private final Map<Phase, Integer> crashes = new EnumMap<>(Phase.class);
    private final List<String> told = new ArrayList<>();
    private CrashingPair pair;
    private Random random;

    static LongStream seeds() {
        return Long.getLong("sosia.crash.seed") == null ? LongStream.rangeClosed(1, Long.getLong("sosia.crash.seeds", 2))
                : LongStream.of(Long.getLong("sosia.crash.seed"));
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void whereverNodesAreKilledDuringAResyncBothDisksBecomeEqual(long seed) throws Exception {
        random = new Random(seed);
        PairFiles files = PairFiles.withWriter(folder, WITNESS.port(), DISK_BYTES,
                "failure: {silenceMillis: 10000, partnerGraceSeconds: 1}");
        try (CrashingPair both = new CrashingPair(files, Files.createDirectory(folder.resolve("logs")))) {
            pair = both;
            Roles roles = pair.awaitProtected();
            // A resync may be over before this process has seen it: then there is another round.
            for (int round = 1; round <= ROUNDS || crashes.isEmpty() && round <= 10 * ROUNDS; round++) {
                told.add("round " + round);
                roles = crash(roles, WAYS.get((int) Math.floorMod(2 * seed + round, (long) WAYS.size())));
                DiskReport compared = pair.compare(roles.primary());
                assertThat(compared.verify().state()).as("%s", compared).isEqualTo("done");
                assertThat(compared.verify().found()).as("blocks that differ: %s", compared).isZero();
            }
            long seen = pair.switchOff(roles);
            assertThat(Files.mismatch(files.disk("a"), files.disk("b"))).as("first byte in which the disks differ").isEqualTo(-1);
            WrittenDisk.read(files.disk("a"), files.image()).check(seen);
            assertThat(crashes).as("when nodes were killed: %s", told).isNotEmpty();
            System.out.println("seed " + seed + ", resyncs " + pair.resyncModes() + ", " + crashes + ": " + told);
        } catch (Exception | AssertionError e) {
            throw new AssertionError("seed " + seed + ": " + told + System.lineSeparator()
                    + "to run it again: mvn -B verify -pl appliance -am -Dtest=none -Dsurefire.failIfNoSpecifiedTests=false"
                    + " -Dit.test=CrashedResyncIT -Dfailsafe.failIfNoSpecifiedTests=false -Dsosia.crash.seed=" + seed
                    + " -Dsosia.crash.rounds=" + ROUNDS, e);
        }
    }

    /// One node goes and returns, and on the way back nodes are killed.
    private Roles crash(Roles roles, Optional<DiskDamage> how) throws Exception {
        boolean failover = random.nextBoolean();
        Roles now = failover ? new Roles(roles.backup(), roles.primary()) : roles;
        pair.kill(now.backup());
        pair.awaitSolo(now.primary());
        pair.awaitWrites(now.primary(), random.nextInt(500));
        damage(now.backup(), how);
        pair.start(now.backup());
        int times = 1 + random.nextInt(CRASHES_MAX);
        for (int i = 0; i < times; i++) {
            Moment moment = pair.awaitResync(random.nextDouble() * 1.2);
            if (moment.phase() == Phase.OVER) {
                told.add("nobody killed: " + moment.text());
                break;
            }
            killAt(moment);
        }
        return pair.awaitProtected();
    }

    private void killAt(Moment moment) throws Exception {
        int who = random.nextInt(4);
        boolean source = who >= 2;
        boolean target = who != 2;
        String from = moment.roles().primary();
        String to = moment.roles().backup();
        // The target first: just PROTECTED, it would take over.
        if (target) {
            pair.kill(to);
        }
        if (source) {
            pair.kill(from);
        }
        crashes.merge(moment.phase(), 1, Integer::sum);
        told.add((target ? "target " + to + " " : "") + (source ? "source " + from + " " : "") + "killed: " + moment.text());
        if (target) {
            damage(to, WAYS.get(random.nextInt(WAYS.size())));
            pair.start(to);
        }
        if (source) {
            // Its data may be all there is; what it knows of it may be lost.
            damage(from, WAYS.get(random.nextInt(2)));
            pair.start(from);
        }
    }

    private void damage(String node, Optional<DiskDamage> how) throws Exception {
        if (how.isPresent()) {
            told.add(how.get() + " on " + node);
            pair.damage(node, how.get());
        }
    }
}
