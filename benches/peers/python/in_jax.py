"""JAX: a compiled step, called from Python or in a `scan`."""

import functools

import jax
from jax import lax
from jax import numpy as jnp

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

HIDDEN = {"relu": jax.nn.relu, "tanh": jnp.tanh}
HEADS = {"binary": jax.nn.sigmoid, "categorical": jax.nn.softmax, "squared": lambda outputs: outputs}
LOSSES = {
    "binary": lambda logits, y: jnp.mean(jax.nn.softplus(logits) - y * logits),
    "categorical": lambda logits, y: -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), y[..., None], axis=-1)),
    "squared": lambda outputs, y: jnp.mean((outputs - y) ** 2),
}
LAYOUT = ("NHWC", "HWIO", "NHWC")
SERIES = ("NWC", "WIO", "NWC")


def affine(layer, kernel, x):
    """The product of a layer's kernel with its input."""
    if isinstance(layer, Dense):
        return x @ kernel
    if isinstance(layer, Causal):
        dilation = (layer.dilation,)
        padding = ((2 * layer.dilation, 0),)
        return lax.conv_general_dilated(x, kernel, (1,), padding, rhs_dilation=dilation, dimension_numbers=SERIES)
    groups = 1
    if isinstance(layer, Depthwise):
        kernel, groups = kernel[:, :, None], kernel.shape[-1]
    strides = (layer.stride, layer.stride)
    return lax.conv_general_dilated(x, kernel, strides, "SAME", dimension_numbers=LAYOUT, feature_group_count=groups)


