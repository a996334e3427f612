package io.sosia.appliance.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sosia.appliance.control.ControlServer;
import io.sosia.appliance.node.Appliance;
import io.sosia.appliance.node.Ending;
import io.sosia.appliance.node.NodeConfig;
import io.sosia.appliance.node.NodeStatus;
import io.sosia.appliance.node.OperatorOrder;
import io.sosia.appliance.node.PairFiles;
import io.sosia.appliance.node.WitnessOfTests;
import io.sosia.appliance.tls.Tls;
import io.sosia.disksync.block.ResyncMark;
import io.sosia.disksync.store.DiskStore;
import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.Epoch;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.OperatorWord;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.claim.TableEntry;
import io.sosia.witness.client.WitnessAddress;
import io.sosia.witness.client.WitnessAnswer.Answered;
import io.sosia.witness.client.WitnessClient;
import io.sosia.witness.client.WitnessClientConfig;
import io.sosia.witness.server.WitnessServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/// Orders against the rules, with two nodes and a witness in this process, real links and the command line.
@Timeout(600)
class PairOrderCommandTest {

    @TempDir
    private Path folder;
    private int witnessPort;
    private WitnessServer witness;
    private PairFiles pair;
    private final List<Lives> all = new ArrayList<>();

    /// A node with its control API, and the thread that leads it from life to life.
    private static final class Lives {
        final Appliance appliance;
        final Thread thread;
        private volatile Ending ending;

