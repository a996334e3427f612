package io.sosia.appliance.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.appliance.node.EpochFile.Role;
import io.sosia.appliance.pair.NodeState;
import io.sosia.witness.claim.Incarnation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EpochFileTest {

    private static final int SLOT = 4096;

    @TempDir
    private Path folder;
    private Path file;

    @BeforeEach
    void name() {
        file = folder.resolve("epoch.json");
    }

    private long greatest() throws IOException {
        return EpochFile.read(file).greatestEpoch();
    }

    private void damage(int slot) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        Arrays.fill(bytes, slot * SLOT, slot * SLOT + 20, (byte) '?');
        Files.write(file, bytes);
    }

    @Test
    void remembersEpochAndRoleForTheNextLife() throws Exception {
        assertThat(greatest()).as("before the first start").isZero();
        EpochFile first = EpochFile.open(file);
        assertThat(first.knows(1, Role.PRIMARY)).isFalse();
        first.take(1, Role.PRIMARY);
        first.take(2, Role.BACKUP);
        EpochFile next = EpochFile.open(file);
        assertThat(next.knows(2, Role.BACKUP)).isTrue();
        assertThat(next.knows(2, Role.PRIMARY)).as("a claim for it may be out, or refused").isFalse();
        assertThat(next.knows(3, Role.BACKUP)).isFalse();
        next.take(2, Role.PRIMARY);
        next.take(1, Role.BACKUP);
        assertThat(EpochFile.open(file).knows(1, Role.BACKUP)).isTrue();
        assertThat(greatest()).as("never goes back").isEqualTo(2);
    }

    @Test
    void reliedCountsAmongTheEpochsOfTheNode() throws Exception {
        EpochFile first = EpochFile.open(file);
        first.take(5, Role.PRIMARY);
        first.rely(5);
        first.take(6, Role.PRIMARY);
        assertThat(EpochFile.open(file).relied()).isEqualTo(5);
        Files.writeString(file, "{\"epoch\": 3, \"relied\": 9}");
        assertThat(greatest()).isEqualTo(9);
    }

    @Test
    void writesWhereItHasItsRoomOnTheDiskAlready() throws Exception {
        EpochFile memory = EpochFile.open(file);
        assertThat(Files.size(file)).isEqualTo(2 * SLOT);
        Object inode = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
        for (long epoch = 1; epoch < 10; epoch++) {
            memory.take(epoch, Role.PRIMARY);
            memory.rely(epoch);
        }
        assertThat(Files.size(file)).isEqualTo(2 * SLOT);
        assertThat(Files.readAttributes(file, BasicFileAttributes.class).fileKey()).isEqualTo(inode);
        assertThat(folder).isDirectoryContaining(file::equals);
        assertThat(greatest()).isEqualTo(9);
    }

    @Test
    void aWriteCutShortLeavesWhatWasBeforeAndIsDamageToWhoOnlyLooks() throws Exception {
        EpochFile memory = EpochFile.open(file);
        memory.take(1, Role.PRIMARY);
        memory.take(2, Role.PRIMARY);
        damage(1);
        assertThatThrownBy(this::greatest).isInstanceOf(IOException.class).hasMessageContaining("epoch.json is damaged")
                .hasMessageContaining("{\"epoch\": 5000}");
        EpochFile next = EpochFile.open(file);
        assertThat(next.knows(1, Role.PRIMARY)).isTrue();
        assertThat(next.knows(2, Role.PRIMARY)).isFalse();
        assertThatThrownBy(this::greatest).as("still not known").isInstanceOf(IOException.class);
        next.take(3, Role.BACKUP);
        assertThat(greatest()).isEqualTo(3);
    }

    @Test
    void aFileOfWhichNothingIsLeftKeepsNobodyFromStartingAndIsWholeAfterTheFirstWrite() throws Exception {
        EpochFile.open(file).take(7, Role.PRIMARY);
        damage(0);
        damage(1);
        EpochFile next = EpochFile.open(file);
        assertThat(next.knows(1, Role.PRIMARY)).isFalse();
        next.take(8, Role.PRIMARY);
        assertThat(greatest()).isEqualTo(8);
    }

    @Test
    void anOperatorMayWriteTheEpochByHand() throws Exception {
        Files.writeString(file, "{\"epoch\": 5000}\n");
        assertThat(greatest()).isEqualTo(5000);
        EpochFile memory = EpochFile.open(file);
        memory.take(1, Role.PRIMARY);
        assertThat(greatest()).isEqualTo(5000);
    }

    @Test
    void aNodeThatActsInAnEpochItHasNotWrittenDownIsABrokenInvariant() throws Exception {
        EpochFile memory = EpochFile.open(file);
        memory.take(2, Role.PRIMARY);
        memory.check(new NodeState.Solo(2));
        memory.check(new NodeState.Standby(3, "", 0));
        assertThatThrownBy(() -> memory.check(new NodeState.Solo(3))).hasMessageContaining("SOLO in epoch 3");
        Incarnation partner = new Incarnation(new UUID(1, 1));
        assertThatThrownBy(() -> memory.check(new NodeState.Following(2, partner))).hasMessageContaining("READY in epoch 2");
        memory.take(2, Role.BACKUP);
        memory.check(new NodeState.Following(2, partner));
    }

    @Test
    void whatCannotBeWrittenIsNotKnown() throws Exception {
        EpochFile memory = EpochFile.open(file);
        Files.delete(file);
        Files.createDirectory(file);
        assertThatThrownBy(() -> memory.take(1, Role.PRIMARY)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> memory.rely(1)).isInstanceOf(IOException.class);
        assertThat(memory.knows(1, Role.PRIMARY)).isFalse();
        assertThat(memory.relied()).isZero();
    }
}
