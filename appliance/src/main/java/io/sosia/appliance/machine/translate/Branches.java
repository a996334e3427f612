package io.sosia.appliance.machine.translate;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;

/// Writes conditional jumps that the JVM's compiler is not to take for likely.
///
/// Translated code is compiled before it has a profile. Then C2 guesses: of ten times, a jump forward on "not equal" is taken nine, one on
/// "equal" once, any other five; and what is taken nine times it puts next to the jump, with the rest of the method elsewhere. So nothing
/// jumps forward on "not equal": neither what leaves the code nor the guest's branches. (`Parse::branch_prediction` in HotSpot's
/// `parse2.cpp`; the launcher has what is taken five times moved out of the way too.)
final class Branches {

    private static final ClassDesc LONG = ClassDesc.of("java.lang.Long");
    private static final MethodTypeDesc COMPARE = MethodTypeDesc.ofDescriptor("(JJ)I");

    private Branches() {}

    /// Pops a long value and jumps unless it is zero.
    static void unlessZero(CodeBuilder code, Label to) {
        compareUnsigned(code.lconst_0()).ifgt(to);
    }

    /// Jumps if a local variable's int value is less than a constant, from which it does not differ by more than an int.
    ///
    /// Compared with it, the value might be taken for a loop's counter: C2 would guess how far that goes, and throw the code away when
    /// it guessed wrong.
    static void ifLess(CodeBuilder code, int local, int constant, Label to) {
        code.loadConstant(constant - 1).iload(local).isub().loadConstant(Integer.MIN_VALUE).iand().ifeq(to);
    }

    /// Pops two long values and pushes how they compare.
    static CodeBuilder compareUnsigned(CodeBuilder code) {
        return code.invokestatic(LONG, "compareUnsigned", COMPARE);
    }
}