def last_state(layer, kernel, states, bias, x):
    """The state of a recurrent layer after the last step. The products with all frames are one."""
    zeros = jnp.zeros((len(x), layer.units))

    def gru(h, frame):
        product = h @ states + bias[1]
        (z, r, n), (dz, dr, dn) = jnp.split(frame, 3, axis=1), jnp.split(product, 3, axis=1)
        z, r = jax.nn.sigmoid(z + dz), jax.nn.sigmoid(r + dr)
        return z * h + (1 - z) * jnp.tanh(n + r * dn), None

    def lstm(state, frame):
        h, c = state
        i, f, g, o = jnp.split(frame + h @ states, 4, axis=1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

    frames = (x @ kernel + bias[0]).swapaxes(0, 1)
    if isinstance(layer, Gru):
        return lax.scan(gru, zeros, frames)[0]
    return lax.scan(lstm, (zeros, zeros), frames)[0][0]


def layer_norm(x, scale, shift):
    mean, variance = jnp.mean(x, -1, keepdims=True), jnp.var(x, -1, keepdims=True)
    return (x - mean) * lax.rsqrt(variance + LAYER_EPSILON) * scale + shift


def block(part, kernels, biases, norms, x):
    """A block of a transformer."""
    parts, out, inner, outer = kernels
    queries = jnp.einsum("bsi,poi->pbso", layer_norm(x, *norms[0]), parts) + biases[0][:, None, None]
    heads = queries.reshape(*queries.shape[:3], part.heads, -1)
    mixed = jax.nn.dot_product_attention(*heads, is_causal=True).reshape(x.shape)
    x = x + mixed @ out + biases[1]
    return x + jax.nn.gelu(layer_norm(x, *norms[1]) @ inner + biases[2], approximate=False) @ outer + biases[3]


def normalize(x, scale, shift, running, training):
    """Batch normalization. Returns the result and the new running mean and variance."""
    if not training:
        return (x - running[0]) * (scale / jnp.sqrt(running[1] + NORM_EPSILON)) + shift, running
    mean, variance = jnp.mean(x, (0, 1, 2)), jnp.var(x, (0, 1, 2))
    y = (x - mean) * (scale / jnp.sqrt(variance + NORM_EPSILON)) + shift
    return y, [old * MOMENTUM + new * (1 - MOMENTUM) for old, new in zip(running, (mean, variance))]


def forward(workload, network, statistics, x, training):
    """Returns the logits, and the running statistics of batch normalization."""
    hidden, layers, running, new = HIDDEN.get(workload.hidden), iter(network), iter(statistics), []

    def run(parts, x):
        for part in parts:
            if isinstance(part, Residual):
                branch = run(part.branch, x)
                x = hidden(branch + run(part.shortcut, x))
            elif isinstance(part, MaxPool):
                x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
            elif isinstance(part, GlobalAverage):
                x = jnp.mean(x, tuple(range(1, x.ndim - 1)))
            elif isinstance(part, Flatten):
                x = x.reshape(len(x), -1)
            elif isinstance(part, Symbols):
                table, positions = next(layers)
                x = table[x] + positions
            elif isinstance(part, Block):
                x = block(part, *next(layers), x)
            elif isinstance(part, EachStep):
                kernel, shift, norm = next(layers)
                x = layer_norm(x, *norm) @ kernel + shift
            elif isinstance(part, Recurrent):
                x = last_state(part, *next(layers), x)
            else:
                kernel, shift, *scale = next(layers)
                x = affine(part, kernel, x)
                if part.norm:
                    x, changed = normalize(x, scale[0], shift, next(running), training)
                    new.append(changed)
                else:
                    x = x + shift
                x = hidden(x) if part.active else x
        return x

    return run(workload.parts, x), new


def step(workload, state, x, y):
    """Forward, loss, backward and Adam. Returns the new state and the loss before the update."""
    time, network, means, squares, statistics = state

    def loss(network):
        logits, new = forward(workload, network, statistics, x, True)
        return LOSSES[workload.loss](logits, y), new

    (loss, statistics), gradient = jax.value_and_grad(loss, has_aux=True)(network)
    time = time + 1
    rate = LEARNING_RATE * jnp.sqrt(1 - 0.999**time) / (1 - 0.9**time)
    means = jax.tree.map(lambda m, g: m + (g - m) * 0.1, means, gradient)
    squares = jax.tree.map(lambda s, g: s + (g * g - s) * 0.001, squares, gradient)
    update = lambda n, m, s: n - rate * m / (jnp.sqrt(s) + EPSILON)
    return (time, jax.tree.map(update, network, means, squares), means, squares, statistics), loss


@functools.partial(jax.jit, static_argnums=0, donate_argnums=1)
def jit_step(workload, state, x, y):
    return step(workload, state, x, y)


@functools.partial(jax.jit, static_argnums=(0, 4), donate_argnums=1)
def scan_steps(workload, state, x, y, steps):
    state, losses = jax.lax.scan(lambda state, _: step(workload, state, x, y), state, length=steps)
    return state, losses[-1]


@functools.partial(jax.jit, static_argnums=0)
def jit_predict(workload, network, statistics, x):
    return HEADS[workload.loss](forward(workload, network, statistics, x, False)[0])


class Jit:
    def __init__(self, problem):
        self.problem, self.workload = problem, problem.workload
        self.x, self.y = jnp.array(problem.x), jnp.array(problem.y)
        self.samples = {rows: jnp.array(problem.samples(rows)) for rows in (1, MANY)}

    def reset(self):
        network, statistics = [], []
        for (layer, given), kernel in zip(self.workload.layers, self.problem.kernels):
            if isinstance(layer, Recurrent):
                kernels = map(jnp.array, layer.split(kernel, given))
                network.append((*kernels, jnp.zeros((layer.biases, layer.gates * layer.units))))
                continue
            if isinstance(layer, Symbols):
                network.append(tuple(map(jnp.array, (kernel[: layer.symbols], kernel[layer.symbols :]))))
                continue
            norm = lambda: (jnp.ones(given[-1]), jnp.zeros(given[-1]))
            if isinstance(layer, Block):
                kernels = tuple(map(jnp.array, layer.split(kernel, given)))
                biases = tuple(jnp.zeros(shape) for shape in ((3, given[1]), given[1], layer.hidden, given[1]))
                network.append((kernels, biases, (norm(), norm())))
                continue
            if isinstance(layer, EachStep):
                network.append((jnp.array(kernel), jnp.zeros(layer.width), norm()))
                continue
            zeros = jnp.zeros(layer.shape(given)[-1])
            network.append((jnp.array(kernel), zeros, zeros + 1) if layer.norm else (jnp.array(kernel), zeros))
            if layer.norm:
                statistics.append([zeros + 0, zeros + 1])
        means, squares = (jax.tree.map(jnp.zeros_like, network) for _ in range(2))
        self.state = (jnp.zeros(()), network, means, squares, statistics)

    def train(self, steps):
        for _ in range(steps):
            self.state, loss = jit_step(self.workload, self.state, self.x, self.y)
        jax.block_until_ready(self.state)
        return float(loss)

    def predict(self, rows, times):
        _, network, _, _, statistics = self.state
        for _ in range(times):
            prediction = jit_predict(self.workload, network, statistics, self.samples[rows])
        return float(prediction.flatten()[0])


class Scan(Jit):
    takes = "dense", "series", "text"  # in a loop, XLA runs convolutions 3 to 20 times slower

    def train(self, steps):
        self.state, loss = scan_steps(self.workload, self.state, self.x, self.y, steps)
        jax.block_until_ready(self.state)
        return float(loss)


if __name__ == "__main__":
    measure({"JAX jit": Jit, "JAX scan": Scan})
