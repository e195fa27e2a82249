"""JAX: a compiled step, called from Python or in a `scan`."""

import functools

import jax
from jax import numpy as jnp

from contender import measure
from workload import EPSILON, LEARNING_RATE, MANY

HIDDEN = {"relu": jax.nn.relu, "tanh": jnp.tanh}
HEADS = {"binary": jax.nn.sigmoid, "categorical": jax.nn.softmax, "squared": lambda outputs: outputs}
LOSSES = {
    "binary": lambda logits, y: jnp.mean(jax.nn.softplus(logits) - y * logits),
    "categorical": lambda logits, y: -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], axis=1)),
    "squared": lambda outputs, y: jnp.mean((outputs - y) ** 2),
}


def forward(workload, network, x):
    for kernel, bias in network[:-1]:
        x = HIDDEN[workload.hidden](x @ kernel + bias)
    kernel, bias = network[-1]
    return x @ kernel + bias


def step(workload, state, x, y):
    """Forward, loss, backward and Adam. Returns the new state and the loss before the update."""
    time, network, means, squares = state
    loss, gradient = jax.value_and_grad(lambda n: LOSSES[workload.loss](forward(workload, n, x), y))(network)
    time = time + 1
    rate = LEARNING_RATE * jnp.sqrt(1 - 0.999**time) / (1 - 0.9**time)
    means = jax.tree.map(lambda m, g: m + (g - m) * 0.1, means, gradient)
    squares = jax.tree.map(lambda s, g: s + (g * g - s) * 0.001, squares, gradient)
    update = lambda n, m, s: n - rate * m / (jnp.sqrt(s) + EPSILON)
    return (time, jax.tree.map(update, network, means, squares), means, squares), loss


@functools.partial(jax.jit, static_argnums=0, donate_argnums=1)
def jit_step(workload, state, x, y):
    return step(workload, state, x, y)


@functools.partial(jax.jit, static_argnums=(0, 4), donate_argnums=1)
def scan_steps(workload, state, x, y, steps):
    state, losses = jax.lax.scan(lambda state, _: step(workload, state, x, y), state, length=steps)
    return state, losses[-1]


@functools.partial(jax.jit, static_argnums=0)
def jit_predict(workload, network, x):
    return HEADS[workload.loss](forward(workload, network, x))


class Jit:
    def __init__(self, problem):
        self.problem, self.workload = problem, problem.workload
        self.x, self.y = jnp.array(problem.x), jnp.array(problem.y)
        self.samples = {rows: jnp.array(problem.samples(rows)) for rows in (1, MANY)}

    def reset(self):
        network = [(jnp.array(kernel), jnp.zeros(kernel.shape[1])) for kernel in self.problem.kernels]
        means, squares = (jax.tree.map(jnp.zeros_like, network) for _ in range(2))
        self.state = (jnp.zeros(()), network, means, squares)

    def train(self, steps):
        for _ in range(steps):
            self.state, loss = jit_step(self.workload, self.state, self.x, self.y)
        jax.block_until_ready(self.state)
        return float(loss)

    def predict(self, rows, times):
        for _ in range(times):
            prediction = jit_predict(self.workload, self.state[1], self.samples[rows])
        return float(prediction[0, 0])


class Scan(Jit):
    def train(self, steps):
        self.state, loss = scan_steps(self.workload, self.state, self.x, self.y, steps)
        jax.block_until_ready(self.state)
        return float(loss)


measure({"JAX jit": Jit, "JAX scan": Scan})
