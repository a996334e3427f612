package io.sosia.appliance.machine.sbi;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.bus.Bus;
import io.sosia.appliance.machine.cpu.GuestClock;
import io.sosia.appliance.machine.cpu.Hart;
import io.sosia.appliance.machine.device.Outbox;
import io.sosia.appliance.machine.device.Uart16550;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.port.MachineOutput;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SbiTest {

    private static final int BASE = 0x10;
    private static final int TIME = 0x54494D45;
    private static final int IPI = 0x735049;
    private static final int RFENCE = 0x52464E43;
    private static final int HSM = 0x48534D;
    private static final int SRST = 0x53525354;
    private static final int DBCN = 0x4442434E;
    private static final long SIP = 0x144;

    private final GuestRam ram = new GuestRam(4 << 20);
    private final Hart hart = new Hart(ram, new Bus(), new GuestClock());
    private final Outbox outbox = new Outbox(() -> { });
    private final Uart16550 uart = new Uart16550(outbox, level -> { });
    private final List<String> power = new ArrayList<>();
    private final Sbi sbi = new Sbi(ram, outbox, uart, new PowerSwitch() {
        @Override
        public void powerOff(boolean failure) {
            power.add("off " + failure);
        }

        @Override
        public void restart(boolean failure) {
            power.add("restart " + failure);
        }
    });

    /// Calls and returns the error.
    private long call(long extension, long function, long... arguments) {
        for (int i = 0; i < 6; i++) {
            hart.setX(10 + i, i < arguments.length ? arguments[i] : 0);
        }
        hart.setX(16, function);
        hart.setX(17, extension);
        sbi.call(hart);
        return hart.x(10);
    }

    private long value() {
        return hart.x(11);
    }

    private String console() {
        StringBuilder text = new StringBuilder();
        outbox.drain(output -> text.append(
                new String(((MachineOutput.ConsoleOut) output).bytes(), StandardCharsets.ISO_8859_1)));
        return text.toString();
    }

    @Test
    void baseNamesTheVersionAndWhatThereIs() {
        assertThat(call(BASE, 0)).isZero();
        assertThat(value()).isEqualTo(2 << 24);
        for (int extension : new int[] {BASE, TIME, IPI, RFENCE, HSM, SRST, DBCN, 0, 1, 2, 8}) {
            assertThat(call(BASE, 3, extension)).isZero();
            assertThat(value()).as("extension %x", extension).isEqualTo(1);
        }
        for (long extension : new long[] {3, 7, 0x504D55, 0x53555350, -1, 1L << 32 | BASE}) {
            assertThat(call(BASE, 3, extension)).isZero();
            assertThat(value()).as("extension %x", extension).isZero();
        }
        assertThat(call(BASE, 7)).isEqualTo(-2);
    }

    @Test
    void unknownExtensionsAreNotSupported() {
        assertThat(call(0x12345678, 0)).isEqualTo(-2);
        assertThat(call(-1, 0)).isEqualTo(-2);
        assertThat(call(1L << 32 | DBCN, 0)).isEqualTo(-2);
        assertThat(call(TIME, 1)).isEqualTo(-2);
    }

    @Test
    void timerIsSet() {
        hart.reset(GuestRam.BASE, 0, 0);
        assertThat(call(TIME, 0, 12345)).isZero();
        assertThat(hart.csr(0x14d)).isEqualTo(12345);
        call(0, 0, 777);
        assertThat(hart.csr(0x14d)).isEqualTo(777);
    }

    @Test
    void interprocessorInterruptGoesToTheOneHart() {
        assertThat(call(IPI, 0, 2, 0)).isEqualTo(-3);
        assertThat(hart.csr((int) SIP) & 2).isZero();
        assertThat(call(IPI, 0, 1, 0)).isZero();
        assertThat(hart.csr((int) SIP) & 2).isEqualTo(2);
        hart.setSoftwareInterrupt(false);
        assertThat(call(IPI, 0, 0, -1)).isZero();
        assertThat(hart.csr((int) SIP) & 2).isEqualTo(2);
    }

    @Test
    void remoteFencesNeedAnExistingHart() {
        for (int function = 0; function <= 2; function++) {
            assertThat(call(RFENCE, function, 1, 0)).isZero();
            assertThat(call(RFENCE, function, 3, 0)).isEqualTo(-3);
            assertThat(call(RFENCE, function, 1, 1)).isEqualTo(-3);
        }
        assertThat(call(RFENCE, 3, 1, 0)).isEqualTo(-2);
    }

    @Test
    void oneHartIsStartedForEver() {
        assertThat(call(HSM, 0, 0)).isEqualTo(-6);
        assertThat(call(HSM, 0, 1)).isEqualTo(-3);
        assertThat(call(HSM, 1)).isEqualTo(-1);
        assertThat(call(HSM, 2, 0)).isZero();
        assertThat(value()).isZero();
        assertThat(call(HSM, 2, 1)).isEqualTo(-3);
        assertThat(call(HSM, 3, 0x80000000L)).isEqualTo(-2);
        assertThat(call(HSM, 3, 1)).isEqualTo(-3);
        assertThat(hart.waiting()).isFalse();
        assertThat(call(HSM, 3, 0)).isZero();
        assertThat(hart.waiting()).isTrue();
    }

    @Test
    void resetTypesAndReasons() {
        call(SRST, 0, 0, 0);
        call(SRST, 0, 1, 1);
        call(SRST, 0, 2, 0);
        call(8, 0);
        assertThat(power).containsExactly("off false", "restart true", "restart false", "off false");
        assertThat(call(SRST, 0, 3, 0)).isEqualTo(-3);
        assertThat(call(SRST, 0, 0, 2)).isEqualTo(-3);
        assertThat(call(SRST, 0, 0xe000_0000L, 0)).isEqualTo(-3);
        assertThat(call(SRST, 0, 0xf000_0000L, 0)).isEqualTo(-2);
        assertThat(call(SRST, 0, 0xf000_0000L, 2)).isEqualTo(-3);
        assertThat(call(SRST, 0, 0, 0xdfff_ffffL)).isEqualTo(-3);
        assertThat(call(SRST, 0, 0, 0xe000_0000L)).isEqualTo(-2);
        assertThat(call(SRST, 0, 1, 0xf000_0000L)).isEqualTo(-2);
        assertThat(power).hasSize(4);
    }

    @Test
    void debugConsoleWritesPhysicalMemoryInParts() {
        byte[] text = "hello".getBytes(StandardCharsets.US_ASCII);
        ram.write(100, text, 0, text.length);
        assertThat(call(DBCN, 0, 5, GuestRam.BASE + 100, 0)).isZero();
        assertThat(value()).isEqualTo(5);
        assertThat(console()).isEqualTo("hello");
        assertThat(call(DBCN, 0, 4 << 20, GuestRam.BASE, 0)).isZero();
        assertThat(value()).isEqualTo(Sbi.CONSOLE_BYTES_MAX);
        console();
        assertThat(call(DBCN, 0, 5, GuestRam.BASE + (4 << 20) - 4, 0)).isEqualTo(-3);
        assertThat(call(DBCN, 0, 5, 0x1000, 0)).isEqualTo(-3);
        assertThat(call(DBCN, 0, -1, GuestRam.BASE, 0)).isEqualTo(-3);
        assertThat(call(DBCN, 0, 5, GuestRam.BASE, 1)).isEqualTo(-3);
        assertThat(call(DBCN, 2, 'x')).isZero();
        assertThat(call(1, 0, 'y')).isZero();
        assertThat(console()).isEqualTo("xy");
    }

    @Test
    void debugConsoleReadsWhatWasTyped() {
        assertThat(call(2, 0)).isEqualTo(-1);
        uart.write(2, 1, 1);
        uart.receive("abc".getBytes(StandardCharsets.US_ASCII));
        assertThat(call(2, 0)).isEqualTo('a');
        assertThat(call(DBCN, 1, 10, GuestRam.BASE + 50, 0)).isZero();
        assertThat(value()).isEqualTo(2);
        assertThat(ram.read8(50)).isEqualTo((byte) 'b');
        assertThat(call(DBCN, 1, 10, GuestRam.BASE + 50, 0)).isZero();
        assertThat(value()).isZero();
    }

    @Test
    void noArgumentsWhateverThrow() {
        long[] extensions = {0, 1, 2, 3, 8, BASE, TIME, IPI, RFENCE, HSM, SRST, DBCN, -1};
        long[] interesting = {0, 1, -1, Long.MIN_VALUE, Long.MAX_VALUE, GuestRam.BASE,
            GuestRam.BASE + (4 << 20) - 1, 1 << 31};
        for (int seed = 0; seed < 20_000; seed++) {
            Random random = new Random(seed);
            long[] arguments = new long[4];
            for (int i = 0; i < arguments.length; i++) {
                arguments[i] = random.nextInt(4) == 0 ? random.nextLong()
                        : interesting[random.nextInt(interesting.length)] + random.nextInt(3) - 1;
            }
            try {
                call(extensions[random.nextInt(extensions.length)], random.nextInt(9) - 1, arguments);
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed, e);
            }
            outbox.drain(output -> { });
        }
    }
}
