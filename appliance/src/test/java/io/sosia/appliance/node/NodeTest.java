package io.sosia.appliance.node;

import static io.sosia.appliance.node.RunningNodes.awaitState;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.appliance.pair.PeerMessage.DiskStamp;
import io.sosia.disksync.block.Partner;
import io.sosia.disksync.store.DiskStore;
import io.sosia.witness.claim.NodeName;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Two nodes in this process, with a real witness, real disks and a real link.
@Timeout(600)
class NodeTest {

    @RegisterExtension
    static final WitnessOfTests WITNESS = new WitnessOfTests();

    @TempDir
    private Path folder;
    private PairFiles pair;
    private RunningNodes nodes;

    @BeforeEach
    void giveBirth() throws Exception {
        // A loaded host may hold a thread up for long; no test here is about silence.
        pair = new PairFiles(folder, WITNESS.port(), "failure: {silenceMillis: 10000}");
        nodes = new RunningNodes(pair);
    }

    @AfterEach
    void closeNodes() throws IOException {
        nodes.close();
    }

    /// A backup's disk says so a moment after the pair does.
    private static void awaitDiskInSync(Node node) {
        PairFiles.await("a disk in sync",
                () -> node.disk().filter(disk -> disk.report().partner().equals(Partner.IN_SYNC.name())).isPresent(), node::status);
    }

    private static void awaitConsole(Node node, long bytes) {
        PairFiles.await(bytes + " bytes of console", () -> node.console().end() >= bytes, node::status);
    }

    private Ending end(Node node) throws Exception {
        Ending ending = node.ending().get(180, TimeUnit.SECONDS);
        node.close();
        return ending;
    }

    private DiskStamp stamp(String name) throws IOException {
        return NodeHome.open(pair.state(name), new NodeName(name)).stamp();
    }

    private Partner partnerOfDisk(String name) throws IOException {
        try (DiskStore disk = DiskStore.open(pair.state(name).resolve("disk"))) {
            return disk.superBlock().partner();
        }
    }

    private static void type(Node node, String text) {
        assertThat(node.type(text.getBytes(StandardCharsets.US_ASCII))).isEqualTo(OptionalInt.of(text.length()));
    }

    private static void assertAlphabet(Node node) {
        ConsoleLog.Piece piece = node.console().from(0, Integer.MAX_VALUE);
        assertThat(TickingGuest.goesOn(piece.offset(), piece.bytes()))
                .as("the alphabet from %d on: %s", piece.offset(),
                new String(piece.bytes(), StandardCharsets.US_ASCII)).isTrue();
    }

    @Test
    void pairThatSwitchedItselfOffIsProtectedAgainAtTheNextStart() throws Exception {
        for (int life = 1; life <= 2; life++) {
            Node b = nodes.start("b");
            Node a = nodes.start("a");
            awaitState(a, "PROTECTED");
            awaitState(b, "READY");
            assertThat(NodeHome.ending(pair.state("a"))).isEmpty();
            awaitConsole(a, 30);
            awaitConsole(b, 30);
            assertThat(b.type(new byte[] {'p'})).as("typed at the backup").isEmpty();
            type(a, "p");

            Ending endOfA = end(a);
            Ending endOfB = end(b);
            assertThat(List.of(endOfA.state(), endOfB.state())).as("%s, %s", endOfA, endOfB).containsOnly("STOPPED");
            assertThat(endOfA.failed() || endOfB.failed()).as("%s, %s", endOfA, endOfB).isFalse();
            assertAlphabet(a);
            assertThat(stamp("a").clean()).isTrue();
            assertThat(stamp("b")).isEqualTo(stamp("a"));
            assertThat(NodeHome.ending(pair.state("a"))).contains(endOfA);
            assertThat(List.of(partnerOfDisk("a"), partnerOfDisk("b"))).containsOnly(Partner.IN_SYNC);
        }
    }

