"""Writes `data.json`, results of scikit-learn for the data sets in `data/`, the NumPy files `arrays.npz` and
`matrix.npy`, and the images `image.png`, `image.jpg`, `photo.png` and `transparent.png` of Pillow.

To regenerate them (with Python 3.11), in a virtual environment:

    pip install numpy==2.4.6 pillow==13.0.0 scikit-learn==1.9.1
    python tests/reference/make_data_fixtures.py

All results are computed in float64 from the numbers in the files. Random results of scikit-learn are omitted: the
fixtures contain how many samples of each class are in a part, but not which ones.
"""

import json
from pathlib import Path

import numpy as np
import sklearn.metrics as skm
from PIL import Image
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold, StratifiedKFold, StratifiedShuffleSplit
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.utils.class_weight import compute_class_weight

HERE = Path(__file__).resolve().parent
DATA = HERE.parent.parent / "data"


def bundled(name):
    table = np.loadtxt(DATA / name, delimiter=",", skiprows=1)
    return table[:, :-1], table[:, -1].astype(int)


def load(name):
    if name == "digits":
        table = np.loadtxt(DATA / "digits.csv.gz", delimiter=",")
        return table[:, :-1], table[:, -1].astype(int)
    if name == "diabetes":
        return (
            np.loadtxt(DATA / "diabetes_data_raw.csv.gz"),
            np.loadtxt(DATA / "diabetes_target.csv.gz"),
        )
    return bundled({"wine": "wine_data.csv"}.get(name, f"{name}.csv"))


def with_holes(x):
    """Replaces the values where (7·row + 3·column) mod 10 is 0 by NaN: about a tenth of each column."""
    rows, columns = np.indices(x.shape)
    return np.where((7 * rows + 3 * columns) % 10 == 0, np.nan, x)


def scaling(x):
    standard, minmax = StandardScaler().fit(x), MinMaxScaler().fit(x)
    holes = with_holes(x)
    imputed = lambda strategy: SimpleImputer(strategy=strategy).fit(holes).statistics_
    return {
        "mean": standard.mean_,
        "deviation": np.sqrt(standard.var_),
        "standardized": standard.transform(x)[:3],
        "min": minmax.data_min_,
        "range": minmax.data_range_,
        "scaled": minmax.transform(x)[:3],
        "holes_mean": StandardScaler().fit(holes).mean_,
        "holes_deviation": np.sqrt(StandardScaler().fit(holes).var_),
        "impute_mean": imputed("mean"),
        "impute_median": imputed("median"),
        "impute_most_frequent": imputed("most_frequent"),
    }


def splitting(x, y):
    classes = len(np.unique(y))
    counts = lambda samples: np.bincount(y[samples], minlength=classes)
    # Shares of 0.8 and 0.2, rounded to the nearest integer. Given a share, scikit-learn would round the test set up.
    size = round(0.8 * len(x))
    split = StratifiedShuffleSplit(1, train_size=size, test_size=len(x) - size, random_state=1)
    train, test = next(split.split(x, y))
    return {
        "labels": np.bincount(y),
        "train": counts(train),
        "test": counts(test),
        "stratified_folds": [counts(test) for _, test in StratifiedKFold(5).split(x, y)],
        "folds": [len(test) for _, test in KFold(5).split(x)],
        "weights": compute_class_weight("balanced", classes=np.arange(classes), y=y),
    }


