"""Keras on JAX: `train_on_batch`, and `fit` with as many batches per epoch as steps."""

import os

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy

from contender import measure
from workload import (
    EPSILON,
    LAYER_EPSILON,
    LEARNING_RATE,
    MANY,
    MOMENTUM,
    NORM_EPSILON,
    Block,
    Causal,
    Dense,
    Depthwise,
    EachStep,
    Flatten,
    GlobalAverage,
    Gru,
    MaxPool,
    Recurrent,
    Residual,
    Symbols,
)

LOSSES = {
    "binary": lambda: keras.losses.BinaryCrossentropy(from_logits=True),
    "categorical": lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    "squared": keras.losses.MeanSquaredError,
}
HEADS = {"binary": "sigmoid", "categorical": "softmax", "squared": "linear"}


class Embedded(keras.Layer):
    def __init__(self, part, given):
        super().__init__()
        self.part, self.table = part, keras.layers.Embedding(part.symbols, part.width)
        self.positions = self.add_weight(shape=(given[0], part.width))

    def call(self, x):
        return self.table(x) + self.positions

    def copy(self, kernel):
        self.table.set_weights([kernel[: self.part.symbols]])
        self.positions.assign(kernel[self.part.symbols :])


class DecoderBlock(keras.Layer):
    def __init__(self, part, given):
        super().__init__()
        self.part, self.given = part, given
        self.norms = [keras.layers.LayerNormalization(epsilon=LAYER_EPSILON) for _ in range(2)]
        self.attention = keras.layers.MultiHeadAttention(part.heads, given[1] // part.heads)
        gelu = lambda x: keras.activations.gelu(x, approximate=False)
        self.dense = [keras.layers.Dense(part.hidden, gelu), keras.layers.Dense(given[1])]

    def call(self, x):
        given = self.norms[0](x)
        x = x + self.attention(given, given, use_causal_mask=True)
        return x + self.dense[1](self.dense[0](self.norms[1](x)))

    def copy(self, kernel):
        parts, *kernels = self.part.split(kernel, self.given)
        kernels = iter([*(part.T for part in parts), *kernels])
        for norm in self.norms:
            norm.set_weights([numpy.ones(self.given[1]), numpy.zeros(self.given[1])])
        for weight in (*self.attention.weights, *self.dense[0].weights, *self.dense[1].weights):
            weight.assign(next(kernels).reshape(weight.shape) if "kernel" in weight.name else numpy.zeros(weight.shape))


class NormedDense(keras.Layer):
    def __init__(self, part, given):
        super().__init__()
        self.norm = keras.layers.LayerNormalization(epsilon=LAYER_EPSILON)
        self.dense = keras.layers.Dense(part.width)

    def call(self, x):
        return self.dense(self.norm(x))

    def copy(self, kernel):
        self.norm.set_weights([numpy.ones(len(kernel)), numpy.zeros(len(kernel))])
        self.dense.set_weights([kernel, numpy.zeros(self.dense.units)])


SEQUENCES = {Symbols: Embedded, Block: DecoderBlock, EachStep: NormedDense}


def affine(part, given):
    if type(part) in SEQUENCES:
        return SEQUENCES[type(part)](part, given)
    if isinstance(part, Dense):
        return keras.layers.Dense(part.width)
    if isinstance(part, Recurrent):
        return (keras.layers.GRU if isinstance(part, Gru) else keras.layers.LSTM)(part.units)
    if isinstance(part, Causal):
        return keras.layers.Conv1D(part.filters, 3, padding="causal", dilation_rate=part.dilation)
    settings = {"strides": part.stride, "padding": "same", "use_bias": not part.norm}
    if isinstance(part, Depthwise):
        return keras.layers.DepthwiseConv2D(part.size, **settings)
    return keras.layers.Conv2D(part.filters, part.size, **settings)


class OnBatch:
    def __init__(self, problem):
        workload = problem.workload
        self.layers, self.norms = [], []
        inputs = keras.Input(workload.input, dtype=problem.x.dtype.name)
        self.network = keras.Model(inputs, self.run(workload, workload.parts, inputs))
        self.predictor = keras.Sequential([self.network, keras.layers.Activation(HEADS[workload.loss])])
        adam = keras.optimizers.Adam(LEARNING_RATE, epsilon=EPSILON)
        self.network.compile(adam, LOSSES[workload.loss]())
        self.problem = problem
        self.samples = {rows: problem.samples(rows) for rows in (1, MANY)}

    def run(self, workload, parts, x):
        for part in parts:
            if isinstance(part, Residual):
                branch = self.run(workload, part.branch, x)
                x = keras.layers.Add()([branch, self.run(workload, part.shortcut, x)])
                x = keras.layers.Activation(workload.hidden)(x)
            elif isinstance(part, MaxPool):
                x = keras.layers.MaxPooling2D()(x)
            elif isinstance(part, GlobalAverage):
                series = len(x.shape) == 3
                x = (keras.layers.GlobalAveragePooling1D if series else keras.layers.GlobalAveragePooling2D)()(x)
            elif isinstance(part, Flatten):
                x = keras.layers.Flatten()(x)
            else:
                self.layers.append(affine(part, x.shape[1:]))
                x = self.layers[-1](x)
                if part.norm:
                    self.norms.append(keras.layers.BatchNormalization(momentum=MOMENTUM, epsilon=NORM_EPSILON))
                    x = self.norms[-1](x)
                if part.active:
                    x = keras.layers.Activation(workload.hidden)(x)
        return x

    def reset(self):
        for layer, (part, given), kernel in zip(self.layers, self.problem.workload.layers, self.problem.kernels):
            if hasattr(layer, "copy"):
                layer.copy(kernel)
                continue
            kernels = part.split(kernel, given) if isinstance(part, Recurrent) else [kernel]
            if isinstance(part, Depthwise):
                kernels = [kernel[..., None]]
            layer.set_weights([*kernels, *(numpy.zeros(bias.shape) for bias in layer.weights[len(kernels) :])])
        for norm in self.norms:
            zeros = numpy.zeros(norm.gamma.shape)
            norm.set_weights([zeros + 1, zeros, zeros, zeros + 1])
        for variable in self.network.optimizer.variables:
            if variable is not self.network.optimizer.learning_rate:
                variable.assign(numpy.zeros(variable.shape))

    def train(self, steps):
        for _ in range(steps):
            self.network.reset_metrics()  # otherwise the loss is the mean over all batches
            loss = self.network.train_on_batch(self.problem.x, self.problem.y)
        return float(loss)

    def predict(self, rows, times):
        for _ in range(times):
            prediction = self.predictor.predict_on_batch(self.samples[rows])
        return float(prediction.flatten()[0])


class Fit(OnBatch):
    def __init__(self, problem):
        super().__init__(problem)
        self.epochs = {}

    def train(self, steps):
        problem = self.problem
        if steps not in self.epochs:
            self.epochs[steps] = [numpy.concatenate([values] * steps) for values in (problem.x, problem.y)]
        x, y = self.epochs[steps]
        history = self.network.fit(x, y, batch_size=problem.workload.batch, epochs=1, shuffle=False, verbose=0)
        return history.history["loss"][-1]


measure({"Keras train_on_batch": OnBatch, "Keras fit": Fit})
