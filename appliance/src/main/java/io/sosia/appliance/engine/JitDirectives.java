package io.sosia.appliance.engine;

import io.sosia.appliance.machine.translate.CompilerHints;
import io.sosia.appliance.machine.translate.Tier;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import javax.management.JMException;
import javax.management.ObjectName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tells the JVM to compile translated code, and what calls it, with its optimizing compiler (C2) only, and in the foreground of the
/// thread that asks: the translation thread's. So no translated code is ever executed by the JVM's own interpreter, which is slower than
/// ours. Its quick compiler (C1) would do the work twice, with profiling first, and its code for accesses to RAM is several times as long.
///
/// C2 is what translation waits for, and while a guest boots it had as much to do with other code: with the interpreter's
/// loop, over and over, and with what writes translated code. So it is told to leave the latter alone, and to keep the former small.
///
/// With the options the launcher gives besides, compilation is asked for at the first calls. Without either, translated code
/// is correct but slow to become fast.
final class JitDirectives {

    private static final Logger LOG = LoggerFactory.getLogger(JitDirectives.class);

    /// Adds the directives to those of this JVM, as `jcmd Compiler.directives_add` does.
    void add() {
        try {
            Path file = Files.createTempFile("sosia-jit", ".json");
            try {
                Files.writeString(file, "[%s, %s, %s, %s, %s]".formatted(
                        directive(CompilerHints.generated(Tier.QUICK.className()), CompilerHints.IN_REGIONS),
                        directive(CompilerHints.generated(Tier.PEAK.className()), CompilerHints.IN_REGIONS),
                        directive(CompilerHints.DISPATCHER, CompilerHints.IN_DISPATCHER), interpreter(), translation()));
                ManagementFactory.getPlatformMBeanServer().invoke(new ObjectName("com.sun.management:type=DiagnosticCommand"),
                        "compilerDirectivesAdd", new Object[] {new String[] {file.toString()}},
                        new String[] {String[].class.getName()});
            } finally {
                Files.delete(file);
            }
        } catch (IOException | JMException e) {
            LOG.warn("translated code will be slow at first: the JVM takes no compiler directives: {}", e.getMessage());
        }
    }

    /// Code is inlined until the caller has reached a size, unless the launcher's `-XX:-ClipInlining` says otherwise.
    private static String directive(String methods, List<String> inlined) {
        return "{match: \"%s\", BackgroundCompilation: false, inline: %s, c1: {Exclude: true}}".formatted(methods, list(inlined));
    }

    private static String interpreter() {
        return "{match: \"%s\", inline: %s}".formatted(CompilerHints.INTERPRETER, list(CompilerHints.IN_INTERPRETER));
    }

    private static String translation() {
        return "{match: %s, c2: {Exclude: true}}".formatted(list(CompilerHints.TRANSLATION));
    }

    private static String list(List<String> patterns) {
        return patterns.stream().map(each -> '"' + each + '"').collect(Collectors.joining(", ", "[", "]"));
    }
}
