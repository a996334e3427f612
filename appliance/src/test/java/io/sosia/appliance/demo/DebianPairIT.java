package io.sosia.appliance.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.engine.EngineKind;
import io.sosia.appliance.image.PreparedImage;
import io.sosia.appliance.node.NodeConfig;
import io.sosia.appliance.node.NodeStatus;
import io.sosia.appliance.tls.Tls;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.claim.PairState;
import io.sosia.witness.claim.TableEntry;
import io.sosia.witness.client.WitnessAddress;
import io.sosia.witness.client.WitnessAnswer;
import io.sosia.witness.client.WitnessClient;
import io.sosia.witness.client.WitnessClientConfig;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What a pair that runs Debian does when it ends on purpose, and when its backup stands still.
@Timeout(1_800)
class DebianPairIT {

    private static final Duration BOOT_LIMIT = Duration.ofMinutes(15);
    private static final Duration SOON = Duration.ofSeconds(180);
    /// Exit status of a process that has ended in order on SIGTERM.
    private static final int ENDED_ON_PURPOSE = 0;
    private static final Optional<NodeProcess> NOBODY_WATCHED = Optional.empty();

    @TempDir
    static Path directory;

    private static LocalSite site;
    private final Narrator narrator = new Narrator(new PrintStream(OutputStream.nullOutputStream()), false, false);

    private LocalPair pair;
    private GuestConsole console;

    @BeforeAll
    static void startSite() throws Exception {
        PreparedImage.provide();
        site = LocalSite.in(new LocalSite.Setup(directory.resolve("site"), "128M", "local", 0, EngineKind.TRANSLATOR));
        site.start();
    }

    @AfterAll
    static void endSite() {
        if (site != null) {
            site.close();
        }
    }

    private void boot() throws DemoException {
        pair = site.newPair();
        pair.start();
        console = new GuestConsole(_ -> { });
        pair.a().awaitState("PROTECTED", SOON);
        console.awaitText("GUEST READY", 0, pair.a(), BOOT_LIMIT);
    }

