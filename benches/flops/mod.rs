//! Throughput in GFLOP/s and as a share of the peak, which the same run measures with multiply-adds.

use std::{
    hint::black_box,
    sync::OnceLock,
    time::{Duration, Instant},
};

use criterion::{
    Criterion, Throughput,
    measurement::{Measurement, ValueFormatter, WallTime},
};
use shiplap::kernel::{Level, Real, Simd, Vector, Work, dispatch, level};

/// Settings for many short benchmarks.
pub fn config() -> Criterion<Flops> {
    Criterion::default()
        .with_measurement(Flops(WallTime))
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(300))
        .without_plots()
}

/// Multiply-adds that wait neither for each other nor for memory.
struct MulAdds(usize);

const CHAINS: usize = 12;

impl Work for MulAdds {
    /// The number of FLOPs.
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> f64 {
        let factor = black_box(S::F32::broadcast(0.999));
        let mut sums = [factor; CHAINS];
        for _ in 0..self.0 {
            for sum in &mut sums {
                *sum = sum.mul_add(factor, factor);
            }
        }
        black_box(sums);
        (2 * self.0 * CHAINS * S::F32::LANES) as f64
    }
}

/// FLOPs per second at the instruction set in use, measured once.
fn peak() -> f64 {
    static PEAKS: [OnceLock<f64>; Level::ALL.len()] = [const { OnceLock::new() }; Level::ALL.len()];
    *PEAKS[level() as usize].get_or_init(|| {
        let once = || {
            let start = Instant::now();
            dispatch(MulAdds(100_000)) / start.elapsed().as_secs_f64()
        };
        (0..50).map(|_| once()).fold(0.0, f64::max)
    })
}

/// Measures time, with throughput in GFLOP/s and as a share of the peak.
pub struct Flops(WallTime);

impl Measurement for Flops {
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

impl ValueFormatter for Flops {
    fn format_throughput(&self, throughput: &Throughput, nanoseconds: f64) -> String {
        match throughput {
            Throughput::Elements(flops) => {
                let speed = *flops as f64 / nanoseconds;
                format!("{speed:.1} GFLOP/s ({:.0} %)", 1e11 * speed / peak())
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
