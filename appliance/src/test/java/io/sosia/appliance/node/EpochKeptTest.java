package io.sosia.appliance.node;

import static io.sosia.appliance.node.RunningNodes.awaitState;
import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.witness.claim.NodeName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/// A node that cannot write its epoch does not act on it, and its partner is not kept from going on.
@Timeout(300)
class EpochKeptTest {

    @RegisterExtension
    static final WitnessOfTests WITNESS = new WitnessOfTests();

    @TempDir
    private Path folder;
    private PairFiles pair;
    private RunningNodes nodes;

    @BeforeEach
    void giveBirth() throws Exception {
        pair = new PairFiles(folder, WITNESS.port(), "failure: {silenceMillis: 10000, partnerGraceSeconds: 1}");
        nodes = new RunningNodes(pair);
    }

    @AfterEach
    void closeNodes() throws IOException {
        nodes.close();
    }

    private Path file(String name) {
        return pair.state(name).resolve("epoch.json");
    }

    /// From now on it cannot be written, by root either.
    private void block(String name) throws IOException {
        Files.move(file(name), file(name).resolveSibling("epoch.aside"));
        Files.createDirectory(file(name));
    }

    private void unblock(String name) throws IOException {
        Files.delete(file(name));
        Files.move(file(name).resolveSibling("epoch.aside"), file(name));
    }

    private long durable(String name) throws IOException {
        return NodeHome.open(pair.state(name), new NodeName(name)).remembered().epoch();
    }

    @Test
    void theOwnerClaimsNothingBeforeItCanWriteWhatItClaims() throws Exception {
        Node a = nodes.open("a");
        block("a");
        a.begin();
        awaitState(a, "FROZEN");
        assertThat(a.status().steps()).isZero();
        unblock("a");
        awaitState(a, "SOLO");
        assertThat(durable("a")).isEqualTo(a.status().epoch()).isEqualTo(2);
    }

    @Test
    void aPrimaryThatCannotWriteLeavesTheClaimToItsPartner() throws Exception {
        Node a = nodes.start("a");
        Node b = nodes.start("b");
        awaitState(a, "PROTECTED");
        awaitState(b, "READY");
        long epoch = a.status().epoch();
        assertThat(durable("b")).isEqualTo(epoch);
        block("a");
        assertThat(a.switchOver()).isEmpty();
        awaitState(b, "SOLO");
        assertThat(durable("b")).isEqualTo(b.status().epoch()).isEqualTo(epoch + 1);
    }

    @Test
    void aPrimaryThatHasLostItsBackupGoesOnWhenItCanWriteAgain() throws Exception {
        Node a = nodes.start("a");
        Node b = nodes.start("b");
        awaitState(a, "PROTECTED");
        long epoch = a.status().epoch();
        block("a");
        b.terminate();
        awaitState(a, "FROZEN");
        assertThat(a.status().epoch()).isEqualTo(epoch);
        unblock("a");
        awaitState(a, "SOLO");
        assertThat(durable("a")).isEqualTo(a.status().epoch()).isEqualTo(epoch + 1);
    }

    @Test
    void aNodeThatCannotWriteIsNoBackupAndThePrimaryGoesOnWithoutIt() throws Exception {
        Node a = nodes.start("a");
        awaitState(a, "SOLO");
        Node b = nodes.open("b");
        block("b");
        b.begin();
        PairFiles.await("a has invited it", () -> a.status().transitions().stream()
                .anyMatch(each -> each.from().equals("SYNCING") && each.to().equals("SOLO")), a::status);
        assertThat(b.status().transitions()).noneMatch(each -> each.to().equals("SYNCING"));
        unblock("b");
        awaitState(a, "PROTECTED");
        awaitState(b, "READY");
        assertThat(durable("b")).isEqualTo(a.status().epoch());
    }

    @Test
    void theRecordDecidesWhereTheEpochIsNotKnownAnyMore() throws Exception {
        Node a = nodes.start("a");
        awaitState(a, "SOLO");
        a.terminate();
        a.ending().join();
        a.close();
        Files.writeString(file("a"), "a shred");
        Node again = nodes.start("a");
        awaitState(again, "SOLO");
        assertThat(durable("a")).isEqualTo(again.status().epoch()).isEqualTo(3);
    }
}
