package io.sosia.appliance.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.control.ControlServer;
import io.sosia.appliance.node.Appliance;
import io.sosia.appliance.node.Ending;
import io.sosia.appliance.node.NodeConfig;
import io.sosia.appliance.node.NodeStatus;
import io.sosia.appliance.node.PairFiles;
import io.sosia.appliance.node.WitnessOfTests;
import io.sosia.appliance.tls.Tls;
import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.NodeName;
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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/// Orders against the rules, with two nodes and a witness in this process, real links and the command line.
@Timeout(240)
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
        Said told = override("b");
        assertThat(told.status()).isEqualTo(CliException.BAD_INPUT);
        assertThat(told.err()).contains("AGAINST THE RULES").contains("LOST").contains("nothing was done");
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
        assertThat(done.err()).contains("goes on with its machine").contains("must never run again");
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
        Said done = reinit(List.of("a"), "--partner-epoch", "41", "--yes");
        assertThat(done.status()).as(done.err()).isZero();
        assertThat(done.out()).contains("epoch=42");
        assertThat(epoch).isLessThan(41);
        Lives again = start("a");
        await(again, "SOLO");
        assertThat(again.status().epoch()).isEqualTo(43);
    }
}
