package io.sosia.appliance.machine.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class HostMemoryTest {

    private static final int BYTES = 32 << 20;
    private static final int TIMES_MAX = 2000;

    @Test
    void memoryIsZeroLittleEndianAndWhereItsAddressSays() {
        ByteBuffer memory = HostMemory.zeros(BYTES);
        long sum = 0;
        for (int at = 0; at < BYTES; at += Long.BYTES) {
            sum |= memory.getLong(at);
        }
        assertThat(sum).isZero();
        NativeMemory.putLong(NativeMemory.address(memory) + BYTES - Long.BYTES, 0x0102_0304_0506_0708L);
        assertThat(memory.getLong(BYTES - Long.BYTES)).isEqualTo(0x0102_0304_0506_0708L);
        assertThat(memory.get(BYTES - 1)).isEqualTo((byte) 1);
    }

    /// Java's heap hardly fills by it: without being looked for, what is no longer used would never be given back.
    @Test
    void memoryThatNobodyReachesIsGivenBackWhenMoreIsAskedFor() {
        long asked = 0;
        int times = 0;
        do {
            HostMemory.zeros(BYTES);
            asked += BYTES;
            times++;
        } while (times < TIMES_MAX && (times < 100 || HostMemory.lent() > asked / 2));
        assertThat(HostMemory.lent()).isLessThanOrEqualTo(asked / 2);
    }
}
