package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.cpu.FloatRegisters;
import io.sosia.appliance.machine.exec.CodeCache;
import io.sosia.appliance.machine.exec.Interpreter;
import io.sosia.appliance.machine.fpu.Float64;
import io.sosia.appliance.machine.fpu.FpFlags;
import io.sosia.appliance.machine.fpu.FpRounding;
import io.sosia.appliance.machine.isa.Arithmetic;
import io.sosia.appliance.machine.memory.NativeMemory;
import io.sosia.appliance.machine.mmu.Tlb;
import java.util.List;

/// What the JVM's compilers had better be told: their time is what keeps a guest waiting for translated code.
///
/// Methods are named by patterns as compiler directives have them; of those that say what is inlined, with a sign before them, the first
/// that matches counts.
public final class CompilerHints {

    /// The interpreter's loop between pages.
    public static final String INTERPRETER = pattern(Interpreter.class, "stretch");

    /// What is to become part of translated code: left to itself, the compiler calls many of them.
    public static final List<String> IN_REGIONS = List.of(
            '-' + pattern(GuestFloats.class, "*Slowly"),
            '+' + pattern(GuestFloats.class, "*"),
            '+' + pattern(FloatRegisters.class, "*"),
            '+' + pattern(FpRounding.class, "isValid"),
            '+' + pattern(FpFlags.class, "*"),
            '+' + pattern(Float64.class, "bound"),
            '+' + pattern(Float64.class, "settles*"),
            '+' + pattern(NativeMemory.class, "*"),
            '+' + pattern(Tlb.class, "*"),
            '+' + pattern(JumpTargets.class, "*"),
            '-' + pattern(GuestAccess.class, "perform"),
            '+' + pattern(GuestAccess.class, "*"));

    /// What calls the regions of a batch, none of which is to become part of it.
    public static final String DISPATCHER = generated(DispatcherCompiler.NAME);
    public static final List<String> IN_DISPATCHER = List.of(
            '-' + generated(Tier.QUICK.className()), '-' + generated(Tier.PEAK.className()));

    /// What is not to become part of [#INTERPRETER]: that is compiled a dozen times while a guest boots, whenever it meets what it has
    /// never met before, and is five times as long with all this in it.
    public static final List<String> IN_INTERPRETER = List.of(
            '-' + pattern(Chain.class, "run"),
            '-' + pattern(CodeCache.class, "decode"),
            '-' + pattern(Interpreter.class, "crossing"),
            '-' + pattern(Interpreter.class, "enter"),
            '-' + pattern(Arithmetic.class, "product"));

    /// What the translation thread executes, and hardly anyone else. It waits for the optimizing compiler most of the time, and would wait longest for its
    /// own code to be optimized.
    public static final List<String> TRANSLATION = List.of(
            pattern(RegionCompiler.class, "*"),
            pattern(RegionShape.class, "*"),
            pattern(RecentPages.class, "*"),
            pattern(DispatcherCompiler.class, "*"),
            pattern(GuestRegisters.class, "*"),
            pattern(MemoryCode.class, "*"),
            pattern(FloatCode.class, "*"),
            pattern(AccessGroups.class, "*"),
            pattern(AccessGroups.Group.class, "*"),
            pattern(Origins.class, "*"),
            pattern(RegisterUse.class, "*"),
            pattern(WordRegisters.class, "*"),
            pattern(Branches.class, "*"),
            "java/lang/classfile/*.*",
            "java/lang/constant/*.*",
            "jdk/internal/classfile/impl/*.*",
            "jdk/internal/constant/*.*");

    private CompilerHints() {}

    /// Methods of generated classes.
    ///
    /// @param name how the classes' simple names begin
    public static String generated(String name) {
        return CompilerHints.class.getPackageName().replace('.', '/') + '/' + name + "*." + RegionCompiler.METHOD;
    }

    private static String pattern(Class<?> type, String methods) {
        return type.getName().replace('.', '/') + '.' + methods;
    }
}
