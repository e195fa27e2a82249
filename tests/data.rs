//! Reading and preparing data: comparison with scikit-learn and NumPy, error messages, and arbitrary bytes.
//! `tests/reference/README.md` describes the fixtures. NumPy files need the feature `exhaustive`.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use proptest::{
    collection::vec,
    prelude::{ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, proptest},
    sample::select,
};
use serde::Deserialize;
#[cfg(feature = "exhaustive")]
use shiplap::data::{
    images,
    npy::{self, Npz},
};
use shiplap::{
    data::{
        ClassSize, Csv, DataError, Folds, Missing, Samples, Table, Target, Vocabulary, Windows, cifar, class_weights,
        idx, resample, split_stratified,
    },
    layers::FitError,
    metric::{
        BinaryAccuracy, ConfusionMatrix, F1, MeanAbsolute, Metric, Precision, RSquared, Recall, RootMeanSquaredError,
        roc_auc,
    },
    prelude::*,
};

fn repository(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(path)
}

fn breast_cancer() -> Table<[f64; 30], [f64; 1]> {
    Csv::bundled().read(repository("data/breast_cancer.csv")).unwrap()
}

fn iris() -> Table<[f64; 4], usize> {
    Csv::bundled().read(repository("data/iris.csv")).unwrap()
}

fn wine() -> Table<[f64; 13], usize> {
    Csv::bundled().read(repository("data/wine_data.csv")).unwrap()
}

fn digits() -> Table<[f64; 64], usize> {
    Csv::unnamed().read(repository("data/digits.csv.gz")).unwrap()
}

fn diabetes() -> (Vec<[f64; 10]>, Vec<[f64; 1]>) {
    let csv = Csv::unnamed().delimiter(b' ');
    let x: Table<[f64; 10]> = csv.read(repository("data/diabetes_data_raw.csv.gz")).unwrap();
    let y: Table<[f64; 1]> = csv.read(repository("data/diabetes_target.csv.gz")).unwrap();
    (x.x, y.x)
}

#[derive(Deserialize)]
struct Fixture {
    scaling: BTreeMap<String, Scaling>,
    splitting: BTreeMap<String, Splitting>,
    metrics: Metrics,
    one_hot: Vec<[f32; 4]>,
    #[cfg_attr(not(feature = "exhaustive"), allow(dead_code, reason = "images need the feature"))]
    resized: Resized,
}

/// Rows of pixels, from 0 to 255.
#[derive(Deserialize)]
#[cfg_attr(not(feature = "exhaustive"), allow(dead_code, reason = "images need the feature"))]
struct Resized {
    stretched: Vec<Vec<[f32; 3]>>,
    cropped: Vec<Vec<[f32; 3]>>,
    enlarged: Vec<Vec<[f32; 3]>>,
    transparent: Vec<Vec<[f32; 4]>>,
}

#[derive(Deserialize)]
struct Scaling {
    mean: Vec<f64>,
    deviation: Vec<f64>,
    standardized: Vec<Vec<f64>>,
    min: Vec<f64>,
    range: Vec<f64>,
    scaled: Vec<Vec<f64>>,
    holes_mean: Vec<f64>,
    holes_deviation: Vec<f64>,
    impute_mean: Vec<f64>,
    impute_median: Vec<f64>,
    impute_most_frequent: Vec<f64>,
}

#[derive(Deserialize)]
struct Splitting {
    labels: Vec<usize>,
    train: Vec<usize>,
    test: Vec<usize>,
    stratified_folds: Vec<Vec<usize>>,
    folds: Vec<usize>,
    weights: Vec<f64>,
}

#[derive(Deserialize)]
struct Metrics {
    binary: Binary,
    classes: Classes,
    regression: Regression,
}

#[derive(Deserialize)]
struct Binary {
    accuracy: f64,
    precision: f64,
    recall: f64,
    f1: f64,
    confusion: [[u64; 2]; 2],
    roc_auc: Vec<f64>,
    roc_auc_scores: f64,
}

#[derive(Deserialize)]
struct Classes {
    accuracy: f64,
    confusion: [[u64; 3]; 3],
}

#[derive(Deserialize)]
struct Regression {
    mae: f64,
    rmse: f64,
    r2: f64,
}

fn fixture() -> Fixture {
    serde_json::from_str(&fs::read_to_string(repository("tests/reference/data.json")).unwrap()).unwrap()
}

