package io.sosia.appliance.engine;

import io.sosia.appliance.machine.cpu.Hart;
import io.sosia.appliance.machine.exec.Engine;
import io.sosia.appliance.machine.exec.Interpreter;
import io.sosia.appliance.machine.translate.Translator;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;

/// The engines to choose from. A run recorded with one replays with any other.
public enum EngineKind {

    /// Executes instruction by instruction.
    INTERPRETER,

    /// Turns hot code into JVM bytecode, on a thread of its own.
    TRANSLATOR,

    /// The translator where the JVM has the options that make translated code fast soon; else the interpreter.
    AUTO;

    /// Set by the launcher together with those options.
    private static final boolean TRANSLATES = Boolean.getBoolean("sosia.translates");

    /// Reads a name as an operator writes it: `interpreter`, `translator` or `auto`.
    ///
    /// @throws IllegalArgumentException naming the choices
    public static EngineKind parse(String text) {
        for (EngineKind kind : values()) {
            if (kind.word().equals(text)) {
                return kind;
            }
        }
        throw new IllegalArgumentException("`" + text + "` is no engine; there are: " + words());
    }

    /// All names, separated by commas.
    public static String words() {
        return Arrays.stream(values()).map(EngineKind::word).collect(Collectors.joining(", "));
    }

    /// Its name as an operator writes it.
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// The engine that really runs: [#AUTO] decided.
    public EngineKind decided() {
        return this == AUTO ? TRANSLATES ? TRANSLATOR : INTERPRETER : this;
    }

    /// Makes this engine for a hart.
    public Function<Hart, Engine> factory() {
        return switch (decided()) {
            case INTERPRETER -> Interpreter::new;
            case TRANSLATOR -> hart -> new Translator(hart, TranslationThread.shared());
            case AUTO -> throw new IllegalStateException("an engine that is decided is not auto");
        };
    }
}
