package io.sosia.appliance.machine.cpu;

import io.sosia.appliance.machine.fpu.Float64;
import io.sosia.appliance.machine.fpu.FpFlags;
import io.sosia.appliance.machine.fpu.FpRounding;
import io.sosia.appliance.machine.isa.FloatEncoding;
import io.sosia.appliance.machine.state.BadStateException;
import io.sosia.appliance.machine.state.Stateful;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/// The floating-point state: 32 registers, `frm`, `fflags`, and `sstatus.FS` that guards and tracks them.
public final class FloatRegisters implements Stateful {

    static final int OFF = 0;
    static final int DIRTY = 3;

    final long[] f = new long[32];
    int rounding;
    final FpFlags flags = new FpFlags();
    /// `sstatus.FS`: 0 off, 1 initial, 2 clean, 3 dirty.
    int status;

    void reset() {
        java.util.Arrays.fill(f, 0);
        rounding = 0;
        flags.bits = 0;
        status = OFF;
    }

    /// The bits of the registers. Who writes them sees to it that `sstatus.FS` becomes dirty, or [#isDirty].
    public long[] registers() {
        return f;
    }

    /// Writes a register; `sstatus.FS` becomes dirty.
    void set(int register, long bits) {
        f[register] = bits;
        status = DIRTY;
    }

    /// Whether floating-point instructions that exist can be executed without a trap: `sstatus.FS` is not off, `frm` is valid.
    public boolean ready() {
        return status != OFF && FpRounding.isValid(rounding);
    }

    /// Whether `sstatus.FS` is dirty.
    public boolean isDirty() {
        return status == DIRTY;
    }

    /// The bound below which results of arithmetic that rounds as `frm` says change no flag.
    public long settledBelow() {
        return Float64.bound(rounding, flags);
    }

    /// The accrued exception flags.
    public FpFlags flags() {
        return flags;
    }

    /// The rounding mode that an instruction asks for, which does round.
    public int rounding(int instruction) {
        int mode = instruction >>> 12 & 7;
        return mode == FloatEncoding.DYNAMIC ? rounding : mode;
    }

    @Override
    public void save(DataOutput out) throws IOException {
        for (long bits : f) {
            out.writeLong(bits);
        }
        out.writeByte(rounding);
        out.writeByte(flags.bits);
        out.writeByte(status);
    }

    @Override
    public void load(DataInput in) throws IOException {
        for (int i = 0; i < f.length; i++) {
            f[i] = in.readLong();
        }
        rounding = in.readByte();
        flags.bits = in.readByte();
        status = in.readByte();
        if (rounding < 0 || rounding > 7 || flags.bits < 0 || flags.bits > FpFlags.ALL || status < 0 || status > 3) {
            throw new BadStateException("floating-point state out of range: frm " + rounding + ", fflags " + flags.bits
                    + ", FS " + status);
        }
    }
}
