package io.sosia.appliance.bench;

import java.util.Locale;
import java.util.SplittableRandom;

/// Writes the program with a flat profile: thousands of different functions, called in an order that changes all the time, with
/// branches that depend on data, as a Linux boot looks to an engine. The same text every time.
///
/// Most branches go one way nine times in ten, and a function once chosen is called a few times: so it is in a kernel, and
/// otherwise the host's mispredictions would be all that is measured.
///
/// A function is a handful of statements drawn from a few forms, with constants of its own; some call a smaller one.
final class WideSource {

    private static final int FUNCTIONS = 3_000;
    private static final int LEAVES = 600;
    /// How often the main loop chooses a function, a repetition.
    private static final int CHOICES = 600_000;
    private static final int CALLS_A_CHOICE = 3;
    private static final long SEED = 20_251_125;
    private static final int STATEMENTS_MIN = 4;
    private static final int STATEMENTS_MAX = 9;

    private final SplittableRandom random = new SplittableRandom(SEED);
    private final StringBuilder text = new StringBuilder();

    private WideSource() {}

    /// The C source.
    static String generate() {
        return new WideSource().program();
    }

    private String program() {
        text.append("""
                /* Generated: many functions, none of them hot. */

                #include "harness.h"

                #define MEMORY_MASK 8191

                static u64 memory[MEMORY_MASK + 1];

                """);
        for (int i = 0; i < FUNCTIONS; i++) {
            function(i);
        }
        text.append("static u64 (*const functions[])(u64) = {");
        for (int i = 0; i < FUNCTIONS; i++) {
            text.append(i % 12 == 0 ? "\n    " : " ").append("f").append(i).append(",");
        }
        text.append("""

                };

                u64 wide(void)
                {
                    enum { COUNT = %d };
                    static unsigned short order[COUNT];
                    u64 x = 1;
                    for (u32 i = 0; i <= MEMORY_MASK; i++)
                        memory[i] = next();
                    for (u32 i = 0; i < COUNT; i++)
                        order[i] = i;
                    u32 at = 0;
                    for (u32 i = 0; i < %d; i++) {
                        u32 other = next() %% COUNT, chosen = order[other];
                        order[other] = order[at], order[at] = chosen;
                        at = at + 1 < COUNT ? at + 1 : 0;
                        for (u32 k = 0; k < %d; k++)
                            x = functions[chosen](x) ^ state;
                    }
                    return x;
                }
                """.formatted(FUNCTIONS, CHOICES, CALLS_A_CHOICE));
        return text.toString();
    }

    private void function(int number) {
        line("NOINLINE static u64 f%d(u64 x)", number);
        line("{");
        line("    u64 y = x * 0x%xUL + 0x%xUL;", random.nextLong() | 1, random.nextLong() >>> 20);
        int statements = random.nextInt(STATEMENTS_MIN, STATEMENTS_MAX + 1);
        for (int i = 0; i < statements; i++) {
            statement(number);
        }
        line("    return y ^ y >> %d;", random.nextInt(1, 40));
        line("}");
        text.append('\n');
    }

    private void statement(int number) {
        int bit = random.nextInt(8, 60);
        int shift = random.nextInt(3, 48);
        switch (random.nextInt(8)) {
            case 0 -> line("    if (y >> %d & 15) y += memory[y >> %d & MEMORY_MASK]; else y ^= x >> %d;", bit, shift,
                    random.nextInt(1, 30));
            case 1 -> line("    if ((y >> %d & 15) == %d) memory[y >> %d & MEMORY_MASK] += x; else x += %d;", bit,
                    random.nextInt(16), shift, random.nextInt(1, 100_000));
            case 2 -> line("    y ^= y << %d; y += x;", random.nextInt(1, 20));
            case 3 -> line("    y = y * %d - (x >> %d);", random.nextInt(3, 1_000) | 1, shift);
            case 4 -> line("    for (u32 i = y >> %d & 15 ? 2 : 0; i < 4; i++) x = (x << 1) + memory[i + %d];", bit,
                    random.nextInt(8_000));
            case 5 -> line("    { u8 *p = (u8 *)memory + (y >> %d & 65535); if (*p < %d) *p += %d; else x ^= *p; }",
                    random.nextInt(3, 40), random.nextInt(2) * 225 + 15, random.nextInt(1, 9));
            case 6 -> line("    switch (y >> %d & 31) { case 0: x += %d; break; case 1: y -= x; break; case 2: y ^= %d; break; "
                    + "case 3: x >>= 1; }", bit, random.nextInt(1, 2_000), random.nextInt(1, 2_000));
            default -> {
                if (number > LEAVES) {
                    line("    if (y >> %d & 7) y += f%d(x);", bit, random.nextInt(LEAVES));
                } else {
                    line("    y -= (u32)x >> %d;", random.nextInt(1, 16));
                }
            }
        }
    }

    private void line(String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
