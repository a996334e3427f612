package io.sosia.appliance.machine.device;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.port.MachineOutput;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class Uart16550Test {

    private static final int DATA = 0;
    private static final int IER = 1;
    private static final int IIR = 2;
    private static final int LCR = 3;
    private static final int MCR = 4;
    private static final int LSR = 5;
    private static final int MSR = 6;

    private boolean interrupt;
    private final Outbox outbox = new Outbox(() -> { });
    private final Uart16550 uart = new Uart16550(outbox, level -> interrupt = level);

    @BeforeEach
    void switchFifoOn() {
        write(IIR, 0x01);
    }

    private int read(int register) {
        return (int) uart.read(register, 1);
    }

    private void write(int register, int value) {
        uart.write(register, 1, value);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Test
    void writtenBytesLeaveInOrderAndTheTransmitterIsAlwaysEmpty() {
        for (byte value : ascii("hi")) {
            assertThat(read(LSR) & 0x60).isEqualTo(0x60);
            write(DATA, value);
        }
        List<MachineOutput> outputs = new ArrayList<>();
        outbox.drain(outputs::add);
        assertThat(outputs).singleElement().isInstanceOfSatisfying(MachineOutput.ConsoleOut.class, out -> {
            assertThat(out.offset()).isZero();
            assertThat(out.bytes()).isEqualTo(ascii("hi"));
        });
    }

    @Test
    void transmitterInterruptComesWhenEnabledAndGoesWhenIdentified() {
        write(IER, 2);
        assertThat(interrupt).isTrue();
        assertThat(read(IIR)).isEqualTo(0xc2);
        assertThat(interrupt).isFalse();
        assertThat(read(IIR)).isEqualTo(0xc1);
        write(DATA, 'x');
        assertThat(interrupt).isTrue();
        write(IER, 0);
        assertThat(interrupt).isFalse();
    }

    @Test
    void receivedBytesInterruptUntilRead() {
        write(IER, 1);
        uart.receive(ascii("ab"));
        assertThat(interrupt).isTrue();
        assertThat(read(IIR)).isEqualTo(0xc4);
        assertThat(read(LSR) & 1).isEqualTo(1);
        assertThat(read(DATA)).isEqualTo('a');
        assertThat(interrupt).isTrue();
        assertThat(read(DATA)).isEqualTo('b');
        assertThat(interrupt).isFalse();
        assertThat(read(LSR) & 1).isZero();
    }

    @Test
    void fewerBytesThanTheTriggerLevelTimeOutAtOnce() {
        write(IIR, 0x81);
        write(IER, 1);
        uart.receive(ascii("abc"));
        assertThat(read(IIR)).isEqualTo(0xcc);
        uart.receive(ascii("defgh"));
        assertThat(read(IIR)).isEqualTo(0xc4);
    }

    @Test
    void fifoTakesSixteenBytesThenOverruns() {
        assertThat(uart.room()).isEqualTo(16);
        uart.receive(ascii("0123456789abcdef"));
        assertThat(uart.room()).isZero();
        assertThat(read(LSR) & 2).isZero();
        uart.receive(ascii("x"));
        write(IER, 4);
        assertThat(interrupt).isTrue();
        assertThat(read(IIR)).isEqualTo(0xc6);
        assertThat(read(LSR) & 3).isEqualTo(3);
        assertThat(read(LSR) & 2).isZero();
        StringBuilder text = new StringBuilder();
        while ((read(LSR) & 1) != 0) {
            text.append((char) read(DATA));
        }
        assertThat(text).hasToString("0123456789abcdef");
    }

    @Test
    void withoutFifoOnlyAPollingGuestIsOfferedOneByteAtATime() {
        write(IIR, 0);
        assertThat(uart.room()).isZero();
        read(LSR);
        write(DATA, 'x');
        read(LSR);
        assertThat(uart.room()).isZero();
        read(LSR);
        assertThat(uart.room()).isEqualTo(1);
        uart.receive(ascii("a"));
        assertThat(uart.room()).isZero();
        assertThat(read(DATA)).isEqualTo('a');
        assertThat(uart.room()).isEqualTo(1);
    }

    @Test
    void loopbackFeedsBytesAndModemLinesBack() {
        write(MCR, 0x1a);
        assertThat(read(MSR) & 0xf0).isEqualTo(0x90);
        write(DATA, 'z');
        assertThat(read(DATA)).isEqualTo('z');
        assertThat(uart.room()).isZero();
        uart.receive(ascii("lost"));
        assertThat(read(LSR) & 1).isZero();
        assertThat(outbox.consoleBytes()).isZero();
        write(MCR, 0);
        assertThat(read(MSR) & 0xf0).isEqualTo(0xb0);
    }

    @Test
    void modemChangesInterruptUntilRead() {
        read(MSR);
        write(IER, 8);
        assertThat(interrupt).isFalse();
        write(MCR, 0x10);
        assertThat(interrupt).isTrue();
        assertThat(read(IIR)).isEqualTo(0xc0);
        assertThat(read(MSR)).isEqualTo(0x0b);
        assertThat(interrupt).isFalse();
    }

    @Test
    void divisorLatchHidesDataAndInterruptEnable() {
        write(LCR, 0x83);
        write(DATA, 0x34);
        write(IER, 0x12);
        assertThat(read(DATA)).isEqualTo(0x34);
        assertThat(read(IER)).isEqualTo(0x12);
        write(LCR, 0x03);
        assertThat(read(IER)).isZero();
        assertThat(outbox.consoleBytes()).isZero();
    }

    @Test
    void savedStateContinuesTheSame() throws IOException {
        write(IER, 3);
        uart.receive(ascii("abc"));
        read(DATA);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        uart.save(new DataOutputStream(bytes));
        boolean[] wire = new boolean[1];
        Uart16550 other = new Uart16550(outbox, level -> wire[0] = level);
        other.load(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
        assertThat(wire[0]).isTrue();
        assertThat(other.read(DATA, 1)).isEqualTo('b');
        assertThat(other.room()).isEqualTo(15);
        ByteArrayOutputStream again = new ByteArrayOutputStream();
        uart.read(DATA, 1);
        uart.save(new DataOutputStream(again));
        ByteArrayOutputStream others = new ByteArrayOutputStream();
        other.save(new DataOutputStream(others));
        assertThat(others.toByteArray()).isEqualTo(again.toByteArray());
    }
}