    private void type(NodeProcess node, String line) throws Exception {
        node.client().type((line + "\n").getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void aRebootKeepsThePairProtectedAndAPoweroffEndsBothNodes() throws Exception {
        boot();
        NodeStatus before = pair.a().awaitState("PROTECTED", SOON);
        long offset = console.offset();

        type(pair.a(), "reboot");
        console.awaitText("GUEST READY", offset, pair.a(), BOOT_LIMIT);

        NodeStatus after = pair.a().awaitState("PROTECTED", SOON);
        assertThat(after.epoch()).as("no takeover on the way").isEqualTo(before.epoch());
        assertThat(after.steps()).as("steps go on counting").isGreaterThan(before.steps());
        assertThat(pair.b().awaitState("READY", SOON).epoch()).isEqualTo(before.epoch());

        type(pair.a(), "poweroff");
        assertThat(pair.a().process().awaitEnd(SOON)).as(pair.a().process().tail()).isZero();
        assertThat(pair.b().process().awaitEnd(SOON)).as(pair.b().process().tail()).isZero();
        assertThat(record(after.pairId()).record().state()).isEqualTo(PairState.STOPPED);
    }

    @Test
    void aTerminatedBackupLeavesThePrimarySoloAtOnceAndServing() throws Exception {
        boot();
        Counting counting = Counting.begin(site.ports().redis(), narrator);
        counting.awaitAcknowledged(50, NOBODY_WATCHED);

        pair.b().process().terminate();
        assertThat(pair.b().process().awaitEnd(SOON)).as(pair.b().process().tail()).isEqualTo(ENDED_ON_PURPOSE);
        NodeStatus alone = pair.a().awaitState("SOLO", SOON);
        assertThat(alone.transitions()).extracting(NodeStatus.Transition::reason)
                .as("the reason to go SOLO").anyMatch(reason -> reason.startsWith("the backup leaves"))
                .as("silence was not waited for").noneMatch(reason -> reason.contains("silent"));
        counting.awaitAcknowledged(counting.client().acknowledged() + 50, NOBODY_WATCHED);

        assertThat(counting.finish(site.ports().redis())).isEqualTo(counting.client().acknowledged());
        assertThat(counting.client().lost() + counting.client().repeated()).isZero();
    }

    @Test
    void aTerminatedPrimaryHandsOverAndNothingIsLostOrShownTwice() throws Exception {
        boot();
        Counting counting = Counting.begin(site.ports().redis(), narrator);
        long offset = console.offset();
        type(pair.a(),
                "i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo tick $i; usleep 10000; done; echo 'ticks' 'done'");
        console.awaitText("tick 20\r", offset, pair.a(), SOON);
        counting.awaitAcknowledged(50, NOBODY_WATCHED);

        pair.a().process().terminate();
        assertThat(pair.a().process().awaitEnd(SOON)).as(pair.a().process().tail()).isEqualTo(ENDED_ON_PURPOSE);
        pair.b().awaitState("SOLO", SOON);
        console.awaitText("ticks done", offset, pair.b(), SOON);
        counting.awaitAcknowledged(counting.client().acknowledged() + 50, NOBODY_WATCHED);

        assertThat(counting.finish(site.ports().redis())).isEqualTo(counting.client().acknowledged());
        assertThat(counting.client().lost() + counting.client().repeated()).isZero();
        List<String> ticks = console.text().lines()
                .map(String::strip).filter(line -> line.matches("tick \\d+")).toList();
        assertThat(ticks).as("console lines across the handover")
                .isEqualTo(IntStream.rangeClosed(1, 300).mapToObj(i -> "tick " + i).toList());
    }

    @Test
    void whileTheBackupStandsStillNothingLeavesUntilSoloIsGranted() throws Exception {
        boot();
        Counting counting = Counting.begin(site.ports().redis(), narrator);
        counting.awaitAcknowledged(50, NOBODY_WATCHED);

        long beforeMicros = micros();
        pair.b().process().signal("STOP");
        long stopped = System.nanoTime();
        long stoppedMicros = micros();
        NodeStatus alone = pair.a().awaitState("SOLO", SOON);
        counting.awaitAcknowledged(counting.client().acknowledged() + 50, NOBODY_WATCHED);

        long soloMicros = alone.transitions().stream()
                .filter(each -> each.to().equals("SOLO")).findFirst().orElseThrow().atMicros();
        assertThat(soloMicros - beforeMicros).as("silence makes the suspicion").isGreaterThan(500_000);
        long solo = stopped + TimeUnit.MICROSECONDS.toNanos(soloMicros - stoppedMicros);
        // The client asks only after a reply: the one that the backup acknowledged just before may still be on its way.
        assertThat(LongStream.of(counting.client().replyNanos()).filter(each -> each > stopped && each < solo).count())
                .as("replies that left before SOLO was granted")
                .isLessThanOrEqualTo(1);
        assertThat(counting.finish(site.ports().redis())).isEqualTo(counting.client().acknowledged());

        pair.b().process().signal("CONT");
        pair.b().awaitState("READY", SOON);
        assertThat(pair.a().awaitState("PROTECTED", SOON).clonePauseMillis()).as("it was taken in again").isPositive();
    }

    private static long micros() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    }

    private TableEntry record(String pairId) throws Exception {
        int colon = site.witnessAddress().indexOf(':');
        WitnessAddress address = new WitnessAddress(site.witnessAddress().substring(0, colon),
                Integer.parseInt(site.witnessAddress().substring(colon + 1)));
        // As the node itself asks.
        Tls node = Tls.open(NodeConfig.read(pair.configuration("a")).tls().orElseThrow());
        try (WitnessClient client = WitnessClient.open(
                new WitnessClientConfig(List.of(address), Optional.of(node.forWitness())))) {
            WitnessAnswer<Optional<TableEntry>> answer = client.read(PairId.parse(pairId), Duration.ofSeconds(30))
                    .join();
            assertThat(answer).isInstanceOf(WitnessAnswer.Answered.class);
            return ((WitnessAnswer.Answered<Optional<TableEntry>>) answer).value().orElseThrow();
        }
    }
}
