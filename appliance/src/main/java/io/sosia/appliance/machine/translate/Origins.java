package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.isa.Op;
import java.util.Arrays;

/// Which registers hold values at known distances from each other, instruction by instruction of a block.
///
/// An origin is a value that others are told from: what a register holds where the block begins, zero, the place of the code, or what an
/// instruction computes.
final class Origins {

    private static final int ZERO = 0;
    private static final int CODE = 32;
    /// From an origin: so that the distance between any two values, and what an access adds, fits in an int.
    private static final int DISTANCE_MAX = 1 << 29;

    private final int[] origins = new int[32];
    private final int[] distances = new int[32];
    private int count = CODE + 1;

    Origins() {
        Arrays.setAll(origins, register -> register);
    }

    /// How many origins there are at most in so many instructions.
    static int most(int instructions) {
        return CODE + 1 + instructions;
    }

    /// Number of the origin that a register's value is told from.
    int origin(int register) {
        return origins[register];
    }

    /// How far from its origin a register's value is.
    int distance(int register) {
        return distances[register];
    }

    /// Follows an instruction.
    void after(long word, int place) {
        int written = RegisterUse.written(word);
        if (written == 0) {
            return;
        }
        int to = Integer.numberOfTrailingZeros(written);
        switch (Op.op(word)) {
            case Op.MV -> set(to, origins[Op.rs1(word)], distances[Op.rs1(word)]);
            case Op.ADDI -> set(to, origins[Op.rs1(word)], distances[Op.rs1(word)] + Op.immediate(word));
            case Op.AUIPC -> set(to, CODE, (long) place + Op.immediate(word));
            case Op.LI -> set(to, ZERO, Op.immediate(word));
            default -> set(to, count++, 0);
        }
    }

    private void set(int register, int origin, long distance) {
        boolean near = Math.abs(distance) <= DISTANCE_MAX;
        origins[register] = near ? origin : count++;
        distances[register] = near ? (int) distance : 0;
    }
}
