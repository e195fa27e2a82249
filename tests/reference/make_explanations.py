"""Writes `explanations.json`: permutation importance and partial dependence of two models with fixed weights.

The oracle is scikit-learn's `inspection`. To regenerate the file (with Python 3.11), in a virtual environment:

    pip install numpy==2.4.6 scikit-learn==1.9.1
    python tests/reference/make_explanations.py

Samples, labels and weights are rounded to float32; computations use float64. All random numbers are seeded.

Permutation importance is random: the fixture contains the mean and standard deviation over `REPEATS` shuffles, and the
result of the crate must agree within the statistical error. Partial dependence is exact.
"""

import json
from pathlib import Path

import numpy as np
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression

HERE = Path(__file__).resolve().parent
SAMPLES, FEATURES, REPEATS, POINTS = 60, 4, 2000, 7


def f32(array):
    return np.asarray(array).astype(np.float32).astype(np.float64)


rng = np.random.default_rng(7)
x = f32(rng.normal(size=(SAMPLES, FEATURES)) * [1, 2, 0.5, 1] + [0, 1, 0, -1])
# The third feature is correlated with the first.
x[:, 2] = f32(0.8 * x[:, 0] + 0.2 * x[:, 2])
weights, bias = f32([1.5, -0.7, 0.3, 0.0]), float(f32(0.4))
logits = x @ weights + bias

linear = LinearRegression().fit(x, logits)
linear.coef_, linear.intercept_ = weights, bias
targets = f32(logits + rng.normal(size=SAMPLES) * 0.3)

labels = (rng.uniform(size=SAMPLES) < 1 / (1 + np.exp(-logits))).astype(float)
logistic = LogisticRegression().fit(x, labels)
logistic.coef_, logistic.intercept_ = weights[None, :], np.array([bias])


def explain(model, y, scoring):
    importance = permutation_importance(model, x, y, scoring=scoring, n_repeats=REPEATS, random_state=1)
    curves = []
    for feature in range(FEATURES):
        grid = f32(np.linspace(x[:, feature].min(), x[:, feature].max(), POINTS))
        curve = partial_dependence(model, x, [feature], custom_values={feature: grid}, kind="average", method="brute")
        assert np.array_equal(curve["grid_values"][0], grid)
        curves.append({"grid": grid.tolist(), "average": curve["average"][0].tolist()})
    return {
        "labels": y.tolist(),
        "importance_mean": importance.importances_mean.tolist(),
        "importance_deviation": importance.importances_std.tolist(),
        "partial_dependence": curves,
    }


fixture = {
    "repeats": REPEATS,
    "x": x.tolist(),
    "weights": weights.tolist(),
    "bias": bias,
    "linear": explain(linear, targets, "neg_mean_squared_error"),
    "logistic": explain(logistic, labels, "neg_log_loss"),
}
(HERE / "explanations.json").write_text(json.dumps(fixture, separators=(",", ":")) + "\n")