def metrics():
    """Metrics of predictions that are computed from the data by a rule, so that they need not be stored."""
    x, y = bundled("breast_cancer.csv")
    # The probability of benign decreases with the mean radius.
    scores = 1 / (1 + np.exp(x[:, 0] - 15))
    predicted = (scores > 0.5).astype(int)
    binary = {
        "accuracy": skm.accuracy_score(y, predicted),
        "precision": skm.precision_score(y, predicted),
        "recall": skm.recall_score(y, predicted),
        "f1": skm.f1_score(y, predicted),
        "confusion": skm.confusion_matrix(y, predicted),
        # One value for each measurement as the score.
        "roc_auc": [skm.roc_auc_score(y, column) for column in x.T],
        "roc_auc_scores": skm.roc_auc_score(y, scores),
    }
    x, y = bundled("iris.csv")
    predicted = np.where(x[:, 2] < 2.5, 0, np.where(x[:, 3] < 1.7, 1, 2))
    classes = {
        "accuracy": skm.accuracy_score(y, predicted),
        "confusion": skm.confusion_matrix(y, predicted),
    }
    x, y = load("diabetes")
    predicted = 152 + 10 * (x[:, 2] - 26.4)
    regression = {
        "mae": skm.mean_absolute_error(y, predicted),
        "rmse": skm.root_mean_squared_error(y, predicted),
        "r2": skm.r2_score(y, predicted),
    }
    return {"binary": binary, "classes": classes, "regression": regression}


def plain(value):
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


def arrays():
    """The same 2×3 numbers in several types and orders, and other arrays."""
    numbers = np.array([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
    np.savez_compressed(
        HERE / "arrays.npz",
        f4=numbers.astype("<f4"),
        f8_big_endian=numbers.astype(">f8"),
        i2=numbers.astype("<i2"),
        columns_first=np.asfortranarray(numbers),
        pictures=np.arange(12, dtype="u1").reshape(2, 3, 2),
        pictures_first_axis_fastest=np.asfortranarray(np.arange(12, dtype="u1").reshape(2, 3, 2)),
        truths=numbers > 2,
        labels=np.array([2, 0, 1]),
        negative=np.array([2, -1]),
        halves=numbers.astype("<f2"),
        text=np.array(["a", "b"]),
    )
    np.save(HERE / "matrix.npy", numbers.astype("<f4"))


def images():
    """The same 2×3 pixels as PNG and, in the best quality, as JPEG."""
    rows, columns = np.mgrid[0:2, 0:3]
    colors = np.stack([80 * columns, 100 * rows, np.full((2, 3), 200)], axis=-1).astype("u1")
    image = Image.fromarray(colors)
    image.save(HERE / "image.png")
    image.save(HERE / "image.jpg", quality=100, subsampling=0)


def resized():
    """A file of 20×30 pixels, and the same of 8×8 pixels, stretched and cropped, and of 40×32; one with opacities of 8×8."""
    rows, columns = np.mgrid[0:20, 0:30]
    waves = [np.sin(rows / 3 + columns / 5), np.cos(rows * columns / 40), np.sin(columns / 2) * np.cos(rows / 4)]
    image = Image.fromarray((127.5 + 127.5 * np.stack(waves, axis=-1)).astype("u1"))
    image.save(HERE / "photo.png")
    transparent = image.copy()
    transparent.putalpha(Image.fromarray(np.where(columns < 15, 0, 255).astype("u1")))
    transparent.save(HERE / "transparent.png")
    bilinear = Image.Resampling.BILINEAR
    return {
        "stretched": np.asarray(image.resize((8, 8), bilinear)),
        "cropped": np.asarray(image.crop((5, 0, 25, 20)).resize((8, 8), bilinear)),
        "enlarged": np.asarray(image.resize((32, 40), bilinear)),
        "transparent": np.asarray(transparent.resize((8, 8), bilinear)),
    }


if __name__ == "__main__":
    arrays()
    images()
    names = ["breast_cancer", "iris", "wine", "digits", "diabetes"]
    sets = {name: load(name) for name in names}
    content = {
        "scaling": {name: scaling(x) for name, (x, _) in sets.items()},
        "splitting": {name: splitting(x, y) for name, (x, y) in sets.items() if name != "diabetes"},
        "metrics": metrics(),
        "resized": resized(),
        "one_hot": OneHotEncoder(categories=[[0, 1, 2, 3]], handle_unknown="ignore", sparse_output=False)
        .fit([[0]])
        .transform([[2], [0], [3], [7]]),
    }
    (HERE / "data.json").write_text(json.dumps(plain(content), allow_nan=False) + "\n")
