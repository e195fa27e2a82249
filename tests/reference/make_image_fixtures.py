"""Writes `images.json`: 50 training steps of networks of image layers, computed by Keras on JAX in float64.

    pip install keras==3.15.1 jax==0.10.2 numpy==2.4.6
    python tests/reference/make_image_fixtures.py

Inputs and initial weights are rounded to float32. The optimizer is plain gradient descent.
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
from keras.src.backend.common import dtypes

keras.config.set_floatx("float64")
# On JAX, Keras computes some functions of float64 in float32. The pinned version defines this rule here.
dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"

L = keras.layers
SHAPE = (9, 8, 2)
BATCH, STEPS, RATE = 4, 50, 0.005


def head(*layers):
    return [*layers, L.Flatten(), L.Dense(3)]


def series(*layers):
    return [L.Reshape((9, 16)), *layers, L.Flatten(), L.Dense(3)]


# The names are those of the types in `tests/images.rs`.
NETWORKS = {
    "valid": lambda: head(L.Conv2D(5, 3, activation="relu"), L.MaxPool2D(2)),
    "rectangular": lambda: head(L.Conv2D(3, (4, 2), activation="tanh"), L.MaxPool2D((1, 3))),
    "same": lambda: head(L.Conv2D(4, 3, padding="same", activation="tanh"), L.AveragePooling2D(2)),
    "same_even": lambda: head(L.Conv2D(3, (2, 4), padding="same", activation="silu")),
    "strided_2": lambda: head(L.Conv2D(4, 3, strides=2, activation="tanh")),
    "strided_3": lambda: head(L.Conv2D(4, 3, strides=3, activation="tanh")),
    "same_strided_2": lambda: head(L.Conv2D(4, 3, strides=2, padding="same", activation="tanh")),
    "same_strided_3": lambda: head(L.Conv2D(4, (5, 4), strides=3, padding="same", activation="tanh")),
    "dilated_2": lambda: head(L.Conv2D(3, 3, dilation_rate=2, activation="tanh")),
    "dilated_3": lambda: head(L.Conv2D(3, (3, 2), dilation_rate=3, activation="tanh")),
    "same_dilated_2": lambda: head(L.Conv2D(3, 3, dilation_rate=2, padding="same", activation="tanh")),
    "same_dilated_3": lambda: head(L.Conv2D(3, 2, dilation_rate=3, padding="same", activation="tanh")),
    "padded": lambda: head(L.ZeroPadding2D(1), L.Conv2D(4, 3, strides=2, activation="tanh")),
    "overlapping": lambda: head(
        L.Conv2D(4, 1, activation="tanh"),
        L.MaxPool2D(3, strides=2, padding="same"),
        L.AveragePooling2D(3, strides=2, padding="same"),
    ),
    "global": lambda: [
        L.Conv2D(6, 3, padding="same", activation="relu"),
        L.Conv2D(4, 3, activation="gelu"),
        L.GlobalAveragePooling2D(),
        L.Dense(3),
    ],
    "separable": lambda: head(
        L.DepthwiseConv2D(3, padding="same", use_bias=False), L.Conv2D(4, 1, activation="silu", use_bias=False)
    ),
    "depthwise": lambda: head(L.DepthwiseConv2D(3, activation="relu")),
    "depthwise_strided_2": lambda: head(L.DepthwiseConv2D(3, strides=2, activation="tanh")),
    "depthwise_strided_3": lambda: head(L.DepthwiseConv2D(4, strides=3, activation="tanh")),
    "depthwise_same_strided_2": lambda: head(L.DepthwiseConv2D(3, strides=2, padding="same", activation="tanh")),
    "depthwise_same_strided_3": lambda: head(L.DepthwiseConv2D(5, strides=3, padding="same", activation="gelu")),
    "depthwise_dilated_2": lambda: head(L.DepthwiseConv2D((2, 3), dilation_rate=2, activation="tanh")),
    "depthwise_dilated_3": lambda: head(L.DepthwiseConv2D((3, 2), dilation_rate=3, activation="tanh")),
    "depthwise_same_dilated_2": lambda: head(
        L.DepthwiseConv2D(3, dilation_rate=2, padding="same", activation="tanh")
    ),
    "depthwise_same_dilated_3": lambda: head(
        L.DepthwiseConv2D(2, dilation_rate=3, padding="same", activation="tanh")
    ),
    "up_sampled": lambda: head(L.UpSampling2D((2, 3)), L.Conv2D(3, 3, strides=2, activation="tanh")),
    "zero_padded": lambda: head(L.ZeroPadding2D(((0, 1), (0, 1))), L.Conv2D(4, 3, strides=2, activation="tanh")),
    "sides_padded": lambda: head(
        L.Conv2D(3, 1), L.ZeroPadding2D(((1, 2), (0, 3))), L.Activation("hard_silu"), L.MaxPool2D(3)
    ),
    "transposed": lambda: head(L.Conv2DTranspose(3, 3, activation="relu")),
    "transposed_strided_2": lambda: head(
        L.Conv2DTranspose(2, (3, 4), strides=2, activation="gelu"), L.AveragePooling2D(3)
    ),
    "transposed_strided_3": lambda: head(
        L.Conv2DTranspose(2, (2, 4), strides=3, activation="tanh"), L.AveragePooling2D(4)
    ),
    "transposed_same": lambda: head(L.Conv2DTranspose(3, (3, 2), padding="same", activation="tanh")),
    "transposed_same_strided_2": lambda: head(
        L.Conv2DTranspose(2, 3, strides=2, padding="same", activation="tanh", use_bias=False), L.AveragePooling2D(3)
    ),
    "transposed_same_strided_3": lambda: head(
        L.Conv2DTranspose(2, (4, 2), strides=3, padding="same", activation="tanh"), L.AveragePooling2D(4)
    ),
    "transposed_dilated_2": lambda: head(L.Conv2DTranspose(3, (3, 2), dilation_rate=2, activation="tanh")),
    "transposed_dilated_3": lambda: head(L.Conv2DTranspose(3, 2, dilation_rate=3, activation="tanh")),
    "transposed_same_dilated_2": lambda: head(
        L.Conv2DTranspose(3, 3, dilation_rate=2, padding="same", activation="tanh")
    ),
    "transposed_same_dilated_3": lambda: head(
        L.Conv2DTranspose(3, (2, 3), dilation_rate=3, padding="same", activation="tanh")
    ),
    "series": lambda: series(L.Conv1D(4, 3, activation="relu"), L.MaxPool1D(2)),
    "series_same": lambda: series(L.Conv1D(4, 4, padding="same", activation="tanh")),
    "series_strided_2": lambda: series(L.Conv1D(4, 3, strides=2, activation="tanh")),
    "series_strided_3": lambda: series(L.Conv1D(4, 3, strides=3, activation="tanh")),
    "series_same_strided_2": lambda: series(L.Conv1D(4, 3, strides=2, padding="same", activation="tanh")),
    "series_same_strided_3": lambda: series(L.Conv1D(4, 4, strides=3, padding="same", activation="tanh")),
    "series_dilated_2": lambda: series(L.Conv1D(4, 3, dilation_rate=2, activation="tanh")),
    "series_dilated_3": lambda: series(L.Conv1D(4, 3, dilation_rate=3, activation="tanh")),
    "series_same_dilated_2": lambda: series(L.Conv1D(4, 3, dilation_rate=2, padding="same", activation="tanh")),
    "series_same_dilated_3": lambda: series(L.Conv1D(4, 2, dilation_rate=3, padding="same", activation="tanh")),
    "series_causal": lambda: series(L.Conv1D(4, 3, padding="causal", activation="tanh")),
    "series_causal_strided_2": lambda: series(L.Conv1D(4, 3, strides=2, padding="causal", activation="tanh")),
    "series_causal_strided_3": lambda: series(L.Conv1D(4, 2, strides=3, padding="causal", activation="tanh")),
    "series_causal_dilated_2": lambda: series(
        L.Conv1D(4, 3, dilation_rate=2, padding="causal", activation="tanh"),
        L.Conv1D(3, 2, padding="causal", use_bias=False),
    ),
    "series_causal_dilated_3": lambda: series(L.Conv1D(4, 3, dilation_rate=3, padding="causal", activation="tanh")),
    "series_pooled": lambda: [
        L.Reshape((9, 16)),
        L.Conv1D(4, 1, activation="tanh"),
        L.MaxPool1D(3, strides=2, padding="same"),
        L.AveragePooling1D(2, strides=1, padding="same"),
        L.AveragePooling1D(2, strides=1),
        L.Conv1D(3, 2, activation="silu"),
        L.GlobalAveragePooling1D(),
        L.Dense(3),
    ],
    "global_max": lambda: [
        L.Conv2D(6, 3, padding="same", activation="tanh"),
        L.GlobalMaxPooling2D(),
        L.Dense(3),
    ],
    "cropped": lambda: head(L.Conv2D(3, 2), L.Cropping2D(((1, 2), (0, 3))), L.Conv2D(2, 2, activation="tanh")),
    "rectified": lambda: head(L.Conv2D(4, 3), L.PReLU(shared_axes=[1, 2]), L.Conv2D(2, 2), L.PReLU(shared_axes=[1, 2])),
    "series_depthwise": lambda: series(L.DepthwiseConv1D(3, activation="relu"), L.Conv1D(3, 1)),
    "series_depthwise_same_strided_2": lambda: series(
        L.DepthwiseConv1D(4, strides=2, padding="same", activation="gelu")
    ),
    "series_depthwise_dilated_2": lambda: series(
        L.DepthwiseConv1D(3, dilation_rate=2, use_bias=False), L.Conv1D(4, 1, activation="tanh")
    ),
    "series_depthwise_causal_dilated_3": lambda: [
        L.Reshape((9, 16)),
        L.ZeroPadding1D((6, 0)),
        L.DepthwiseConv1D(3, dilation_rate=3, activation="tanh"),
        L.Flatten(),
        L.Dense(3),
    ],
    "series_depthwise_causal_strided_3": lambda: [
        L.Reshape((9, 16)),
        L.ZeroPadding1D((1, 0)),
        L.DepthwiseConv1D(2, strides=3, activation="tanh"),
        L.Flatten(),
        L.Dense(3),
    ],
    "exchanged": lambda: head(L.Conv2D(3, 2), L.Permute((2, 1, 3)), L.Conv2D(2, (3, 2), activation="tanh")),
    "resized": lambda: head(L.Resizing(13, 11), L.Conv2D(3, 3, strides=2, activation="tanh"), L.Resizing(4, 7)),
}


def f32(array):
    return np.asarray(array, "float32").astype("float64")


def random(rng, weight):
    """An initial value: running variances are positive."""
    values = rng.normal(size=weight.shape) * 0.3
    return f32(1 + np.abs(values) if weight.name == "moving_variance" else values)


def error(outputs, labels):
    return keras.losses.MeanSquaredError()(labels[0], outputs)


def train(index, model, layers, loss_of=error, label=lambda index, y: y, vocabulary=None):
    rng = np.random.default_rng(index)
    weights = [weight for layer in layers for weight in layer.weights]
    assert len(weights) == len(model.weights)
    for weight in weights:
        weight.assign(random(rng, weight))
    draw = rng.normal if vocabulary is None else lambda size: rng.integers(0, vocabulary, size)
    x = [f32(draw(size=(2 * BATCH, *tensor.shape[1:]))) for tensor in model.inputs]
    y = [f32(rng.normal(size=(2 * BATCH, *tensor.shape[1:]))) for tensor in model.outputs]
    y = [label(index, labels) for index, labels in enumerate(y)]
    trainable, others = ([v.value for v in vs] for vs in (model.trainable_variables, model.non_trainable_variables))
    assert all(v.dtype == np.float64 for v in trainable)
    initial = [np.asarray(weight) for weight in weights]

    @jax.jit
    def step(trainable, others, x, y):
        def loss(trainable):
            outputs, updated = model.stateless_call(trainable, others, x if len(x) > 1 else x[0], training=True)
            return loss_of(outputs, y), updated

        (value, others), gradients = jax.value_and_grad(loss, has_aux=True)(trainable)
        return value, [w - RATE * g for w, g in zip(trainable, gradients)], others

    losses = []
    for number in range(STEPS):
        rows = slice(number % 2 * BATCH, (number % 2 + 1) * BATCH)
        batch_x, batch_y = ([array[rows] for array in arrays] for arrays in (x, y))
        value, trainable, others = step(trainable, others, batch_x, batch_y)
        losses.append(float(value))
    for variables, values in ((model.trainable_variables, trainable), (model.non_trainable_variables, others)):
        for variable, value in zip(variables, values):
            variable.assign(value)
    flat = lambda arrays: [float(f"{v:.9g}") for a in arrays for v in np.asarray(a).ravel()]
    rows = lambda arrays: np.concatenate([array.reshape(2 * BATCH, -1) for array in arrays], axis=1)
    return {
        "x": flat([rows(x)]),
        "y": flat([rows(y)]),
        "initial": flat(initial),
        "losses": losses,
        "final": flat(weights),
    }


def write(name, models):
    fixtures = {name: train(index, *model) for index, (name, *model) in enumerate(models)}
    path = Path(__file__).resolve().parent / name
    path.write_text(json.dumps(fixtures, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    models = {name: keras.Sequential([keras.Input(SHAPE), *make()]) for name, make in NETWORKS.items()}
    write("images.json", ((name, model, model.layers) for name, model in models.items()))
