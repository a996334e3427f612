package io.sosia.appliance.machine.fpu;

import static io.sosia.appliance.machine.fpu.FpFlags.DZ;
import static io.sosia.appliance.machine.fpu.FpFlags.NV;
import static io.sosia.appliance.machine.fpu.FpFlags.NX;
import static io.sosia.appliance.machine.fpu.FpFlags.OF;
import static io.sosia.appliance.machine.fpu.FpFlags.UF;
import static io.sosia.appliance.machine.fpu.FpRounding.RDN;
import static io.sosia.appliance.machine.fpu.FpRounding.RMM;
import static io.sosia.appliance.machine.fpu.FpRounding.RNE;
import static io.sosia.appliance.machine.fpu.FpRounding.RTZ;
import static io.sosia.appliance.machine.fpu.FpRounding.RUP;
import static java.lang.Double.doubleToRawLongBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/// What the Unprivileged ISA, chapters 20 and 21, says in so many words.
class SpecialValuesTest {
    private static final long ZERO = 0;
    private static final long MINUS_ZERO = Long.MIN_VALUE;
    private static final long ONE = doubleToRawLongBits(1);
    private static final long INFINITY = doubleToRawLongBits(Double.POSITIVE_INFINITY);
    private static final long MINUS_INFINITY = doubleToRawLongBits(Double.NEGATIVE_INFINITY);
    private static final long MAX = doubleToRawLongBits(Double.MAX_VALUE);
    private static final long MIN_NORMAL = doubleToRawLongBits(Double.MIN_NORMAL);
    private static final long NAN = 0x7ff8_0000_0000_0000L;
    private static final long NAN_WITH_PAYLOAD = 0xfff8_dead_beef_0001L;
    private static final long SIGNALING = 0x7ff0_0000_0000_0001L;

    private final FpFlags flags = new FpFlags();

    private void accrued(int expected) {
        assertThat(flags.bits).as("flags accrued").isEqualTo(expected);
        flags.bits = 0;
    }

    @Test
    void nansThatComeOutAreCanonical() {
        assertThat(Float64.CANONICAL_NAN).isEqualTo(NAN);
        assertThat(Float64.add(NAN_WITH_PAYLOAD, ONE, RNE, flags)).isEqualTo(NAN);
        assertThat(Float64.fmadd(ONE, ONE, NAN_WITH_PAYLOAD, RUP, flags)).isEqualTo(NAN);
        assertThat(Float64.sqrt(NAN_WITH_PAYLOAD, RNE, flags)).isEqualTo(NAN);
        assertThat(Float32.fromFloat64(NAN_WITH_PAYLOAD, RNE, flags)).isEqualTo(0x7fc0_0000);
        assertThat(Float64.fromFloat32(0xffc1_2345, flags)).isEqualTo(NAN);
        assertThat(Float64.min(NAN_WITH_PAYLOAD, NAN_WITH_PAYLOAD, flags)).isEqualTo(NAN);
        accrued(0);
    }

    @Test
    void signalingNansRaiseInvalid() {
        assertThat(Float64.mul(SIGNALING, ONE, RNE, flags)).isEqualTo(NAN);
        accrued(NV);
        assertThat(Float64.fmadd(ONE, ONE, SIGNALING, RNE, flags)).isEqualTo(NAN);
        accrued(NV);
        assertThat(Float64.fromFloat32(0x7f80_0001, flags)).isEqualTo(NAN);
        accrued(NV);
    }

    @Test
    void operationsWithoutAnAnswerRaiseInvalid() {
        assertThat(Float64.sub(INFINITY, INFINITY, RNE, flags)).isEqualTo(NAN);
        accrued(NV);
        assertThat(Float64.mul(INFINITY, ZERO, RNE, flags)).isEqualTo(NAN);
        accrued(NV);
        assertThat(Float64.div(ZERO, MINUS_ZERO, RNE, flags)).isEqualTo(NAN);
        accrued(NV);
        assertThat(Float64.div(INFINITY, MINUS_INFINITY, RNE, flags)).isEqualTo(NAN);
        accrued(NV);
        assertThat(Float64.sqrt(doubleToRawLongBits(-1), RNE, flags)).isEqualTo(NAN);
        accrued(NV);
        assertThat(Float64.fmadd(ONE, INFINITY, MINUS_INFINITY, RNE, flags)).isEqualTo(NAN);
        accrued(NV);
    }

    @Test
    void infinityTimesZeroPlusQuietNanRaisesInvalid() {
        assertThat(Float64.fmadd(INFINITY, ZERO, NAN, RNE, flags)).isEqualTo(NAN);
        accrued(NV);
        assertThat(Float32.fmadd(0, 0xff80_0000, 0x7fc0_0000, RNE, flags)).isEqualTo(0x7fc0_0000);
        accrued(NV);
    }

