//! A small decoder learns to write: trained on part of "The Devil's Dictionary" by Ambrose Bierce, it predicts the next
//! character of a text, and prints samples meanwhile.
//!
//! `cargo run --release --example characters` takes a few steps, `cargo run --release --example characters -- 3000` as
//! many as it takes to write words. `characters.py` beside it trains the same network in PyTorch. After 1000 steps, the
//! test text takes 2.86 bits per character, and with PyTorch 2.91, 2.93 or 2.96, for three seeds.

use std::{error::Error, f64::consts::LN_2};

use shiplap::{data::Vocabulary, prelude::*};

/// The number of different characters in the text.
const SYMBOLS: usize = 81;
/// The characters that the decoder sees.
const STEPS: usize = 64;
const BATCH: usize = 16;

#[network(input = [f32; STEPS])]
type Decoder = (
    Embedding<_, SYMBOLS, 64>,
    LearnedPositions<_>,
    TransformerBlock<_, 4, 256, Causal>,
    TransformerBlock<_, 4, 256, Causal>,
    TransformerBlock<_, 4, 256, Causal>,
    LayerNorm<_, Linear, -5>,
    Conv1d<_, SYMBOLS, 1, Softmax>,
);

const_assert!(Decoder::PARAMS <= 200_000);

/// The numbers of the characters that the decoder reads, and those of the characters that follow them.
type Windows = (Vec<[f32; STEPS]>, Vec<[usize; STEPS]>);

fn main() -> Result<(), Box<dyn Error>> {
    let steps: u64 = std::env::args().nth(1).map_or(Ok(40), |steps| steps.parse())?;
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/data/devils_dictionary.txt"))?;
    let vocabulary = Vocabulary::of_characters(&text);
    let numbers: Vec<usize> = text.chars().filter_map(|symbol| vocabulary.number(symbol)).collect();
    // The decoder is tested on the last tenth.
    let (train, test) = numbers.split_at(numbers.len() * 9 / 10);
    let test = windows(test, (0..).step_by(STEPS).take(test.len() / STEPS - 1));

    let schedule = Schedule::Cosine { peak: 3e-3, warm_up: steps / 20, steps: steps - steps / 20 };
    let mut trainer =
        Trainer::<Decoder, SparseCategoricalCrossentropy, Adam, BATCH>::boxed(Adam::default().schedule(schedule), 1);
    println!("{} parameters, {} characters to train on", Decoder::PARAMS, train.len());

    let mut rng = Rng::new(2);
    let mut bits = 0.0;
    for step in 1..=steps {
        let places = || (rng.uniform() * (train.len() - STEPS) as f64) as usize;
        let (x, y) = windows(train, std::iter::repeat_with(places).take(BATCH));
        bits += trainer.step(&x, &y)? / LN_2;
        if step % (steps / 5).max(1) == 0 {
            println!("\nstep {step}: {:.3} bits per character", bits / (steps / 5).max(1) as f64);
            bits = 0.0;
            println!("{}", write(trainer.network(), &vocabulary, 200, &mut rng)?);
        }
    }
    println!("\non the test text: {:.3} bits per character", trainer.evaluate(&test.0, &test.1)?.loss / LN_2);
    Ok(())
}

/// The windows of a text that begin at these places.
fn windows(text: &[usize], places: impl Iterator<Item = usize>) -> Windows {
    let window = |place: usize| {
        let seen: [usize; STEPS] = std::array::from_fn(|step| text[place + step]);
        (seen.map(|number| number as f32), std::array::from_fn(|step| text[place + step + 1]))
    };
    places.map(window).unzip()
}

/// Continues a text that begins with a line break by `length` characters, drawn with the probabilities of the decoder.
fn write(
    network: &Decoder,
    vocabulary: &Vocabulary<char>,
    length: usize,
    rng: &mut Rng,
) -> Result<String, Box<dyn Error>> {
    let start = vocabulary.number('\n').ok_or("the text has no line break")?;
    let (mut window, mut seen, mut written) = ([start as f32; STEPS], 1, Vec::new());
    for _ in 0..length {
        let next = network.predict(&window);
        // A step depends on no later ones: those after the text do not matter.
        let mut rest = rng.uniform() as f32;
        let drawn = next[seen - 1].iter().position(|p| {
            rest -= p;
            rest < 0.0
        });
        let number = drawn.unwrap_or(start) as f32;
        written.push(number);
        if seen == STEPS {
            window.rotate_left(1);
            seen -= 1;
        }
        window[seen] = number;
        seen += 1;
    }
    Ok(vocabulary.decode(&written)?)
}