fn close(what: &str, ours: &[f64], expected: &[f64]) {
    assert_eq!(ours.len(), expected.len(), "{what}");
    for (ours, expected) in ours.iter().zip(expected) {
        assert!((ours - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{what}: {ours}, not {expected}");
    }
}

fn scales_as_scikit_learn<const N: usize>(name: &str, x: &[[f64; N]]) {
    let expected = &fixture().scaling[name];
    let standardize = Standardize::fit(x).unwrap();
    close(name, &standardize.mean, &expected.mean);
    close(name, &standardize.deviation, &expected.deviation);
    let minmax = MinMax::fit(x).unwrap();
    close(name, &minmax.min, &expected.min);
    close(name, &minmax.range, &expected.range);
    for (row, (standardized, scaled)) in x.iter().zip(expected.standardized.iter().zip(&expected.scaled)) {
        close(name, &standardize.predict(row), standardized);
        close(name, &minmax.predict(row), scaled);
        let mut back = [standardize.predict(row), minmax.predict(row)];
        standardize.inverse_transform(&mut back[..1]);
        minmax.inverse_transform(&mut back[1..]);
        close(name, &back[0], row);
        close(name, &back[1], row);
    }

    let mut holes = x.to_vec();
    for (row, values) in holes.iter_mut().enumerate() {
        for (column, value) in values.iter_mut().enumerate() {
            if (7 * row + 3 * column) % 10 == 0 {
                *value = f64::NAN;
            }
        }
    }
    let standardize = Standardize::fit(&holes).unwrap();
    close(name, &standardize.mean, &expected.holes_mean);
    close(name, &standardize.deviation, &expected.holes_deviation);
    close(name, &Impute::mean(&holes).unwrap().value, &expected.impute_mean);
    close(name, &Impute::median(&holes).unwrap().value, &expected.impute_median);
    let impute = Impute::most_frequent(&holes).unwrap();
    close(name, &impute.value, &expected.impute_most_frequent);
    impute.transform(&mut holes);
    assert_eq!(holes[0][0], impute.value[0]);
    assert_eq!(holes[1][0], x[1][0]);
}

#[test]
fn scalers_agree_with_scikit_learn() {
    scales_as_scikit_learn("breast_cancer", &breast_cancer().x);
    scales_as_scikit_learn("iris", &iris().x);
    scales_as_scikit_learn("wine", &wine().x);
    scales_as_scikit_learn("digits", &digits().x);
    scales_as_scikit_learn("diabetes", &diabetes().0);
}

#[test]
fn one_hot_agrees_with_scikit_learn() {
    let layer: OneHot<1, 0, 4, 4> = Network::new(1);
    let ours: Vec<_> = [2.0, 0.0, 3.0, 7.0].iter().map(|&class| layer.predict(&[class])).collect();
    assert_eq!(ours, fixture().one_hot);
}

fn splits_as_scikit_learn<const N: usize, const K: usize>(name: &str, mut x: Vec<[f64; N]>, mut y: Vec<usize>) {
    let expected = &fixture().splitting[name];
    let counts = |labels: &[usize]| {
        (0..K).map(|class| labels.iter().filter(|&&label| label == class).count()).collect::<Vec<_>>()
    };
    assert_eq!(counts(&y), expected.labels, "{name}");
    close(name, &class_weights::<K, _>(&y).unwrap(), &expected.weights);

    // Among classes of equal size, scikit-learn chooses at random which one gets an extra sample.
    let sorted = |counts: &[usize]| {
        let mut pairs: Vec<_> = expected.labels.iter().zip(counts).map(|(&all, &part)| (all, part)).collect();
        pairs.sort_unstable();
        pairs
    };
    for seed in 0..3 {
        let [train, test] = split_stratified(&mut x, &mut y, [0.8, 0.2], seed).unwrap();
        assert_eq!(sorted(&counts(train.y)), sorted(&expected.train), "{name}");
        assert_eq!(sorted(&counts(test.y)), sorted(&expected.test), "{name}");
    }
    let mut folds = Folds::stratified(&mut x, &mut y, 5, 1).unwrap();
    let mut ours = vec![];
    while let Some((_, test)) = folds.next_fold() {
        ours.push(counts(test.y));
    }
    // It orders classes by their first occurrence, which here is their numeric order.
    assert_eq!(ours, expected.stratified_folds, "{name}");
    let mut folds = Folds::new(&mut x, &mut y, 5, 1).unwrap();
    let mut ours = vec![];
    while let Some((_, test)) = folds.next_fold() {
        ours.push(test.x.len());
    }
    assert_eq!(ours, expected.folds, "{name}");
}

#[test]
fn splits_and_weights_agree_with_scikit_learn() {
    let Table { x, y, .. } = breast_cancer();
    splits_as_scikit_learn::<_, 2>("breast_cancer", x, y.iter().map(|label| label[0] as usize).collect());
    let Table { x, y, .. } = iris();
    splits_as_scikit_learn::<_, 3>("iris", x, y);
    let Table { x, y, .. } = wine();
    splits_as_scikit_learn::<_, 3>("wine", x, y);
    let Table { x, y, .. } = digits();
    splits_as_scikit_learn::<_, 10>("digits", x, y);
}

#[test]
fn metrics_on_real_data_agree_with_scikit_learn() {
    let Metrics { binary, classes, regression } = fixture().metrics;
    let Table { x, y, .. } = breast_cancer();
    let mut all = <(BinaryAccuracy, Precision, Recall, F1, ConfusionMatrix<2>)>::default();
    let score = |row: &[f64; 30]| 1.0 / (1.0 + (row[0] - 15.0).exp());
    x.iter().zip(&y).for_each(|(row, label)| all.update(&[score(row)], label));
    let ours = [all.0.value(), all.1.value(), all.2.value(), all.3.value()];
    close("binary", &ours, &[binary.accuracy, binary.precision, binary.recall, binary.f1]);
    assert_eq!(all.4.counts, binary.confusion);
    let auc = |score: &dyn Fn(&[f64; 30]) -> f64| {
        roc_auc(&mut x.iter().zip(&y).map(|(row, label)| (score(row), label[0] > 0.5)).collect::<Vec<_>>())
    };
    let each: Vec<f64> = (0..30).map(|column| auc(&|row| row[column])).collect();
    close("auc", &each, &binary.roc_auc);
    close("auc", &[auc(&score)], &[binary.roc_auc_scores]);

    let Table { x, y, .. } = iris();
    let mut all = <(Accuracy, ConfusionMatrix<3>)>::default();
    let class = |row: &[f64; 4]| {
        if row[2] < 2.5 {
            0
        } else if row[3] < 1.7 {
            1
        } else {
            2usize
        }
    };
    x.iter().zip(&y).for_each(|(row, label)| all.update(&class(row), label));
    close("classes", &[all.0.value()], &[classes.accuracy]);
    assert_eq!(all.1.counts, classes.confusion);

    let (x, y) = diabetes();
    let mut all = <(MeanAbsolute, RootMeanSquaredError, RSquared<1>)>::default();
    x.iter().zip(&y).for_each(|(row, label)| all.update(&[152.0 + 10.0 * (row[2] - 26.4)], label));
    let ours = [all.0.value(), all.1.value(), all.2.value()];
    close("regression", &ours, &[regression.mae, regression.rmse, regression.r2]);
}

#[test]
fn names_of_columns_and_classes() {
    let table = breast_cancer();
    assert_eq!((table.names[0].as_str(), table.names.len()), ("0", 30));
    assert_eq!(table.classes, ["malignant", "benign"]);
    assert_eq!((table.x[1][0], table.y[1]), (20.57, [0.0]));
    let one_hot: Table<[f32; 4], [f32; 3]> = Csv::bundled().read(repository("data/iris.csv")).unwrap();
    assert_eq!(one_hot.y[149], [0.0, 0.0, 1.0]);
    let without: Table<[f32; 3], usize> = Csv::bundled().ignore(1).read(repository("data/iris.csv")).unwrap();
    assert_eq!((without.x[0], without.names), ([5.1, 1.4, 0.2], vec!["0".into(), "2".into(), "3".into()]));
}

const TREES: &str =
    "\u{feff}height,color,species,age\n0.5, red ,oak,3\n\n\"0.25\",blue,elm,4\n,?,oak,5\n1.5,red,NA,6\n";

fn trees() -> Csv {
    Csv::new().categories("color", ["red", "blue"]).classes(["elm", "oak"]).target("species")
}

fn read<const N: usize, Y: Target>(csv: &Csv, text: &str) -> Result<Table<[f32; N], Y>, String> {
    csv.read_from(text.as_bytes(), "trees.csv").map_err(|error| error.to_string())
}

#[test]
fn missing_values_follow_the_policy() {
    let dropped: Table<[f32; 4], usize> = read(&trees().missing(Missing::DropRow), TREES).unwrap();
    assert_eq!(dropped.x, [[0.5, 1.0, 0.0, 3.0], [0.25, 0.0, 1.0, 4.0]]);
    assert_eq!((dropped.y, dropped.dropped), (vec![1, 0], 2));
    let text = TREES.replace("NA", "elm");
    let nan: Table<[f32; 4], [f32; 1]> = read(&trees().missing(Missing::Nan), &text).unwrap();
    assert!(nan.x[2][0].is_nan());
    assert_eq!((&nan.x[2][1..], nan.y[2]), (&[0.0, 0.0, 5.0][..], [1.0]));
    let constant: Table<[f32; 4], [f32; 2]> = read(&trees().missing(Missing::Constant(-1.0)), &text).unwrap();
    assert_eq!((constant.x[2], constant.y[2]), ([-1.0, 0.0, 0.0, 5.0], [0.0, 1.0]));
    let chosen: Table<[f32; 2]> = read(&Csv::new().inputs(["age", "height"]).missing(Missing::Nan), TREES).unwrap();
    assert_eq!(chosen.x[1], [4.0, 0.25]);
    let numbers: Table<[f32; 1], [f32; 2]> = read(
        &Csv::new().inputs(["age"]).targets(["height", "age_2"]).missing(Missing::DropRow),
        &TREES.replace("color", "age_2").replace("red", "7").replace("blue", "8"),
    )
    .unwrap();
    assert_eq!((numbers.x[1], numbers.y[1], numbers.dropped), ([4.0], [0.25, 8.0], 1));
}

#[test]
fn settings_that_contradict_each_other_are_errors() {
    fn error<Y: Target>(csv: &Csv) -> String {
        let text = "a,b,c,d\n1,2,3,0\n4,5,6,1\n";
        let error = csv.read_from::<[f32; 2], Y>(text.as_bytes(), "t").map(|_| ()).unwrap_err();
        assert!(matches!(error, DataError::Settings { .. }), "{error}");
        error.to_string()
    }
    let csv = Csv::new;
    for (csv, expected) in [
        (csv().inputs(["a", "b"]).target("b"), "the column `b` is both an input and a label: select it as one of them"),
        (csv().inputs(["a", "d"]), "the column `d` is both an input and a label: select it as one of them"),
        (csv().inputs(["a", "b"]).ignore("b"), "the column `b` is both an input and ignored: select it as one of them"),
        (csv().target("a").ignore(0), "the column `a` is both a label and ignored: select it as one of them"),
        (csv().inputs(["a", "a"]), "the column `a` is selected twice as an input: select it once"),
        (csv().ignore("a").ignore(0), "the column `a` is selected twice as ignored: select it once"),
        (
            csv().ignore("a").categories("a", ["1", "4"]),
            "the categories of the column `a` have no effect: it is not an input",
        ),
        (csv().categories("d", ["0", "1"]), "the categories of the column `d` have no effect: it is not an input"),
        (
            csv().inputs(["b", "c"]).categories("a", ["0"]),
            "the categories of the column `a` have no effect: it is not an input",
        ),
        (
            csv().categories("a", ["1"]).categories(0, ["4"]),
            "the categories of the column `a` are declared twice: declare them once",
        ),
        (
            csv().categories("a", [""; 0]),
            "the categories of the column `a` are none: declare at least one, or ignore the column",
        ),
        (csv().missing(Missing::Constant(1e300)), "`Missing::Constant` is 1e300: it must be finite as `f32`"),
        (
            csv().missing(Missing::Constant(f64::NEG_INFINITY)),
            "`Missing::Constant` is -inf: it must be finite as `f32`",
        ),
        (csv().missing(Missing::Constant(f64::NAN)), "`Missing::Constant` is NaN: use `Missing::Nan`"),
    ] {
        assert_eq!(error::<usize>(&csv), format!("t: {expected}"));
    }
    assert_eq!(
        error::<[f32; 2]>(&csv().targets(["c", "c"])),
        "t: the column `c` is selected twice as a label: select it once"
    );
    let wide = csv().inputs(["a", "b"]).missing(Missing::Constant(1e300));
    wide.read_from::<[f64; 2], usize>("a,b,d\n,2,0\n".as_bytes(), "t").unwrap();
    for (delimiter, shown) in [(b'"', "\\\""), (b'\n', "\\n"), (b'\r', "\\r"), (0, "\\x00"), (0xe9, "\\xe9")] {
        let csv = csv().delimiter(delimiter);
        let expected = format!("t: `Csv::delimiter` is `{shown}`: use another character of ASCII, such as `,` or `;`");
        assert_eq!(error::<usize>(&csv), expected);
        assert_eq!(csv.records_from::<(f32, f32)>("1,2\n".as_bytes(), "t").unwrap_err().to_string(), expected);
    }
}

#[test]
fn labels_that_would_be_others_are_errors() {
    let label = |text: &str| {
        let table: Result<Table<[f32; 1], usize>, String> = read(&Csv::unnamed(), &format!("1,{text}\n"));
        table.map(|table| table.y[0]).map_err(|error| assert!(error.contains("expected a class index"), "{error}"))
    };
    assert_eq!(label("9007199254740993"), Ok(9_007_199_254_740_993));
    assert_eq!(label("9007199254740991.0"), Ok(9_007_199_254_740_991));
    assert_eq!([label("0e5"), label("-0.0"), label("00")], [Ok(0); 3]);
    for text in ["9007199254740993.0", "1e-400", "-1e-400", "1e400", "-1", "0.5"] {
        assert_eq!(label(text), Err(()), "{text}");
    }
    let number = |text: &str| read::<1, [f32; 1]>(&Csv::unnamed(), &format!("1,{text}\n")).map(|table| table.y[0][0]);
    assert_eq!(number("0.0e-500"), Ok(0.0));
    assert_eq!(number("1e-45"), Ok(f32::from_bits(1)));
    for text in ["1e-46", "-1e-400"] {
        let expected = format!(
            "trees.csv, line 1, column `1`: expected a number that the type of the label tells from 0, found `{text}`"
        );
        assert_eq!(number(text), Err(expected));
    }
    assert_eq!(read::<1, [f64; 1]>(&Csv::unnamed(), "1,1e-46\n").unwrap().y, [[1e-46]]);
}

#[test]
fn errors_name_the_place_and_the_cause() {
    fn error<const N: usize, Y: Target>(csv: &Csv, text: &str) -> String {
        read::<N, Y>(csv, text).map(|_| ()).unwrap_err()
    }
    let csv = trees();
    assert_eq!(
        error::<4, usize>(&csv, TREES),
        "trees.csv, line 5, column `height`: expected a number \
         (choose how to treat missing values with `Csv::missing`), found ``"
    );
    assert_eq!(
        error::<4, usize>(&csv.clone().missing(Missing::Nan), TREES),
        "trees.csv, line 6, column `species`: expected a label (skip rows without one with `Missing::DropRow`), found `NA`"
    );
    for bad in ["tall", "inf", "1e39", "0x10"] {
        assert_eq!(
            error::<4, usize>(&csv, &TREES.replace("\"0.25\"", bad)),
            format!("trees.csv, line 4, column `height`: expected a finite number, found `{bad}`")
        );
    }
    assert_eq!(
        error::<4, usize>(&csv, &TREES.replace("blue", "green")),
        "trees.csv, line 4, column `color`: expected one of `red`, `blue`, found `green`"
    );
    assert_eq!(
        error::<4, usize>(&csv, &TREES.replace("elm", "ash")),
        "trees.csv, line 4, column `species`: expected one of the classes `elm`, `oak`, found `ash`"
    );
    assert_eq!(
        error::<4, usize>(&csv, &TREES.replace(",4", "")),
        "trees.csv, line 4: expected 4 fields as in the lines before, found 3"
    );
    assert_eq!(
        error::<5, usize>(&csv, TREES),
        "trees.csv: expected 5 inputs, found 4 (`height`, `color=red`, `color=blue`, `age`): \
         select columns with `Csv::inputs` or `Csv::ignore`"
    );
    assert_eq!(
        error::<4, usize>(&csv.clone().target("name"), TREES),
        "trees.csv: expected exactly one column `name`, found the columns `height`, `color`, `species`, `age`"
    );
    assert!(error::<3, usize>(&csv.clone().ignore("height"), &TREES.replace("age", "height")).contains("exactly one"));
    assert_eq!(
        error::<4, [f32; 3]>(&csv, TREES),
        "trees.csv: a label of 3 numbers cannot encode 2 classes: \
         use one number per class, or a single number for two classes"
    );
    assert_eq!(
        error::<2, usize>(&Csv::new(), "a;b;c\n1;2;0\n"),
        "trees.csv: expected several columns (set the delimiter with `Csv::delimiter`), found a single one, `a;b;c`"
    );
    assert_eq!(
        error::<2, usize>(&Csv::new(), "5.1,3.5,0\n4.9,3.0,0\n"),
        "trees.csv: expected column names in the first line (use `Csv::unnamed` for a file without a header), \
         found the numbers `5.1`, `3.5`, `0`"
    );
    let colored = Csv::new().categories("color", ["red", "blue"]);
    assert_eq!(read::<2, ()>(&colored, "color\nblue\n").unwrap().x, [[0.0, 1.0]]);
    assert_eq!(read::<1, usize>(&Csv::new(), "2024,1\n0.5,0\n").unwrap().names, ["2024"], "years may be names");
    assert_eq!(
        error::<4, usize>(&csv.clone().categories("age", ["3", "4", "3"]), TREES),
        "trees.csv: expected distinct categories of `age`, found `3` twice"
    );
    assert_eq!(
        error::<4, usize>(&csv.clone().classes(["elm", "oak", "elm"]), TREES),
        "trees.csv: expected distinct class names, found `elm` twice"
    );
    assert_eq!(error::<4, usize>(&csv, ""), "trees.csv contains no samples");
    assert_eq!(error::<4, usize>(&csv, "height,color,species,age\n"), "trees.csv contains no samples");
    assert_eq!(
        error::<1, usize>(&Csv::unnamed(), "1,2\n1,x\n"),
        "trees.csv, line 2, column `1`: expected a class index (declare class names with `Csv::classes`), found `x`"
    );
    assert_eq!(
        error::<1, usize>(&Csv::bundled(), "3,1,a,b\n1,0\n2,1\n"),
        "trees.csv, line 1, column `0`: expected the number of rows, 2, found `3`"
    );
    assert_eq!(
        error::<1, usize>(&Csv::bundled(), "2,99999999999,a,b\n1,0\n2,1\n"),
        "trees.csv, line 1, column `1`: expected the number of inputs, 1, found `99999999999`"
    );
    assert_eq!(
        error::<1, usize>(&Csv::bundled(), "2,1,a,b\n1,0\n2,2\n"),
        "trees.csv, line 3, column `1`: expected a class index below 2, found `2`"
    );
    let windows = TREES.replace("0.5", "1").replace('\n', "\r\n").replace("blue", "green");
    assert_eq!(
        error::<4, usize>(&csv, &windows),
        "trees.csv, line 4, column `color`: expected one of `red`, `blue`, found `green`"
    );
    let last: Table<[f32; 1], usize> = read(&Csv::unnamed(), "0.5,1\r\n\r\n0.75,\"2\"").unwrap();
    assert_eq!((last.x, last.y), (vec![[0.5], [0.75]], vec![1, 2]));
    let floats: Table<[f32; 1], usize> = read(&Csv::unnamed(), "1,2.0\n1,1e0\n").unwrap();
    assert_eq!(floats.y, [2, 1]);
    assert!(error::<1, usize>(&Csv::unnamed(), "1,0.5").contains("expected a class index"));
    assert_eq!(
        error::<1, [f32; 2]>(&Csv::unnamed(), "1,2,1e39"),
        "trees.csv, line 1, column `2`: expected a finite number, found `1e39`"
    );
    let bytes = Csv::unnamed().read_from::<[f32; 2], ()>(&b"1,2\n3,\xff\n"[..], "bytes").unwrap_err();
    assert_eq!(bytes.to_string(), "bytes, line 2, column `1`: expected UTF-8 text, found `\u{fffd}`");
    let nowhere = Csv::new().read::<[f32; 1], ()>("nowhere.csv").unwrap_err();
    assert!(matches!(nowhere, DataError::Io { .. }) && nowhere.to_string().starts_with("nowhere.csv: "));
}

#[test]
fn records_of_your_own_type() {
    #[derive(Debug, Deserialize)]
    struct Tree {
        height: Option<f32>,
        #[serde(rename = "species")]
        _species: String,
    }
    let trees: Vec<Tree> = Csv::new().records_from(TREES.trim_start_matches('\u{feff}').as_bytes(), "t").unwrap();
    assert_eq!((trees[1].height, trees[2].height), (Some(0.25), None));
    let text = "species,height\noak,1\noak,tall\n";
    let error = Csv::new().records_from::<Tree>(text.as_bytes(), "t").unwrap_err().to_string();
    let expected =
        "t, line 3, column `height`: expected a value of the record type (invalid float literal), found `tall`";
    assert_eq!(error, expected);
    let error = Csv::new().records_from::<Tree>("height,species\n1\n".as_bytes(), "t").unwrap_err().to_string();
    assert_eq!(error, "t, line 2: expected 2 fields as in the lines before, found 1");
    let error = Csv::new().records_from::<Tree>("height,kind\n1,oak\n".as_bytes(), "t").unwrap_err().to_string();
    assert_eq!(error, "t: expected rows of the record type, found line 2 (missing field `species`)");
    let error = Csv::new().records_from::<Tree>("1.5,2\n2.5,3\n".as_bytes(), "t").unwrap_err().to_string();
    assert!(error.ends_with("found the numbers `1.5`, `2`"), "{error}");
    let rows: Vec<(f32, u8)> = Csv::unnamed().records_from(&b"0.5,7\n"[..], "t").unwrap();
    assert_eq!(rows, [(0.5, 7)]);
    let rows: Vec<Vec<f32>> = Csv::unnamed().records_from(&b"0.5,7,8\n"[..], "t").unwrap();
    assert_eq!(rows, [[0.5, 7.0, 8.0]]);
}

#[test]
fn each_field_and_each_row_of_a_file_is_in_the_records() {
    #[derive(Debug, Deserialize)]
    struct Named {
        a: f32,
    }
    fn error<R: serde::de::DeserializeOwned>(csv: &Csv, text: &str) -> String {
        csv.records_from::<R>(text.as_bytes(), "t").map(|_| ()).unwrap_err().to_string()
    }
    let (named, unnamed) = (Csv::new(), Csv::unnamed());
    for (error, line) in [
        (error::<(f32, f32)>(&unnamed, "1,2,3\n"), 1),
        (error::<(f32, f32)>(&unnamed, "1,2,\n"), 1),
        (error::<[f32; 2]>(&named, "a,b,c\n1,2,3\n"), 2),
        (error::<(Named, f32)>(&unnamed, "1,2,3\n"), 1),
    ] {
        assert_eq!(error, format!("t, line {line}: expected 2 fields, which the record type takes, found 3"));
    }
    assert_eq!(error::<Named>(&unnamed, "1,2\n"), "t, line 1: expected 1 fields, which the record type takes, found 2");
    // Columns are selected by name.
    let rows: Vec<Named> = named.records_from("b,a\n1,2\n".as_bytes(), "t").unwrap();
    assert_eq!(rows[0].a, 2.0);
    for (csv, text) in [(&named, ""), (&named, "a,b\n"), (&unnamed, "\n"), (&Csv::bundled(), "")] {
        assert_eq!(error::<(f32, f32)>(csv, text), "t contains no samples");
    }
    let expected = "t, line 1, column `0`: expected the number of rows, 1, found `2`";
    assert_eq!(error::<(f32, usize)>(&Csv::bundled(), "2,1,a,b\n1,0\n"), expected);
}

#[cfg(feature = "exhaustive")]
#[test]
fn numpy_files_are_read() {
    let file = Npz::open(repository("tests/reference/arrays.npz")).unwrap();
    let expected = [[0.0f32, 1.0, 2.0], [3.0, 4.0, 5.0]];
    for name in ["f4", "f8_big_endian", "i2", "columns_first"] {
        assert_eq!(file.read::<[f32; 3]>(name).unwrap(), expected, "{name}");
    }
    for name in ["pictures", "pictures_first_axis_fastest"] {
        let pictures: Vec<[[f64; 2]; 3]> = file.read(name).unwrap();
        assert_eq!(pictures[1], [[6.0, 7.0], [8.0, 9.0], [10.0, 11.0]], "{name}");
    }
    assert_eq!(file.read::<[f32; 3]>("truths").unwrap(), [[0.0; 3], [1.0; 3]]);
    assert_eq!(file.labels("labels").unwrap(), [2, 0, 1]);
    assert_eq!(npy::read::<[f32; 3]>(repository("tests/reference/matrix.npy")).unwrap(), expected);

    let error = |error: DataError| {
        let text = error.to_string();
        text[text.find("arrays.npz").unwrap()..].to_string()
    };
    assert_eq!(
        error(file.read::<[f32; 4]>("f4").unwrap_err()),
        "arrays.npz, array `f4`: expected samples of 4 numbers, found an array of shape [2, 3]"
    );
    assert_eq!(
        error(file.labels("negative").unwrap_err()),
        "arrays.npz, array `negative`: expected class indices, found the label -1 of sample 1"
    );
    assert!(error(file.read::<[f32; 3]>("halves").unwrap_err()).contains("found elements of type `<f2`, "));
    assert!(error(file.read::<f32>("text").unwrap_err()).contains("found elements of type `<U1`, "));
    assert!(error(file.read::<f32>("x").unwrap_err()).contains("expected an array `x`, found the arrays `"));

    let error = |bytes: &[u8]| npy::labels_from(bytes, "f.npy").unwrap_err().to_string();
    assert_eq!(error(&matrix()), "f.npy: expected one number per sample, found an array of shape [2, 3]");
    let magic = "expected an NPY file, which starts with [93, 4e, 55, 4d, 50, 59]";
    assert_eq!(error(b""), format!("f.npy: {magic}, found a file that starts with []"));
    let found = "found several NumPy arrays (.npz): read it with `data::npy::Npz`";
    assert_eq!(error(&archive()), format!("f.npy: {magic}, {found}"));
    assert_eq!(error(b"P5 28"), format!("f.npy: {magic}, found a file that starts with [50, 35, 20, 32, 38]"));
    for length in [6, 7, 8, 9, 10, 100] {
        let expected = "f.npy: expected the rest of an NPY header, found the end of the file";
        assert_eq!(error(&matrix()[..length]), expected, "{length}");
    }
    assert_eq!(
        npy::read_from::<[f32; 3]>(&matrix()[..matrix().len() - 3], "f.npy").unwrap_err().to_string(),
        "f.npy: expected 24 bytes for an array of shape [2, 3] and type '<f4', found 21 bytes after the header"
    );
}

#[cfg(feature = "exhaustive")]
#[test]
fn numpy_files_are_written_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let (x, y) = ([[[1.5f64, -2.0], [f64::NAN, 1e300]]; 3], [0usize, 7, 1 << 40]);
    npy::write(folder.path().join("x.npy"), &x).unwrap();
    npy::write_labels(folder.path().join("y.npy"), &y).unwrap();
    let back: Vec<[[f64; 2]; 2]> = npy::read(folder.path().join("x.npy")).unwrap();
    let bits = |x: &[[[f64; 2]; 2]]| x.as_flattened().as_flattened().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&back), bits(&x));
    assert_eq!(npy::labels(folder.path().join("y.npy")).unwrap(), y);
    let narrow = npy::read::<[f32; 4]>(folder.path().join("x.npy")).unwrap_err().to_string();
    assert!(narrow.ends_with("x.npy: expected numbers in the range of `f32`, found 1e300 in sample 0"), "{narrow}");
    Npz::new().with("x", &x).with_labels("y", &y).write(folder.path().join("both.npz")).unwrap();
    let both = Npz::open(folder.path().join("both.npz")).unwrap();
    assert_eq!(both.names().collect::<Vec<_>>(), ["x", "y"]);
    assert_eq!(both.labels("y").unwrap(), y);
    // NumPy writes the same bytes for the same numbers.
    npy::write(folder.path().join("matrix.npy"), &[[0.0f32, 1.0, 2.0], [3.0, 4.0, 5.0]]).unwrap();
    let ours = fs::read(folder.path().join("matrix.npy")).unwrap();
    assert_eq!(ours, matrix());
}