    @Test
    void divisionByZeroRaisesDivideByZeroOnlyForFiniteNumbers() {
        assertThat(Float64.div(ONE, MINUS_ZERO, RNE, flags)).isEqualTo(MINUS_INFINITY);
        accrued(DZ);
        assertThat(Float64.div(INFINITY, ZERO, RNE, flags)).isEqualTo(INFINITY);
        accrued(0);
    }

    @Test
    void sumsThatCancelAreMinusZeroOnlyWhenRoundingDown() {
        assertThat(Float64.sub(ONE, ONE, RNE, flags)).isEqualTo(ZERO);
        assertThat(Float64.sub(ONE, ONE, RDN, flags)).isEqualTo(MINUS_ZERO);
        assertThat(Float64.add(ZERO, MINUS_ZERO, RDN, flags)).isEqualTo(MINUS_ZERO);
        assertThat(Float64.fmsub(ONE, ONE, ONE, RDN, flags)).isEqualTo(MINUS_ZERO);
        assertThat(Float64.fnmadd(ZERO, ONE, ZERO, RUP, flags)).isEqualTo(MINUS_ZERO);
        accrued(0);
    }

    @Test
    void squareRootOfMinusZeroIsMinusZero() {
        assertThat(Float64.sqrt(MINUS_ZERO, RNE, flags)).isEqualTo(MINUS_ZERO);
        accrued(0);
    }

    @Test
    void overflowGoesToInfinityOrStopsAtTheLargestNumber() {
        long minusMax = MAX | Long.MIN_VALUE;
        long[] positive = {INFINITY, MAX, MAX, INFINITY, INFINITY};
        long[] negative = {MINUS_INFINITY, minusMax, MINUS_INFINITY, minusMax, MINUS_INFINITY};
        for (int rm = RNE; rm <= RMM; rm++) {
            assertThat(Float64.add(MAX, MAX, rm, flags)).as("rounding mode %d", rm).isEqualTo(positive[rm]);
            accrued(OF | NX);
            assertThat(Float64.mul(MAX, minusMax, rm, flags)).as("rounding mode %d", rm).isEqualTo(negative[rm]);
            accrued(OF | NX);
        }
    }

    @Test
    void tininessIsDetectedAfterRounding() {
        long belowOne = ONE - 1;
        // 2^-1022 * (1 - 2^-53) has 53 digits, so that full precision would not round it: tiny.
        assertThat(Float64.mul(MIN_NORMAL, belowOne, RNE, flags)).isEqualTo(MIN_NORMAL);
        accrued(UF | NX);
        assertThat(Float32.mul(0x0080_0000, 0x3f7f_ffff, RNE, flags)).isEqualTo(0x0080_0000);
        accrued(UF | NX);
        assertThat(Float32.fromFloat64(doubleToRawLongBits(0x1.fffffep-127), RNE, flags)).isEqualTo(0x0080_0000);
        accrued(UF | NX);
        assertThat(Float64.fmadd(MIN_NORMAL + 1, belowOne, ZERO, RUP, flags)).isEqualTo(MIN_NORMAL + 1);
        accrued(NX);
        // (2^-1022 - 2^-1074) * (1 + 2^-52) = 2^-1022 * (1 - 2^-104), which full precision rounds up: not tiny.
        assertThat(Float64.mul(MIN_NORMAL - 1, ONE + 1, RNE, flags)).isEqualTo(MIN_NORMAL);
        accrued(NX);
        assertThat(Float64.mul(MIN_NORMAL - 1, ONE + 1, RTZ, flags)).isEqualTo(MIN_NORMAL - 1);
        accrued(UF | NX);
    }

    @Test
    void exactSubnormalResultsRaiseNothing() {
        assertThat(Float64.div(MIN_NORMAL, doubleToRawLongBits(2), RNE, flags)).isEqualTo(MIN_NORMAL >>> 1);
        assertThat(Float32.mul(0x0080_0000, 0x3f00_0000, RNE, flags)).isEqualTo(0x0040_0000);
        accrued(0);
    }

    @Test
    void tiesGoWhereTheModeSays() {
        long tie = doubleToRawLongBits(0x1p-53);
        assertThat(Float64.add(ONE, tie, RNE, flags)).isEqualTo(ONE);
        assertThat(Float64.add(ONE + 1, tie, RNE, flags)).isEqualTo(ONE + 2);
        assertThat(Float64.add(ONE, tie, RMM, flags)).isEqualTo(ONE + 1);
        assertThat(Float64.add(ONE, tie, RUP, flags)).isEqualTo(ONE + 1);
        assertThat(Float64.add(ONE, tie, RTZ, flags)).isEqualTo(ONE);
        accrued(NX);
    }

