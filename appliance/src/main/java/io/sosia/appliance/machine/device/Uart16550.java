package io.sosia.appliance.machine.device;

import io.sosia.appliance.machine.bus.InterruptPin;
import io.sosia.appliance.machine.bus.MmioDevice;
import io.sosia.appliance.machine.state.Stateful;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/// The serial console: a 16550A (TI TL16C550C data sheet) with registers one byte apart and 16-byte FIFOs.
///
/// It has no notion of baud rate: a byte written has left at once, so the transmitter is always empty; bytes received
/// below the FIFO's trigger level raise the character time-out interrupt at once.
public final class Uart16550 implements MmioDevice, Stateful {

    /// Bytes of address space.
    public static final int SIZE = 0x100;

    /// Bytes the receive FIFO holds.
    public static final int FIFO_BYTES = 16;

    private static final int IER_RECEIVED = 1;
    private static final int IER_TRANSMITTER_EMPTY = 2;
    private static final int IER_LINE_STATUS = 4;
    private static final int IER_MODEM_STATUS = 8;
    private static final int IIR_NONE = 1;
    private static final int IIR_MODEM_STATUS = 0;
    private static final int IIR_TRANSMITTER_EMPTY = 2;
    private static final int IIR_RECEIVED = 4;
    private static final int IIR_LINE_STATUS = 6;
    private static final int IIR_TIME_OUT = 12;
    private static final int LCR_DIVISOR_LATCH = 0x80;
    private static final int LSR_DATA_READY = 1;
    private static final int LSR_OVERRUN = 2;
    private static final int LSR_TRANSMITTER_EMPTY = 0x60;
    private static final int MCR_LOOPBACK = 0x10;
    /// Carrier, data set ready and clear to send: somebody is there and listens.
    private static final int MODEM_LINES = 0xb0;
    private static final int POLLS_LISTENING = 2;
    private static final int[] TRIGGER = {1, 4, 8, 14};

    private final Outbox outbox;
    private final InterruptPin pin;
    private final byte[] fifo = new byte[FIFO_BYTES];
    private int fifoHead;
    private int fifoCount;
    private int ier;
    private int fcr;
    private int lcr;
    private int mcr;
    private int scratch;
    private int divisor;
    private int modemChanges;
    private boolean overrun;
    private boolean transmitterInterrupt;
    /// Looks for input in a row without output in between, up to [#POLLS_LISTENING]: with the FIFO off, only a guest
    /// that polls listens. A booting kernel does not, and would lose what was typed ahead.
    private int polls;

    /// @param outbox takes the bytes written
    /// @param pin    the interrupt wire
    public Uart16550(Outbox outbox, InterruptPin pin) {
        this.outbox = outbox;
        this.pin = pin;
        reset();
    }

    /// Back to the state at power-on; bytes received and not read are lost.
    public void reset() {
        fifoHead = 0;
        fifoCount = 0;
        ier = 0;
        fcr = 0;
        lcr = 3;
        mcr = 0;
        scratch = 0;
        divisor = 1;
        modemChanges = 0;
        overrun = false;
        transmitterInterrupt = false;
        polls = 0;
        update();
    }

    /// How many bytes can be received now without overrun: what the FIFO has room for, or one byte when the FIFO is off
    /// and the guest polls for input. In loopback the line is cut off.
    public int room() {
        if (loopback()) {
            return 0;
        }
        if ((fcr & 1) != 0) {
            return FIFO_BYTES - fifoCount;
        }
        return polls == POLLS_LISTENING && fifoCount == 0 ? 1 : 0;
    }

    /// Bytes arrive on the line; what finds no room is lost and sets the overrun flag.
    public void receive(byte[] bytes) {
        if (!loopback()) {
            for (byte value : bytes) {
                receive(value);
            }
            update();
        }
    }

    /// Takes the oldest byte received, for the firmware's console; -1 if there is none.
    public int take() {
        polls = POLLS_LISTENING;
        int value = fifoCount == 0 ? -1 : pop();
        update();
        return value;
    }

    @Override
    public long read(int offset, int width) {
        int value = switch (offset) {
            case 0 -> divisorLatch() ? divisor & 0xff : readData();
            case 1 -> divisorLatch() ? divisor >> 8 : ier;
            case 2 -> readInterruptId();
            case 3 -> lcr;
            case 4 -> mcr;
            case 5 -> readLineStatus();
            case 6 -> readModemStatus();
            case 7 -> scratch;
            default -> 0;
        };
        return value;
    }

    @Override
    public void write(int offset, int width, long value) {
        int bits = (int) value & 0xff;
        switch (offset) {
            case 0 -> writeData(bits);
            case 1 -> writeInterruptEnable(bits);
            case 2 -> writeFifoControl(bits);
            case 3 -> lcr = bits;
            case 4 -> writeModemControl(bits);
            case 7 -> scratch = bits;
            default -> { }
        }
        update();
    }

    private void writeData(int bits) {
        if (divisorLatch()) {
            divisor = divisor & 0xff00 | bits;
            return;
        }
        if (loopback()) {
            receive((byte) bits);
        } else {
            outbox.console(bits);
        }
        transmitterInterrupt = true;
        polls = 0;
    }

