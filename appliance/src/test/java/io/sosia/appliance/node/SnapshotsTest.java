package io.sosia.appliance.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.appliance.cli.Sosia;
import io.sosia.appliance.config.ConfigException;
import io.sosia.appliance.control.ControlClient;
import io.sosia.appliance.control.ControlRefusedException;
import io.sosia.appliance.control.ControlServer;
import io.sosia.appliance.machine.Machine;
import io.sosia.appliance.machine.MachineSpec;
import io.sosia.appliance.snapshot.SnapshotFolder;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/// `sosia snapshot` with a pair in this process: what is saved on the backup while the primary runs is what the next life goes
/// on from.
@Timeout(600)
class SnapshotsTest {

    @RegisterExtension
    static final WitnessOfTests WITNESS = new WitnessOfTests();

    @TempDir
    private Path folder;
    private PairFiles pair;
    private final List<AutoCloseable> open = new ArrayList<>();

    /// A node that lives until it is closed, with its control API.
    private final class Running implements AutoCloseable {
        final Node node;
        final ControlServer control;

        Running(String name) throws Exception {
            node = Node.open(pair.config(name));
            control = new ControlServer(pair.control(name), () -> node);
            open.add(this);
            node.begin();
        }

        Running await(String state) {
            PairFiles.await(state, () -> node.status().state().equals(state), node::status);
            return this;
        }

        @Override
        public void close() throws IOException {
            control.close();
            node.close();
        }
    }

    private record Said(int status, String out, String err) {}

    private Said sosia(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine line = Sosia.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        return new Said(line.execute(arguments), out.toString(), err.toString());
    }

    private Path snapshot() {
        return folder.resolve("saved");
    }

    private Said save(String node) {
        return sosia("snapshot", "save", snapshot().toString(), "--config", pair.file(node).toString());
    }

    private Said restore(String node, String... more) {
        List<String> all = new ArrayList<>(List.of("snapshot", "restore", snapshot().toString(), "--config",
                pair.file(node).toString()));
        all.addAll(List.of(more));
        return sosia(all.toArray(String[]::new));
    }

    @AfterEach
    void endAll() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    private static void awaitBytes(ConsoleLog console, long end) {
        PairFiles.await("console up to " + end, () -> console.end() >= end, console::end);
    }

    private Running[] protectedPair(PairFiles files) throws Exception {
        pair = files;
        Running a = new Running("a");
        Running b = new Running("b");
        a.await("PROTECTED");
        b.await("READY");
        return new Running[] {a, b};
    }

    private PairFiles ledger() throws Exception {
        return PairFiles.withLedger(folder, WITNESS.port(), "failure: {silenceMillis: 10000}");
    }

    /// The first ends last, when its claim is granted: it is the owner then.
    private static void endBackupFirst(Running... nodes) throws Exception {
        nodes[1].close();
        nodes[0].await("SOLO").close();
    }

    private static void assertDone(Said said) {
        assertThat(said.status()).as("%s", said).isZero();
    }

    private static void assertOneLine(Said said, int status, String... words) {
        assertThat(said.status()).as("%s", said).isEqualTo(status);
        assertThat(said.err().lines().filter(line -> line.startsWith("sosia "))).as("%s", said).hasSize(1)
                .first().asString().contains(words);
    }