    @Test
    void minimumPutsMinusZeroFirstAndPassesOverOneNan() {
        assertThat(Float64.min(ZERO, MINUS_ZERO, flags)).isEqualTo(MINUS_ZERO);
        assertThat(Float64.min(MINUS_ZERO, ZERO, flags)).isEqualTo(MINUS_ZERO);
        assertThat(Float64.max(MINUS_ZERO, ZERO, flags)).isEqualTo(ZERO);
        assertThat(Float64.min(NAN, ONE, flags)).isEqualTo(ONE);
        assertThat(Float64.max(MINUS_INFINITY, NAN, flags)).isEqualTo(MINUS_INFINITY);
        accrued(0);
        assertThat(Float64.max(SIGNALING, ONE, flags)).isEqualTo(ONE);
        accrued(NV);
    }

    @Test
    void onlyEqualityIsQuiet() {
        assertThat(Float64.eq(NAN, NAN, flags)).isFalse();
        accrued(0);
        assertThat(Float64.eq(ONE, SIGNALING, flags)).isFalse();
        accrued(NV);
        assertThat(Float64.lt(NAN, ONE, flags)).isFalse();
        accrued(NV);
        assertThat(Float32.le(0x7fc0_0000, 0, flags)).isFalse();
        accrued(NV);
        assertThat(Float64.eq(ZERO, MINUS_ZERO, flags)).isTrue();
        assertThat(Float64.lt(MINUS_ZERO, ZERO, flags)).isFalse();
        assertThat(Float64.le(ZERO, MINUS_ZERO, flags)).isTrue();
        accrued(0);
    }

    @Test
    void integersOutOfRangeSaturateAndRaiseInvalidAlone() {
        assertThat(Float64.toInt32(doubleToRawLongBits(0x1p31), RTZ, flags)).isEqualTo(Integer.MAX_VALUE);
        accrued(NV);
        assertThat(Float64.toInt32(NAN_WITH_PAYLOAD, RTZ, flags)).isEqualTo(Integer.MAX_VALUE);
        accrued(NV);
        assertThat(Float64.toInt64(MINUS_INFINITY, RTZ, flags)).isEqualTo(Long.MIN_VALUE);
        accrued(NV);
        assertThat(Float64.toUInt32(doubleToRawLongBits(-1), RTZ, flags)).isZero();
        accrued(NV);
        assertThat(Float64.toUInt64(NAN, RTZ, flags)).isEqualTo(-1);
        accrued(NV);
        assertThat(Float64.toInt32(doubleToRawLongBits(-0x1p31 - 0.5), RNE, flags)).isEqualTo(Integer.MIN_VALUE);
        accrued(NX);
        assertThat(Float64.toUInt64(doubleToRawLongBits(-0.75), RTZ, flags)).isZero();
        accrued(NX);
        assertThat(Float64.toUInt64(doubleToRawLongBits(-0.75), RNE, flags)).isZero();
        accrued(NV);
    }

    @Test
    void everyKindOfNumberHasItsClass() {
        long[] kinds = {MINUS_INFINITY, ONE | Long.MIN_VALUE, 1 | Long.MIN_VALUE, MINUS_ZERO, ZERO, 1, ONE, INFINITY,
                SIGNALING, NAN};
        for (int i = 0; i < kinds.length; i++) {
            assertThat(Float64.classify(kinds[i])).as("class of %016x", kinds[i]).isEqualTo(1 << i);
        }
        assertThat(Float32.classify(0x7f80_0001)).isEqualTo(1 << 8);
        assertThat(Float32.classify(0x8000_0001)).isEqualTo(1 << 2);
    }

    @Test
    void badlyBoxedSinglesReadAsTheCanonicalNan() {
        assertThat(Float32.box(0x3f80_0000)).isEqualTo(0xffff_ffff_3f80_0000L);
        assertThat(Float32.unbox(0xffff_ffff_bf80_0000L)).isEqualTo(0xbf80_0000);
        assertThat(Float32.unbox(0xffff_fffe_3f80_0000L)).isEqualTo(Float32.CANONICAL_NAN);
        assertThat(Float32.unbox(0x3f80_0000L)).isEqualTo(Float32.CANONICAL_NAN);
    }

    @Test
    void flagsOnlyAccrue() {
        flags.raise(DZ);
        Float64.div(ONE, doubleToRawLongBits(3), RNE, flags);
        Float64.add(ONE, ONE, RNE, flags);
        assertThat(flags).hasToString("FpFlags[DZ NX]");
        accrued(DZ | NX);
    }

    @Test
    void reservedRoundingModesAreABrokenInvariant() {
        for (int rm = 5; rm <= 7; rm++) {
            int reserved = rm;
            assertThat(FpRounding.isValid(rm)).isFalse();
            assertThatThrownBy(() -> Float64.div(ONE, doubleToRawLongBits(3), reserved, flags))
                    .hasMessage("rounding mode: expected 0 to 4, got " + rm);
        }
    }
}
