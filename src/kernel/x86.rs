//! The registers of x86-64: AVX2 with FMA, and AVX-512.
//!
//! SAFETY of every `unsafe` without a comment below: values of these types are only made by [`Avx2::new`] or
//! [`Avx512::new`], whose caller guarantees that the processor has the instructions. Pointers are to slices that
//! contain all lanes read or written; the other lanes are masked out.

use core::{
    arch::x86_64::*,
    ops::{Add, Div, Mul, Neg, Sub},
};

use super::{
    int8,
    level::{Level, has_vnni},
    math::{self, HALF_ROOT, INTEGERS, Single},
    real::Real,
    simd::{Simd, Vector, Work},
};

macro_rules! instruction_sets {
    ($($(#[$doc:meta])* $name:ident $single:ident $double:ident $features:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name(());

            impl $name {
                /// # Safety
                ///
                /// The processor must have these instructions.
                pub(super) const unsafe fn new() -> Self {
                    Self(())
                }
            }

            impl Simd for $name {
                type F32 = $single;
                type F64 = $double;
                const LEVEL: Level = Level::$name;

                #[inline(always)]
                fn run<W: Work>(self, work: W) -> W::Output {
                    // Not inlined into its only caller, such as a step, whose build time grows faster than its length.
                    // Rust 1.95 ignores this if the build is for fewer instructions. In a build for these, it would
                    // take effect: a prediction of one sample would call each of its layers.
                    #[target_feature(enable = $features)]
                    #[cfg_attr(not(target_feature = "avx2"), inline(never))]
                    fn compiled<W: Work>(simd: $name, work: W) -> W::Output {
                        work.run(simd)
                    }
                    // SAFETY: the existence of `self` implies that the processor has the instructions.
                    unsafe { compiled(self, work) }
                }

                #[inline(always)]
                fn dots<const P: usize, const N: usize>(self, x: [&[i16]; P], weights: [&[i8]; N]) -> [[i32; P]; N] {
                    // SAFETY: as above; both sets contain AVX2.
                    unsafe { int8::x86::dots(x, weights) }
                }

                #[inline(always)]
                fn int8_layer(self, x: &[i8], layer: int8::Layer<'_>, y: &mut [i8]) -> bool {
                    // SAFETY: the instructions have been detected.
                    Self::LEVEL == Level::Avx512 && has_vnni() && unsafe { int8::vnni::run(x, layer, y) }
                }
            }
        )*
    };
}
instruction_sets! {
    /// AVX2 and FMA.
    Avx2 F32x8 F64x4 "avx2,fma";
    /// AVX-512 F, VL and DQ.
    Avx512 F32x16 F64x8 "avx512f,avx512vl,avx512dq,avx2,fma";
}

macro_rules! registers {
    ($($name:ident($register:ident, $half:ident) of $lanes:literal $scalar:ident, $rows:literal rows $sums:literal sums,
       $set:ident $add:ident $sub:ident $mul:ident $div:ident $sqrt:ident $fma:ident $load:ident $store:ident $max:ident $min:ident,
       $module:ident;)*) => {
        $(
            #[derive(Clone, Copy, Debug)]
            pub struct $name($register);

            registers!(operators $name Add add $add, Sub sub $sub, Mul mul $mul, Div div $div);

            impl Neg for $name {
                type Output = Self;

                #[inline(always)]
                fn neg(self) -> Self {
                    Self::broadcast(-0.0) - self
                }
            }

            impl Vector<$scalar> for $name {
                type Half = $half;
                const LANES: usize = $lanes;
                const ROWS: usize = $rows;
                const SUMS: usize = $sums;

                #[inline(always)]
                fn broadcast(value: $scalar) -> Self {
                    Self(unsafe { $set(value) })
                }

                #[inline(always)]
                fn load(from: &[$scalar]) -> Self {
                    if from.len() >= $lanes {
                        Self(unsafe { $load(from.as_ptr()) })
                    } else {
                        Self(unsafe { $module::load_part(from) })
                    }
                }

                #[inline(always)]
                fn store(self, to: &mut [$scalar]) {
                    if to.len() >= $lanes {
                        unsafe { $store(to.as_mut_ptr(), self.0) }
                    } else {
                        unsafe { $module::store_part(to, self.0) }
                    }
                }

                #[inline(always)]
                fn first(self, count: usize) -> Self {
                    Self(unsafe { $module::first(self.0, count) })
                }

                #[inline(always)]
                fn sum(self) -> $scalar {
                    let mut lanes = self.lanes();
                    let mut half = $lanes / 2;
                    while half > 0 {
                        for lane in 0..half {
                            lanes[lane] += lanes[lane + half];
                        }
                        half /= 2;
                    }
                    lanes[0]
                }

                #[inline(always)]
                fn interleave(self, other: Self) -> (Self, Self) {
                    let (first, second) = unsafe { $module::interleave(self.0, other.0) };
                    (Self(first), Self(second))
                }

                #[inline(always)]
                fn largest(self) -> $scalar {
                    let mut lanes = self.lanes();
                    let mut half = $lanes / 2;
                    while half > 0 {
                        for lane in 0..half {
                            lanes[lane] = Real::max(lanes[lane], lanes[lane + half]);
                        }
                        half /= 2;
                    }
                    lanes[0]
                }
            }

            impl $name {
                #[inline(always)]
                fn lanes(self) -> [$scalar; $lanes] {
                    let mut lanes = [0.0; $lanes];
                    self.store(&mut lanes);
                    lanes
                }
            }

            impl Real for $name {
                #[inline(always)]
                fn splat(value: f64) -> Self {
                    Self::broadcast(value as $scalar)
                }

                #[inline(always)]
                fn mul_add(self, factor: Self, addend: Self) -> Self {
                    Self(unsafe { $fma(self.0, factor.0, addend.0) })
                }

                #[inline(always)]
                fn if_gt(self, bound: Self, then: Self, otherwise: Self) -> Self {
                    Self(unsafe { $module::if_gt(self.0, bound.0, then.0, otherwise.0) })
                }

                #[inline(always)]
                fn max(self, other: Self) -> Self {
                    Self(unsafe { $max(self.0, other.0) })
                }

                #[inline(always)]
                fn min(self, other: Self) -> Self {
                    Self(unsafe { $min(self.0, other.0) })
                }

                #[inline(always)]
                fn abs(self) -> Self {
                    Self(unsafe { $module::abs(self.0) })
                }

                #[inline(always)]
                fn copysign(self, sign: Self) -> Self {
                    Self(unsafe { $module::copysign(self.0, sign.0) })
                }

                #[inline(always)]
                fn sqrt(self) -> Self {
                    Self(unsafe { $sqrt(self.0) })
                }

                registers!(functions $scalar exp ln ln_one_plus tanh erf);
            }
        )*
    };
    (operators $name:ident $($operator:ident $method:ident $instruction:ident),*) => {
        $(impl $operator for $name {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(unsafe { $instruction(self.0, other.0) })
            }
        })*
    };
    (functions f32 $($function:ident)*) => {
        $(#[inline(always)]
        fn $function(self) -> Self {
            math::$function(self)
        })*
    };
    (functions f64 $($function:ident)*) => {
        $(#[inline(always)]
        fn $function(self) -> Self {
            Self::load(&self.lanes().map(Real::$function))
        })*
    };
}
registers! {
    F32x8(__m256, F32x8) of 8 f32, 6 rows 10 sums,
    _mm256_set1_ps _mm256_add_ps _mm256_sub_ps _mm256_mul_ps _mm256_div_ps _mm256_sqrt_ps _mm256_fmadd_ps
    _mm256_loadu_ps _mm256_storeu_ps _mm256_max_ps _mm256_min_ps, avx2_f32;
    F64x4(__m256d, F64x4) of 4 f64, 6 rows 10 sums,
    _mm256_set1_pd _mm256_add_pd _mm256_sub_pd _mm256_mul_pd _mm256_div_pd _mm256_sqrt_pd _mm256_fmadd_pd
    _mm256_loadu_pd _mm256_storeu_pd _mm256_max_pd _mm256_min_pd, avx2_f64;
    F32x16(__m512, F32x8) of 16 f32, 8 rows 8 sums,
    _mm512_set1_ps _mm512_add_ps _mm512_sub_ps _mm512_mul_ps _mm512_div_ps _mm512_sqrt_ps _mm512_fmadd_ps
    _mm512_loadu_ps _mm512_storeu_ps _mm512_max_ps _mm512_min_ps, avx512_f32;
    F64x8(__m512d, F64x4) of 8 f64, 8 rows 8 sums,
    _mm512_set1_pd _mm512_add_pd _mm512_sub_pd _mm512_mul_pd _mm512_div_pd _mm512_sqrt_pd _mm512_fmadd_pd
    _mm512_loadu_pd _mm512_storeu_pd _mm512_max_pd _mm512_min_pd, avx512_f64;
}

