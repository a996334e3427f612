/// Carries out the floating-point arithmetic of RISC-V F and D, exact in every result bit and flag on any host.
///
/// Imports nothing outside `java.lang`. Values travel as the bit patterns the registers hold (`int` for binary32,
/// `long` for binary64), accrued exception flags in an [io.sosia.appliance.machine.fpu.FpFlags] that the hart owns. No
/// method allocates. The caller resolves the dynamic rounding mode and refuses reserved ones before it calls.
/// "Unprivileged ISA" is *The RISC-V Instruction Set Manual, Volume I*, version 20240411: chapter 20 is F, 21 is D.
///
/// Two ways lead to a result, and they agree to the last bit:
///
/// * **Fast path**: round to nearest, ties to even, with the host's own IEEE 754 arithmetic, which the Java language
///   defines bit for bit (JLS 15.4, 15.17, 15.18, since Java 17 without exception). The host does not say whether a
///   result was exact, so inexactness is recomputed: for a sum from the error term of TwoSum, for a product, quotient
///   or square root by counting the trailing zeros of the significands; in binary32 by doing the work in binary64,
///   where products are exact. When the inexact flag has already accrued, that recomputation is skipped.
/// * **Soft path**: integer arithmetic on the unpacked numbers
///   ([io.sosia.appliance.machine.fpu.SoftArithmetic]), for every rounding mode and every operand.
///
/// | operation | fast path when rounding to nearest even and ... |
/// |---|---|
/// | add, sub | the result is finite (binary64 with exactness unknown: below 2^1022 in size) |
/// | mul, div | the result is finite and at least twice the smallest normal number, or an exact zero (\*) |
/// | sqrt | the operand is positive and normal |
/// | fused multiply-add, binary32 | the result is as for mul and its binary64 value lies on no binary32 midpoint |
/// | fused multiply-add, binary64 | the result is as for mul and inexact has already accrued |
/// | binary64 to binary32 | the result is as for mul |
/// | integer to floating point | the integer is exact in binary64 |
/// | floating point to integer | always, in every rounding mode |
///
/// (\*) In binary64, while inexact has not accrued, both operands must be normal, too.
///
/// Comparisons, minimum, maximum, sign injection and classification round nothing and have no second path. The fused
/// multiply-add of binary64 uses `Math.fma`: exact everywhere, quick where the host CPU has the instruction.
package io.sosia.appliance.machine.fpu;
