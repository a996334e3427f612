package io.sosia.appliance.machine.cpu;

import io.sosia.appliance.machine.bus.Bus;
import io.sosia.appliance.machine.bus.InterruptPin;
import io.sosia.appliance.machine.isa.Op;
import io.sosia.appliance.machine.isa.Trap;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.mmu.Mmu;
import io.sosia.appliance.machine.state.BadStateException;
import io.sosia.appliance.machine.state.Stateful;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/// One RV64GC hart with S and U mode: registers, traps, interrupts, and the count of steps.
///
/// Engines run the common integer instructions themselves, on [#registers], and hand every other one to [#execute]. Between
/// stretches they ask [#proceed], which takes interrupts and ends waits at their exact steps. `attention` tells them that
/// what they hold outside (tables, the page being executed, the absence of an interrupt) may have changed.
///
/// One thread uses a hart, its RAM and its bus.
public final class Hart implements Stateful {

    private static final long CHUNK_STEPS = 1L << 30;

    final GuestRam ram;
    final Bus bus;
    final GuestClock clock;
    final Mmu mmu;

    final long[] x = new long[64];
    final FloatRegisters fp = new FloatRegisters();
    final Csrs csrs = new Csrs(this);
    private final Instructions instructions;
    private Firmware firmware = hart -> {
        hart.setX(10, -2);
        hart.setX(11, 0);
    };

    long pc;
    boolean user;
    boolean waiting;
    private long steps;
    private long unretired;

    private boolean attention;
    boolean trapped;
    private boolean stopRequested;
    private boolean mayPassTime;
    private long timerStep;

    public Hart(GuestRam ram, Bus bus, GuestClock clock) {
        this.ram = ram;
        this.bus = bus;
        this.clock = clock;
        mmu = new Mmu(ram, this::demandAttention);
        instructions = new Instructions(this);
    }

    /// Puts the hart at `pc` in S-mode with paging and interrupts off and `a0`, `a1` as given; everything else is zero, but
    /// U-mode may read the counters (`scounteren` is 7, as firmware leaves it). Steps go on counting, `instret` starts again.
    public void reset(long pc, long a0, long a1) {
        java.util.Arrays.fill(x, 0);
        x[10] = a0;
        x[11] = a1;
        fp.reset();
        csrs.reset();
        instructions.atomics.release();
        this.pc = pc;
        user = false;
        waiting = false;
        unretired = steps;
        selectView();
    }

    /// Names who answers `ecall` from S-mode; until then every call is "not supported" (-2).
    public void setFirmware(Firmware firmware) {
        this.firmware = firmware;
    }

    /// The wire from the interrupt controller: SEIP.
    public InterruptPin externalInterrupt() {
        return asserted -> {
            csrs.external = asserted;
            demandAttention();
        };
    }

    /// Sets or clears SSIP, for the firmware's IPI.
    public void setSoftwareInterrupt(boolean pending) {
        csrs.software = pending;
        demandAttention();
    }

    /// Sets the timer, `stimecmp`: the timer interrupt is pending whenever guest time has reached it (unsigned). The
    /// firmware's TIME extension uses it too.
    public void setTimer(long ticks) {
        csrs.timer = ticks;
        timerChanged();
    }

    /// Guest time at which the timer next wakes this hart, [Long#MAX_VALUE] when it never does (not set, or not enabled).
    public long timerDeadlineTicks() {
        boolean enabled = (csrs.enabled & 1L << Trap.TIMER_INTERRUPT) != 0;
        return enabled && Long.compareUnsigned(csrs.timer, GuestClock.DEADLINE_MAX) <= 0 ? csrs.timer : Long.MAX_VALUE;
    }

    /// Makes the engine return right after the instruction being executed: an output is waiting, or power is off.
    public void requestStop() {
        stopRequested = true;
        demandAttention();
    }

