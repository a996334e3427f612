package io.sosia.appliance.machine.fpu;

import java.util.SplittableRandom;

/// Operands worth trying: random ones, weighted towards the places where floating point goes wrong.
final class FpOperands {
    private final SplittableRandom random;

    FpOperands(long seed) {
        random = new SplittableRandom(seed);
    }

    int roundingMode() {
        // Half to nearest even: that is where the fast paths are.
        return random.nextBoolean() ? FpRounding.RNE : random.nextInt(FpRounding.RTZ, FpRounding.RMM + 1);
    }

    /// Writes the operands of one execution into `abc`: three registers.
    void fill(FpOperation.Kind kind, long[] abc) {
        switch (kind) {
            case S -> {
                related(BinaryFormat.BINARY32, abc);
                for (int i = 0; i < abc.length; i++) {
                    abc[i] = boxedMostly(abc[i]);
                }
            }
            case D -> related(BinaryFormat.BINARY64, abc);
            case S_TO_INTEGER -> abc[0] = boxedMostly(aroundIntegers(BinaryFormat.BINARY32));
            case D_TO_INTEGER -> abc[0] = aroundIntegers(BinaryFormat.BINARY64);
            case D_TO_S -> abc[0] = aroundSingle();
            case INTEGER -> abc[0] = integer();
        }
    }

    private long boxedMostly(long single) {
        return random.nextInt(32) == 0 ? random.nextLong() << 32 | single : 0xffff_ffff_0000_0000L | single;
    }

    private void related(BinaryFormat format, long[] abc) {
        abc[0] = number(format);
        abc[1] = switch (random.nextInt(8)) {
            case 0 -> near(format, abc[0]);
            case 1 -> withField(format, field(format, abc[0]) + random.nextInt(-60, 61));
            // Products and quotients around the ends of the exponent range.
            case 2 -> withField(format, format.exponentMax() - field(format, abc[0]) + random.nextInt(-56, 6));
            case 3 -> withField(format, field(format, abc[0]) + format.exponentMax() + random.nextInt(-6, 57));
            case 4 -> withField(format, 3 * format.exponentMax() - field(format, abc[0]) + random.nextInt(-4, 5));
            // Results just beside a special first operand, such as the smallest normal number.
            case 5 -> {
                abc[0] = special(format);
                yield aroundOne(format);
            }
            default -> number(format);
        };
        abc[2] = switch (random.nextInt(4)) {
            case 0 -> near(format, product(format, abc[0], abc[1]));
            case 1 -> withField(format, field(format, product(format, abc[0], abc[1])) + random.nextInt(-120, 121));
            case 2 -> withField(format, random.nextInt(0, 60));
            default -> number(format);
        };
    }

    /// A number of any kind.
    private long number(BinaryFormat format) {
        return switch (random.nextInt(8)) {
            case 0 -> special(format);
            case 1 -> random.nextLong() & (2 * format.signBit() - 1);
            case 2 -> withField(format, random.nextInt(0, 60));
            case 3 -> withField(format, 2 * format.exponentMax() - random.nextInt(0, 60));
            case 4, 5 -> withField(format, random.nextInt(0, 2 * format.exponentMax() + 1));
            default -> withField(format, format.exponentMax() + random.nextInt(-30, 31));
        };
    }

    private long special(BinaryFormat format) {
        long hidden = 1L << format.fractionBits();
        long magnitude = switch (random.nextInt(12)) {
            case 0, 1 -> 0;
            case 2 -> random.nextLong(1, 4);
            case 3 -> hidden - random.nextLong(1, 4);
            case 4 -> hidden + random.nextLong(0, 4);
            case 5 -> 2 * hidden - random.nextLong(1, 4);
            case 6 -> format.infinity() - random.nextLong(1, 4);
            case 7, 8 -> format.infinity();
            case 9 -> format.infinity() | random.nextLong(1, hidden / 2); // signaling
            case 10 -> format.canonicalNaN() | random.nextLong(0, hidden / 2);
            default -> aroundOne(format);
        };
        return withRandomSign(format, magnitude);
    }

