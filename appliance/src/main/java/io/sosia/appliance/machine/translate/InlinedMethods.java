package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.cpu.FloatRegisters;
import io.sosia.appliance.machine.fpu.Float64;
import io.sosia.appliance.machine.fpu.FpFlags;
import io.sosia.appliance.machine.fpu.FpRounding;
import io.sosia.appliance.machine.memory.NativeMemory;
import io.sosia.appliance.machine.mmu.Tlb;
import java.util.List;

/// Which methods are to become part of translated code, for the JVM's compiler to be told: left to itself, it calls many of them.
public final class InlinedMethods {

    private static final List<String> PATTERNS = List.of(
            pattern('-', GuestFloats.class, "*Slowly"),
            pattern('+', GuestFloats.class, "*"),
            pattern('+', FloatRegisters.class, "*"),
            pattern('+', FpRounding.class, "isValid"),
            pattern('+', FpFlags.class, "*"),
            pattern('+', Float64.class, "bound"),
            pattern('+', Float64.class, "settles*"),
            pattern('+', NativeMemory.class, "*"),
            pattern('+', Tlb.class, "*"),
            pattern('-', GuestAccess.class, "perform"),
            pattern('+', GuestAccess.class, "*"));

    private InlinedMethods() {}

    /// Patterns as compiler directives have them; the first that matches counts.
    public static List<String> patterns() {
        return PATTERNS;
    }

    private static String pattern(char sign, Class<?> type, String methods) {
        return sign + type.getName().replace('.', '/') + "." + methods;
    }
}