    /// Whether the hart waits for an interrupt (WFI) and none that is enabled is pending.
    public boolean waiting() {
        return waiting && csrs.pending() == 0;
    }

    /// Does what `wfi` does: for the firmware's suspend.
    public void waitForInterrupt() {
        if (csrs.pending() == 0) {
            waiting = true;
            mayPassTime = false;
            demandAttention();
        }
    }

    /// Steps executed since the hart was built.
    public long steps() {
        return steps;
    }

    /// Instructions retired since the last reset.
    public long retired() {
        return steps - unretired;
    }

    /// Integer register 0 to 31.
    public long x(int register) {
        return x[register];
    }

    /// Writes an integer register, 0 to 31; writes to `x0` have no effect.
    public void setX(int register, long value) {
        if (register != 0) {
            x[register] = value;
        }
    }

    /// Floating-point register 0 to 31, as its 64 bits.
    public long f(int register) {
        return fp.f[register];
    }

    /// Address of the next instruction, or of the one being executed.
    public long pc() {
        return pc;
    }

    /// Whether the hart is in U-mode; else in S-mode.
    public boolean user() {
        return user;
    }

    /// Reads a CSR as S-mode would, for inspection; 0 when there is none of that number.
    public long csr(int number) {
        return csrs.exists(number) ? csrs.read(number) : 0;
    }

    /// Guest time now, in ticks.
    public long ticks() {
        return clock.ticks(steps);
    }

    // ---- for engines ------------------------------------------------------------------------------------------------

    /// The integer registers, 64 of them: see [Op#SINK].
    public long[] registers() {
        return x;
    }

    /// The floating-point registers.
    public FloatRegisters floats() {
        return fp;
    }

    /// Executes a floating-point computation that cannot trap: [FloatRegisters#ready]. Leaves [#pc] alone.
    ///
    /// @param instruction one of those of [io.sosia.appliance.machine.isa.Op#FLOAT]
    public void compute(int instruction) {
        instructions.floats.execute(instruction);
    }

    public GuestRam ram() {
        return ram;
    }

    public Mmu mmu() {
        return mmu;
    }

    /// Something outside the flow of instructions may have changed: leave the stretch and ask [#proceed].
    public boolean attention() {
        return attention;
    }

    /// Raises [#attention]: for caches that dropped code being executed.
    public void demandAttention() {
        attention = true;
    }

    /// To be called at the start of each `Engine.run`.
    public void beginRun() {
        stopRequested = false;
        mayPassTime = true;
        timerChanged();
    }

    /// Settles what lies between instructions: ends a wait, takes interrupts (a step each).
    ///
    /// @return the step up to which instructions may be executed, from [#pc] on; equal to [#steps] when the run is over
    public long proceed(long untilSteps) {
        while (true) {
            if (stopRequested || steps >= untilSteps) {
                return steps;
            }
            long pending = csrs.pending();
            if (waiting && pending == 0) {
                if (!mayPassTime || !passToTimer()) {
                    return steps;
                }
                pending = csrs.pending();
            }
            waiting = false;
            if (steps >= timerStep) {
                timerStep = Long.MAX_VALUE;
            }
            if (pending == 0 || !user && !csrs.interrupts) {
                attention = false;
                return Math.min(Math.min(untilSteps, timerStep), steps + CHUNK_STEPS);
            }
            int cause = (pending & 1L << Trap.EXTERNAL_INTERRUPT) != 0 ? Trap.EXTERNAL_INTERRUPT
                    : (pending & 1L << Trap.SOFTWARE_INTERRUPT) != 0 ? Trap.SOFTWARE_INTERRUPT : Trap.TIMER_INTERRUPT;
            trap(Trap.INTERRUPT | cause, 0);
            steps++;
        }
    }

    private boolean passToTimer() {
        long deadline = timerDeadlineTicks();
        if (deadline == Long.MAX_VALUE) {
            return false;
        }
        clock.passTo(steps, Math.max(ticks(), deadline));
        timerChanged();
        return true;
    }

