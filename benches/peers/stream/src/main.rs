//! Times one step of a GRU and of an LSTM of 64 units that read frames of 6 numbers. Prints, for each, the time in µs and
//! the first number of the state after 32 frames. `../python/stream.py` computes the same.

use std::{hint::black_box, time::Instant};

use shiplap::{
    layer::{Parameter, Path, VisitMut},
    layers::AllStates,
    prelude::*,
    stream::Streaming,
};

const STEPS: usize = 32;

type Layer<L> = (L,);

fn main() {
    measure::<Layer<Gru<[[f32; 6]; STEPS], 64, AllStates>>>("GRU");
    measure::<Layer<Lstm<[[f32; 6]; STEPS], 64, AllStates>>>("LSTM");
}

/// Every number at index `i` of a parameter is `sin(i) / 8`.
struct Waves;

impl VisitMut<f32, 1> for Waves {
    fn visit(&mut self, _: Parameter<'_>, [values]: [&mut [f32]; 1]) {
        values.iter_mut().enumerate().for_each(|(index, value)| *value = wave(index) / 8.0);
    }
}

fn wave(index: usize) -> f32 {
    (index as f64).sin() as f32
}

fn measure<N: Network<Element = f32> + Streaming<Frame = [f32; 6], Emitted = [f32; 64]>>(name: &str) {
    let mut network = N::zeroed_box();
    N::parameters_mut([&mut network], Path::ROOT, &mut Waves);
    let frames: [[f32; 6]; STEPS] = std::array::from_fn(|step| std::array::from_fn(|feature| wave(6 * step + feature)));
    let mut stream = Stream::<N>::new();
    let mut state = None;
    for frame in &frames {
        state = stream.push(&network, frame);
    }
    let mut times = Vec::new();
    for _ in 0..200 {
        let start = Instant::now();
        for frame in &frames {
            black_box(stream.push(black_box(&network), black_box(frame)));
        }
        times.push(start.elapsed().as_secs_f64() * 1e6 / STEPS as f64);
    }
    times.sort_by(f64::total_cmp);
    println!("{name},{:.3},{}", times[0], state.expect("each frame has an output")[0]);
}
