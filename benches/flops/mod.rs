//! Throughput in GFLOP/s and as a share of the peak, which the same run measures with multiply-adds.

use std::{
    hint::black_box,
    marker::PhantomData,
    sync::OnceLock,
    time::{Duration, Instant},
};

use criterion::{
    Criterion, Throughput,
    measurement::{Measurement, ValueFormatter, WallTime},
};
use shiplap::kernel::{Element, Level, Real, Simd, Vector, Work, dispatch, level};

/// Settings for many short benchmarks.
pub fn config<T: Element>() -> Criterion<Flops<T>> {
    Criterion::default()
        .with_measurement(Flops(WallTime, PhantomData))
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(300))
        .without_plots()
}

/// Multiply-adds that wait neither for each other nor for memory.
struct MulAdds<T>(usize, PhantomData<T>);

const CHAINS: usize = 12;

impl<T: Element> Work for MulAdds<T> {
    /// The number of FLOPs.
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> f64 {
        let factor = black_box(T::Vector::<S>::broadcast(T::from_f64(0.999)));
        let mut sums = [factor; CHAINS];
        for _ in 0..self.0 {
            for sum in &mut sums {
                *sum = sum.mul_add(factor, factor);
            }
        }
        black_box(sums);
        (2 * self.0 * CHAINS * T::Vector::<S>::LANES) as f64
    }
}

/// FLOPs per second with numbers of type `T` at the instruction set in use, measured once.
fn peak<T: Element>() -> f64 {
    static PEAKS: [[OnceLock<f64>; Level::ALL.len()]; 2] = [const { [const { OnceLock::new() }; Level::ALL.len()] }; 2];
    *PEAKS[usize::from(size_of::<T>() == 8)][level() as usize].get_or_init(|| {
        let once = || {
            let start = Instant::now();
            dispatch(MulAdds::<T>(100_000, PhantomData)) / start.elapsed().as_secs_f64()
        };
        (0..50).map(|_| once()).fold(0.0, f64::max)
    })
}

/// Measures time, with throughput in GFLOP/s and as a share of the peak for numbers of type `T`.
pub struct Flops<T = f32>(WallTime, PhantomData<T>);

impl<T: Element> Measurement for Flops<T> {
    type Intermediate = <WallTime as Measurement>::Intermediate;
    type Value = <WallTime as Measurement>::Value;

    fn start(&self) -> Self::Intermediate {
        self.0.start()
    }

    fn end(&self, start: Self::Intermediate) -> Self::Value {
        self.0.end(start)
    }

    fn add(&self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        self.0.add(a, b)
    }

    fn zero(&self) -> Self::Value {
        self.0.zero()
    }

    fn to_f64(&self, value: &Self::Value) -> f64 {
        self.0.to_f64(value)
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        self
    }
}

impl<T: Element> ValueFormatter for Flops<T> {
    fn format_throughput(&self, throughput: &Throughput, nanoseconds: f64) -> String {
        match throughput {
            Throughput::Elements(flops) => {
                let speed = *flops as f64 / nanoseconds;
                format!("{speed:.1} GFLOP/s ({:.0} %)", 1e11 * speed / peak::<T>())
            }
            _ => self.0.formatter().format_throughput(throughput, nanoseconds),
        }
    }

    fn scale_values(&self, typical: f64, values: &mut [f64]) -> &'static str {
        self.0.formatter().scale_values(typical, values)
    }

    fn scale_throughputs(&self, typical: f64, throughput: &Throughput, values: &mut [f64]) -> &'static str {
        self.0.formatter().scale_throughputs(typical, throughput, values)
    }

    fn scale_for_machines(&self, values: &mut [f64]) -> &'static str {
        self.0.formatter().scale_for_machines(values)
    }
}
