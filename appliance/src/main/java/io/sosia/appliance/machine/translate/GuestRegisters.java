package io.sosia.appliance.machine.translate;

import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;

/// The guest's integer registers in the code of one region.
///
/// Their home is [GuestAccess#X]. Within a block they are local variables: read from home when first needed, written back when the block
/// ends, so that an exit in its midst has only a few to write. In a region of the best tier that loops they stay in local variables
/// from block to block too; elsewhere that would be more loads at the beginning than are needed on the way.
final class GuestRegisters {

    private static final ClassDesc ACCESS = ClassDesc.of(GuestAccess.class.getName());
    private static final ClassDesc LONGS = ConstantDescs.CD_long.arrayType();

    private final CodeBuilder code;
    private final boolean kept;
    private final int firstLocal;
    /// Bits of the registers that are in local variables, and of those whose home is out of date.
    private int known;
    private int pending;

    /// @param kept       whether they stay in local variables between blocks
    /// @param firstLocal local variables from this one on, two for each register
    GuestRegisters(CodeBuilder code, boolean kept, int firstLocal) {
        this.code = code;
        this.kept = kept;
        this.firstLocal = firstLocal;
    }

    /// Where the region begins.
    ///
    /// @param used bits of the registers it uses
    void enter(int used) {
        if (kept) {
            for (int left = used & ~1; left != 0; left &= left - 1) {
                load(Integer.numberOfTrailingZeros(left));
            }
        }
    }

    /// Where a block begins; the one before has been [#end]ed.
    ///
    /// @param continued whether it is reached from the end of the code just written, and from nowhere else
    void begin(boolean continued) {
        if (!kept && !continued) {
            known = 0;
        }
    }

    /// Pushes a register.
    void get(int register) {
        if (register == 0) {
            code.lconst_0();
            return;
        }
        if ((known >>> register & 1) == 0) {
            load(register);
        }
        code.lload(local(register));
    }

    /// Pops a register's new value.
    void set(int register) {
        code.lstore(local(register));
        known |= 1 << register;
        pending |= 1 << register;
    }

    /// Brings home what is pending: at the end of a block, and before others look.
    void end() {
        store(pending);
        pending = 0;
    }

    /// Bits of the registers that an exit here has to [#store].
    int pending() {
        return pending;
    }

    void store(int registers) {
        for (int left = registers; left != 0; left &= left - 1) {
            int register = Integer.numberOfTrailingZeros(left);
            code.getstatic(ACCESS, "X", LONGS).loadConstant(register).lload(local(register)).lastore();
        }
    }

    /// Others have written registers at home.
    void changed(int registers) {
        int affected = registers & known;
        known &= ~registers;
        if (kept) {
            for (int left = affected; left != 0; left &= left - 1) {
                load(Integer.numberOfTrailingZeros(left));
            }
        }
    }

    private void load(int register) {
        code.getstatic(ACCESS, "X", LONGS).loadConstant(register).laload().lstore(local(register));
        known |= 1 << register;
    }

    private int local(int register) {
        return firstLocal + 2 * register;
    }
}
