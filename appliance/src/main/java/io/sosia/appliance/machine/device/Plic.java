package io.sosia.appliance.machine.device;

import io.sosia.appliance.machine.bus.InterruptPin;
import io.sosia.appliance.machine.bus.MmioDevice;
import io.sosia.appliance.machine.state.BadStateException;
import io.sosia.appliance.machine.state.Stateful;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/// The interrupt controller (RISC-V PLIC specification 1.0.0) with one context: hart 0 in S-mode.
///
/// Sources are level-triggered. A gateway that has passed a request on passes none again before its completion; the
/// request then stays pending although the level may drop (PLIC 1.0.0, chapter "Interrupt Gateways").
public final class Plic implements MmioDevice, Stateful {

    /// Sources are numbered 1 to this (`riscv,ndev`).
    public static final int SOURCES = 31;

    /// Bytes of address space.
    public static final int SIZE = 0x400_0000;

    private static final int PRIORITY_MAX = 7;
    private static final int PENDING = 0x1000;
    private static final int ENABLE = 0x2000;
    private static final int THRESHOLD = 0x20_0000;
    private static final int CLAIM = THRESHOLD + 4;

    private final InterruptPin hart;
    private final int[] priority = new int[SOURCES + 1];
    private int levels;
    private int pending;
    private int inService;
    private int enabled;
    private int threshold;

    /// @param hart the hart's S-mode external interrupt
    public Plic(InterruptPin hart) {
        this.hart = hart;
    }

    /// The wire of one source, 1 to [#SOURCES].
    public InterruptPin source(int number) {
        if (number < 1 || number > SOURCES) {
            throw new IllegalArgumentException("interrupt source " + number + ", expected 1 to " + SOURCES);
        }
        int bit = 1 << number;
        return asserted -> {
            levels = asserted ? levels | bit : levels & ~bit;
            update();
        };
    }

    /// Whether a request of this source would reach the hart now: enabled, above the threshold and not being served.
    public boolean passes(int source) {
        int bit = 1 << source;
        return (enabled & ~inService & bit) != 0 && priority[source] > threshold;
    }

    /// Back to the state at power-on; the wires keep their levels.
    public void reset() {
        java.util.Arrays.fill(priority, 0);
        pending = 0;
        inService = 0;
        enabled = 0;
        threshold = 0;
        update();
    }

    @Override
    public long read(int offset, int width) {
        if (width != 4) {
            return 0;
        }
        if (offset < 4 * (SOURCES + 1)) {
            return priority[offset >> 2];
        }
        return switch (offset) {
            case PENDING -> Integer.toUnsignedLong(pending);
            case ENABLE -> Integer.toUnsignedLong(enabled);
            case THRESHOLD -> threshold;
            case CLAIM -> claim();
            default -> 0;
        };
    }

    @Override
    public void write(int offset, int width, long value) {
        if (width != 4) {
            return;
        }
        if (offset >= 4 && offset < 4 * (SOURCES + 1)) {
            priority[offset >> 2] = (int) value & PRIORITY_MAX;
        } else if (offset == ENABLE) {
            enabled = (int) value & ~1;
        } else if (offset == THRESHOLD) {
            threshold = (int) value & PRIORITY_MAX;
        } else if (offset == CLAIM) {
            complete(value & 0xffff_ffffL);
        }
        update();
    }

    /// A claim looks at enables and priorities, not at the threshold (PLIC 1.0.0, "Interrupt Claims").
    private int claim() {
        int best = bestPending();
        if (best != 0) {
            pending &= ~(1 << best);
            inService |= 1 << best;
            update();
        }
        return best;
    }

    private void complete(long source) {
        if (source >= 1 && source <= SOURCES && (enabled >>> source & 1) != 0) {
            inService &= ~(1 << source);
        }
    }

    private int bestPending() {
        int best = 0;
        for (int left = pending & enabled; left != 0; left &= left - 1) {
            int source = Integer.numberOfTrailingZeros(left);
            if (priority[source] > priority[best]) {
                best = source;
            }
        }
        return best;
    }

    private void update() {
        pending |= levels & ~inService;
        hart.level(priority[bestPending()] > threshold);
    }

    @Override
    public void save(DataOutput out) throws IOException {
        for (int source = 1; source <= SOURCES; source++) {
            out.writeByte(priority[source]);
        }
        out.writeInt(levels);
        out.writeInt(pending);
        out.writeInt(inService);
        out.writeInt(enabled);
        out.writeByte(threshold);
    }

    @Override
    public void load(DataInput in) throws IOException {
        for (int source = 1; source <= SOURCES; source++) {
            priority[source] = priority(in);
        }
        levels = sources(in, "levels");
        pending = sources(in, "pending");
        inService = sources(in, "in service");
        enabled = sources(in, "enabled");
        threshold = priority(in);
        update();
    }

    private static int priority(DataInput in) throws IOException {
        int value = in.readUnsignedByte();
        if (value > PRIORITY_MAX) {
            throw new BadStateException("interrupt priority " + value + ", expected 0 to " + PRIORITY_MAX);
        }
        return value;
    }

    private static int sources(DataInput in, String what) throws IOException {
        int bits = in.readInt();
        if ((bits & 1) != 0) {
            throw new BadStateException("interrupt controller: source 0 is " + what + ", it does not exist");
        }
        return bits;
    }
}
