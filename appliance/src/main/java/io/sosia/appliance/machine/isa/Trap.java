package io.sosia.appliance.machine.isa;

/// Trap causes as they appear in `scause` (Privileged ISA, "Supervisor Cause Register").
public final class Trap {
    public static final long INSTRUCTION_ACCESS_FAULT = 1;
    public static final long ILLEGAL_INSTRUCTION = 2;
    public static final long BREAKPOINT = 3;
    public static final long LOAD_MISALIGNED = 4;
    public static final long LOAD_ACCESS_FAULT = 5;
    public static final long STORE_MISALIGNED = 6;
    public static final long STORE_ACCESS_FAULT = 7;
    public static final long ECALL_FROM_USER = 8;
    public static final long INSTRUCTION_PAGE_FAULT = 12;
    public static final long LOAD_PAGE_FAULT = 13;
    public static final long STORE_PAGE_FAULT = 15;

    /// Set in `scause` of interrupts.
    public static final long INTERRUPT = Long.MIN_VALUE;

    /// Bit numbers in `sip` and `sie`, and interrupt causes.
    public static final int SOFTWARE_INTERRUPT = 1;
    public static final int TIMER_INTERRUPT = 5;
    public static final int EXTERNAL_INTERRUPT = 9;

    private Trap() {}
}