    private void writeInterruptEnable(int bits) {
        if (divisorLatch()) {
            divisor = divisor & 0xff | bits << 8;
            return;
        }
        if ((bits & IER_TRANSMITTER_EMPTY) != 0 && (ier & IER_TRANSMITTER_EMPTY) == 0) {
            transmitterInterrupt = true;
        }
        ier = bits & 0x0f;
    }

    private void writeFifoControl(int bits) {
        boolean switched = ((bits ^ fcr) & 1) != 0;
        if (switched || (bits & 2) != 0) {
            fifoCount = 0;
        }
        fcr = (bits & 1) == 0 ? 0 : bits & 0xc9;
    }

    private void writeModemControl(int bits) {
        int before = modemLines();
        mcr = bits & 0x1f;
        int changed = before ^ modemLines();
        modemChanges |= changed >> 4 & 0b1011;
        // The ring indicator reports its trailing edge only.
        if ((changed & before & 0x40) != 0) {
            modemChanges |= 4;
        }
    }

    private int readData() {
        int value = fifoCount == 0 ? 0 : pop();
        update();
        return value;
    }

    private int readInterruptId() {
        int id = interruptId();
        if (id == IIR_TRANSMITTER_EMPTY) {
            transmitterInterrupt = false;
            update();
        }
        return id | ((fcr & 1) != 0 ? 0xc0 : 0);
    }

    private int readLineStatus() {
        int status = LSR_TRANSMITTER_EMPTY | (fifoCount > 0 ? LSR_DATA_READY : 0) | (overrun ? LSR_OVERRUN : 0);
        overrun = false;
        polls = Math.min(polls + 1, POLLS_LISTENING);
        update();
        return status;
    }

    private int readModemStatus() {
        int status = modemLines() | modemChanges;
        modemChanges = 0;
        update();
        return status;
    }

    /// In loopback the four modem outputs feed the four inputs.
    private int modemLines() {
        if (!loopback()) {
            return MODEM_LINES;
        }
        return (mcr & 2) << 3 | (mcr & 1) << 5 | (mcr & 4) << 4 | (mcr & 8) << 4;
    }

    /// The interrupt of highest priority, as the IIR shows it.
    private int interruptId() {
        if ((ier & IER_LINE_STATUS) != 0 && overrun) {
            return IIR_LINE_STATUS;
        }
        if ((ier & IER_RECEIVED) != 0 && fifoCount > 0) {
            boolean full = (fcr & 1) == 0 || fifoCount >= TRIGGER[fcr >> 6];
            return full ? IIR_RECEIVED : IIR_TIME_OUT;
        }
        if ((ier & IER_TRANSMITTER_EMPTY) != 0 && transmitterInterrupt) {
            return IIR_TRANSMITTER_EMPTY;
        }
        if ((ier & IER_MODEM_STATUS) != 0 && modemChanges != 0) {
            return IIR_MODEM_STATUS;
        }
        return IIR_NONE;
    }

    private void update() {
        pin.level(interruptId() != IIR_NONE);
    }

    private void receive(byte value) {
        int capacity = (fcr & 1) != 0 ? FIFO_BYTES : 1;
        if (fifoCount >= capacity) {
            overrun = true;
        } else {
            fifo[(fifoHead + fifoCount++) % FIFO_BYTES] = value;
        }
    }

    private int pop() {
        int value = fifo[fifoHead] & 0xff;
        fifoHead = (fifoHead + 1) % FIFO_BYTES;
        fifoCount--;
        return value;
    }

    private boolean divisorLatch() {
        return (lcr & LCR_DIVISOR_LATCH) != 0;
    }

    private boolean loopback() {
        return (mcr & MCR_LOOPBACK) != 0;
    }

    @Override
    public void save(DataOutput out) throws IOException {
        out.writeInt(fifoCount);
        for (int i = 0; i < fifoCount; i++) {
            out.writeByte(fifo[(fifoHead + i) % FIFO_BYTES]);
        }
        for (int field : new int[] {ier, fcr, lcr, mcr, scratch, divisor, modemChanges, polls}) {
            out.writeInt(field);
        }
        out.writeBoolean(overrun);
        out.writeBoolean(transmitterInterrupt);
    }

    @Override
    public void load(DataInput in) throws IOException {
        fifoHead = 0;
        fifoCount = StateFields.count(in, "console bytes received", FIFO_BYTES);
        in.readFully(fifo, 0, fifoCount);
        ier = StateFields.within(in, "UART interrupt enable", 0, 0x0f);
        fcr = StateFields.within(in, "UART FIFO control", 0, 0xff);
        lcr = StateFields.within(in, "UART line control", 0, 0xff);
        mcr = StateFields.within(in, "UART modem control", 0, 0x1f);
        scratch = StateFields.within(in, "UART scratch", 0, 0xff);
        divisor = StateFields.within(in, "UART divisor", 0, 0xffff);
        modemChanges = StateFields.within(in, "UART modem changes", 0, 0x0f);
        polls = StateFields.within(in, "UART polls", 0, POLLS_LISTENING);
        overrun = in.readBoolean();
        transmitterInterrupt = in.readBoolean();
        update();
    }
}