        Lives(PairFiles pair, String name) throws Exception {
            appliance = Appliance.open(pair.config(name));
            ControlServer control = new ControlServer(pair.control(name), appliance::node);
            thread = Thread.ofPlatform().start(() -> {
                try (appliance; control) {
                    ending = appliance.run();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }

        NodeStatus status() {
            return appliance.node().status();
        }

        Ending end() throws InterruptedException {
            appliance.terminate();
            thread.join();
            return ending;
        }
    }

    private record Said(int status, String out, String err) {}

    @BeforeEach
    void begin() throws Exception {
        int port;
        try (ServerSocket any = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = any.getLocalPort();
        }
        beginWitness(port, "first");
        pair = new PairFiles(folder, port, "failure: {silenceMillis: 10000, partnerGraceSeconds: 1}");
    }

    private void beginWitness(int port, String storage) throws IOException {
        witness = WitnessOfTests.found(folder, port, storage);
        witnessPort = port;
    }

    @AfterEach
    void endAll() throws InterruptedException {
        for (Lives lives : all) {
            lives.end();
        }
        witness.close();
    }

    private Lives start(String name) throws Exception {
        Lives lives = new Lives(pair, name);
        all.add(lives);
        return lives;
    }

    private static void await(Lives lives, String state) {
        PairFiles.await(state, () -> lives.status().state().equals(state), lives::status);
    }

    private static Said sosia(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine line = Sosia.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        return new Said(line.execute(arguments), out.toString(), err.toString());
    }

    private Said override(String node, String... more) {
        return order("override", List.of(node), more);
    }

    private Said reinit(List<String> nodes, String... more) {
        return order("reinit", nodes, more);
    }

    private Said order(String which, List<String> nodes, String... more) {
        List<String> arguments = new ArrayList<>(List.of("pair", which, "--operator", "ada", "--reason", "a fire"));
        nodes.forEach(node -> arguments.addAll(List.of("--config", pair.file(node).toString())));
        arguments.addAll(List.of(more));
        return sosia(arguments.toArray(String[]::new));
    }

    private TableEntry entry(Lives lives) throws Exception {
        try (WitnessClient client = WitnessClient.open(
                new WitnessClientConfig(List.of(new WitnessAddress("127.0.0.1", witnessPort)),
                        Optional.of(Tls.open(NodeConfig.read(pair.file("a")).tls().orElseThrow()).forWitness())))) {
            var answer = client.read(PairId.parse(lives.status().pairId()), Duration.ofSeconds(30)).join();
            return ((Answered<Optional<TableEntry>>) answer).value().orElseThrow();
        }
    }

    @Test
    void partnerOfALostSoloOwnerGoesLiveOnAnOperatorsWordOnlyAndTheWordIsKept() throws Exception {
        Lives a = start("a");
        Lives b = start("b");
        await(a, "PROTECTED");
        await(b, "READY");
        Said early = override("b", "--yes");
        assertThat(early.status()).isEqualTo(CliException.FAILED);
        assertThat(early.err()).contains("node b is READY");
        b.end();
        await(a, "SOLO");
        assertThat(override("a", "--yes").err()).contains("owns the pair already");
        assertThat(override("b", "--yes").err()).as("while it listens").contains("node a listens at").contains("stop it");
        a.end();

        Lives waiting = start("b");
        await(waiting, "STANDBY");
        Files.writeString(pair.state("b").resolve("epoch.json"), "a shred");
        Said told = override("b");
        assertThat(told.status()).isEqualTo(CliException.BAD_INPUT);
        assertThat(told.err()).contains("AGAINST THE RULES").contains("LOST").contains("nothing was done")
                .contains("epoch.json is damaged").contains("The witness's record decides");
        assertThat(entry(waiting).audit()).isEmpty();

        Said done = override("b", "--yes");
        assertThat(done.status()).as(done.err()).isZero();
        assertThat(done.out()).contains("owner=b").contains("ada (a fire)");
        await(waiting, "SOLO");
        assertThat(entry(waiting).audit()).singleElement().isInstanceOfSatisfying(ClaimCommand.Override.class,
                order -> assertThat(order.word().operator()).isEqualTo("ada"));
        assertThat(Files.readAllLines(pair.state("b").resolve("orders.jsonl"))).singleElement().asString()
                .contains("\"operator\":\"ada\"").contains("\"reason\":\"a fire\"").contains("Override");
        assertThat(waiting.status().transitions()).anyMatch(each -> each.reason().contains("on the word of ada (a fire)"));

        Lives returned = start("a");
        await(waiting, "PROTECTED");
        await(returned, "READY");
    }

    @Test
    void pairGoesOnWithItsMachineWhenAWitnessThatLostItsStorageIsToldOfItAgain() throws Exception {
        Lives a = start("a");
        Lives b = start("b");
        await(a, "PROTECTED");
        await(b, "READY");
        Said known = reinit(List.of("a", "b"), "--yes");
        assertThat(known.status()).isEqualTo(CliException.FAILED);
        assertThat(known.err()).contains("it has lost nothing").contains("override");
        long steps = a.status().steps();
        long epoch = a.status().epoch();
        witness.close();
        beginWitness(witnessPort, "second");
        PairFiles.await("the witness to answer", () -> a.status().witnessReachable(), a::status);
        assertThat(override("b", "--yes").err()).contains("does not know pair").contains("sosia pair reinit");
        assertThat(reinit(List.of("a")).err()).contains("last took part in epoch " + epoch).contains("--partner-epoch");
        assertThat(reinit(List.of("b", "a"), "--yes").err()).as("not the backup").contains("it follows a primary");

        Said done = reinit(List.of("a", "b"), "--yes");
        assertThat(done.status()).as(done.err()).isZero();
        assertThat(done.err()).contains("goes on with its machine").contains("must never run again").doesNotContain("LOST");
        PairFiles.await("a claim of its own", () -> a.status().epoch() == epoch + 2, a::status);
        await(a, "PROTECTED");
        PairFiles.await("the backup is taken in afresh", () -> b.status().state().equals("READY"), b::status);
        assertThat(a.status().steps()).as("the machine was not booted again").isGreaterThan(steps);
        assertThat(a.status().transitions()).noneMatch(each -> each.to().equals("ALONE") && each.epoch() > epoch);
        assertThat(entry(a).audit()).singleElement().isInstanceOf(ClaimCommand.Reinitialise.class);
        assertThat(Files.readString(pair.state("a").resolve("orders.jsonl"))).contains("Reinitialise");
        assertThat(entry(a).record().owner()).isEqualTo(new NodeName("a"));
    }

    @Test
    void ownerThatDoesNotRunBootsAfterALostWitnessAboveTheEpochsOfBothNodes() throws Exception {
        Lives a = start("a");
        await(a, "SOLO");
        long epoch = a.status().epoch();
        a.end();
        witness.close();
        beginWitness(witnessPort, "second");
        Path memory = pair.state("a").resolve("epoch.json");
        byte[] known = Files.readAllBytes(memory);
        Files.writeString(memory, "a shred");
        Said unknown = reinit(List.of("a"), "--partner-epoch", "41", "--yes");
        assertThat(unknown.status()).isEqualTo(CliException.FAILED);
        assertThat(unknown.err()).contains("epoch.json is damaged").contains("{\"epoch\": 5000}");
        Files.write(memory, known);
        Said done = reinit(List.of("a"), "--partner-epoch", "41", "--yes");
        assertThat(done.status()).as(done.err()).isZero();
        assertThat(done.err()).contains("node b last took part in epoch 41, node a in epoch " + epoch).contains("name that node");
        assertThat(done.out()).contains("epoch=42");
        assertThat(epoch).isLessThan(41);
        Lives again = start("a");
        await(again, "SOLO");
        assertThat(again.status().epoch()).isEqualTo(43);
    }

    @Test
    void partnerThatCannotBeReachedIsNotTakenForOneThatIsOff() throws Exception {
        Lives a = start("a");
        await(a, "SOLO");
        a.end();
        hideNodeA();
        for (Said refused : List.of(override("b", "--yes"), reinitAfterALoss("b", "--yes"))) {
            assertThat(refused.status()).isEqualTo(CliException.FAILED);
            assertThat(refused.err()).contains("whether node a is off cannot be seen").contains("that name is not known")
                    .contains("--partner-is-off");
        }
        assertThat(reinit(List.of("b"), "--partner-epoch", "7", "--yes", "--partner-is-off").status()).isZero();
    }

    /// Node b looks for its partner where nobody is.
    private void hideNodeA() throws Exception {
        int port = pair.config("b").partnerAddress().getPort();
        Files.writeString(pair.file("b"), Files.readString(pair.file("b"))
                .replace("\"127.0.0.1:" + port + "\"", "\"node-a.invalid:" + port + "\""));
    }

    @Test
    void liveNodeThatWasTakenForOffGivesUpWhenItReadsThatItsPartnerIsTheOwner() throws Exception {
        Lives a = start("a");
        await(a, "SOLO");
        String file = Files.readString(pair.file("b"));
        hideNodeA();
        Said done = override("b", "--yes", "--partner-is-off");
        assertThat(done.status()).as(done.err()).isZero();
        await(a, "STANDBY");
        assertThat(a.status().transitions()).anyMatch(each -> each.from().equals("SOLO") && each.to().equals("HALTED")
                && each.reason().contains("on the word of ada (a fire)"));
        Files.writeString(pair.file("b"), file);
        Lives b = start("b");
        await(b, "PROTECTED");
        await(a, "READY");
    }

    private Said reinitAfterALoss(String node, String... more) throws IOException {
        witness.close();
        beginWitness(witnessPort, "second");
        List<String> all = new ArrayList<>(List.of("--partner-epoch", "7"));
        all.addAll(List.of(more));
        return reinit(List.of(node), all.toArray(String[]::new));
    }

    @Test
    void nodeWhoseDiskCannotBootIsNotNamed() throws Exception {
        Lives a = start("a");
        await(a, "SOLO");
        a.end();
        try (DiskStore disk = DiskStore.open(pair.disk("b").getParent())) {
            disk.beginResync(new ResyncMark(new UUID(1, 2), disk.superBlock().generations().current()), "a test");
        }
        assertThat(override("b", "--yes").err()).as("stopped").contains("its disk is in the middle of a resync").contains("Start node a");
        Lives b = start("b");
        await(b, "STANDBY");
        assertThat(override("b", "--yes").err()).as("running").contains("its disk is in the middle of a resync");
        b.end();
        assertThat(reinitAfterALoss("b", "--yes").err()).contains("its disk is in the middle of a resync");
    }

    @Test
    void epochOfAPartnerThatCannotBeIsRefused() {
        for (String epoch : List.of("-1", Long.toString(Epoch.LAST))) {
            Said said = reinit(List.of("a"), "--partner-epoch", epoch, "--yes");
            assertThat(said.status()).as(said.err()).isEqualTo(CliException.BAD_INPUT);
            assertThat(said.err()).contains("--partner-epoch " + epoch + " is not between");
        }
    }

    /// What a node says, but for a few words of it.
    private static OperatorOrder.Circumstances saying(NodeStatus status, String role, String state, String renunciation) throws IOException {
        ObjectMapper json = new ObjectMapper();
        ObjectNode said = json.valueToTree(status);
        said.put("role", role).put("state", state).put("renunciation", renunciation).put("steps", 9);
        return new OperatorOrder.Circumstances(Optional.of(json.treeToValue(said, NodeStatus.class)), Optional.empty(), false);
    }

    @Test
    void renunciationDecidesWhatIsAdvisedAndWhoIsSurelyLive() throws Exception {
        Lives a = start("a");
        await(a, "SOLO");
        NodeStatus status = a.status();
        OperatorWord word = new OperatorWord("ada", "a fire", 1);
        assertThatThrownBy(() -> OperatorOrder.override(pair.config("b"), saying(status, "backup", "DRAINING", "granted 1"), word))
                .hasMessageContaining("it has renounced").hasMessageContaining("restart its primary");
        assertThatThrownBy(() -> OperatorOrder.override(pair.config("b"), saying(status, "backup", "DRAINING", ""), word))
                .hasMessageContaining("look whether it reaches the witness");
        witness.close();
        beginWitness(witnessPort, "second");
        // Node a listens: who is not surely live is not named beside it.
        assertThat(OperatorOrder.reinitialise(pair.config("b"), saying(status, "primary", "RELYING", "relied"), 7, word).warnings())
                .anyMatch(each -> each.contains("goes on with its machine"));
        assertThatThrownBy(() -> OperatorOrder.reinitialise(pair.config("b"), saying(status, "primary", "FROZEN", ""), 7, word))
                .hasMessageContaining("node a listens");
    }
}