    private void timerChanged() {
        timerStep = csrs.timerFired() ? Long.MAX_VALUE : clock.stepReaching(csrs.timer);
        attention = true;
    }

    /// Tells the hart where the engine is: the next instruction, and the steps executed before it.
    public void at(long pc, long steps) {
        this.pc = pc;
        this.steps = steps;
    }

    /// Executes the decoded instruction at [#pc] completely: afterwards [#pc] is behind it, or at the trap handler, and then
    /// [#attention] is raised. Counts no step. Any word but jumps, branches and integer computation is welcome.
    public void execute(long word) {
        trapped = false;
        instructions.execute(word);
        if (!trapped) {
            pc += 2 * Op.length(word);
        }
    }

    /// RAM offset of the instruction halfword at `va`, or -1 after taking the trap for it (with [#pc] as its origin).
    public int fetch(long va) {
        long address = mmu.translate(va, Mmu.FETCH);
        if (ram.contains(address, 2)) {
            return GuestRam.offset(address);
        }
        trap(address == Mmu.PAGE_FAULT ? Trap.INSTRUCTION_PAGE_FAULT : Trap.INSTRUCTION_ACCESS_FAULT, va);
        return -1;
    }

    // ---- inside the package -----------------------------------------------------------------------------------------

    /// Enters the trap handler from the instruction at [#pc] (Privileged ISA, "Supervisor Trap Vector Base Address").
    void trap(long cause, long value) {
        csrs.enter(cause, value);
        boolean vectored = cause < 0 && (csrs.vector & 1) != 0;
        pc = (csrs.vector & -4) + (vectored ? (cause & 63) << 2 : 0);
        user = false;
        trapped = true;
        unretired++;
        selectView();
    }

    /// Traps as an illegal instruction, with its bits.
    void illegal() {
        int first = fetch(pc);
        if (first < 0) {
            return;
        }
        int low = ram.read16(first) & 0xffff;
        if ((low & 3) != 3) {
            trap(Trap.ILLEGAL_INSTRUCTION, low);
            return;
        }
        int second = fetch(pc + 2);
        if (second >= 0) {
            trap(Trap.ILLEGAL_INSTRUCTION, (long) (ram.read16(second) & 0xffff) << 16 | low);
        }
    }

    void callFirmware() {
        firmware.call(this);
        unretired++;
    }

    void returnFromTrap() {
        pc = csrs.leave();
        trapped = true;
        selectView();
    }

    /// Tells the MMU whose eyes to look through.
    void selectView() {
        mmu.select(csrs.satp, user, csrs.sum && !user, csrs.mxr);
        attention = true;
    }

    // ---- state ------------------------------------------------------------------------------------------------------

    @Override
    public void save(DataOutput out) throws IOException {
        for (int i = 1; i < 32; i++) {
            out.writeLong(x[i]);
        }
        out.writeLong(pc);
        out.writeBoolean(user);
        out.writeBoolean(waiting);
        out.writeLong(steps);
        out.writeLong(unretired);
        fp.save(out);
        csrs.save(out);
        instructions.atomics.save(out);
    }

    @Override
    public void load(DataInput in) throws IOException {
        for (int i = 1; i < 32; i++) {
            x[i] = in.readLong();
        }
        pc = in.readLong();
        user = in.readBoolean();
        waiting = in.readBoolean();
        steps = in.readLong();
        unretired = in.readLong();
        if ((pc & 1) != 0 || steps < 0 || unretired < 0 || unretired > steps) {
            throw new BadStateException("hart out of range: pc 0x%x, steps %d, unretired %d".formatted(pc, steps, unretired));
        }
        fp.load(in);
        csrs.load(in);
        instructions.atomics.load(in);
        mayPassTime = true;
        stopRequested = false;
        selectView();
    }
}
