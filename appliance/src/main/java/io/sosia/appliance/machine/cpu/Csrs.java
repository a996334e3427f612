package io.sosia.appliance.machine.cpu;

import io.sosia.appliance.machine.isa.Trap;
import io.sosia.appliance.machine.mmu.Mmu;
import io.sosia.appliance.machine.state.BadStateException;
import io.sosia.appliance.machine.state.Stateful;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/// The control and status registers of S and U mode (Privileged ISA, "Supervisor-Level ISA"; Unprivileged ISA, "Zicntr").
final class Csrs implements Stateful {

    static final int FFLAGS = 0x001;
    static final int FRM = 0x002;
    static final int FCSR = 0x003;
    static final int SSTATUS = 0x100;
    static final int SIE = 0x104;
    static final int STVEC = 0x105;
    static final int SCOUNTEREN = 0x106;
    static final int SENVCFG = 0x10a;
    static final int SSCRATCH = 0x140;
    static final int SEPC = 0x141;
    static final int SCAUSE = 0x142;
    static final int STVAL = 0x143;
    static final int SIP = 0x144;
    static final int STIMECMP = 0x14d;
    static final int SATP = 0x180;
    static final int CYCLE = 0xc00;
    static final int TIME = 0xc01;
    static final int INSTRET = 0xc02;

    private static final long STATUS_SIE = 1L << 1;
    private static final long STATUS_SPIE = 1L << 5;
    private static final long STATUS_SPP = 1L << 8;
    private static final int STATUS_FS_SHIFT = 13;
    private static final long STATUS_SUM = 1L << 18;
    private static final long STATUS_MXR = 1L << 19;
    private static final long STATUS_UXL_64 = 2L << 32;
    private static final long STATUS_SD = 1L << 63;

    private static final long SOFTWARE = 1L << Trap.SOFTWARE_INTERRUPT;
    private static final long TIMER = 1L << Trap.TIMER_INTERRUPT;
    private static final long EXTERNAL = 1L << Trap.EXTERNAL_INTERRUPT;
    private static final long INTERRUPTS = SOFTWARE | TIMER | EXTERNAL;

    private static final long TIMER_NEVER = -1;

    private final Hart hart;

    /// `sstatus`: SIE, SPIE, SPP (previously S), SUM, MXR.
    boolean interrupts;
    private boolean previousInterrupts;
    private boolean previousSupervisor;
    boolean sum;
    boolean mxr;
    /// `sie`.
    long enabled;
    /// SSIP, SEIP.
    boolean software;
    boolean external;
    /// `stvec`, `satp`, `stimecmp`.
    long vector;
    long satp;
    long timer = TIMER_NEVER;
    private long counters;
    private long environment;
    private long scratch;
    private long epc;
    private long cause;
    private long value;

    Csrs(Hart hart) {
        this.hart = hart;
    }

    /// Everything zero but `scounteren`, no timer; the wire of the interrupt controller keeps its level.
    void reset() {
        writeStatus(0);
        previousSupervisor = false;
        enabled = 0;
        software = false;
        vector = 0;
        satp = 0;
        timer = TIMER_NEVER;
        // Linux leaves it as its firmware set it, and programs read `time` through the vDSO.
        counters = 7;
        environment = 0;
        scratch = 0;
        epc = 0;
        cause = 0;
        value = 0;
    }

    /// Interrupts pending and enabled in `sie`, whatever `sstatus.SIE` says.
    long pending() {
        return raised() & enabled;
    }

    private long raised() {
        return (software ? SOFTWARE : 0) | (external ? EXTERNAL : 0) | (timerFired() ? TIMER : 0);
    }

    boolean timerFired() {
        return timer != TIMER_NEVER && Long.compareUnsigned(hart.ticks(), timer) >= 0;
    }

    /// The part of trap entry that changes CSRs.
    void enter(long trapCause, long trapValue) {
        epc = hart.pc;
        cause = trapCause;
        value = trapValue;
        previousInterrupts = interrupts;
        interrupts = false;
        previousSupervisor = !hart.user;
    }

    /// The part of `sret` that changes CSRs and privilege; gives the address to go on at.
    long leave() {
        interrupts = previousInterrupts;
        previousInterrupts = true;
        hart.user = !previousSupervisor;
        previousSupervisor = false;
        return epc;
    }

    boolean exists(int number) {
        return switch (number) {
            case FFLAGS, FRM, FCSR, SSTATUS, SIE, STVEC, SCOUNTEREN, SENVCFG, SSCRATCH, SEPC, SCAUSE, STVAL, SIP, STIMECMP,
                 SATP, CYCLE, TIME, INSTRET -> true;
            default -> false;
        };
    }

    /// Whether the instruction may access the CSR at all, in the present mode.
    boolean allows(int number, boolean write) {
        boolean supervisor = (number >>> 8 & 3) != 0;
        boolean readOnly = number >>> 10 == 3;
        if (!exists(number) || supervisor && hart.user || readOnly && write) {
            return false;
        }
        return switch (number) {
            case FFLAGS, FRM, FCSR -> hart.fp.status != FloatRegisters.OFF;
            case CYCLE, TIME, INSTRET -> !hart.user || (counters >>> (number & 3) & 1) != 0;
            default -> true;
        };
    }