macro_rules! avx2_parts {
    ($module:ident $register:ident $scalar:ident $integer:ident $table:ident $lanes:literal
     $blend:ident $compare:ident $andnot:ident $set:ident $load:ident
     $and:ident $or:ident $low:ident $high:ident $halves:ident $cast:ident $($part:literal)*) => {
        mod $module {
            use super::*;

            /// A window that starts at `lanes − count` selects the first `count` lanes.
            static $table: [$integer; 2 * $lanes] = {
                let mut table = [0; 2 * $lanes];
                let mut lane = 0;
                while lane < $lanes {
                    table[lane] = -1;
                    lane += 1;
                }
                table
            };

            #[inline]
            #[target_feature(enable = "avx2")]
            fn mask(count: usize) -> __m256i {
                // SAFETY: the window starts at most halfway into the table, and is half as long.
                unsafe { _mm256_loadu_si256($table.as_ptr().add($lanes - count.min($lanes)).cast()) }
            }

            #[inline]
            #[target_feature(enable = "avx2")]
            pub fn if_gt(a: $register, bound: $register, then: $register, otherwise: $register) -> $register {
                $blend(otherwise, then, $compare::<_CMP_GT_OQ>(a, bound))
            }

            #[inline]
            #[target_feature(enable = "avx2")]
            pub fn abs(a: $register) -> $register {
                $andnot($set(-0.0), a)
            }

            #[inline]
            #[target_feature(enable = "avx2")]
            pub fn copysign(a: $register, sign: $register) -> $register {
                let sign_bit = $set(-0.0);
                $or($andnot(sign_bit, a), $and(sign_bit, sign))
            }

            #[inline]
            #[target_feature(enable = "avx2")]
            pub fn interleave(a: $register, b: $register) -> ($register, $register) {
                let (low, high) = ($low(a, b), $high(a, b));
                ($halves::<0x20>(low, high), $halves::<0x31>(low, high))
            }

            #[inline]
            #[target_feature(enable = "avx2")]
            pub fn load_part(from: &[$scalar]) -> $register {
                // SAFETY: the mask excludes lanes past the end of the slice.
                unsafe { $load(from.as_ptr(), mask(from.len())) }
            }

            #[inline]
            #[target_feature(enable = "avx2")]
            pub fn first(a: $register, count: usize) -> $register {
                $and(a, $cast(mask(count)))
            }

            /// Stores by repeated halving: on AMD processors a masked store takes longer, and for a length known at
            /// compile time most branches disappear.
            #[inline]
            #[target_feature(enable = "avx2")]
            pub fn store_part(to: &mut [$scalar], register: $register) {
                let lanes: [$scalar; $lanes] = unsafe { core::mem::transmute(register) };
                let mut done = 0;
                $(
                    if to.len() & $part != 0 {
                        to[done..done + $part].copy_from_slice(&lanes[done..done + $part]);
                        done += $part;
                    }
                )*
            }
        }
    };
}
avx2_parts!(avx2_f32 __m256 f32 i32 LANES 8 _mm256_blendv_ps _mm256_cmp_ps _mm256_andnot_ps _mm256_set1_ps _mm256_maskload_ps _mm256_and_ps _mm256_or_ps _mm256_unpacklo_ps _mm256_unpackhi_ps _mm256_permute2f128_ps _mm256_castsi256_ps 4 2 1);
avx2_parts!(avx2_f64 __m256d f64 i64 LANES 4 _mm256_blendv_pd _mm256_cmp_pd _mm256_andnot_pd _mm256_set1_pd _mm256_maskload_pd _mm256_and_pd _mm256_or_pd _mm256_unpacklo_pd _mm256_unpackhi_pd _mm256_permute2f128_pd _mm256_castsi256_pd 2 1);