    /// On whichever node is the owner by then.
    @ParameterizedTest
    @ValueSource(strings = {"a", "b"})
    void nextLifeGoesOnFromWhatWasSavedWhileThePrimaryRan(String owner) throws Exception {
        Running[] nodes = protectedPair(ledger());
        byte[] original = Files.readAllBytes(folder.resolve("disk.img"));
        awaitBytes(nodes[1].node.console(), 700);
        long before = nodes[0].node.console().end();
        SnapshotFolder saved = savedWithARequestUnderWay();
        long letters = saved.header().point().totals().consoleBytes();
        byte[] image = Files.readAllBytes(saved.disk());
        assertThat(image).as("the disk after %d rounds, or one more under way", letters).satisfiesAnyOf(
                disk -> assertThat(disk).isEqualTo(LedgerGuest.disk(original, letters)),
                disk -> assertThat(disk).isEqualTo(LedgerGuest.disk(original, letters + 1)));
        awaitBytes(nodes[0].node.console(), before + 300);
        assertThat(nodes[0].node.status().state()).isEqualTo("PROTECTED");
        endBackupFirst(owner.equals("a") ? nodes : new Running[] {nodes[1], nodes[0]});

        assertOneLine(restore(owner), 2, "--replace");
        assertDone(restore(owner, "--replace"));
        assertThat(Files.readAllBytes(pair.state(owner).resolve("disk/data.img"))).isEqualTo(image);
        Running again = new Running(owner).await("SOLO");
        awaitBytes(again.node.console(), letters + 300);
        ConsoleLog.Piece piece = again.node.console().from(0, Integer.MAX_VALUE);
        assertThat(piece.offset()).as("goes on, does not boot").isEqualTo(letters);
        assertThat(TickingGuest.goesOn(piece.offset(), piece.bytes())).as("%s",
                new String(piece.bytes(), StandardCharsets.US_ASCII)).isTrue();
        assertThat(again.node.status().steps()).isGreaterThan(saved.header().step());
        assertThat(pair.state(owner).resolve("restore")).as("goes on from there once").doesNotExist();

        Running partner = new Running(owner.equals("a") ? "b" : "a").await("READY");
        again.await("PROTECTED");
        again.node.type("p".getBytes(StandardCharsets.US_ASCII));
        again.node.ending().join();
        partner.node.ending().join();
        again.close();
        partner.close();
        byte[] last = LedgerGuest.disk(original, again.node.console().end());
        assertThat(Files.readAllBytes(pair.state("a").resolve("disk/data.img"))).isEqualTo(last);
        assertThat(Files.readAllBytes(pair.state("b").resolve("disk/data.img"))).isEqualTo(last);
    }

    /// Saves until it has caught the guest waiting for its disk.
    private SnapshotFolder savedWithARequestUnderWay() throws Exception {
        NodeConfig config = pair.config("b");
        for (int tries = 0; tries < 60; tries++) {
            assertDone(save("b"));
            SnapshotFolder saved = SnapshotFolder.open(snapshot());
            MachineSpec spec = MachineParts.of(config.machine()).spec(saved.header().diskBytes(),
                    MachineSpec.Mac.parse(saved.header().machine().mac()), false);
            try (InputStream state = Files.newInputStream(saved.state())) {
                if (!Machine.restore(state, spec).pendingDiskRequests().isEmpty()) {
                    return saved;
                }
            }
            NodeHome.deleteTree(snapshot());
        }
        throw new AssertionError("60 snapshots without a request under way");
    }

    @Test
    void machineWithoutADiskIsSavedAndRestored() throws Exception {
        Running[] nodes = protectedPair(PairFiles.withoutDisk(folder, WITNESS.port(), "failure: {silenceMillis: 10000}"));
        assertDone(save("b"));
        try (var files = Files.list(snapshot())) {
            assertThat(files.map(file -> file.getFileName().toString())).containsExactlyInAnyOrder("snapshot.json",
                    "machine.snapshot");
        }
        endBackupFirst(nodes);
        assertDone(restore("a", "--replace"));
        long letters = SnapshotFolder.open(snapshot()).header().point().totals().consoleBytes();
        Running again = new Running("a").await("SOLO");
        awaitBytes(again.node.console(), letters + 30);
        assertThat(again.node.console().from(0, 30).offset()).isEqualTo(letters);
    }

