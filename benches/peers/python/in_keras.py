"""Keras on JAX: `train_on_batch`, and `fit` with as many batches per epoch as steps."""

import os

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy

from contender import measure
from workload import EPSILON, LEARNING_RATE, MANY

LOSSES = {
    "binary": lambda: keras.losses.BinaryCrossentropy(from_logits=True),
    "categorical": lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    "squared": keras.losses.MeanSquaredError,
}
HEADS = {"binary": "sigmoid", "categorical": "softmax", "squared": "linear"}


class OnBatch:
    def __init__(self, problem):
        workload = problem.workload
        hidden = [keras.layers.Dense(width, workload.hidden) for width in workload.widths[1:-1]]
        last = keras.layers.Dense(workload.widths[-1])
        self.network = keras.Sequential([keras.Input(workload.widths[:1]), *hidden, last])
        self.predictor = keras.Sequential([self.network, keras.layers.Activation(HEADS[workload.loss])])
        adam = keras.optimizers.Adam(LEARNING_RATE, epsilon=EPSILON)
        self.network.compile(adam, LOSSES[workload.loss]())
        self.problem = problem
        self.samples = {rows: problem.samples(rows) for rows in (1, MANY)}

    def reset(self):
        for layer, kernel in zip(self.network.layers, self.problem.kernels):
            layer.set_weights([kernel, numpy.zeros(kernel.shape[1])])
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
        return float(prediction[0, 0])


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