macro_rules! avx512_parts {
    ($module:ident $register:ident $scalar:ident $mask:ident $lanes:literal
     $blend:ident $compare:ident $load:ident $store:ident $abs:ident $set:ident $and:ident $or:ident $move:ident
     $integers:ident $permute:ident [$($first:literal)*] [$($second:literal)*]) => {
        mod $module {
            use super::*;

            #[inline(always)]
            fn mask(count: usize) -> $mask {
                ((1u32 << count.min($lanes)) - 1) as $mask
            }

            #[inline]
            #[target_feature(enable = "avx512f")]
            pub fn if_gt(a: $register, bound: $register, then: $register, otherwise: $register) -> $register {
                $blend($compare::<_CMP_GT_OQ>(a, bound), otherwise, then)
            }

            #[inline]
            #[target_feature(enable = "avx512f")]
            pub fn abs(a: $register) -> $register {
                $abs(a)
            }

            #[inline]
            #[target_feature(enable = "avx512f,avx512dq")]
            pub fn copysign(a: $register, sign: $register) -> $register {
                $or($abs(a), $and($set(-0.0), sign))
            }

            #[inline]
            #[target_feature(enable = "avx512f")]
            pub fn interleave(a: $register, b: $register) -> ($register, $register) {
                ($permute(a, $integers($($first),*), b), $permute(a, $integers($($second),*), b))
            }

            #[inline]
            #[target_feature(enable = "avx512f")]
            pub fn first(a: $register, count: usize) -> $register {
                $move(mask(count), a)
            }

            #[inline]
            #[target_feature(enable = "avx512f")]
            pub fn load_part(from: &[$scalar]) -> $register {
                // SAFETY: the mask excludes lanes past the end of the slice.
                unsafe { $load(mask(from.len()), from.as_ptr()) }
            }

            #[inline]
            #[target_feature(enable = "avx512f")]
            pub fn store_part(to: &mut [$scalar], register: $register) {
                // SAFETY: the mask excludes lanes past the end of the slice.
                unsafe { $store(to.as_mut_ptr(), mask(to.len()), register) }
            }
        }
    };
}
avx512_parts!(avx512_f32 __m512 f32 __mmask16 16 _mm512_mask_blend_ps _mm512_cmp_ps_mask _mm512_maskz_loadu_ps _mm512_mask_storeu_ps
    _mm512_abs_ps _mm512_set1_ps _mm512_and_ps _mm512_or_ps _mm512_maskz_mov_ps _mm512_setr_epi32 _mm512_permutex2var_ps [0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23]
    [8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31]);
