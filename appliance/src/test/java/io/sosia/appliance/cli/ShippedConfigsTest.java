package io.sosia.appliance.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.sosia.appliance.config.ConfigException;
import io.sosia.appliance.node.NodeConfig;
import io.sosia.witness.client.WitnessAddress;
import io.sosia.witness.server.WitnessConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The configurations that come with Sosia can be used, and their document is complete.
class ShippedConfigsTest {

    private static final Path CONFIGS = Path.of("..", "configs");

    @ParameterizedTest
    @ValueSource(strings = {".", "container"})
    void theNodesAreAPairWithTheSameMachineAndWitness(String folder) throws ConfigException {
        NodeConfig a = NodeConfig.read(CONFIGS.resolve(folder).resolve("node-a.yaml"));
        NodeConfig b = NodeConfig.read(CONFIGS.resolve(folder).resolve("node-b.yaml"));
        WitnessConfig witness = WitnessFile.read(CONFIGS.resolve(folder).resolve("witness.yaml")).config();

        assertThat(a.partner()).isEqualTo(b.node());
        assertThat(b.partner()).isEqualTo(a.node());
        assertThat(a.partnerAddress().getPort()).isEqualTo(b.listen().getPort());
        assertThat(b.partnerAddress().getPort()).isEqualTo(a.listen().getPort());
        assertThat(a.machine()).isEqualTo(b.machine());
        assertThat(a.uplink()).isEqualTo(b.uplink());
        assertThat(a.witness()).isEqualTo(b.witness()).extracting(WitnessAddress::port).containsExactly(witness.port());
        assertThat(a.state()).isNotEqualTo(b.state());
    }

    @Test
    void theReadmeExplainsEveryKey(@TempDir Path directory) throws IOException {
        String readme = Files.readString(CONFIGS.resolve("README.md"));

        Throwable node = catchThrowable(() -> NodeConfig.read(withUnknownKey("node-a.yaml", directory)));
        Throwable witness = catchThrowable(() -> WitnessFile.read(withUnknownKey("witness.yaml", directory)));

        List<String> keys = Stream.of(node, witness).flatMap(refusal -> keysKnown(refusal).stream()).toList();
        assertThat(keys).hasSizeGreaterThan(20).allSatisfy(key -> assertThat(readme).contains("| `" + key + "` |"));
    }

    private static Path withUnknownKey(String name, Path directory) throws IOException {
        Path copy = Files.copy(CONFIGS.resolve(name), directory.resolve(name));
        return Files.writeString(copy, "\nunheardOf: 1\n", StandardOpenOption.APPEND);
    }

    /// The refusal of an unknown key lists those that are known.
    private static List<String> keysKnown(Throwable refusal) {
        assertThat(refusal).hasMessageContaining("known here: ");
        String message = refusal.getMessage();
        return List.of(message.substring(message.indexOf("known here: ") + "known here: ".length()).split(", "));
    }
}
