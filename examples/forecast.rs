//! Forecasts of a time series: a recurrent and a causal convolutional network against two forecasts without one.
//!
//! `cargo run --release --features plot --example forecast -- --out target/forecast`
//!
//! The series is the temperature of the sea off Peru in each month from 1950 to 2010, which the seasons and El Niño move.
//! The networks read 27 months of anomalies, the differences from the mean of that month, and forecast those of the three
//! months that follow. They are trained on the first 70 %, stop early by the next 10 %, and are tested on the last fifth.

mod common;

use std::{array, error::Error, f32::consts::TAU, fs};

use shiplap::{
    data::{Csv, Samples, Table, Windows},
    layer::Sample,
    prelude::*,
    report::{Grid, Lines},
};

const STEPS: usize = 27;
const AHEAD: usize = 3;
/// The month ahead that the plots show, counted from 0.
const THIRD: usize = 2;

/// The anomaly in °C, and where in the year the month is.
type Month = [f32; 3];
type Series = [Month; STEPS];
/// The anomalies to forecast.
type Label = [f32; AHEAD];
/// Training, validation and test.
type Parts = [Samples<Series, Label>; 3];

#[network(input = Series)]
type Recurrent = (Gru<_, 16>, Dense<_, AHEAD>);

/// Each output depends on steps before it. Without zeros before the series, one step is left, which reads all 27.
#[network(input = Series)]
type Causally = (
    Conv1d<_, 12, 3, Relu>,
    Conv1d<_, 12, 3, Relu, Valid<1, 3>>,
    Conv1d<_, 12, 3, Relu, Valid<1, 9>>,
    Flatten<_>,
    Dense<_, AHEAD>,
);

fn main() -> Result<(), Box<dyn Error>> {
    let [out] = common::folders([("--out", "target/forecast")])?;
    fs::create_dir_all(&out)?;

    let celsius = read()?;
    let means = means(&celsius[..celsius.len() * 7 / 10]);
    let months: Vec<Month> = celsius
        .iter()
        .zip(0u16..)
        .map(|(celsius, month)| {
            let (month, angle) = (usize::from(month % 12), f32::from(month % 12) * TAU / 12.0);
            [celsius - means[month], angle.sin(), angle.cos()]
        })
        .collect();
    let parts = Windows::<STEPS, AHEAD>::split(&months, [0.7, 0.1, 0.2], |month| month[0])?;

    let test = &parts[2];
    let last_year = test.x.iter().map(|x| array::from_fn(|ahead| x[STEPS - 12 + ahead][0])).collect::<Vec<Label>>();
    let naive = error(&last_year, &test.y);
    println!("mean absolute error of {AHEAD} months, in °C, on {} windows of the last fifth", test.x.len());
    println!("{:<34} {naive:.2}", "the same month of the year before");
    println!("{:<34} {:.2}", "the mean of that month", error(&vec![[0.0; AHEAD]; test.y.len()], &test.y));
    let mut plots = Grid::new(1);
    for (name, [validated, tested]) in
        [("GRU", train::<Recurrent>(&parts)?), ("causal convolutions", train::<Causally>(&parts)?)]
    {
        let of_network = error(&tested, &test.y);
        let better = 100.0 * (1.0 - of_network / naive);
        println!("{name:<34} {of_network:.2}, {better:.0} % less than the year before");
        assert!(better >= 15.0, "{name} is only {better:.0} % better than the naive seasonal forecast");
        plots = plots.with(plot(name, &celsius, &means, &errors(&validated, &parts[1].y), &tested));
    }
    common::save(&out, &[("forecast", &plots)])?;
    println!("wrote {}", out.join("forecast.png").display());
    Ok(())
}

/// Reads the temperatures, a row for each year.
fn read() -> Result<Vec<f32>, Box<dyn Error>> {
    let table: Table<[f32; 12]> = Csv::new().ignore("YEAR").read(common::repository("data/el_nino.csv"))?;
    Ok(table.x.into_flattened())
}

/// The mean of each month of the year. It is that of the months in training: the others are the future.
fn means(celsius: &[f32]) -> [f32; 12] {
    array::from_fn(|month| {
        let years = celsius.iter().skip(month).step_by(12);
        years.clone().sum::<f32>() / years.count() as f32
    })
}

/// Trains on the first part until the loss of the second rises, and forecasts the second and the third.
fn train<N>([training, validation, test]: &Parts) -> Result<[Vec<Label>; 2], Box<dyn Error>>
where
    N: Network<Element = f32, Output = Label, Head = Linear>,
    Series: Sample<N>,
{
    let mut trainer = Trainer::<N, MeanAbsoluteError, Adam, 32>::boxed(Adam::new(1e-3).clip(Clip::Norm(1.0)), 1);
    let mut best = Box::new(N::zeroed());
    let fit = Fit::epochs(100).validation(&validation.x, &validation.y);
    trainer.fit_with(&training.x, &training.y, fit, EarlyStopping::new(15, &mut *best))?;
    let mut forecasts = [validation, test].map(|part| vec![[0.0; AHEAD]; part.x.len()]);
    for (part, forecasts) in [validation, test].into_iter().zip(&mut forecasts) {
        trainer.network().predict_batch(&part.x, forecasts)?;
    }
    Ok(forecasts)
}

/// The mean absolute error.
fn error(forecasts: &[Label], truth: &[Label]) -> f64 {
    let pairs = forecasts.as_flattened().iter().zip(truth.as_flattened());
    pairs.map(|(forecast, truth)| f64::from((forecast - truth).abs())).sum::<f64>() / (AHEAD * truth.len()) as f64
}

/// The errors of the third month ahead, from the most negative on.
fn errors(forecasts: &[Label], truth: &[Label]) -> Vec<f32> {
    let mut errors: Vec<f32> = forecasts.iter().zip(truth).map(|(ours, truth)| truth[THIRD] - ours[THIRD]).collect();
    errors.sort_by(f32::total_cmp);
    errors
}

/// The forecasts of the third month ahead, with a band in which 80 % of the errors in validation were.
fn plot(name: &str, celsius: &[f32], means: &[f32; 12], errors: &[f32], tested: &[Label]) -> Lines {
    let year = |month: usize| 1950.0 + month as f64 / 12.0;
    let [low, high] = [0.1, 0.9].map(|share| errors[(share * (errors.len() - 1) as f64) as usize]);
    let first = celsius.len() - tested.len() - AHEAD + 1 + THIRD;
    let forecast = |change: f32| {
        tested
            .iter()
            .zip(first..)
            .map(move |(ahead, month)| (month, f64::from(means[month % 12] + ahead[THIRD] + change)))
    };
    let band = forecast(low).zip(forecast(high)).map(|((month, low), (_, high))| (year(month), low, high));
    Lines::new(
        format!("{name}: three months ahead, with 80 % of the errors in validation"),
        "year",
        "sea temperature, °C",
    )
    .line("forecast", forecast(0.0).map(|(month, value)| (year(month), value)))
    .band("80 %", band)
    .dots("observed", (first..first + tested.len()).map(|month| (year(month), f64::from(celsius[month]))))
    .sized(760, 300)
}