#[cfg(feature = "exhaustive")]
#[test]
fn arrays_of_as_many_axes_have_their_lengths() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    // The order of PyTorch: samples, channels, rows, columns.
    npy::write(&path, &[[[[0.5f32; 5]; 4]; 3]]).unwrap();
    let error = npy::read::<Image<4, 5, 3>>(&path).unwrap_err().to_string();
    let expected = "x.npy: expected samples of shape [4, 5, 3], with the axes in this order, \
                    found an array of shape [1, 3, 4, 5]";
    assert!(error.ends_with(expected), "{error}");
    assert!(npy::read::<Image<5, 4, 3>>(&path).is_err());
    assert_eq!(npy::read::<Image<3, 4, 5>>(&path).unwrap(), [[[[0.5; 5]; 4]; 3]]);
    // With another number of axes, only the number of elements counts: any rank is read.
    assert_eq!(npy::read::<[f32; 60]>(&path).unwrap(), [[0.5; 60]]);
    assert_eq!(npy::read::<[[f32; 15]; 4]>(&path).unwrap(), [[[0.5; 15]; 4]]);
    npy::write(&path, &[[0.5f32; 60]]).unwrap();
    assert_eq!(npy::read::<Image<4, 5, 3>>(&path).unwrap(), [[[[0.5; 3]; 5]; 4]]);
    npy::write(&path, &[[[[[0.5f32; 1]; 5]; 4]; 3]]).unwrap();
    assert_eq!(npy::read::<Image<3, 4, 5>>(&path).unwrap(), [[[[0.5; 5]; 4]; 3]]);
    npy::write(&path, &[0.5f32; 3]).unwrap();
    assert_eq!(npy::read::<[f32; 1]>(&path).unwrap(), [[0.5]; 3]);
}

