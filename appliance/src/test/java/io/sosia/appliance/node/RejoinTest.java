package io.sosia.appliance.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Redundancy comes back by itself: two nodes in this process through several lives, with a real witness and a real link.
@Timeout(240)
class RejoinTest {

    @RegisterExtension
    static final WitnessOfTests WITNESS = new WitnessOfTests();

    @TempDir
    private Path folder;
    private PairFiles pair;
    private final List<Lives> all = new ArrayList<>();

    /// A node and the thread that leads it from life to life.
    private static final class Lives {
        final Appliance appliance;
        final Thread thread;
        private volatile Ending ending;

        Lives(NodeConfig config) throws Exception {
            appliance = Appliance.open(config);
            thread = Thread.ofPlatform().start(() -> {
                try (appliance) {
                    ending = appliance.run();
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
        }

        String state() {
            return appliance.node().status().state();
        }

        Ending end() throws InterruptedException {
            appliance.terminate();
            thread.join();
            return ending;
        }
    }

    private Lives start(String name) throws Exception {
        Lives lives = new Lives(pair.config(name));
        all.add(lives);
        return lives;
    }

    @AfterEach
    void endAll() throws InterruptedException {
        for (Lives lives : all) {
            lives.end();
        }
    }

    private static void await(Lives lives, String state) {
        PairFiles.await(state, () -> lives.state().equals(state), () -> lives.appliance.node().status());
    }

    private static void awaitProtected(Lives primary, Lives backup) {
        await(primary, "PROTECTED");
        await(backup, "READY");
    }

    private static void assertGoesOn(Lives lives) {
        ConsoleLog console = lives.appliance.node().console();
        long from = console.end();
        PairFiles.await("30 more bytes of console", () -> console.end() >= from + 30, lives.appliance.node()::status);
        ConsoleLog.Piece piece = console.from(0, Integer.MAX_VALUE);
        assertThat(TickingGuest.goesOn(piece.offset(), piece.bytes())).as("the alphabet from %d on: %s", piece.offset(),
                new String(piece.bytes(), StandardCharsets.US_ASCII)).isTrue();
    }

    private void makePair(boolean disk) throws Exception {
        String patient = "failure: {silenceMillis: 10000}";
        pair = disk ? new PairFiles(folder, WITNESS.port(), patient)
                : PairFiles.withoutDisk(folder, WITNESS.port(), patient);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void partnerThatReturnsIsTakenInAgainAndAgain(boolean disk) throws Exception {
        makePair(disk);
        Lives primary = start("a");
        Lives backup = start("b");
        awaitProtected(primary, backup);
        for (int round = 1; round <= 3; round++) {
            assertGoesOn(primary);
            // A primary that is asked to end hands over; its next life is taken in by the other.
            String name = primary.appliance.node().status().node();
            assertThat(primary.end().failed()).isFalse();
            await(backup, "SOLO");
            Lives returned = start(name);
            awaitProtected(backup, returned);
            primary = backup;
            backup = returned;
        }
        assertGoesOn(primary);
        assertGoesOn(backup);
    }

    @Test
    void backupThatReturnsIsTakenInWhileTheMachineRuns() throws Exception {
        makePair(true);
        Lives a = start("a");
        Lives b = start("b");
        awaitProtected(a, b);
        b.end();
        await(a, "SOLO");
        long epoch = a.appliance.node().status().epoch();
        Lives again = start("b");
        awaitProtected(a, again);
        assertThat(a.appliance.node().status().epoch()).as("becoming PROTECTED keeps the epoch").isEqualTo(epoch);
        assertThat(a.appliance.node().status().steps()).isPositive();
        assertGoesOn(again);
    }

    @Test
    void switchoverChangesTheRolesAndKeepsThePairProtected() throws Exception {
        makePair(true);
        Lives a = start("a");
        Lives b = start("b");
        awaitProtected(a, b);
        assertThat(b.appliance.node().switchOver()).contains("not the primary");
        assertThat(a.appliance.node().switchOver()).isEmpty();
        awaitProtected(b, a);
        assertGoesOn(b);
        assertThat(b.appliance.node().switchOver()).isEmpty();
        awaitProtected(a, b);
        assertGoesOn(a);
        assertThat(a.appliance.node().status().transitions()).as("of all lives").hasSizeGreaterThan(6);
    }
}
