package io.sosia.appliance.machine.cpu;

import io.sosia.appliance.machine.isa.Trap;
import io.sosia.appliance.machine.mmu.Mmu;
import io.sosia.appliance.machine.state.BadStateException;
import io.sosia.appliance.machine.state.Stateful;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/// The A extension, and the reservation of `lr`.
///
/// A reservation is the physical address, the width and the value read. `sc` succeeds when all three still hold, so a write
/// in between, by the hart or a device, makes it fail when it changed the value; any `sc` ends the reservation.
final class Atomics implements Stateful {

    private static final int NONE = 0;

    private final Hart hart;
    private final DataAccess memory;

    private int reservedOffset;
    private int reservedWidth = NONE;
    private long reservedValue;

    Atomics(Hart hart, DataAccess memory) {
        this.hart = hart;
        this.memory = memory;
    }

    void release() {
        reservedOffset = 0;
        reservedWidth = NONE;
        reservedValue = 0;
    }

    void execute(int instruction) {
        int width = (instruction >>> 12 & 7) == 2 ? 4 : 8;
        int operation = instruction >>> 27;
        long va = hart.x[instruction >>> 15 & 31];
        boolean reserving = operation == 2;
        if ((va & width - 1) != 0) {
            hart.trap(reserving ? Trap.LOAD_MISALIGNED : Trap.STORE_MISALIGNED, va);
            return;
        }
        int offset = memory.atomic(va, reserving ? Mmu.LOAD : Mmu.STORE);
        if (hart.trapped) {
            return;
        }
        long old = memory.read(offset, width);
        if (width == 4) {
            old = (int) old;
        }
        long operand = hart.x[instruction >>> 20 & 31];
        long result = old;
        switch (operation) {
            case 2 -> {
                reservedOffset = offset;
                reservedWidth = width;
                reservedValue = old;
            }
            case 3 -> {
                boolean holds = reservedWidth == width && reservedOffset == offset && reservedValue == old;
                release();
                if (holds) {
                    memory.write(offset, width, operand);
                }
                result = holds ? 0 : 1;
            }
            default -> memory.write(offset, width, combine(operation, old, width == 4 ? (int) operand : operand));
        }
        hart.setX(instruction >>> 7 & 31, result);
    }

    /// Sign-extended operands make the unsigned comparisons of words right too.
    private static long combine(int operation, long old, long operand) {
        return switch (operation) {
            case 0 -> old + operand;
            case 1 -> operand;
            case 4 -> old ^ operand;
            case 8 -> old | operand;
            case 12 -> old & operand;
            case 16 -> Math.min(old, operand);
            case 20 -> Math.max(old, operand);
            case 24 -> Long.compareUnsigned(old, operand) <= 0 ? old : operand;
            case 28 -> Long.compareUnsigned(old, operand) >= 0 ? old : operand;
            default -> throw new IllegalStateException("atomic operation " + operation + " was decoded");
        };
    }

    @Override
    public void save(DataOutput out) throws IOException {
        out.writeInt(reservedOffset);
        out.writeByte(reservedWidth);
        out.writeLong(reservedValue);
    }

    @Override
    public void load(DataInput in) throws IOException {
        reservedOffset = in.readInt();
        reservedWidth = in.readByte();
        reservedValue = in.readLong();
        boolean known = reservedWidth == NONE || reservedWidth == 4 || reservedWidth == 8;
        if (!known || reservedOffset < 0 || reservedOffset >= hart.ram.size()) {
            throw new BadStateException("reservation of width " + reservedWidth + " at RAM offset " + reservedOffset);
        }
    }
}
