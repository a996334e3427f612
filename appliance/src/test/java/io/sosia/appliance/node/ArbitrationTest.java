package io.sosia.appliance.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.appliance.config.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Which arbiter a node's configuration names, and a birth at a shared directory.
@Timeout(240)
class ArbitrationTest {

    private static final String WITNESS = "witness: [127.0.0.1:7700]        # the members of the witness\n";

    @TempDir
    private Path folder;

    /// The shipped configuration of a node with other words in place of the line that names its witness.
    private NodeConfig config(String node, String arbiter) throws Exception {
        String shipped = Files.readString(Path.of("..", "configs", "node-" + node + ".yaml"));
        assertThat(shipped).contains(WITNESS);
        Path file = folder.resolve("node-" + node + ".yaml");
        Files.writeString(file, shipped.replace(WITNESS, arbiter + "\n").replace("image: default", "kernel: guest.elf")
                .replace("../data/", "data/"));
        return NodeConfig.read(file);
    }

    @Test
    void aWitnessUnlessASharedDirectoryIsNamed() throws Exception {
        assertThat(config("a", WITNESS).sharedDirectory()).isEmpty();
        NodeConfig shared = config("a", "arbiter: shared-directory\nsharedDirectory: mnt");
        assertThat(shared.sharedDirectory()).contains(folder.resolve("mnt"));
        assertThat(shared.witness()).isEmpty();
    }

    @Test
    void oneArbiterOnlyMayBeNamed() {
        assertThatThrownBy(() -> config("a", WITNESS + "arbiter: shared-directory\nsharedDirectory: mnt"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("witness does not go with arbiter: shared-directory");
        assertThatThrownBy(() -> config("a", WITNESS + "sharedDirectory: mnt"))
                .hasMessageContaining("sharedDirectory does not go with arbiter: witness");
        assertThatThrownBy(() -> config("a", "arbiter: shared-directory"))
                .hasMessageContaining("sharedDirectory is missing");
    }

    @Test
    void aPairIsBornInASharedDirectoryThatIsThere() throws Exception {
        Files.write(folder.resolve("guest.elf"), TickingGuest.elf());
        String arbiter = "arbiter: shared-directory\nsharedDirectory: mnt";
        NodeConfig a = config("a", arbiter);
        NodeConfig b = config("b", arbiter);
        PairBirth tooEarly = PairBirth.of(List.of(a, b), Optional.empty());
        assertThatThrownBy(() -> tooEarly.carryOut(_ -> { }))
                .isInstanceOf(IOException.class).hasMessageContaining("make it, or mount it");
        assertThat(a.state()).doesNotExist();

        Files.createDirectory(folder.resolve("mnt"));
        PairBirth birth = PairBirth.of(List.of(a), Optional.empty());
        birth.carryOut(_ -> { });
        PairBirth.joining(birth.pairId(), List.of(b), Optional.empty()).carryOut(_ -> { });
        assertThat(folder.resolve("mnt")).isDirectoryContaining("glob:**" + birth.pairId());
        assertThat(NodeHome.exists(b.state())).isTrue();
        assertThat(birth.pairId()).as("certificates of the attempt that failed are used").isEqualTo(tooEarly.pairId());

        Files.delete(a.state().resolve("pair.json"));
        assertThatThrownBy(() -> PairBirth.of(List.of(a), Optional.empty()).carryOut(_ -> { })).isInstanceOf(IOException.class)
                .hasMessageContaining("is registered already").hasMessageContaining(a.tls().orElseThrow().toString());
    }
}
