"""Writes the JSON fixtures for comparison with the results of the crate.

The oracle is Keras 3 on JAX, and scikit-learn for the metrics. To regenerate the files
(with Python 3.11), in a virtual environment:

    pip install keras==3.15.1 jax==0.10.2 numpy==2.4.6 scikit-learn==1.9.1
    python tests/reference/make_fixtures.py

The fixtures are written to the folder of this script. All random numbers are seeded.

Precision. Keras computes in float64, so that the reference has no significant rounding
error. All *inputs* (weights, samples, scores) are rounded to float32, so that a float32
program starts from exactly the same numbers. Training fixtures contain the shortest
decimal that reads back as the same float32; `layers.json` and `metrics.json` contain full
float64.

Cross-entropy. Keras clips probabilities to [1e-7, 1 - 1e-7] before the logarithm unless it
is given logits. The networks here therefore end in a linear layer and use
`from_logits=True`, which is the exact form of a sigmoid or softmax fused with its loss.
"""

import json
import os
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax

jax.config.update("jax_enable_x64", True)

import keras
import numpy as np
import sklearn.metrics as skm

keras.config.set_floatx("float64")

# On JAX, Keras computes some functions of float64 (tanh, cos) in float32. The pinned version
# defines this rule in the following table.
from keras.src.backend.common import dtypes

dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"

HERE = Path(__file__).resolve().parent
STEPS = 50
BATCHES = 4


# ---------------------------------------------------------------- writing


def f32(array):
    """Rounds to float32, and converts back to float64 for computations in Keras."""
    return np.asarray(array).astype(np.float32).astype(np.float64)


def encode(value, single):
    """Writes compact JSON. With `single`, floats are the shortest decimals of float32."""
    if value is None:
        return "null"
    if isinstance(value, dict):
        items = (f"{json.dumps(k)}:{encode(v, single)}" for k, v in value.items())
        return "{" + ",".join(items) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(encode(v, single) for v in value) + "]"
    if isinstance(value, (np.ndarray, jax.Array)):
        return encode(np.asarray(value).tolist(), single)
    if isinstance(value, (bool, int, str)):
        return json.dumps(value)
    if isinstance(value, (np.integer,)):
        return str(int(value))
    value = float(value)
    assert np.isfinite(value), "JSON holds finite numbers only"
    return str(np.float32(value)) if single else repr(value)


def write(name, content, single=False):
    text = encode(content, single)
    json.loads(text)
    (HERE / name).write_text(text + "\n")


# ---------------------------------------------------------------- A: training


def exact_gelu(x):
    return keras.activations.gelu(x, approximate=False)


# name: (inputs, [(outputs, activation)...], loss, batch, seed). The last activation is
# linear if the loss takes logits; the crate uses sigmoid or softmax instead.
ARCHITECTURES = {
    "binary": (
        10,
        [(10, "relu"), (1, "linear")],
        keras.losses.BinaryCrossentropy(from_logits=True),
        32,
        101,
    ),
    "classes": (
        6,
        [(12, "tanh"), (8, exact_gelu), (4, "linear")],
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        16,
        202,
    ),
    "regression": (
        5,
        [(16, "silu"), (3, "linear")],
        keras.losses.MeanSquaredError(),
        16,
        303,
    ),
}

schedules = keras.optimizers.schedules
O = keras.optimizers

