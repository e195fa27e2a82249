//! Receiver operating characteristic (ROC) curves.

use std::{format, vec, vec::Vec};

use super::Lines;
use crate::{metric::roc_auc, report::ReportError};

/// Computes the points of a ROC curve: pairs of false and true positive rate, from the highest threshold to the lowest.
///
/// `samples` are pairs of score and label (whether the sample is positive); they are sorted in place. Equal scores
/// yield one point, so that the area under the curve is [`roc_auc`].
///
/// ```
/// use shiplap::report::roc_curve;
///
/// let points = roc_curve(&mut [(0.1, false), (0.4, false), (0.35, true), (0.8, true)])?;
/// assert_eq!(points, [(0.0, 0.0), (0.0, 0.5), (0.5, 0.5), (0.5, 1.0), (1.0, 1.0)]);
/// # Ok::<(), shiplap::report::ReportError>(())
/// ```
///
/// # Errors
///
/// Returns an error if a score is NaN, or there are no positive or no negative samples.
pub fn roc_curve(samples: &mut [(f64, bool)]) -> Result<Vec<(f64, f64)>, ReportError> {
    let positives = samples.iter().filter(|sample| sample.1).count();
    let negatives = samples.len() - positives;
    if positives == 0 || negatives == 0 || samples.iter().any(|sample| sample.0.is_nan()) {
        return Err(ReportError::Data { expected: "scores without NaN, of both positive and negative samples" });
    }
    samples.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let (mut true_positives, mut false_positives) = (0, 0);
    let mut points = vec![(0.0, 0.0)];
    for tied in samples.chunk_by(|a, b| a.0 == b.0) {
        let positive = tied.iter().filter(|sample| sample.1).count();
        true_positives += positive;
        false_positives += tied.len() - positive;
        points.push((false_positives as f64 / negatives as f64, true_positives as f64 / positives as f64));
    }
    Ok(points)
}

/// Plots ROC curves, with the area under each in the legend. `curves` are pairs of a name and samples as for
/// [`roc_curve`].
///
/// # Errors
///
/// Returns the errors of [`roc_curve`].
pub fn roc<'a>(curves: impl IntoIterator<Item = (&'a str, Vec<(f64, bool)>)>) -> Result<Lines, ReportError> {
    let mut lines = Lines::new("ROC curve", "false positive rate", "true positive rate")
        .x_range(0.0, 1.0)
        .y_range(0.0, 1.0)
        .sized(420, 440);
    for (name, mut samples) in curves {
        let points = roc_curve(&mut samples)?;
        lines = lines.line(format!("{name}, AUC {:.4}", roc_auc(&mut samples)), points);
    }
    Ok(lines.guide("chance", [(0.0, 0.0), (1.0, 1.0)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;

    #[test]
    fn the_area_under_the_curve_is_the_auc() {
        let mut rng = Rng::new(3);
        for samples in [2, 3, 10, 500] {
            let mut scores: Vec<(f64, bool)> =
                (0..samples).map(|n| ((rng.uniform() * 20.0).floor(), n % 2 == 0)).collect();
            let points = roc_curve(&mut scores).unwrap();
            let area: f64 = points.windows(2).map(|p| (p[1].0 - p[0].0) * (p[1].1 + p[0].1) / 2.0).sum();
            assert!((area - roc_auc(&mut scores)).abs() < 1e-12);
            assert_eq!((points[0], points[points.len() - 1]), ((0.0, 0.0), (1.0, 1.0)));
        }
    }

    #[test]
    fn a_curve_needs_both_labels() {
        for mut samples in [vec![], vec![(0.5, true)], vec![(0.5, false)], vec![(f64::NAN, true), (0.1, false)]] {
            assert!(matches!(roc_curve(&mut samples), Err(ReportError::Data { .. })));
        }
    }
}