    @Test
    void onlyABackupSavesAndNothingIsLeftOfWhatFailed() throws Exception {
        Running[] nodes = protectedPair(ledger());
        assertOneLine(save("a"), 1, "node a is the primary (PROTECTED)", "ask the backup, node b");
        assertThat(snapshot()).doesNotExist();
        Files.createDirectory(snapshot());
        assertOneLine(save("b"), 1, "exists already; name a new folder");
        Files.delete(snapshot());
        assertOneLine(sosia("snapshot", "save", folder.resolve("no/where").toString(), "--config",
                pair.file("b").toString()), 1, "there is no folder " + folder.resolve("no"));
        assertOneLine(sosia("snapshot", "save", "x"), 2, "--config FILE or --control HOST:PORT");
        try (ControlClient backup = new ControlClient(nodes[1].control.address())) {
            assertThatThrownBy(() -> backup.beginSnapshot("relative")).isInstanceOf(ControlRefusedException.class)
                    .hasMessageContaining("absolute");
            SnapshotStatus begun = backup.beginSnapshot(snapshot().toString());
            backup.endSnapshot(begun.id());
            SnapshotStatus end = backup.renewSnapshot(begun.id());
            assertThat(end.over()).isTrue();
            assertThat(Files.exists(snapshot())).isEqualTo(end.phase().equals("done"));
            assertThat(folder.resolve("saved.unfinished")).doesNotExist();
            assertThatThrownBy(() -> backup.renewSnapshot("another")).isInstanceOf(ControlRefusedException.class);
        }
        nodes[1].close();
        nodes[0].await("SOLO");
        assertOneLine(save("a"), 1, "node a is the primary (SOLO)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"snapshot.json", "machine.snapshot", "disk.img"})
    void damagedMissingAndCutFilesAreRefusedInOneLine(String name) throws Exception {
        endBackupFirst(savedByPair());
        byte[] stamp = Files.readAllBytes(pair.state("a").resolve("stamp.json"));
        Path file = snapshot().resolve(name);
        byte[] whole = Files.readAllBytes(file);
        byte[] flipped = whole.clone();
        flipped[whole.length / 2] ^= 1;
        Files.write(file, flipped);
        assertOneLine(restore("a", "--replace"), 1, name, "damaged");
        Files.write(file, new byte[0], StandardOpenOption.TRUNCATE_EXISTING);
        assertOneLine(restore("a", "--replace"), 1, name);
        Files.delete(file);
        assertOneLine(restore("a", "--replace"), 1, name);
        assertThat(Files.readAllBytes(pair.state("a").resolve("stamp.json"))).as("as it was").isEqualTo(stamp);
        assertThat(folder.resolve("state-a.restoring")).doesNotExist();
    }

    private Running[] savedByPair() throws Exception {
        Running[] nodes = protectedPair(ledger());
        assertDone(save("b"));
        return nodes;
    }

    @Test
    void restoreIsRefusedWhereItWouldBeOfNoUseOrDoHarm() throws Exception {
        Running[] nodes = savedByPair();
        assertOneLine(restore("a", "--replace"), 1, "is in use by process");
        assertOneLine(restore("b", "--replace"), 1, "node b is not the owner", "node a is: restore there");
        endBackupFirst(nodes);
        String config = Files.readString(pair.file("a"));
        Files.writeString(pair.file("a"), config.replace("ram: 64M", "ram: 128M"));
        assertOneLine(restore("a", "--replace"), 2, "128 MiB", "64 MiB");
        Files.writeString(pair.file("a"), config.replace("ram: 64M", "ram: 64M, append: quiet"));
        assertOneLine(restore("a", "--replace"), 2, "built differently");
        Files.writeString(pair.file("a"), config.replace("partner: {name: b", "partner: {name: c"));
        assertOneLine(restore("a", "--replace"), 1, "nodes a and b");
        Files.writeString(pair.file("a"), config);
        assertDone(restore("a", "--replace"));
        assertThatThrownBy(() -> SnapshotRestore.of(snapshot(), pair.config("a"), false)).isInstanceOf(ConfigException.class);
    }

    @Test
    void commandsSayWhatTheyDo() {
        assertThat(sosia("snapshot", "--help").out()).contains("save", "restore");
        assertThat(sosia("snapshot", "save", "--help").out()).contains("DIR", "--config", "--control", "--json", "Exit status");
        assertThat(sosia("snapshot", "restore", "--help").out()).contains("DIR", "--replace", "goes on from", "Exit status");
        assertOneLine(sosia("snapshot", "restore", "x", "--config", "nowhere.yaml"), 2, "nowhere.yaml");
    }
}