    long read(int number) {
        return switch (number) {
            case FFLAGS -> hart.fp.flags.bits;
            case FRM -> hart.fp.rounding;
            case FCSR -> hart.fp.rounding << 5 | hart.fp.flags.bits;
            case SSTATUS -> readStatus();
            case SIE -> enabled;
            case STVEC -> vector;
            case SCOUNTEREN -> counters;
            case SENVCFG -> environment;
            case SSCRATCH -> scratch;
            case SEPC -> epc;
            case SCAUSE -> cause;
            case STVAL -> value;
            case SIP -> raised();
            case STIMECMP -> timer;
            case SATP -> satp;
            case CYCLE -> hart.steps();
            case TIME -> hart.ticks();
            case INSTRET -> hart.retired();
            default -> throw new IllegalStateException("CSR 0x%x was let through".formatted(number));
        };
    }

    void write(int number, long bits) {
        switch (number) {
            case FFLAGS -> writeFloatControl(hart.fp.rounding, (int) bits & 31);
            case FRM -> writeFloatControl((int) bits & 7, hart.fp.flags.bits);
            case FCSR -> writeFloatControl((int) bits >>> 5 & 7, (int) bits & 31);
            case SSTATUS -> writeStatus(bits);
            case SIE -> {
                enabled = bits & INTERRUPTS;
                lookForInterrupt();
            }
            case STVEC -> vector = bits & ~2L;
            case SCOUNTEREN -> counters = bits & 7;
            case SENVCFG -> environment = bits & 1;
            case SSCRATCH -> scratch = bits;
            case SEPC -> epc = bits & ~1L;
            case SCAUSE -> cause = bits;
            case STVAL -> value = bits;
            case SIP -> {
                software = (bits & SOFTWARE) != 0;
                lookForInterrupt();
            }
            case STIMECMP -> hart.setTimer(bits);
            case SATP -> writeTranslation(bits);
            default -> throw new IllegalStateException("CSR 0x%x was let through".formatted(number));
        }
    }

    private void writeFloatControl(int rounding, int flags) {
        hart.fp.rounding = rounding;
        hart.fp.flags.bits = flags;
        hart.fp.status = FloatRegisters.DIRTY;
    }

    private long readStatus() {
        int fs = hart.fp.status;
        return (interrupts ? STATUS_SIE : 0) | (previousInterrupts ? STATUS_SPIE : 0)
                | (previousSupervisor ? STATUS_SPP : 0) | (long) fs << STATUS_FS_SHIFT
                | (sum ? STATUS_SUM : 0) | (mxr ? STATUS_MXR : 0) | STATUS_UXL_64
                | (fs == FloatRegisters.DIRTY ? STATUS_SD : 0);
    }

    private void writeStatus(long bits) {
        previousInterrupts = (bits & STATUS_SPIE) != 0;
        previousSupervisor = (bits & STATUS_SPP) != 0;
        hart.fp.status = (int) (bits >>> STATUS_FS_SHIFT) & 3;
        boolean newSum = (bits & STATUS_SUM) != 0;
        boolean newMxr = (bits & STATUS_MXR) != 0;
        if (newSum != sum || newMxr != mxr) {
            sum = newSum;
            mxr = newMxr;
            hart.selectView();
        }
        interrupts = (bits & STATUS_SIE) != 0;
        lookForInterrupt();
    }

    /// Only a change that lets an interrupt through is worth leaving the stretch: the kernel toggles SIE all the time.
    private void lookForInterrupt() {
        if (interrupts && pending() != 0) {
            hart.demandAttention();
        }
    }

    /// WARL: a mode that does not exist leaves the register as it was.
    private void writeTranslation(long bits) {
        long mode = bits >>> 60;
        if (mode == 0 || mode == Mmu.MODE_SV39) {
            satp = bits;
            hart.selectView();
        }
    }

    @Override
    public void save(DataOutput out) throws IOException {
        out.writeLong(readStatus());
        out.writeLong(enabled);
        out.writeBoolean(software);
        out.writeBoolean(external);
        for (long each : new long[] {vector, satp, timer, counters, environment, scratch, epc, cause, value}) {
            out.writeLong(each);
        }
    }

    @Override
    public void load(DataInput in) throws IOException {
        long status = in.readLong();
        enabled = in.readLong();
        software = in.readBoolean();
        external = in.readBoolean();
        vector = in.readLong();
        satp = in.readLong();
        timer = in.readLong();
        counters = in.readLong();
        environment = in.readLong();
        scratch = in.readLong();
        epc = in.readLong();
        cause = in.readLong();
        value = in.readLong();
        long mode = satp >>> 60;
        if ((enabled & ~INTERRUPTS) != 0 || mode != 0 && mode != Mmu.MODE_SV39 || (vector & 2) != 0 || (epc & 1) != 0
                || (counters & ~7) != 0 || (environment & ~1) != 0) {
            throw new BadStateException("CSRs hold bits they cannot have: sie 0x%x, satp 0x%x, stvec 0x%x, sepc 0x%x"
                    .formatted(enabled, satp, vector, epc));
        }
        writeStatus(status);
    }
}
