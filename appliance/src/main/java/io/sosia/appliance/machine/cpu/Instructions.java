package io.sosia.appliance.machine.cpu;

import io.sosia.appliance.machine.isa.Op;
import io.sosia.appliance.machine.isa.Trap;

/// The meaning of every instruction that can trap or touches more than the integer registers.
final class Instructions {

    private final Hart hart;
    private final DataAccess memory;
    final Atomics atomics;
    final FloatingPoint floats;

    Instructions(Hart hart) {
        this.hart = hart;
        memory = new DataAccess(hart);
        atomics = new Atomics(hart, memory);
        floats = new FloatingPoint(hart);
    }

    void execute(long word) {
        switch (Op.op(word)) {
            case Op.LB, Op.LH, Op.LW, Op.LD, Op.LBU, Op.LHU, Op.LWU -> load(word);
            case Op.SB -> memory.store(address(word), 1, hart.x[Op.rs2(word)]);
            case Op.SH -> memory.store(address(word), 2, hart.x[Op.rs2(word)]);
            case Op.SW -> memory.store(address(word), 4, hart.x[Op.rs2(word)]);
            case Op.SD -> memory.store(address(word), 8, hart.x[Op.rs2(word)]);
            case Op.FLW, Op.FLD, Op.FSW, Op.FSD -> floatAccess(word);
            case Op.FLOAT -> floats.execute(Op.immediate(word));
            case Op.AMO -> atomics.execute(Op.immediate(word));
            case Op.CSR -> csr(Op.immediate(word));
            case Op.ECALL -> {
                if (hart.user) {
                    hart.trap(Trap.ECALL_FROM_USER, 0);
                } else {
                    hart.callFirmware();
                }
            }
            case Op.EBREAK -> hart.trap(Trap.BREAKPOINT, 0);
            case Op.SRET -> {
                if (hart.user) {
                    hart.illegal();
                } else {
                    hart.returnFromTrap();
                }
            }
            case Op.WFI -> {
                if (hart.user) {
                    hart.illegal();
                } else {
                    hart.waitForInterrupt();
                }
            }
            case Op.SFENCE_VMA -> {
                // Translations are coherent: nothing to do.
                if (hart.user) {
                    hart.illegal();
                }
            }
            case Op.ILLEGAL -> hart.illegal();
            default -> throw new IllegalStateException("operation " + Op.op(word) + " is the engine's own");
        }
    }

    private long address(long word) {
        return hart.x[Op.rs1(word)] + Op.immediate(word);
    }

    private void load(long word) {
        long va = address(word);
        long value = switch (Op.op(word)) {
            case Op.LB -> (byte) memory.load(va, 1);
            case Op.LBU -> memory.load(va, 1);
            case Op.LH -> (short) memory.load(va, 2);
            case Op.LHU -> memory.load(va, 2);
            case Op.LW -> (int) memory.load(va, 4);
            case Op.LWU -> memory.load(va, 4);
            default -> memory.load(va, 8);
        };
        if (!hart.trapped) {
            hart.x[Op.rd(word)] = value;
        }
    }

    private void floatAccess(long word) {
        if (hart.fp.status == FloatRegisters.OFF) {
            hart.illegal();
            return;
        }
        long va = address(word);
        int width = Op.op(word) == Op.FLW || Op.op(word) == Op.FSW ? 4 : 8;
        if (Op.op(word) == Op.FSW || Op.op(word) == Op.FSD) {
            memory.store(va, width, hart.fp.f[Op.rs2(word)]);
            return;
        }
        long bits = memory.load(va, width);
        if (!hart.trapped) {
            hart.fp.set(Op.rd(word), width == 4 ? bits | -1L << 32 : bits);
        }
    }

    private void csr(int instruction) {
        int number = instruction >>> 20;
        int function = instruction >>> 12 & 7;
        int source = instruction >>> 15 & 31;
        boolean write = (function & 3) == 1 || source != 0;
        if (!hart.csrs.allows(number, write)) {
            hart.illegal();
            return;
        }
        long operand = function >= 4 ? source : hart.x[source];
        long old = hart.csrs.read(number);
        if (write) {
            hart.csrs.write(number, switch (function & 3) {
                case 1 -> operand;
                case 2 -> old | operand;
                default -> old & ~operand;
            });
        }
        hart.setX(instruction >>> 7 & 31, old);
    }
}