    private long aroundOne(BinaryFormat format) {
        return ((long) format.exponentMax() << format.fractionBits()) + random.nextInt(-2, 3);
    }

    /// A number with the given exponent field, pushed into its range, and a telling fraction.
    private long withField(BinaryFormat format, int field) {
        long inRange = Math.clamp(field, 0, 2 * format.exponentMax());
        return withRandomSign(format, inRange << format.fractionBits() | fraction(format.fractionBits()));
    }

    private long fraction(int bits) {
        long mask = (1L << bits) - 1;
        int cut = random.nextInt(bits + 1);
        return mask & switch (random.nextInt(6)) {
            case 0 -> 0;
            case 1 -> random.nextLong() << cut;
            case 2 -> random.nextLong() >>> (64 - bits) >>> cut;
            case 3 -> -1L << cut;
            case 4 -> (1L << cut) - random.nextInt(2);
            default -> random.nextLong();
        };
    }

    private long near(BinaryFormat format, long bits) {
        return withRandomSign(format, format.magnitude(format.magnitude(bits) + random.nextInt(-3, 4)));
    }

    private long aroundIntegers(BinaryFormat format) {
        if (random.nextInt(8) == 0) {
            return number(format);
        }
        long bits = withField(format, format.exponentMax() + random.nextInt(-3, 67));
        return random.nextInt(3) == 0 ? near(format, halves(format)) : bits;
    }

    /// A number of whole halves, or the neighbour of a power of two.
    private long halves(BinaryFormat format) {
        double value = (random.nextLong() >> random.nextInt(64)) * (random.nextBoolean() ? 0.5 : 1.0);
        return format.equals(BinaryFormat.BINARY64)
                ? Double.doubleToRawLongBits(value)
                : Integer.toUnsignedLong(Float.floatToRawIntBits((float) value));
    }

    private long aroundSingle() {
        if (random.nextInt(6) == 0) {
            return number(BinaryFormat.BINARY64);
        }
        long beyond = switch (random.nextInt(5)) {
            case 0 -> 0;
            case 1 -> 1;
            case 2 -> 0x1000_0000L + random.nextInt(-1, 2);
            case 3 -> 0x1fff_ffffL;
            default -> random.nextLong() & 0x1fff_ffffL;
        };
        if (random.nextInt(16) == 0) { // just below the smallest normal number
            return withRandomSign(BinaryFormat.BINARY64, (1023L - 126 << 52) - (1L << 29) + beyond);
        }
        long field = 1023 + (random.nextBoolean() ? random.nextInt(-152, -122) : random.nextInt(-152, 130));
        long bits = field << 52 | fraction(23) << 29 | beyond;
        return withRandomSign(BinaryFormat.BINARY64, bits);
    }

    private long integer() {
        long value = random.nextLong() >> random.nextInt(64);
        return switch (random.nextInt(4)) {
            case 0 -> (1L << random.nextInt(64)) + random.nextInt(-2, 3);
            case 1 -> value << random.nextInt(64);
            case 2 -> -(1L << random.nextInt(64)) + (1L << random.nextInt(64)) + random.nextInt(-1, 2);
            default -> value;
        };
    }

    private long withRandomSign(BinaryFormat format, long magnitude) {
        return random.nextBoolean() ? magnitude | format.signBit() : magnitude;
    }

    private static int field(BinaryFormat format, long bits) {
        return (int) (format.magnitude(bits) >>> format.fractionBits());
    }

    private static long product(BinaryFormat format, long a, long b) {
        return format.equals(BinaryFormat.BINARY64)
                ? Double.doubleToRawLongBits(Double.longBitsToDouble(a) * Double.longBitsToDouble(b))
                : Integer.toUnsignedLong(Float.floatToRawIntBits(
                        Float.intBitsToFloat((int) a) * Float.intBitsToFloat((int) b)));
    }
}
