package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.isa.Op;
import io.sosia.appliance.machine.memory.GuestRam;
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
        find(group, leave);
        registers.get(group.register);
        found(table(group) + Tlb.ADDEND);
        code.ladd().lstore(local(group));
    }

    /// The same, but looks into one of the recent entries first.
    ///
    /// @param number of the recent entry
    /// @return writes what is done if that is another page's, to be called where the code goes on no more
    Runnable look(AccessGroups.Group group, int number, Label leave) {
        Label other = code.newLabel();
        Label known = code.newLabel();
        int recent = table(group) + Tlb.recent(number);
        if (group.mayBeSplit()) {
            page(group, group.lowest);
            inTables(recent);
            code.lxor();
            page(group, group.highest);
            inTables(recent);
            code.lxor().lor();
        } else {
            // What is not aligned looks like another page.
            address(group.register, group.lowest);
            code.loadConstant((long) -GuestRam.PAGE_SIZE | group.highest - group.lowest).land();
            inTables(recent);
            code.lxor();
        }
        Branches.unlessZero(code, other);
        code.labelBinding(known);
        registers.get(group.register);
        inTables(recent + Tlb.ADDEND);
        code.ladd().lstore(local(group));
        return () -> {
            code.labelBinding(other);
            find(group, leave);
            copy(table(group), recent);
            copy(table(group) + Tlb.ADDEND, recent + Tlb.ADDEND);
            code.goto_(known);
        };
    }

    /// Looks for a group's entry: leaves if that is another page's.
    private void find(AccessGroups.Group group, Label leave) {
        page(group, group.highest);
        address(group.register, group.lowest);
        code.loadConstant(Tlb.PLACE_SHIFT).lushr().loadConstant((long) Tlb.PLACE_MASK).land();
        code.lload(tablesLocal).ladd().lstore(entryLocal);
        found(table(group));
        code.lxor();
        Branches.unlessZero(code, leave);
    }

    /// Copies a long from a distance from the entry found to one from the tables.
    private void copy(int from, int to) {
        memory().lload(tablesLocal).loadConstant((long) to).ladd();
        found(from);
        access("putLong", PUT_LONG);
    }

    /// From the tables to that of a group's accesses.
    private static int table(AccessGroups.Group group) {
        return group.stores ? Tlb.WRITABLE : 0;
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

    /// Pushes what lies at a distance from the entry found.
    private void found(int distance) {
        memory().lload(entryLocal);
        getLong(distance);
    }

    /// Pushes what lies at a distance from the tables.
    private void inTables(int distance) {
        memory().lload(tablesLocal);
        getLong(distance);
    }

    /// Pops an address and pushes what lies at a distance from it.
    private void getLong(int distance) {
        plus(distance);
        access("getLong", GET_LONG);
    }

    private int local(AccessGroups.Group group) {
        return addressesLocal + 2 * group.number;
    }

    /// Pushes where an access goes.
    private void target(AccessGroups.Access access) {
        code.lload(local(access.group()));
        plus(access.distance());
    }

    /// Counts one more in an `int` of the host's memory.
    void count(long address) {
        memory().loadConstant(address);
        memory().loadConstant(address);
        access("getInt", GET_INT).iconst_1().iadd();
        access("putInt", PUT_INT);
    }

    /// Pushes the page that lies so far from the value of a group's register.
    private void page(AccessGroups.Group group, int distance) {
        address(group.register, distance);
        code.loadConstant((long) -GuestRam.PAGE_SIZE).land();
    }

    /// Pushes a register's value and a distance from it.
    private void address(int register, int distance) {
        registers.get(register);
        plus(distance);
    }

    private void plus(int distance) {
        if (distance != 0) {
            code.loadConstant((long) distance).ladd();
        }
    }

    /// Pushes what accesses memory, in front of the address.
    private CodeBuilder memory() {
        return NativeMemory.LITTLE_ENDIAN ? code.getstatic(ACCESS, "DIRECT", DIRECT) : code;
    }

    private CodeBuilder access(String method, MethodTypeDesc type) {
        return NativeMemory.LITTLE_ENDIAN ? code.invokevirtual(DIRECT, method, type) : code.invokestatic(MEMORY, method, type);
    }
}