    @Test
    void backupThatIsTerminatedLeavesAndThePrimaryGoesOn() throws Exception {
        Node a = nodes.start("a");
        Node b = nodes.start("b");
        awaitState(a, "PROTECTED");
        awaitDiskInSync(b);
        b.terminate();
        assertThat(end(b)).matches(ending -> !ending.failed() && ending.state().equals("STOPPED"));
        awaitState(a, "SOLO");
        awaitConsole(a, a.console().end() + 30);
        assertAlphabet(a);

        a.terminate();
        assertThat(end(a)).matches(ending -> !ending.failed());
        assertThat(stamp("a").clean()).as("an end in the middle is no clean one").isFalse();
        assertThat(List.of(partnerOfDisk("a"), partnerOfDisk("b"))).containsExactly(Partner.AWAY, Partner.IN_SYNC);
    }

    @Test
    void primaryThatIsTerminatedHandsOver() throws Exception {
        Node a = nodes.start("a");
        Node b = nodes.start("b");
        awaitState(a, "PROTECTED");
        awaitConsole(a, 30);
        a.terminate();
        Ending ending = end(a);
        assertThat(ending).matches(it -> !it.failed() && it.state().equals("STOPPED"), ending.toString());
        awaitState(b, "SOLO");
        assertThat(b.console().end()).isGreaterThanOrEqualTo(a.console().end());
        awaitConsole(b, b.console().end() + 30);
        assertAlphabet(b);
        assertThat(stamp("b").clean()).as("the disk of a running machine").isFalse();
        type(b, "p");
        assertThat(end(b)).matches(it -> !it.failed() && it.state().equals("STOPPED"));
        assertThat(stamp("b").clean()).isTrue();
        assertThat(partnerOfDisk("b")).isEqualTo(Partner.AWAY);
    }

    @Test
    void guestThatRestartsStaysProtected() throws Exception {
        Node a = nodes.start("a");
        Node b = nodes.start("b");
        awaitState(a, "PROTECTED");
        awaitConsole(a, 30);
        do {
            long before = b.console().end();
            type(a, "r");
            awaitConsole(b, before + 60);
            // A restart between z and a cannot be seen.
        } while (!new String(b.console().from(0, 1 << 20).bytes(), StandardCharsets.US_ASCII).matches("a.*[^z]abc.*"));
        assertThat(a.status().state()).isEqualTo("PROTECTED");
        assertThat(b.status().state()).isEqualTo("READY");
        byte[] ofA = a.console().from(0, 1 << 20).bytes();
        PairFiles.await("the backup to get there", () -> b.console().end() >= ofA.length, b::status);
        assertThat(b.console().from(0, ofA.length).bytes()).isEqualTo(ofA);
    }

    @Test
    void nodeAloneStartsAfterTheGrace() throws Exception {
        Files.writeString(pair.file("a"), Files.readString(pair.file("a"))
                .replace("failure: {", "failure: {partnerGraceSeconds: 1, "));
        Node a = nodes.start("a");
        awaitState(a, "SOLO");
        awaitConsole(a, 10);
        assertThat(partnerAfterEnd(a)).as("whoever was made from the same image is left behind").isEqualTo(Partner.AWAY);
    }

    private Partner partnerAfterEnd(Node a) throws Exception {
        a.terminate();
        end(a);
        return partnerOfDisk("a");
    }

    @Test
    void secondStartOnTheSameFolderIsToldWhoHasIt() throws Exception {
        nodes.start("a");
        assertThatThrownBy(() -> Node.open(pair.config("a"))).isInstanceOf(IOException.class)
                .hasMessageContaining("in use by process " + ProcessHandle.current().pid());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            pair.json  | {"format":1,       | is damaged
            pair.json  | []                 | is damaged
            pair.json  | {"format":9}       | format 9, expected 1
            """)
    void damagedFileIsNamed(String name, String content, String message) throws Exception {
        Files.writeString(pair.state("a").resolve(name), content);
        assertThatThrownBy(() -> Node.open(pair.config("a"))).isInstanceOf(IOException.class)
                .hasMessageContaining(name).hasMessageContaining(message);
    }

    @Test
    void missingFilesAreNamed() throws Exception {
        Files.delete(pair.state("a").resolve("pair.json"));
        assertThatThrownBy(() -> Node.open(pair.config("a"))).isInstanceOf(IOException.class)
                .hasMessageContaining("sosia pair init");
    }
}
