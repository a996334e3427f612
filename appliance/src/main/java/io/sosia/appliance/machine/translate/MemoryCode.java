package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.isa.Op;
import io.sosia.appliance.machine.memory.NativeMemory;
import io.sosia.appliance.machine.mmu.Tlb;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import sun.misc.Unsafe;

/// Writes the accesses to memory of a region: a look into a translation table ([Tlb]), and what that leads to, which lies in RAM. Without
/// a hit there, an access is left to the interpreter.
///
/// All in line, down to the JVM's own methods: each call that the JVM's compiler has to inline costs it more than the few instructions
/// that come of it.
final class MemoryCode {

    private static final ClassDesc ACCESS = ClassDesc.of(GuestAccess.class.getName());
    private static final ClassDesc MEMORY = ClassDesc.of(NativeMemory.class.getName());
    private static final ClassDesc DIRECT = ClassDesc.of(Unsafe.class.getName());

    private static final MethodTypeDesc GET_BYTE = MethodTypeDesc.ofDescriptor("(J)B");
    private static final MethodTypeDesc GET_SHORT = MethodTypeDesc.ofDescriptor("(J)S");
    private static final MethodTypeDesc GET_INT = MethodTypeDesc.ofDescriptor("(J)I");
    private static final MethodTypeDesc GET_LONG = MethodTypeDesc.ofDescriptor("(J)J");
    private static final MethodTypeDesc PUT_BYTE = MethodTypeDesc.ofDescriptor("(JB)V");
    private static final MethodTypeDesc PUT_SHORT = MethodTypeDesc.ofDescriptor("(JS)V");
    private static final MethodTypeDesc PUT_INT = MethodTypeDesc.ofDescriptor("(JI)V");
    private static final MethodTypeDesc PUT_LONG = MethodTypeDesc.ofDescriptor("(JJ)V");

    private final CodeBuilder code;
    private final GuestRegisters registers;
    private final int tablesLocal;
    private final int entryLocal;
    private final int addressesLocal;

    /// @param tablesLocal    local variable of the table of readable pages, behind which that of the writable ones lies
    /// @param addressesLocal local variables from this one on: for an entry, then two for each group of accesses
    MemoryCode(CodeBuilder code, GuestRegisters registers, int tablesLocal, int addressesLocal) {
        this.code = code;
        this.registers = registers;
        this.tablesLocal = tablesLocal;
        entryLocal = addressesLocal;
        this.addressesLocal = addressesLocal + 2;
    }

    /// Looks into the table for a group of accesses: leaves if it does not lead to RAM.
    void look(AccessGroups.Group group, Label leave) {
        address(group.register, group.highest);
        code.loadConstant(-4096L).land();
        address(group.register, group.lowest);
        code.loadConstant(Tlb.PLACE_SHIFT).lushr().loadConstant((long) Tlb.PLACE_MASK).land();
        code.lload(tablesLocal).ladd().lstore(entryLocal);
        int table = group.stores ? Tlb.WRITABLE : 0;
        entry(table);
        code.lxor();
        Branches.unlessZero(code, leave);
        registers.get(group.register);
        entry(table + Tlb.ADDEND);
        code.ladd().lstore(local(group));
    }

    /// Pushes what an instruction loads: an integer as its register holds it, or the bits of a floating-point number.
    void load(AccessGroups.Access access, long word) {
        memory();
        target(access);
        switch (Op.op(word)) {
            case Op.LB -> access("getByte", GET_BYTE).i2l();
            case Op.LBU -> access("getByte", GET_BYTE).loadConstant(0xff).iand().i2l();
            case Op.LH -> access("getShort", GET_SHORT).i2l();
            case Op.LHU -> access("getShort", GET_SHORT).loadConstant(0xffff).iand().i2l();
            case Op.LW, Op.FLW -> access("getInt", GET_INT).i2l();
            case Op.LWU -> access("getInt", GET_INT).i2l().loadConstant(0xffff_ffffL).land();
            case Op.LD, Op.FLD -> access("getLong", GET_LONG);
            default -> throw new IllegalArgumentException("operation " + Op.op(word) + " does not load");
        }
    }

    /// Stores for an instruction.
    ///
    /// @param value pushes what it stores
    void store(AccessGroups.Access access, long word, Runnable value) {
        memory();
        target(access);
        value.run();
        switch (Op.op(word)) {
            case Op.SB -> {
                code.l2i().i2b();
                access("putByte", PUT_BYTE);
            }
            case Op.SH -> {
                code.l2i().i2s();
                access("putShort", PUT_SHORT);
            }
            case Op.SW, Op.FSW -> {
                code.l2i();
                access("putInt", PUT_INT);
            }
            case Op.SD, Op.FSD -> access("putLong", PUT_LONG);
            default -> throw new IllegalArgumentException("operation " + Op.op(word) + " does not store");
        }
    }

    /// Pushes what lies at a distance from the entry.
    private void entry(int distance) {
        memory();
        code.lload(entryLocal);
        if (distance != 0) {
            code.loadConstant((long) distance).ladd();
        }
        access("getLong", GET_LONG);
    }

    private int local(AccessGroups.Group group) {
        return addressesLocal + 2 * group.number;
    }

    /// Pushes where an access goes.
    private void target(AccessGroups.Access access) {
        code.lload(local(access.group()));
        if (access.distance() != 0) {
            code.loadConstant((long) access.distance()).ladd();
        }
    }

    /// Pushes a register's value and a distance from it.
    private void address(int register, int distance) {
        registers.get(register);
        if (distance != 0) {
            code.loadConstant((long) distance).ladd();
        }
    }

    /// Pushes what accesses memory, in front of the address.
    private void memory() {
        if (NativeMemory.LITTLE_ENDIAN) {
            code.getstatic(ACCESS, "DIRECT", DIRECT);
        }
    }

    private CodeBuilder access(String method, MethodTypeDesc type) {
        return NativeMemory.LITTLE_ENDIAN ? code.invokevirtual(DIRECT, method, type) : code.invokestatic(MEMORY, method, type);
    }
}