avx512_parts!(avx512_f64 __m512d f64 __mmask8 8 _mm512_mask_blend_pd _mm512_cmp_pd_mask _mm512_maskz_loadu_pd _mm512_mask_storeu_pd
    _mm512_abs_pd _mm512_set1_pd _mm512_and_pd _mm512_or_pd _mm512_maskz_mov_pd _mm512_setr_epi64 _mm512_permutex2var_pd [0 8 1 9 2 10 3 11] [4 12 5 13 6 14 7 15]);

macro_rules! singles {
    ($($name:ident $to_bits:ident $from_bits:ident $add:ident $sub:ident $and:ident $set:ident
       $shift_left:ident $shift_right:ident;)*) => {
        $(impl Single for $name {
            #[inline(always)]
            fn power_of_two(self) -> Self {
                let whole = self + Self::broadcast(INTEGERS);
                Self(unsafe {
                    let bits = $shift_left::<23>($to_bits(whole.0));
                    $from_bits($add(bits, $set(1f32.to_bits() as i32)))
                })
            }

            #[inline(always)]
            fn scale(self, shifted: Self) -> Self {
                Self(unsafe { $from_bits($add($to_bits(self.0), $shift_left::<23>($to_bits(shifted.0)))) })
            }

            #[inline(always)]
            fn split(self) -> (Self, Self) {
                unsafe {
                    let base = $set(HALF_ROOT.to_bits() as i32);
                    let above = $sub($to_bits(self.0), base);
                    let exponent = $add($shift_right::<23>(above), $set(INTEGERS.to_bits() as i32));
                    let mantissa = $add($and(above, $set(0x007F_FFFF)), base);
                    (Self($from_bits(mantissa)), Self($from_bits(exponent)) - Self::broadcast(INTEGERS))
                }
            }
        })*
    };
}
singles! {
    F32x8 _mm256_castps_si256 _mm256_castsi256_ps _mm256_add_epi32 _mm256_sub_epi32 _mm256_and_si256
    _mm256_set1_epi32 _mm256_slli_epi32 _mm256_srai_epi32;
    F32x16 _mm512_castps_si512 _mm512_castsi512_ps _mm512_add_epi32 _mm512_sub_epi32 _mm512_and_si512
    _mm512_set1_epi32 _mm512_slli_epi32 _mm512_srai_epi32;
}
