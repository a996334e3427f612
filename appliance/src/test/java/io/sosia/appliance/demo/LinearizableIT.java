package io.sosia.appliance.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.engine.EngineKind;
import io.sosia.appliance.history.Linearizability;
import io.sosia.appliance.history.Operation;
import io.sosia.appliance.image.PreparedImage;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What clients of the guest see when nodes are killed: one machine that does one thing after the other.
@Timeout(1_800)
class LinearizableIT {

    private static final Duration BOOT_LIMIT = Duration.ofMinutes(15);
    private static final Duration SOON = Duration.ofSeconds(180);
    private static final int KILLS = Integer.getInteger("sosia.history.kills", 3);
    private static final long SEED = Long.getLong("sosia.history.seed", 20);
    private static final int CLIENTS = 5;
    private static final int KEYS = 3;

    @TempDir
    private Path directory;

    private final Narrator narrator = new Narrator(new PrintStream(OutputStream.nullOutputStream()), false, false);

    @BeforeAll
    static void prepare() throws Exception {
        PreparedImage.provide();
    }

    /// Kills either node, the primary more often, at a random place among the answers.
    private int killAtRandom(LocalPair pair, ConcurrentClients clients) throws DemoException {
        Random random = new Random(SEED);
        Redundancy redundancy = new Redundancy();
        NodeProcess primary = pair.a();
        NodeProcess backup = pair.b();
        int failovers = 0;
        for (int kill = 0; kill < KILLS; kill++) {
            clients.awaitMore(100 + random.nextInt(400));
            if (kill > 0 && random.nextInt(4) == 0) {
                backup.process().kill();
                primary.awaitState("SOLO", SOON);
                clients.awaitMore(50);
                backup = redundancy.restore(pair, backup, primary, narrator);
            } else {
                primary.process().kill();
                backup.awaitState("SOLO", SOON);
                clients.awaitMore(50);
                NodeProcess returned = redundancy.restore(pair, primary, backup, narrator);
                primary = backup;
                backup = returned;
                failovers++;
            }
        }
        return failovers;
    }

    @Test
    void whatConcurrentClientsAreToldThroughRandomKillsIsWhatOneMachineWouldSay() throws Exception {
        try (LocalSite site = LocalSite.in(new LocalSite.Setup(directory.resolve("site"), "128M", "local", 0, EngineKind.AUTO))) {
            site.start();
            LocalPair pair = site.newPair();
            pair.start();
            pair.a().awaitState("PROTECTED", SOON);
            new GuestConsole(_ -> { }).awaitText("GUEST READY", 0, pair.a(), BOOT_LIMIT);
            ConcurrentClients clients = ConcurrentClients.begin(site.ports().redis(), CLIENTS, KEYS, SEED);
            int failovers = killAtRandom(pair, clients);
            clients.awaitMore(100);
            List<List<Operation>> histories = clients.end();

            String again = "again: mvn verify -Dit.test=LinearizableIT -Dsosia.history.seed=" + SEED + " -Dsosia.history.kills=" + KILLS;
            assertThat(failovers).as(again).isPositive();
            for (List<Operation> history : histories) {
                assertThat(history).as("answers of one key").hasSizeGreaterThan(100);
                assertThat(Linearizability.objection(history, 0)).as("%s; all: %s", again, history).isEmpty();
            }
        }
    }
}