# name: (optimizer, settings as recorded in the fixture). In the schedules, t counts steps
# from 0: the first update uses the rate at t = 0.
#
# The update formulas of Keras 3.15.1 (g gradient, w weight, lr learning rate):
#   sgd       w -= lr g
#   momentum  m = 0.9 m - lr g;  w += m
#   nesterov  m = 0.9 m - lr g;  w += 0.9 m - lr g            (with the new m)
#   adam      m += (g - m)(1 - b1);  v += (g^2 - v)(1 - b2);
#             w -= lr sqrt(1 - b2^n)/(1 - b1^n) m / (sqrt(v) + eps),  n = t + 1
#             (eps is added to the *uncorrected* sqrt(v))
#   adamw     w -= lr decay w, for every variable including biases, before the adam update,
#             but after the computation of the gradient
#   amsgrad   as adam, with the largest v so far in place of v in the divisor
#   nadam     m, v as adam;  u_n = b1 (1 - 0.96^n / 2),  p_n = u_1 ... u_n;
#             w -= lr (u_{n+1} m / (1 - p_{n+1}) + (1 - u_n) g / (1 - p_n))
#                  / (sqrt(v / (1 - b2^n)) + eps)
#   lion      w -= lr sign(b1 m + (1 - b1) g);  then m = b2 m + (1 - b2) g
#   rmsprop   v = 0.9 v + 0.1 g^2;  w -= lr g / sqrt(v + eps)           (eps inside)
#             centered: a = 0.9 a + 0.1 g, and v - a^2 in place of v;
#             with momentum: m = 0.9 m + lr g / sqrt(...);  w -= m
#   adagrad   a starts at 0.1;  a += g^2;  w -= lr g / sqrt(a + eps)    (eps inside)
#   clipvalue g = clamp(g, -c, c), each element
#   global_clipnorm  g *= c / max(norm, c), with the norm over all variables (Keras's
#             `clipnorm` is per variable and not used here)
#   l1l2      adds l1 sum|w| + l2 sum w^2 of each kernel, but not of biases, to the loss;
#             the optimizer receives its gradient l1 sign(w) + 2 l2 w as part of g
#   accumulated  every third step uses the mean of three gradients, clips it and decays w
#   averaged  a = 0.9 a + 0.1 w after each step (a = w after the first); w = a after each tenth
# The schedules:
#   cosine       t < 10: 0.1 t / 10, so the first rate is 0;
#                after: 0.1 (1 + cos(pi min(t - 10, 40) / 40)) / 2
#   exponential  0.1 * 0.9^(t / 10)
#   step         0.1 * 0.9^floor(t / 10)
OPTIMIZERS = {
    "sgd": (lambda: O.SGD(0.1), {"learning_rate": 0.1}),
    "momentum": (
        lambda: O.SGD(0.05, momentum=0.9),
        {"learning_rate": 0.05, "momentum": 0.9},
    ),
    "nesterov": (
        lambda: O.SGD(0.05, momentum=0.9, nesterov=True),
        {"learning_rate": 0.05, "momentum": 0.9},
    ),
    "adam": (
        lambda: O.Adam(),
        {"learning_rate": 1e-3, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
    ),
    "adamw": (
        lambda: O.AdamW(1e-3, weight_decay=0.004),
        {
            "learning_rate": 1e-3,
            "beta_1": 0.9,
            "beta_2": 0.999,
            "epsilon": 1e-7,
            "weight_decay": 0.004,
        },
    ),
    # Strong enough that the results depend on the order of decay and update, and on the decay of biases.
    "adamw_strong": (
        lambda: O.AdamW(1e-2, weight_decay=0.1),
        {
            "learning_rate": 1e-2,
            "beta_1": 0.9,
            "beta_2": 0.999,
            "epsilon": 1e-7,
            "weight_decay": 0.1,
        },
    ),
    "rmsprop": (
        lambda: O.RMSprop(),
        {"learning_rate": 1e-3, "rho": 0.9, "epsilon": 1e-7},
    ),
    "adagrad": (
        lambda: O.Adagrad(1e-2),
        {"learning_rate": 1e-2, "initial_accumulator_value": 0.1, "epsilon": 1e-7},
    ),
    "adam_amsgrad": (
        lambda: O.Adam(1e-2, amsgrad=True),
        {
            "learning_rate": 1e-2,
            "beta_1": 0.9,
            "beta_2": 0.999,
            "epsilon": 1e-7,
            "amsgrad": True,
        },
    ),
    "nadam": (
        lambda: O.Nadam(),
        {"learning_rate": 1e-3, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
    ),
    "lion": (
        lambda: O.Lion(1e-3, weight_decay=0.1),
        {"learning_rate": 1e-3, "beta_1": 0.9, "beta_2": 0.99, "weight_decay": 0.1},
    ),
    "rmsprop_momentum": (
        lambda: O.RMSprop(1e-3, momentum=0.9),
        {"learning_rate": 1e-3, "rho": 0.9, "momentum": 0.9, "epsilon": 1e-7},
    ),
    "rmsprop_centered": (
        lambda: O.RMSprop(1e-3, centered=True),
        {"learning_rate": 1e-3, "rho": 0.9, "centered": True, "epsilon": 1e-7},
    ),
    "rmsprop_both": (
        lambda: O.RMSprop(1e-3, momentum=0.9, centered=True),
        {
            "learning_rate": 1e-3,
            "rho": 0.9,
            "momentum": 0.9,
            "centered": True,
            "epsilon": 1e-7,
        },
    ),
    # Fifty steps: sixteen updates, and two gradients left over. At a rate of 0.1 an input of a
    # rectifier comes within 1e-8 of 0, and rounding decides.
    "sgd_accumulated": (
        lambda: O.SGD(
            0.08,
            momentum=0.9,
            weight_decay=0.1,
            global_clipnorm=0.2,
            gradient_accumulation_steps=3,
        ),
        {
            "learning_rate": 0.08,
            "momentum": 0.9,
            "weight_decay": 0.1,
            "global_clipnorm": 0.2,
            "gradient_accumulation_steps": 3,
        },
    ),
    "adam_accumulated": (
        lambda: O.Adam(1e-2, clipvalue=0.05, gradient_accumulation_steps=3),
        {
            "learning_rate": 1e-2,
            "beta_1": 0.9,
            "beta_2": 0.999,
            "epsilon": 1e-7,
            "clipvalue": 0.05,
            "gradient_accumulation_steps": 3,
        },
    ),
    # The last step is one that overwrites the weights: the average is what is compared.
    "adam_averaged": (
        lambda: O.Adam(
            1e-2, use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=10
        ),
        {
            "learning_rate": 1e-2,
            "beta_1": 0.9,
            "beta_2": 0.999,
            "epsilon": 1e-7,
            "ema_momentum": 0.9,
            "ema_overwrite_frequency": 10,
        },
    ),
    "adam_clipvalue": (
        lambda: O.Adam(clipvalue=0.05),
        {
            "learning_rate": 1e-3,
            "beta_1": 0.9,
            "beta_2": 0.999,
            "epsilon": 1e-7,
            "clipvalue": 0.05,
        },
    ),
    "sgd_clipnorm": (
        lambda: O.SGD(0.1, global_clipnorm=0.5),
        {"learning_rate": 0.1, "global_clipnorm": 0.5},
    ),
    "sgd_cosine": (
        lambda: O.SGD(
            schedules.CosineDecay(
                0.0, decay_steps=40, alpha=0.0, warmup_target=0.1, warmup_steps=10
            )
        ),
        {
            "initial_learning_rate": 0.0,
            "warmup_target": 0.1,
            "warmup_steps": 10,
            "decay_steps": 40,
            "alpha": 0.0,
        },
    ),
    "sgd_exponential": (
        lambda: O.SGD(schedules.ExponentialDecay(0.1, 10, 0.9, staircase=False)),
        {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.9},
    ),
    "sgd_step": (
        lambda: O.SGD(schedules.ExponentialDecay(0.1, 10, 0.9, staircase=True)),
        {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.9},
    ),
    "adam_l1l2": (
        lambda: O.Adam(),
        {
            "learning_rate": 1e-3,
            "beta_1": 0.9,
            "beta_2": 0.999,
            "epsilon": 1e-7,
            "l1": 1e-3,
            "l2": 1e-2,
        },
    ),
}


def samples(architecture):
    """Four batches from a random teacher network with noise, so that the loss cannot reach 0."""
    inputs, layers, _, batch, seed = ARCHITECTURES[architecture]
    rng = np.random.default_rng(seed)
    count, outputs = BATCHES * batch, layers[-1][0]
    x = f32(rng.normal(size=(count, inputs)))
    teacher = rng.normal(size=(inputs, outputs))
    signal = x @ teacher + 0.5 * rng.normal(size=(count, outputs))
    if architecture == "binary":
        y = (signal > 0).astype(np.float64)
    elif architecture == "classes":
        y = signal.argmax(axis=1)
    else:
        y = f32(np.sin(signal) + 0.5 * signal)
    return x, y


def initial_weights(architecture):
    """Glorot-uniform kernels, and nonzero biases, so that the results depend on the decay of biases."""
    inputs, layers, _, _, seed = ARCHITECTURES[architecture]
    rng = np.random.default_rng(seed + 1)
    weights = []
    for outputs, _ in layers:
        limit = np.sqrt(6 / (inputs + outputs))
        weights.append(f32(rng.uniform(-limit, limit, size=(inputs, outputs))))
        weights.append(f32(rng.uniform(-0.3, 0.3, size=outputs)))
        inputs = outputs
    return weights


def as_layers(weights):
    return [
        {"kernel": kernel, "bias": bias}
        for kernel, bias in zip(weights[::2], weights[1::2])
    ]


def train(architecture, name, short=False):
    """Trains a network and writes the fixture. With `short`, the last batch is a third full."""
    inputs, layers, loss_of, batch, _ = ARCHITECTURES[architecture]
    make_optimizer, settings = OPTIMIZERS[name]
    x, y = samples(architecture)
    if short:
        count = (BATCHES - 1) * batch + batch // 3
        x, y = x[:count], y[:count]
    weights = initial_weights(architecture)

    model = keras.Sequential([keras.Input((inputs,))])
    for outputs, activation in layers:
        regularizer = None
        if "l1" in settings:
            regularizer = keras.regularizers.L1L2(l1=settings["l1"], l2=settings["l2"])
        model.add(
            keras.layers.Dense(
                outputs, activation=activation, kernel_regularizer=regularizer
            )
        )
    model.set_weights(weights)
    optimizer = make_optimizer()
    optimizer.build(model.trainable_variables)

    def loss(trainable, xs, ys):
        outputs, _, extra = model.stateless_call(
            trainable, [], xs, return_losses=True
        )
        return loss_of(ys, outputs) + sum(extra)

    @jax.jit
    def step(trainable, state, xs, ys):
        value, gradients = jax.value_and_grad(loss)(trainable, xs, ys)
        trainable, state = optimizer.stateless_apply(state, gradients, trainable)
        return value, gradients, trainable, state

    trainable = [v.value for v in model.trainable_variables]
    state = [v.value for v in optimizer.variables]
    assert all(v.dtype == np.float64 for v in trainable)
    losses, norms, largest = [], [], []
    for s in range(STEPS):
        first = (s % BATCHES) * batch
        rows = slice(first, first + batch)
        value, gradients, trainable, state = step(trainable, state, x[rows], y[rows])
        assert value.dtype == np.float64
        losses.append(float(value))
        norms.append(float(np.sqrt(sum((np.asarray(g) ** 2).sum() for g in gradients))))
        largest.append(max(float(np.abs(g).max()) for g in gradients))

    # Clipping must occur in more than a few steps.
    clipped = ""
    if "clipvalue" in settings:
        count = sum(v > settings["clipvalue"] for v in largest)
        clipped = f"  clipped {count}/{STEPS}"
        assert count >= 5
    if "global_clipnorm" in settings:
        count = sum(v > settings["global_clipnorm"] for v in norms)
        clipped = f"  clipped {count}/{STEPS}"
        assert count >= 5

    schedule = optimizer._learning_rate
    if isinstance(schedule, schedules.LearningRateSchedule):
        rates = [float(schedule(s)) for s in range(STEPS)]
    else:
        rates = [settings["learning_rate"]] * STEPS

    head, tail = np.mean(losses[:BATCHES]), np.mean(losses[-BATCHES:])
    assert tail < head, (architecture, name)
    print(f"{architecture:>10} {name:<16} {head:.4f} -> {tail:.4f}{clipped}")
    write(
        f"training_{architecture}_{name}{'_short' if short else ''}.json",
        {
            "architecture": architecture,
            "optimizer": name,
            "settings": settings,
            "batch": batch,
            "x": x,
            "y": y,
            "initial": as_layers(weights),
            "learning_rates": rates,
            "losses": losses,
            "final": as_layers(trainable),
        },
        single=True,
    )


# ---------------------------------------------------------------- B: activations, losses

A = keras.activations

# (name, parameters, function, the points at which the derivative is a matter of convention).
# `keras.activations.leaky_relu` defaults to `negative_slope=0.2`, the `LeakyReLU` layer to 0.3.
ACTIVATIONS = [
    ("linear", {}, A.linear, []),
    ("relu", {}, A.relu, [0]),
    ("leaky_relu", {"negative_slope": 0.2}, A.leaky_relu, [0]),
    ("leaky_relu", {"negative_slope": 0.3}, keras.layers.LeakyReLU(), [0]),
    ("elu", {"alpha": 1.0}, A.elu, []),
    ("selu", {}, A.selu, [0]),
    ("gelu", {"approximate": False}, exact_gelu, []),
    ("gelu_tanh", {"approximate": True}, lambda x: A.gelu(x, approximate=True), []),
    ("silu", {}, A.silu, []),
    ("sigmoid", {}, A.sigmoid, []),
    ("hard_sigmoid", {}, A.hard_sigmoid, []),  # relu6(x + 3) / 6
    ("tanh", {}, A.tanh, []),
    ("softplus", {}, A.softplus, []),
    ("relu6", {}, A.relu6, [0, 6]),
    ("hard_silu", {}, A.hard_silu, []),  # x relu6(x + 3) / 6
    ("hard_tanh", {}, A.hard_tanh, [-1, 1]),
    ("exponential", {}, A.exponential, []),
]


def layers():
    points = [-20, -6, -3.5, -1, -0.5, -1e-3, 0, 1e-3, 0.5, 1, 3.5, 6, 20]
    inputs = jax.numpy.asarray(f32(points))
    activations = []
    for name, parameters, function, kinks in ACTIVATIONS:
        outputs = function(inputs)
        derivatives = jax.vmap(jax.grad(lambda x: function(x)))(inputs).tolist()
        assert outputs.dtype == np.float64
        for point in kinks:
            derivatives[points.index(point)] = None
        activations.append(
            {
                "name": name,
                "parameters": parameters,
                "outputs": outputs,
                "derivatives": derivatives,
            }
        )
    # Softmax takes the vector as one row. The fixture contains its vector-Jacobian product:
    # the gradient of sum(weights * softmax(inputs)) for the recorded weights.
    weights = f32(np.random.default_rng(7).normal(size=len(points)))
    row = lambda x: A.softmax(x[None, :])[0]
    softmax = {
        "outputs": row(inputs),
        "weights": weights,
        "gradient": jax.grad(lambda x: (weights * row(x)).sum())(inputs),
    }

    rng = np.random.default_rng(11)
    shape = (8, 3)
    values = f32(rng.normal(scale=1.5, size=shape))
    targets = f32(rng.normal(scale=1.5, size=shape))
    # Large logits of both signs, some with the wrong label, for which a naive formula overflows.
    logits = f32(rng.normal(scale=2, size=shape))
    logits[0] = [40, -40, 0]
    logits[1] = [-100, 100, 25]
    bits = rng.integers(0, 2, size=shape).astype(np.float64)
    bits[0], bits[1] = [1, 1, 0], [0, 1, 0]
    classes = rng.integers(0, 3, size=8)
    classes[0], classes[1] = 1, 1
    one_hot = np.eye(3)[classes]

    L = keras.losses
    cases = [
        ("mean_squared_error", "predictions", values, targets, L.MeanSquaredError()),
        ("mean_absolute_error", "predictions", values, targets, L.MeanAbsoluteError()),
        ("huber", "predictions", values, targets, L.Huber(delta=1.0)),
        (
            "binary_crossentropy",
            "logits",
            logits,
            bits,
            L.BinaryCrossentropy(from_logits=True),
        ),
        (
            "categorical_crossentropy",
            "logits",
            logits,
            one_hot,
            L.CategoricalCrossentropy(from_logits=True),
        ),
        (
            "sparse_categorical_crossentropy",
            "logits",
            logits,
            classes,
            L.SparseCategoricalCrossentropy(from_logits=True),
        ),
    ]
    losses = []
    for name, kind, given, labels, loss_of in cases:
        value, gradient = jax.value_and_grad(lambda p: loss_of(labels, p))(
            jax.numpy.asarray(given)
        )
        assert value.dtype == np.float64
        losses.append(
            {
                "name": name,
                kind: given,
                "labels": labels,
                "loss": float(value),
                "gradient": gradient,
            }
        )
    write(
        "layers.json",
        {
            "inputs": inputs,
            "activations": activations,
            "softmax": softmax,
            "losses": losses,
        },
    )


def losses():
    """Losses with values, and those that Keras computes with weights of classes."""
    rng = np.random.default_rng(17)
    shape = (8, 3)
    values = f32(rng.normal(scale=1.5, size=shape))
    targets = f32(rng.normal(scale=1.5, size=shape))
    logits = f32(rng.normal(scale=2, size=shape))
    bits = rng.integers(0, 2, size=shape).astype(np.float64)
    bits[0] = [0.25, 0.5, 0.75]
    classes = rng.integers(0, 3, size=8)
    classes[:3] = [0, 1, 2]
    one_hot = np.eye(3)[classes]
    soft = one_hot.copy()
    soft[0] = [0.5, 0.25, 0.25]

    L = keras.losses
    sigmoid = lambda loss: lambda y, z: loss(y, A.sigmoid(z))
    softmax = lambda loss: lambda y, z: loss(y, A.softmax(z))
    weights = np.array([0.5, 2.0, 1.25])
    weighted = lambda loss: lambda y, z: loss(y, z, sample_weight=weights[classes])
    cases = [
        ("huber", {"delta": 0.5}, values, targets, L.Huber(delta=0.5)),
        ("log_cosh", {}, values, targets, L.LogCosh()),
        (
            "smoothed_binary_crossentropy",
            {"smoothing": 0.2},
            logits,
            bits,
            L.BinaryCrossentropy(from_logits=True, label_smoothing=0.2),
        ),
        (
            "smoothed_categorical_crossentropy",
            {"smoothing": 0.2},
            logits,
            soft,
            L.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2),
        ),
        (
            "smoothed_sparse_categorical_crossentropy",
            {"smoothing": 0.2},
            logits,
            classes,
            lambda y, z: L.CategoricalCrossentropy(
                from_logits=True, label_smoothing=0.2
            )(np.eye(3)[y], z),
        ),
        (
            "binary_focal_crossentropy",
            {"gamma": 2.0},
            logits,
            bits,
            sigmoid(L.BinaryFocalCrossentropy(gamma=2.0)),
        ),
        (
            "binary_focal_crossentropy_balanced",
            {"gamma": 1.5, "alpha": 0.3},
            logits,
            bits,
            sigmoid(
                L.BinaryFocalCrossentropy(
                    apply_class_balancing=True, gamma=1.5, alpha=0.3
                )
            ),
        ),
        (
            "categorical_focal_crossentropy",
            {"gamma": 1.5, "alpha": 0.3},
            logits,
            soft,
            softmax(L.CategoricalFocalCrossentropy(gamma=1.5, alpha=0.3)),
        ),
        (
            "class_weighted_categorical_crossentropy",
            {"weights": weights},
            logits,
            one_hot,
            weighted(L.CategoricalCrossentropy(from_logits=True)),
        ),
        (
            "class_weighted_sparse_categorical_crossentropy",
            {"weights": weights},
            logits,
            classes,
            weighted(L.SparseCategoricalCrossentropy(from_logits=True)),
        ),
    ]
    fixtures = []
    for name, parameters, given, labels, loss_of in cases:
        value, gradient = jax.value_and_grad(lambda p: loss_of(labels, p))(
            jax.numpy.asarray(given)
        )
        assert value.dtype == np.float64
        fixtures.append(
            {
                "name": name,
                "parameters": parameters,
                "outputs": given,
                "labels": labels,
                "loss": float(value),
                "gradient": gradient,
            }
        )
    write("losses.json", {"losses": fixtures})


def plateau():
    """The learning rates that `ReduceLROnPlateau` sets for a sequence of losses."""
    losses = [9, 5, 4, 4, 3.9995, 4.2, 3, 3, 3, 3, 3, 2.5, 2.6, 2.6, 2.6, 2.6, 2.6, 2.6]
    losses += [2.45] * 12
    cases = []
    for settings in [
        {"factor": 0.5, "patience": 3},
        {"factor": 0.5, "patience": 2, "cooldown": 2},
        {"factor": 0.1, "patience": 1, "min_lr": 0.002},
        {"factor": 0.5, "patience": 2, "min_delta": 0.1, "cooldown": 1},
        {"factor": 0.5, "patience": 0},
    ]:
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        model.compile(optimizer=O.SGD(0.1), loss="mse")
        callback = keras.callbacks.ReduceLROnPlateau(
            monitor="loss", mode="min", **settings
        )
        callback.set_model(model)
        callback.on_train_begin()
        rates = []
        for epoch, loss in enumerate(losses):
            callback.on_epoch_end(epoch, {"loss": loss})
            rates.append(float(model.optimizer.learning_rate))
        cases.append({"settings": settings, "rates": rates})
    write("plateau.json", {"losses": losses, "cases": cases})


def textbook():
    """Functions that Keras lacks or defines with another constant, computed with JAX."""
    points = [-20, -6, -3.5, -1, -0.5, -1e-3, 0, 1e-3, 0.5, 1, 3.5, 6, 20]
    inputs = jax.numpy.asarray(f32(points))
    leaky_relu = lambda x: jax.nn.leaky_relu(x, negative_slope=0.01)
    derivatives = jax.vmap(jax.grad(leaky_relu))(inputs).tolist()
    derivatives[points.index(0)] = None

    rng = np.random.default_rng(13)
    values = f32(rng.normal(scale=1.5, size=(8, 3)))
    targets = f32(rng.normal(scale=1.5, size=(8, 3)))
    half = lambda y: 0.5 * ((y - targets) ** 2).sum(axis=1).mean()
    value, gradient = jax.value_and_grad(half)(jax.numpy.asarray(values))
    assert value.dtype == np.float64
    write(
        "textbook.json",
        {
            "inputs": inputs,
            "activations": [
                {
                    "name": "leaky_relu",
                    "parameters": {"negative_slope": 0.01},
                    "outputs": leaky_relu(inputs),
                    "derivatives": derivatives,
                }
            ],
            "losses": [
                {
                    "name": "half_squared_error",
                    "predictions": values,
                    "labels": targets,
                    "loss": float(value),
                    "gradient": gradient,
                }
            ],
        },
    )


# ---------------------------------------------------------------- C: metrics


def agree(metric, labels, predictions, value):
    """Checks that Keras agrees with scikit-learn."""
    metric.update_state(labels, predictions)
    got = np.asarray(metric.result()).item()
    assert abs(got - value) < 1e-6, (metric.name, got, value)


def metrics():
    rng = np.random.default_rng(23)
    count = 200
    M = keras.metrics

    # Binary. Half of the scores are rounded to multiples of 1/20, which produces ties within and
    # across the classes. No score is exactly 0.5, so that > and >= at the threshold agree.
    labels = (rng.random(count) < 0.4).astype(int)
    raw = 1 / (1 + np.exp(-(rng.normal(size=count) + 1.6 * labels - 0.9)))
    raw[::2] = np.round(raw[::2] * 20) / 20
    raw[raw == 0.5] = 0.55
    scores = f32(raw)
    predicted = (scores > 0.5).astype(int)
    assert len(np.unique(scores)) < 0.7 * count and not (scores == 0.5).any()
    binary = {
        "scores": scores,
        "labels": labels,
        "threshold": 0.5,
        "accuracy": skm.accuracy_score(labels, predicted),
        "precision": skm.precision_score(labels, predicted),
        "recall": skm.recall_score(labels, predicted),
        "f1": skm.f1_score(labels, predicted),
        "roc_auc": skm.roc_auc_score(labels, scores),
        "confusion": skm.confusion_matrix(labels, predicted),
    }
    agree(M.BinaryAccuracy(), labels[:, None], scores[:, None], binary["accuracy"])
    agree(M.Precision(), labels, scores, binary["precision"])
    agree(M.Recall(), labels, scores, binary["recall"])
    agree(M.F1Score(threshold=0.5), labels[:, None], scores[:, None], binary["f1"])

    # Four classes of unequal size.
    labels = rng.choice(4, size=count, p=[0.4, 0.3, 0.2, 0.1])
    logits = rng.normal(size=(count, 4)) + 1.5 * np.eye(4)[labels]
    scores = f32(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))
    predicted = scores.argmax(axis=1)
    top = np.sort(scores, axis=1)
    assert (top[:, -1] > top[:, -2]).all()
    classes = {
        "scores": scores,
        "labels": labels,
        "predicted": predicted,
        "accuracy": skm.accuracy_score(labels, predicted),
        "macro_precision": skm.precision_score(labels, predicted, average="macro"),
        "macro_recall": skm.recall_score(labels, predicted, average="macro"),
        "macro_f1": skm.f1_score(labels, predicted, average="macro"),
        "class_precision": skm.precision_score(labels, predicted, average=None),
        "class_recall": skm.recall_score(labels, predicted, average=None),
        "class_f1": skm.f1_score(labels, predicted, average=None),
        "confusion": skm.confusion_matrix(labels, predicted),
    }
    agree(M.SparseCategoricalAccuracy(), labels, scores, classes["accuracy"])
    agree(M.F1Score(average="macro"), np.eye(4)[labels], scores, classes["macro_f1"])

    # Regression. The outputs differ in variance, so that the two averages of R^2 differ.
    targets = f32(rng.normal(size=(count, 3)) * [1, 3, 0.5] + [0, 5, -1])
    predictions = f32(targets + rng.normal(size=(count, 3)) * [0.5, 0.8, 0.4])
    r2 = lambda average: skm.r2_score(targets, predictions, multioutput=average)
    regression = {
        "predictions": predictions,
        "targets": targets,
        "mae": skm.mean_absolute_error(targets, predictions),
        "mse": skm.mean_squared_error(targets, predictions),
        # Over all elements, whereas scikit-learn's RMSE averages the roots of the columns.
        "rmse": np.sqrt(skm.mean_squared_error(targets, predictions)),
        "r2_variance_weighted": r2("variance_weighted"),
        "r2_uniform_average": r2("uniform_average"),
        "r2_outputs": r2("raw_values"),
    }
    agree(M.MeanAbsoluteError(), targets, predictions, regression["mae"])
    agree(M.RootMeanSquaredError(), targets, predictions, regression["rmse"])
    weighted = M.R2Score(class_aggregation="variance_weighted_average")
    uniform = M.R2Score(class_aggregation="uniform_average")
    agree(weighted, targets, predictions, regression["r2_variance_weighted"])
    agree(uniform, targets, predictions, regression["r2_uniform_average"])

    write(
        "metrics.json",
        {"binary": binary, "classes": classes, "regression": regression},
    )


if __name__ == "__main__":
    for architecture in ARCHITECTURES:
        for optimizer in OPTIMIZERS:
            train(architecture, optimizer)
        train(architecture, "adam", short=True)
    layers()
    losses()
    plateau()
    textbook()
    metrics()
