//! Multiply-adds and square roots of one number in one instruction, on processors that have it: stable Rust offers
//! neither without `std`. Fused multiply-adds are never emulated in software: one rounding less is not worth a call.
//!
//! On a Cortex-M4F or M7F, the compiler emits `vmla.f32` for `a·b + c`, which rounds twice, as intended. Inline
//! assembly accepts no floating-point registers there unless the target has double precision.
//!
//! SAFETY of every `unsafe`: the instruction depends only on its operands, as `pure`, `nomem` and `nostack` state, and
//! the build script selects it only for processors that have it. `sqrtf` is the C function.

/// `a·b + c`: rounded once on RISC-V with FPU, unless the feature `deterministic` is on; otherwise rounded twice.
#[inline(always)]
pub(super) fn mul_add(a: f32, b: f32, c: f32) -> f32 {
    #[cfg(all(floats = "riscv", not(feature = "deterministic")))]
    return {
        let sum;
        unsafe {
            core::arch::asm!("fmadd.s {sum}, {a}, {b}, {c}", sum = lateout(freg) sum,
                a = in(freg) a, b = in(freg) b, c = in(freg) c, options(pure, nomem, nostack));
        }
        sum
    };
    #[cfg(not(all(floats = "riscv", not(feature = "deterministic"))))]
    return a * b + c;
}

/// The square root, correctly rounded, so the same bits on every processor.
#[inline(always)]
pub(super) fn sqrt(a: f32) -> f32 {
    #[cfg(floats = "riscv")]
    return {
        let root;
        unsafe {
            core::arch::asm!("fsqrt.s {root}, {a}", root = lateout(freg) root, a = in(freg) a,
                options(pure, nomem, nostack));
        }
        root
    };
    // The compiler recognizes this name and emits `vsqrt.f32`. It calls the function only for numbers without a real
    // root.
    #[cfg(all(target_arch = "arm", target_abi = "eabihf", target_os = "none"))]
    return {
        unsafe extern "C" {
            safe fn sqrtf(a: f32) -> f32;
        }
        sqrtf(a)
    };
    // `libm` has an instruction without the prefix of AVX, which is slow between those that use it.
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
    return {
        use core::arch::x86_64::{_mm_cvtss_f32, _mm_set_ss, _mm_sqrt_ss};
        // SAFETY: the target has SSE2, and therefore SSE.
        unsafe { _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(a))) }
    };
    #[cfg(not(any(
        floats = "riscv",
        all(target_arch = "arm", target_abi = "eabihf", target_os = "none"),
        all(target_arch = "x86_64", target_feature = "sse2")
    )))]
    return libm::sqrtf(a);
}

/// Like [`sqrt`], in `f64`, for which processors without an instruction call `libm`.
#[inline(always)]
pub(super) fn sqrt_f64(a: f64) -> f64 {
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
    return {
        use core::arch::x86_64::{_mm_cvtsd_f64, _mm_set_sd, _mm_sqrt_sd};
        // SAFETY: the target has SSE2.
        unsafe { _mm_cvtsd_f64(_mm_sqrt_sd(_mm_set_sd(a), _mm_set_sd(a))) }
    };
    #[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
    return libm::sqrt(a);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_rounded_as_documented() {
        assert_eq!(mul_add(3.0, -4.0, 5.0), -7.0);
        // The product is 1 + 2⁻²² + 2⁻⁴⁶. Rounding drops the last term.
        let a = 1.0 + f32::EPSILON;
        let rest = mul_add(a, a, -(1.0 + 2.0 * f32::EPSILON));
        assert!(rest == 0.0 || rest == f32::EPSILON * f32::EPSILON, "{rest:e}");
        assert_eq!(sqrt(2.0).to_bits(), 0x3FB5_04F3);
        assert!(sqrt(-1.0).is_nan());
        assert_eq!(sqrt(-0.0).to_bits(), (-0f32).to_bits());
        assert_eq!(sqrt_f64(2.0).to_bits(), 2f64.sqrt().to_bits());
        assert!(sqrt_f64(-1.0).is_nan());
        assert_eq!(sqrt_f64(-0.0).to_bits(), (-0f64).to_bits());
    }
}
