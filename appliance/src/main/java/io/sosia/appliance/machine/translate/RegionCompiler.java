package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.isa.Arithmetic;
import io.sosia.appliance.machine.isa.Op;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/// Writes the class of one region.
///
/// Where it is entered, and where it jumps back to, it leaves unless the budget has steps for the longest way from there to the next such
/// place; each block takes its own off when it begins. An instruction that has to be left to the interpreter gives back its own and those
/// behind it, and brings home the registers that the block has changed ([GuestRegisters]).
/// Blocks that have a counter are counted.
final class RegionCompiler {

    /// Name and type of the method, see [Region#run]; and of the static field that holds the class's only object.
    static final String METHOD = "run";
    static final MethodTypeDesc RUN = MethodTypeDesc.ofDescriptor("(JIJ)I");
    static final String ONLY = "ONLY";

    private static final ClassDesc REGION = ClassDesc.of(Region.class.getName());
    private static final ClassDesc ACCESS = ClassDesc.of(GuestAccess.class.getName());
    private static final ClassDesc ARITHMETIC = ClassDesc.of(Arithmetic.class.getName());
    private static final MethodTypeDesc BINARY = MethodTypeDesc.ofDescriptor("(JJ)J");

    // Local variables: `this`, the arguments, the exit's pc, the guest's registers, the bound of
    // settled results, then a table's entry and what leads to RAM for the groups of accesses of a block.
    private static final int BASE = 1;
    private static final int LEFT = 3;
    private static final int TABLES = 4;
    private static final int PC = 6;
    private static final int REGISTERS = 8;
    private static final int BOUND = 72;
    private static final int ADDRESSES = 74;

    /// An exit that the interpreter goes on from.
    ///
    /// @param pc      distance of the pc, perhaps with a mark, from the page that is entered
    /// @param back    steps to give back
    /// @param pending registers to bring home
    private record Exit(Label label, int pc, int back, int pending) {}

    private final RegionPlan plan;
    private final CodeBuilder code;
    private final TreeMap<Integer, Label> heads = new TreeMap<>();
    private final List<Exit> exits = new ArrayList<>();
    private final List<Runnable> edges = new ArrayList<>();
    private final RegionShape shape;
    private final GuestRegisters registers;
    private final WordRegisters words = new WordRegisters();
    private final MemoryCode memory;
    private final RecentPages recent;
    private final FloatCode floats;
    private Label leaveToPlace;
    private Label leave;

    private RegionCompiler(Tier tier, RegionPlan plan, CodeBuilder code) {
        this.plan = plan;
        this.code = code;
        shape = new RegionShape(plan);
        boolean kept = tier == Tier.PEAK && shape.loops();
        registers = new GuestRegisters(code, kept, REGISTERS);
        memory = new MemoryCode(code, registers, TABLES, ADDRESSES);
        // What is written later for these finds all registers in their local variables.
        recent = new RecentPages(kept && plan.lasting(), plan, shape);
        floats = new FloatCode(code, registers, BOUND);
    }