#[test]
fn idx_images_of_as_many_axes_have_their_lengths() {
    let bytes = [&[0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 4][..], &[255; 8]].concat();
    let error = idx::images_from::<[[f32; 2]; 4]>(&bytes[..], "f").unwrap_err().to_string();
    let expected = "f: expected samples of shape [4, 2], with the axes in this order, found samples of shape [2, 4]";
    assert_eq!(error, expected);
    assert_eq!(idx::images_from::<[[f32; 4]; 2]>(&bytes[..], "f").unwrap(), [[[1.0; 4]; 2]]);
    assert_eq!(idx::images_from::<Image<2, 4, 1>>(&bytes[..], "f").unwrap(), [[[[1.0]; 4]; 2]]);
    assert_eq!(idx::images_from::<[f32; 8]>(&bytes[..], "f").unwrap(), [[1.0; 8]]);
}

#[cfg(feature = "exhaustive")]
#[test]
fn labels_that_would_be_rounded_are_neither_written_nor_read() {
    const MOST: usize = (1 << 53) - 1;
    let folder = tempfile::tempdir().unwrap();
    let (path, packed) = (folder.path().join("y.npy"), folder.path().join("y.npz"));
    npy::write_labels(&path, &[0, MOST]).unwrap();
    assert_eq!(npy::labels(&path).unwrap(), [0, MOST]);
    for label in [MOST + 1, MOST + 2, usize::MAX] {
        let expected = format!("expected class indices below 2^53, found the label {label} of sample 1");
        let error = npy::write_labels(&path, &[0, label]).unwrap_err().to_string();
        assert_eq!(error, format!("{}: {expected}", path.display()));
        let both = Npz::new().with_labels("y", &[0, label]);
        let error = both.write(&packed).unwrap_err().to_string();
        assert_eq!(error, format!("{}, array `y`: {expected}", packed.display()));
        assert!(both.labels("y").is_err() && !packed.exists());
    }
    assert_eq!(npy::labels(&path).unwrap(), [0, MOST], "the file is unchanged");
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 8;
    for label in [(1i64 << 53), (1 << 53) + 1, i64::MAX, -1] {
        bytes[last..].copy_from_slice(&label.to_le_bytes());
        assert!(npy::labels_from(&bytes, "f").unwrap_err().to_string().contains("expected class indices"), "{label}");
    }
}

