package io.sosia.appliance.machine.fpu;

/// The accrued exception flags of one hart: the `fflags` field of `fcsr` (Unprivileged ISA, 20.2).
///
/// Arithmetic only ever sets flags; the guest clears them by writing the CSR. Owned and written by its hart alone.
public final class FpFlags {
    /// Inexact: the result was rounded.
    public static final int NX = 1;
    /// Underflow: the result was rounded and, rounded as if the exponent had no lower bound, is below the normal range.
    public static final int UF = 2;
    /// Overflow: the rounded result is beyond the largest finite number.
    public static final int OF = 4;
    /// Divide by zero: a finite, non-zero number was divided by zero.
    public static final int DZ = 8;
    /// Invalid operation: no number is a sensible result, or a signaling NaN was an operand.
    public static final int NV = 16;
    /// Every flag there is.
    public static final int ALL = 31;

    /// The flags accrued so far: an OR of the constants of this class, laid out as in `fflags`.
    public int bits;

    /// Accrues `flags`, an OR of the constants of this class.
    public void raise(int flags) {
        bits |= flags;
    }

    /// Whether inexact has accrued, so that an operation need not find out whether it was exact.
    boolean inexactAccrued() {
        return (bits & NX) != 0;
    }

    @Override
    public String toString() {
        return "FpFlags[" + ((bits & NV) != 0 ? "NV " : "") + ((bits & DZ) != 0 ? "DZ " : "")
                + ((bits & OF) != 0 ? "OF " : "") + ((bits & UF) != 0 ? "UF " : "")
                + ((bits & NX) != 0 ? "NX" : "") + "]";
    }
}