    /// The class file of the region.
    ///
    /// @param name how the class's simple name ends
    static byte[] compile(Tier tier, String name, RegionPlan plan) {
        ClassDesc self = ClassDesc.of(Region.class.getPackageName(), tier.className() + name);
        return ClassFile.of(ClassFile.DebugElementsOption.DROP_DEBUG).build(self, type -> type
                .withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL)
                .withSuperclass(REGION)
                .withField(ONLY, self, ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC | ClassFile.ACC_FINAL)
                .withMethodBody(ConstantDescs.CLASS_INIT_NAME, ConstantDescs.MTD_void, ClassFile.ACC_STATIC, init -> init
                        .new_(self).dup().invokespecial(self, ConstantDescs.INIT_NAME, ConstantDescs.MTD_void)
                        .putstatic(self, ONLY, self).return_())
                .withMethodBody(ConstantDescs.INIT_NAME, ConstantDescs.MTD_void, ClassFile.ACC_PRIVATE, init -> init
                        .aload(0).invokespecial(REGION, ConstantDescs.INIT_NAME, ConstantDescs.MTD_void).return_())
                .withMethodBody(METHOD, RUN, ClassFile.ACC_PUBLIC, run -> new RegionCompiler(tier, plan, run).body()));
    }

    /// The same, if the JVM's compiler takes a method of that length.
    static Optional<byte[]> compileIfFits(Tier tier, String name, RegionPlan plan) {
        try {
            return Optional.of(compile(tier, name, plan)).filter(classFile -> codeBytes(classFile) < Tier.CODE_BYTES_MAX);
        } catch (IllegalArgumentException longerThanAnyMethod) {
            // 64 KiB (JVMS 4.7.3). A guest can bring it to that: each exit brings home all registers that have changed.
            return Optional.empty();
        }
    }

    /// Bytes of bytecode of a region's class.
    static int codeBytes(byte[] classFile) {
        return ClassFile.of().parse(classFile).methods().getLast()
                .findAttribute(Attributes.code()).map(CodeAttribute::codeLength).orElseThrow();
    }

    private void body() {
        leaveToPlace = code.newLabel();
        leave = code.newLabel();
        for (RegionPlan.Block block : plan.blocks()) {
            heads.put(block.at(), code.newLabel());
        }
        Label tooFew = code.newLabel();
        Branches.ifLess(code, LEFT, shape.stepsAtEntry(), tooFew);
        registers.enter(shape.used());
        if (plan.blocks().getFirst().at() != plan.entry()) {
            code.goto_(heads.get(plan.entry()));
        }
        for (int i = 0; i < plan.blocks().size(); i++) {
            boolean continued = shape.isContinued(i);
            registers.begin(continued);
            recent.begin(i);
            if (!continued) {
                floats.forget();
                words.forget();
                head(plan.blocks().get(i).at(), shape.stepsAsked(i));
            }
            block(i);
        }
        edges.forEach(Runnable::run);
        exits.forEach(this::exit);
        code.labelBinding(leaveToPlace);
        code.i2l().lload(BASE).ladd().lstore(PC);
        code.labelBinding(leave);
        code.lload(PC).invokestatic(ACCESS, "leave", MethodTypeDesc.ofDescriptor("(J)V"));
        code.labelBinding(tooFew);
        code.iload(LEFT).ireturn();
    }

    private void exit(Exit exit) {
        code.labelBinding(exit.label);
        if (exit.back != 0) {
            code.iinc(LEFT, exit.back);
        }
        registers.store(exit.pending);
        code.loadConstant(exit.pc).goto_(leaveToPlace);
    }

    private Label exitTo(int pc, int back) {
        Label label = code.newLabel();
        exits.add(new Exit(label, pc, back, registers.pending()));
        return label;
    }

    /// Begins a block that may be jumped to.
    ///
    /// @param steps it leaves unless so many are left
    private void head(int place, int steps) {
        code.labelBinding(heads.get(place));
        if (steps > 0) {
            Branches.ifLess(code, LEFT, steps, exitTo(place, 0));
        }
    }

    private void block(int number) {
        RegionPlan.Block block = plan.blocks().get(number);
        int steps = block.words().length;
        code.iinc(LEFT, -steps);
        if (block.counter() != 0) {
            memory.count(block.counter());
        }
        AccessGroups groups = new AccessGroups(block, plan.alone());
        int place = block.at();
        for (int i = 0; i < steps; i++) {
            long word = block.words()[i];
            if (Op.op(word) == Op.JALR) {
                jumpToRegister(word, place, number);
            } else {
                instruction(word, groups.of(i), place, steps - i);
            }
            words.after(word);
            place += 2 * Op.length(word);
        }
        registers.end();
        if (block.goesOn() && !shape.runsOn(number)) {
            code.goto_(edge(block.at(), place));
        }
    }

    /// Label to jump to for going on at `to`.
    private Label edge(int from, int to) {
        Label head = heads.get(to);
        boolean samePage = RegionPlan.samePage(from, to);
        boolean crosses = head != null && shape.crosses(to);
        if (head == null || crosses && !samePage) {
            // Of two pages only one is asked for.
            return exitTo(to, 0);
        }
        if (samePage && !crosses) {
            return head;
        }
        int asked = crosses ? to + 2 : to;
        Label ask = code.newLabel();
        Label unmapped = exitTo(to, 0);
        edges.add(() -> code.labelBinding(ask)
                .lload(BASE).loadConstant((long) (asked & -4096)).ladd().loadConstant(plan.page(asked))
                .invokestatic(ACCESS, "mapped", MethodTypeDesc.ofDescriptor("(JI)Z"))
                .ifeq(unmapped).goto_(head));
        return ask;
    }

    /// @param access to memory, or null
    /// @param left  steps of the block from this instruction on
    private void instruction(long word, AccessGroups.Access access, int place, int left) {
        int op = Op.op(word);
        switch (op) {
            case Op.NOP -> {}
            case Op.LB, Op.LBU, Op.LH, Op.LHU, Op.LW, Op.LWU, Op.LD -> load(word, access, place, left);
            case Op.SB, Op.SH, Op.SW, Op.SD -> {
                look(access.group(), place, left);
                memory.store(access, word, () -> get(Op.rs2(word)));
            }
            case Op.JAL -> {
                if (Op.rd(word) != Op.SINK) {
                    address(place + 2 * Op.length(word));
                    set(word);
                }
                registers.end();
                code.goto_(edge(place, place + Op.immediate(word)));
            }
            case Op.BEQ, Op.BNE, Op.BLT, Op.BGE, Op.BLTU, Op.BGEU -> branch(word, place);
            case Op.FLW, Op.FLD, Op.FSW, Op.FSD, Op.FLOAT -> floatInstruction(word, access, place, left);
            default -> {
                if (op >= Op.HOT_END) {
                    perform(word, place, left);
                } else if (Op.rd(word) != Op.SINK) {
                    compute(word, place);
                    set(word);
                }
            }
        }
    }

    private void compute(long word, int place) {
        switch (Op.op(word)) {
            case Op.LI -> code.loadConstant((long) Op.immediate(word));
            case Op.MV -> first(word);
            case Op.AUIPC -> address(place + Op.immediate(word));
            case Op.ADDI -> withImmediate(word).ladd();
            case Op.SLTI -> withImmediate(word).invokestatic(ACCESS, "less", BINARY);
            case Op.SLTIU -> withImmediate(word).invokestatic(ACCESS, "lessUnsigned", BINARY);
            case Op.XORI -> withImmediate(word).lxor();
            case Op.ORI -> withImmediate(word).lor();
            case Op.ANDI -> withImmediate(word).land();
            case Op.SLLI -> withAmount(word).lshl();
            case Op.SRLI -> withAmount(word).lushr();
            case Op.SRAI -> withAmount(word).lshr();
            case Op.ADDIW -> firstWord(word).loadConstant(Op.immediate(word)).iadd().i2l();
            case Op.SLLIW -> firstWord(word).loadConstant(Op.immediate(word)).ishl().i2l();
            case Op.SRLIW -> firstWord(word).loadConstant(Op.immediate(word)).iushr().i2l();
            case Op.SRAIW -> firstWord(word).loadConstant(Op.immediate(word)).ishr().i2l();
            case Op.ADD -> both(word).ladd();
            case Op.SUB -> both(word).lsub();
            case Op.SLL -> both(word).l2i().lshl();
            case Op.SLT -> both(word).invokestatic(ACCESS, "less", BINARY);
            case Op.SLTU -> both(word).invokestatic(ACCESS, "lessUnsigned", BINARY);
            case Op.XOR, Op.OR, Op.AND -> combine(word);
            case Op.SRL -> both(word).l2i().lushr();
            case Op.SRA -> both(word).l2i().lshr();
            case Op.ADDW -> bothWords(word).iadd().i2l();
            case Op.SUBW -> bothWords(word).isub().i2l();
            case Op.SLLW -> bothWords(word).ishl().i2l();
            case Op.SRLW -> bothWords(word).iushr().i2l();
            case Op.SRAW -> bothWords(word).ishr().i2l();
            case Op.MUL -> both(word).lmul();
            case Op.MULW -> bothWords(word).imul().i2l();
            case Op.MULH -> both(word).invokestatic(ClassDesc.of("java.lang.Math"), "multiplyHigh", BINARY);
            case Op.MULHU -> both(word).invokestatic(ClassDesc.of("java.lang.Math"), "unsignedMultiplyHigh", BINARY);
            case Op.MULHSU -> both(word).invokestatic(ARITHMETIC, "multiplyHighSignedUnsigned", BINARY);
            case Op.DIV -> both(word).invokestatic(ARITHMETIC, "divide", BINARY);
            case Op.DIVU -> both(word).invokestatic(ARITHMETIC, "divideUnsigned", BINARY);
            case Op.REM -> both(word).invokestatic(ARITHMETIC, "remainder", BINARY);
            case Op.REMU -> both(word).invokestatic(ARITHMETIC, "remainderUnsigned", BINARY);
            case Op.DIVW -> both(word).invokestatic(ARITHMETIC, "divideWord", BINARY);
            case Op.DIVUW -> both(word).invokestatic(ARITHMETIC, "divideUnsignedWord", BINARY);
            case Op.REMW -> both(word).invokestatic(ARITHMETIC, "remainderWord", BINARY);
            case Op.REMUW -> both(word).invokestatic(ARITHMETIC, "remainderUnsignedWord", BINARY);
            default -> throw new IllegalStateException("operation " + Op.op(word) + " cannot be translated");
        }
    }

    private void combine(long word) {
        boolean ints = words.areBoth(word);
        CodeBuilder operands = ints ? bothWords(word) : both(word);
        CodeBuilder combined = switch (Op.op(word)) {
            case Op.XOR -> ints ? operands.ixor() : operands.lxor();
            case Op.OR -> ints ? operands.ior() : operands.lor();
            default -> ints ? operands.iand() : operands.land();
        };
        if (ints) {
            combined.i2l();
        }
    }

    private void get(int register) {
        registers.get(register);
    }

    private CodeBuilder first(long word) {
        get(Op.rs1(word));
        return code;
    }

    private CodeBuilder firstWord(long word) {
        get(Op.rs1(word));
        return code.l2i();
    }

    private CodeBuilder both(long word) {
        get(Op.rs1(word));
        get(Op.rs2(word));
        return code;
    }

    private CodeBuilder bothWords(long word) {
        get(Op.rs1(word));
        code.l2i();
        get(Op.rs2(word));
        return code.l2i();
    }

    private CodeBuilder withImmediate(long word) {
        get(Op.rs1(word));
        return code.loadConstant((long) Op.immediate(word));
    }

    private CodeBuilder withAmount(long word) {
        get(Op.rs1(word));
        return code.loadConstant(Op.immediate(word));
    }

    private void set(long word) {
        registers.set(Op.rd(word));
    }

    /// Pushes the virtual address of a place.
    private void address(int place) {
        code.lload(BASE).loadConstant((long) place).ladd();
    }

    private void load(long word, AccessGroups.Access access, int place, int left) {
        look(access.group(), place, left);
        if (Op.rd(word) != Op.SINK) {
            memory.load(access, word);
            set(word);
        }
    }

    /// Looks into the tables unless an access before has done so.
    private void look(AccessGroups.Group group, int place, int left) {
        if (!group.looked) {
            group.looked = true;
            Label leave = exitTo(group.mayBeSplit() ? place | (int) Handover.SPLIT : place, left);
            int number = recent.next(group);
            if (number == RecentPages.NONE) {
                memory.look(group, leave);
            } else {
                edges.add(memory.look(group, number, leave));
            }
        }
    }

    private void floatInstruction(long word, AccessGroups.Access access, int place, int left) {
        if (floats.asks(word)) {
            floats.ask(word, exitTo(place, left));
        }
        int op = Op.op(word);
        if (op == Op.FLOAT) {
            floats.compute(word);
            return;
        }
        look(access.group(), place, left);
        if (access.group().stores) {
            memory.store(access, word, () -> floats.get(Op.rs2(word)));
        } else {
            memory.load(access, word);
            floats.set(Op.rd(word), op == Op.FLW);
        }
    }

    private void branch(long word, int place) {
        registers.end();
        both(word);
        int to = place + Op.immediate(word);
        Label target = edge(place, to);
        if (to > place) {
            jumpForward(Op.op(word), target);
            return;
        }
        // Jumped back to by the comparison itself, the JVM's compiler would keep what that has on its stack for the debugger.
        Label onward = code.newLabel();
        jumpForward(inverse(Op.op(word)), onward);
        code.goto_(target).labelBinding(onward);
    }

    /// Pops two values and jumps as a branch does.
    private void jumpForward(int branch, Label target) {
        switch (branch) {
            case Op.BEQ -> code.lcmp().ifeq(target);
            case Op.BNE -> Branches.unlessZero(code.lxor(), target);
            case Op.BLT -> code.lcmp().iflt(target);
            case Op.BGE -> code.lcmp().ifge(target);
            case Op.BLTU -> Branches.compareUnsigned(code).iflt(target);
            default -> Branches.compareUnsigned(code).ifge(target);
        }
    }

    private static int inverse(int branch) {
        return switch (branch) {
            case Op.BEQ -> Op.BNE;
            case Op.BNE -> Op.BEQ;
            case Op.BLT -> Op.BGE;
            case Op.BGE -> Op.BLT;
            case Op.BLTU -> Op.BGEU;
            default -> Op.BLTU;
        };
    }

    /// @param number of the block that ends with it
    private void jumpToRegister(long word, int place, int number) {
        int target = plan.blocks().get(number).farTarget();
        if (target != Integer.MIN_VALUE) {
            if (Op.rd(word) != Op.SINK) {
                address(place + 2 * Op.length(word));
                set(word);
            }
            registers.end();
            code.goto_(edge(place, target));
            return;
        }
        withImmediate(word).ladd().loadConstant(~1L).land().lstore(PC);
        if (Op.rd(word) != Op.SINK) {
            address(place + 2 * Op.length(word));
            set(word);
        }
        registers.end();
        for (int to : shape.leadsTo(number)) {
            code.lload(PC);
            address(to);
            code.lcmp().ifeq(edge(place, to));
        }
        if (!RegionShape.isReturn(word)) {
            code.lload(PC).loadConstant(Regions.begin(plan.page(place), RegionPlan.slot(place)));
            code.invokestatic(ACCESS, "noteJump", MethodTypeDesc.ofDescriptor("(JI)V"));
        }
        code.goto_(leave);
    }

    /// Has the hart execute an instruction, with its registers in memory.
    private void perform(long word, int place, int left) {
        registers.end();
        floats.forget();
        code.loadConstant(word);
        address(place);
        code.iload(LEFT).loadConstant(left).iadd();
        code.invokestatic(ACCESS, "perform", MethodTypeDesc.ofDescriptor("(JJI)Z"));
        registers.changed(RegisterUse.written(word) & ~1);
        Label away = code.newLabel();
        code.ifeq(away);
        edges.add(() -> {
            code.labelBinding(away);
            if (left > 1) {
                code.iinc(LEFT, left - 1);
            }
            code.invokestatic(ACCESS, "pc", MethodTypeDesc.ofDescriptor("()J")).lstore(PC).goto_(leave);
        });
    }
}