/// Records the largest allocation of each thread.
struct Watch;

thread_local! {
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

fn note(size: usize) {
    let _ = LARGEST.try_with(|largest| largest.set(largest.get().max(size)));
}

// SAFETY: each call is passed on unchanged to the system allocator.
unsafe impl GlobalAlloc for Watch {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size);
        // SAFETY: as the caller promises.
        unsafe { System.realloc(place, layout, size) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Watch = Watch;

/// The largest allocation that a reader may make: some buffers, and an `f64` for each byte of the file in a vector that
/// doubles.
fn modest<R>(bytes: &[u8], read: impl FnOnce() -> R) -> R {
    LARGEST.set(0);
    let result = read();
    let (largest, most) = (LARGEST.get(), 128 * 1024 + 32 * bytes.len());
    assert!(largest <= most, "{largest} bytes at once for a file of {}", bytes.len());
    result
}

/// Arbitrary bytes, and valid files with bytes changed, inserted or cut off.
fn broken(good: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let edits = vec((any::<proptest::sample::Index>(), any::<u8>(), 0..3u8), 0..6);
    (edits, any::<proptest::sample::Index>(), any::<bool>(), vec(any::<u8>(), 0..300), any::<bool>()).prop_map(
        move |(edits, end, cut, other, start_good)| {
            if !start_good {
                return other;
            }
            let mut bytes = good.clone();
            for (place, byte, kind) in edits {
                let place = place.index(bytes.len());
                match kind {
                    0 => bytes[place] = byte,
                    1 => bytes[place] ^= 1 << (byte % 8),
                    _ => bytes.insert(place, byte),
                }
            }
            if cut {
                bytes.truncate(end.index(bytes.len() + 1));
            }
            bytes
        },
    )
}

const IDX: [u8; 24] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 51, 102, 153, 204, 255, 0, 0];

#[cfg(feature = "exhaustive")]
#[test]
fn images_of_pillow_are_read() {
    let expected =
        [0u8, 1].map(|row| [0u8, 1, 2].map(|column| [80 * column, 100 * row, 200].map(|value| value as f32 / 255.0)));
    assert_eq!(*images::read_from::<2, 3, 3, f32>(PNG, "f").unwrap(), expected);
    let jpeg = images::read_from::<2, 3, 3, f32>(JPEG, "f").unwrap();
    let pairs = jpeg.as_flattened().as_flattened().iter().zip(expected.as_flattened().as_flattened());
    pairs.for_each(|(value, expected)| assert!((value - expected).abs() < 0.02, "{value}, not {expected}"));
}

/// The files have 20×30 pixels. The two libraries may round a number to the next one.
#[cfg(feature = "exhaustive")]
#[test]
fn images_are_resized_as_by_pillow() {
    fn check<const H: usize, const W: usize, const C: usize>(
        name: &str,
        resize: images::Resize,
        expected: &[Vec<[f32; C]>],
    ) {
        let path = repository(&format!("tests/reference/{name}.png"));
        assert!(images::read::<H, W, C, f32>(&path).is_err());
        let image = images::Reader::new().resize(resize).read::<H, W, C, f32>(&path).unwrap();
        assert_eq!((expected.len(), expected[0].len()), (H, W));
        // Pillow also rounds the products of colors and opacities.
        let most = if C == 4 { 2.0 } else { 1.01 };
        for (pixel, expected) in image.as_flattened().iter().zip(expected.iter().flatten()) {
            let opacity = expected.get(3).map_or(1.0, |opacity| opacity / 255.0);
            for channel in 0..C {
                let weight = if channel < 3 { opacity } else { 1.0 };
                assert!((pixel[channel] * 255.0 - expected[channel]).abs() * weight < most);
            }
        }
    }
    let Resized { stretched, cropped, enlarged, transparent } = fixture().resized;
    check::<8, 8, 3>("photo", images::Resize::Stretch, &stretched);
    check::<8, 8, 3>("photo", images::Resize::Crop, &cropped);
    check::<40, 32, 3>("photo", images::Resize::Stretch, &enlarged);
    check::<8, 8, 4>("transparent", images::Resize::Stretch, &transparent);
}

/// Images of 2×3 pixels.
#[cfg(feature = "exhaustive")]
const PNG: &[u8] = include_bytes!("reference/image.png");
#[cfg(feature = "exhaustive")]
const JPEG: &[u8] = include_bytes!("reference/image.jpg");

#[cfg(feature = "exhaustive")]
fn matrix() -> Vec<u8> {
    fs::read(repository("tests/reference/matrix.npy")).unwrap()
}

#[cfg(feature = "exhaustive")]
fn archive() -> Vec<u8> {
    fs::read(repository("tests/reference/arrays.npz")).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_as_csv(
        bytes in broken(TREES.into()),
        csv in select(vec![Csv::new(), Csv::unnamed(), Csv::bundled(), trees(), trees().ignore(0), Csv::new().target(7)]),
        missing in select(vec![Missing::Error, Missing::DropRow, Missing::Nan, Missing::Constant(0.5)]),
    ) {
        let csv = csv.missing(missing);
        modest(&bytes, || {
            if let Ok(table) = csv.read_from::<[f32; 4], usize>(&bytes[..], "f") {
                assert_eq!(table.x.len(), table.y.len());
                assert!(table.x.as_flattened().iter().all(|value| value.is_finite() || missing == Missing::Nan));
            }
            let _ = csv.read_from::<[f64; 1], [f64; 2]>(&bytes[..], "f");
            let _ = csv.read_from::<[f64; 2], ()>(&bytes[..], "f");
            let _ = csv.records_from::<(String, f32)>(&bytes[..], "f");
        });
    }

    #[test]
    fn any_bytes_as_idx(bytes in broken(IDX.into())) {
        modest(&bytes, || {
            let _ = idx::images_from::<[f32; 4]>(&bytes[..], "f");
            let _ = idx::images_from::<[f32; 0]>(&bytes[..], "f");
            let _ = idx::labels_from(&bytes[..], "f");
        });
    }

    #[test]
    fn any_bytes_as_cifar(bytes in broken([&[7; 3073][..], &[9; 3073]].concat())) {
        modest(&bytes, || {
            let _ = cifar::cifar10_from::<f64>(&bytes[..], "f");
            let _ = cifar::cifar100_from::<f32>(&bytes[..], "f");
        });
    }

    #[cfg(feature = "exhaustive")]
    #[test]
    fn any_bytes_as_images(bytes in select(vec![PNG, JPEG]).prop_flat_map(|good| broken(good.into()))) {
        modest(&bytes, || {
            let _ = images::read_from::<2, 3, 3, f32>(&bytes, "f");
            let _ = images::read_from::<2, 3, 1, f64>(&bytes, "f");
        });
    }

    #[cfg(feature = "exhaustive")]
    #[test]
    fn any_bytes_as_npy(bytes in broken(matrix())) {
        modest(&bytes, || {
            let _ = npy::read_from::<[f32; 3]>(&bytes, "f");
            let _ = npy::read_from::<f64>(&bytes, "f");
            let _ = npy::read_from::<[f64; 0]>(&bytes, "f");
            let _ = npy::labels_from(&bytes, "f");
        });
    }

    #[cfg(feature = "exhaustive")]
    #[test]
    fn any_bytes_as_npz(bytes in broken(archive())) {
        modest(&bytes, || {
            if let Ok(file) = Npz::from_bytes(bytes.clone(), "f") {
                file.names().for_each(|name| {
                    let _ = file.read::<[f32; 3]>(name);
                    let _ = file.labels(name);
                });
            }
        });
    }

    #[cfg(feature = "exhaustive")]
    #[test]
    fn headers_that_lie_about_the_shape(
        shape in vec(select(vec![0u64, 1, 2, 3, 255, 1 << 32, (1 << 61) + 1, u64::MAX]), 0..5),
        kind in select(vec!["<f4", ">f8", "|u1", "|V9223372036854775807", "<U4611686018427387904", "|O", "", "<f0"]),
        columns_first in any::<bool>(),
    ) {
        let axes: String = shape.iter().map(|extent| format!("{extent},")).collect();
        let order = if columns_first { "True" } else { "False" };
        let text = format!("{{'descr': '{kind}', 'fortran_order': {order}, 'shape': ({axes}), }}\n");
        let mut bytes = b"\x93NUMPY\x01\0".to_vec();
        bytes.extend((text.len() as u16).to_le_bytes());
        bytes.extend(text.bytes().chain([0; 24]));
        modest(&bytes, || {
            let _ = npy::read_from::<[f32; 3]>(&bytes, "f");
            let _ = npy::labels_from(&bytes, "f");
        });
    }

    #[test]
    fn windows_are_the_rows_of_the_series(rows in 1..60usize, share in 0.1..0.9f64) {
        let series: Vec<[f64; 2]> = (0..rows).map(|row| [row as f64, 0.5 - row as f64]).collect();
        match Windows::<5, 3, 2>::of(&series, |row| row[0]) {
            Ok(Samples { x, y }) => {
                prop_assert_eq!(x.len(), (rows - 8) / 2 + 1);
                for (window, (x, y)) in x.iter().zip(&y).enumerate() {
                    prop_assert_eq!(&x[..], &series[2 * window..2 * window + 5]);
                    prop_assert_eq!(y, &[5.0, 6.0, 7.0].map(|ahead| 2.0 * window as f64 + ahead));
                }
            }
            Err(error) => prop_assert!(rows < 8 && matches!(error, DataError::Series { .. }), "{}", error),
        }
        // No label of the first part is one of the second, nor later than its steps.
        if let Ok([past, future]) = Windows::<5, 3>::split(&series, [share, 1.0 - share], |row| row[0]) {
            let last = past.y.as_flattened().iter().fold(0.0, |last: f64, &row| last.max(row));
            prop_assert!(future.y.as_flattened().iter().all(|&row| row > last));
            prop_assert_eq!(future.y[0][0], last + 1.0);
            prop_assert_eq!(future.y.last().unwrap()[2], rows as f64 - 1.0);
            prop_assert!(past.x.iter().chain(&future.x).zip(past.y.iter().chain(&future.y)).all(|(x, y)| x[4][0] + 1.0 == y[0]));
            prop_assert_eq!(past.x.len() + future.x.len(), rows - 5 - 2 * 2);
        }
    }

    #[test]
    fn texts_are_decoded_as_they_were(text in "[\\PC\n]{0,40}", other in "[\\PC]{1,10}", bytes in vec(any::<u8>(), 0..40)) {
        let vocabulary = Vocabulary::of_characters(&text);
        let tokens: Vec<f32> = vocabulary.encode(&text).unwrap();
        prop_assert!(tokens.iter().all(|&token| (token as usize) < vocabulary.len()));
        prop_assert_eq!(&vocabulary.decode(&tokens).unwrap(), &text);
        prop_assert_eq!(&vocabulary, &Vocabulary::new(vocabulary.symbols().iter().rev().copied()));
        let known = other.chars().all(|symbol| text.contains(symbol));
        prop_assert_eq!(vocabulary.encode::<f64>(&other).is_ok(), known);
        let vocabulary = Vocabulary::of_bytes(&bytes);
        prop_assert_eq!(vocabulary.decode(&vocabulary.encode::<f64>(&bytes).unwrap()).unwrap(), bytes);
    }

    #[test]
    fn resampled_classes_have_the_same_size(labels in vec(0..4usize, 1..60), size in 0..30usize, seed in any::<u64>()) {
        let x: Vec<usize> = (0..labels.len()).collect();
        let mut counts = BTreeMap::<usize, usize>::new();
        labels.iter().for_each(|&label| *counts.entry(label).or_default() += 1);
        let largest = *counts.values().max().unwrap();
        let smallest = *counts.values().min().unwrap();
        for (to, each) in [(ClassSize::Largest, largest), (ClassSize::Smallest, smallest), (ClassSize::Exactly(size), size)] {
            let Samples { x, y } = resample(&x, &labels, to, seed).unwrap();
            prop_assert!(x.iter().zip(&y).all(|(&x, &y)| labels[x] == y));
            for (&class, &count) in &counts {
                prop_assert_eq!(y.iter().filter(|&&label| label == class).count(), each);
                // Each sample as often as any other of its class, up to one.
                let repeats = |sample: usize| x.iter().filter(|&&x| x == sample).count();
                let of_class = (0..labels.len()).filter(|&sample| labels[sample] == class).map(repeats);
                prop_assert!(of_class.clone().min() == Some(each / count) && of_class.max() <= Some(each.div_ceil(count)));
            }
        }
    }

    #[test]
    fn what_is_written_is_read(rows in vec([any::<f32>(), any::<f32>()], 1..20), labels in vec(0..9usize, 20)) {
        let finite: Vec<[f32; 2]> = rows.iter().map(|row| row.map(|value| if value.is_finite() { value } else { 0.5 })).collect();
        let text: String = finite.iter().zip(&labels).map(|([a, b], label)| format!("{a},{b:e},{label}\n")).collect();
        let table: Table<[f32; 2], usize> = Csv::unnamed().read_from(text.as_bytes(), "f").unwrap();
        prop_assert_eq!(&table.x, &finite);
        prop_assert_eq!(&table.y[..], &labels[..rows.len()]);
    }

    #[test]
    fn scaling_there_and_back(rows in vec([-1e6..1e6f64, -1.0..1.0, 3.0..3.1], 1..30)) {
        for rows_again in [
            { let mut x = rows.clone(); let s = Standardize::fit(&x).unwrap(); s.transform(&mut x); s.inverse_transform(&mut x); x },
            { let mut x = rows.clone(); let s = MinMax::fit(&x).unwrap(); s.transform(&mut x); s.inverse_transform(&mut x); x },
        ] {
            for (one, other) in rows.as_flattened().iter().zip(rows_again.as_flattened()) {
                prop_assert!((one - other).abs() <= 1e-9 * one.abs().max(1.0), "{one} {other}");
            }
        }
        let mut x = rows.clone();
        Standardize::fit(&rows).unwrap().transform(&mut x);
        let again = Standardize::fit(&x).unwrap();
        for (mean, deviation) in again.mean.iter().zip(&again.deviation) {
            prop_assert!(mean.abs() < 1e-9 && (rows.len() == 1 || *deviation == 0.0 || (deviation - 1.0).abs() < 1e-9));
        }
    }
}

#[test]
fn data_that_cannot_be_fitted_are_errors() {
    let error = Standardize::fit(&[[0.0f32, 1.0], [f32::NEG_INFINITY, 1.0]]).unwrap_err();
    assert_eq!(error, FitError::Infinite { sample: 1, column: 0 });
    assert_eq!(error.to_string(), "sample 1, column 0 is infinite: clean or drop the sample");
}
