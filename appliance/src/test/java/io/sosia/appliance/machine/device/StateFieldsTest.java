package io.sosia.appliance.machine.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StateFieldsTest {

    @Test
    void aBufferHasTheHashOfItsBytes() {
        for (int length : new int[] {0, 1, 17, 240, 5000}) {
            byte[] bytes = new byte[length];
            new Random(length).nextBytes(bytes);
            long hash = StateFields.hash(bytes);
            ByteBuffer direct = ByteBuffer.allocateDirect(length).put(bytes).flip();
            assertThat(StateFields.hash(ByteBuffer.wrap(bytes))).isEqualTo(hash);
            assertThat(StateFields.hash(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN))).isEqualTo(hash);
            assertThat(StateFields.hash(direct.asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN))).isEqualTo(hash);
        }
    }
}
