package io.sosia.appliance.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sosia.appliance.control.ControlServer;
import io.sosia.appliance.node.Node;
import io.sosia.appliance.node.PairFiles;
import io.sosia.appliance.node.WitnessOfTests;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/// What an operator sees of a comparison of both disks: two nodes in this process, with their local APIs.
@Timeout(600)
class DiskVerifyCommandTest {

    @RegisterExtension
    static final WitnessOfTests WITNESS = new WitnessOfTests();

    private record Said(int status, String out, String err) {}

    @TempDir
    private Path folder;
    private PairFiles pair;
    private Node a;
    private Node b;
    private ControlServer controlOfA;
    private ControlServer controlOfB;

    @BeforeEach
    void startProtectedPair() throws Exception {
        pair = new PairFiles(folder, WITNESS.port(), "failure: {silenceMillis: 10000}");
        a = Node.open(pair.config("a"));
        b = Node.open(pair.config("b"));
        controlOfA = new ControlServer(new InetSocketAddress("127.0.0.1", 0), () -> a);
        controlOfB = new ControlServer(new InetSocketAddress("127.0.0.1", 0), () -> b);
        a.begin();
        b.begin();
        PairFiles.await("PROTECTED", () -> a.status().state().equals("PROTECTED"), a::status);
        PairFiles.await("READY", () -> b.status().state().equals("READY"), b::status);
    }

    @AfterEach
    void close() throws Exception {
        controlOfA.close();
        controlOfB.close();
        a.close();
        b.close();
    }

    private static synchronized Said sosia(ControlServer node, String... words) {
        String[] all = new String[words.length + 3];
        all[0] = "disk";
        System.arraycopy(words, 0, all, 1, words.length);
        all[words.length + 1] = "--control";
        all[words.length + 2] = "127.0.0.1:" + node.address().getPort();
        PrintStream before = System.out;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        StringWriter err = new StringWriter();
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            int status = Sosia.commandLine().setErr(new PrintWriter(err, true)).execute(all);
            return new Said(status, out.toString(StandardCharsets.UTF_8), err.toString());
        } finally {
            System.setOut(before);
        }
    }

    private void flip(String node, long offset) throws Exception {
        try (FileChannel file = FileChannel.open(pair.state(node).resolve("disk/data.img"), StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            file.read(one, offset);
            one.put(0, (byte) (one.get(0) ^ 1));
            file.write(one.flip(), offset);
        }
    }

    @Test
    void exitStatusAndTableTellWhatWasFoundAndWhatBecameOfIt() throws Exception {
        assertThat(sosia(controlOfB, "verify")).matches(said -> said.status() == 2 && said.err().contains("not the primary; ask node a"));
        Said same = sosia(controlOfA, "verify");
        assertThat(same).as("%s", same).matches(said -> said.status() == 0
                && said.out().contains("done: 1.0 MiB of 1.0 MiB compared") && said.out().contains("no difference"));

        flip("b", 70_000);
        Said left = sosia(controlOfA, "verify", "--no-repair", "--json");
        JsonNode json = new ObjectMapper().readTree(left.out().substring(left.out().indexOf("{\"number\"")));
        assertThat(left.status()).isEqualTo(1);
        assertThat(json.at("/findings/0/offset").asLong()).isEqualTo(65_536);
        assertThat(json.at("/findings/0/side").asText()).isEqualTo("backup");
        assertThat(json.at("/findings/0/outcome").asText()).isEqualTo("left as it is");

        Said repaired = sosia(controlOfA, "verify", "--extent", "0", "--rate", "1G");
        assertThat(repaired.status()).isEqualTo(1);
        assertThat(repaired.out()).contains("1 blocks differed, 1 repaired").containsPattern(" 0 +65536 +65536 +backup +\\d+/\\d+ +repaired\n");
        assertThat(sosia(controlOfA, "verify", "--follow")).as("the last one, once more").matches(said -> said.status() == 1);
        assertThat(sosia(controlOfA, "verify").status()).isZero();

        PairFiles.await("the primary's history", () -> sosia(controlOfA, "history").out().contains(
                "the backup's was wrong; repaired from the primary"), () -> sosia(controlOfA, "history"));
        PairFiles.await("the backup's history", () -> sosia(controlOfB, "history").out().contains(
                "verify by the primary: asked for, done"), () -> sosia(controlOfB, "history"));
        assertThat(sosia(controlOfB, "history").out()).contains("repaired from the primary at 65536, 65536 bytes");
        assertThat(sosia(controlOfA, "status").out()).contains("verify    asked, done: 1.0 MiB of 1.0 MiB, 0 blocks differed");
    }

    @Test
    void whatMakesNoSenseIsRefusedWithItsReason() {
        assertThat(sosia(controlOfA, "verify", "--extent", "7")).matches(
                said -> said.status() == 2 && said.err().contains("there is no extent 7: the disk has 1, numbered from 0"));
        assertThat(sosia(controlOfA, "verify", "--rate", "fast")).matches(
                said -> said.status() == 2 && said.err().contains("--rate is `fast`, expected a size"));
        assertThat(sosia(controlOfA, "verify", "--cancel")).matches(
                said -> said.status() == 2 && said.err().contains("nothing is being compared"));
        assertThat(sosia(controlOfA, "verify", "--follow")).matches(
                said -> said.status() == 2 && said.err().contains("nothing has been compared since the node began"));
    }
}
