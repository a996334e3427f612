package io.sosia.appliance.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.PairId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeHomeTest {

    private static final NodeName A = new NodeName("a");

    @TempDir
    private Path folder;

    private NodeHome home;

    @BeforeEach
    void create() throws Exception {
        home = NodeHome.create(folder.resolve("state"), new PairId(new UUID(7, 7)), A, Optional.empty(), NodeHome.NO_DISK);
    }

    @Test
    void reliedIsKeptForTheNextLife() throws Exception {
        assertThat(home.relied()).isZero();
        home.writeRelied(5);
        home.writeRelied(9);
        assertThat(NodeHome.open(folder.resolve("state"), A).relied()).isEqualTo(9);
    }

    @Test
    void reliedThatCannotBeReadDoesNotKeepANodeFromStarting() throws Exception {
        Files.writeString(folder.resolve("state").resolve("relied.json"), "{\"epoch\":");
        assertThat(home.relied()).isZero();
    }
}
