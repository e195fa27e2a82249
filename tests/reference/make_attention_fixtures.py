"""Writes `attention.json`: 50 training steps of networks of embeddings and attention, computed by Keras on JAX and by PyTorch
in float64.

    pip install keras==3.15.1 jax==0.10.2 torch==2.15.0 numpy==2.4.6
    python tests/reference/make_attention_fixtures.py

Inputs and initial weights are rounded to float32. The optimizer is plain gradient descent. The weights are in the order
of this crate.
"""

import json
from pathlib import Path

import make_image_fixtures as images
import numpy as np
import torch
from make_image_fixtures import BATCH, RATE, STEPS, L, f32, keras

SHAPE = (7, 4)
VOCABULARY = 9


def head(*layers):
    return [*layers, L.Flatten(), L.Dense(3)]


class Attention(L.Layer):
    """Self-attention. Its numbers are those of this crate, which has the outputs of queries, keys and values first."""

    def __init__(self, heads, causal=False, width=SHAPE[1]):
        super().__init__()
        self.inner = L.MultiHeadAttention(heads, width // heads)
        self.causal = causal

    def call(self, x):
        return self.inner(x, x, use_causal_mask=self.causal)

    def numbers(self):
        kernels, (kernel, bias) = self.weights[:6], self.weights[6:]
        square = lambda weight: np.asarray(weight).reshape(bias.shape[0], -1)
        return [*(square(weight).T for weight in kernels[::2]), *kernels[1::2], kernel, bias]


class Positions(L.Layer):
    """Adds a trainable vector to each step."""

    def build(self, shape):
        self.table = self.add_weight(shape=shape[1:])

    def call(self, x):
        return x + self.table


class Block(L.Layer):
    """A block of a transformer."""

    def __init__(self, heads, hidden, causal):
        super().__init__()
        self.norms = [L.LayerNormalization(epsilon=1e-5) for _ in range(2)]
        self.attention = Attention(heads, causal)
        self.dense = [L.Dense(hidden, activation="gelu"), L.Dense(SHAPE[1])]

    def call(self, x):
        x = x + self.attention(self.norms[0](x))
        return x + self.dense[1](self.dense[0](self.norms[1](x)))

    def numbers(self):
        first, second = (norm.weights for norm in self.norms)
        return [*first, *self.attention.numbers(), *second, *self.dense[0].weights, *self.dense[1].weights]


# The names are those of the tests in `tests/attention.rs`.
KERAS = {
    "embedding": lambda: head(L.Embedding(VOCABULARY, 5)),
    "rms_norm": lambda: head(
        L.Conv1D(5, 1), L.RMSNormalization(), L.Activation("tanh"), L.RMSNormalization(epsilon=1e-3)
    ),
    "attention": lambda: head(Attention(2)),
    "attention_causal": lambda: head(Attention(4, causal=True), Attention(1, causal=True)),
    "decoder": lambda: head(
        L.Embedding(VOCABULARY, 4), Positions(), Block(2, 6, True), Block(1, 5, True), L.LayerNormalization()
    ),
}
OF_WHOLE_NUMBERS = ["embedding", "decoder"]


def of_keras(model):
    """The numbers of a model's weights."""
    of_layer = lambda layer: layer.numbers() if hasattr(layer, "numbers") else layer.weights
    return np.concatenate([np.asarray(number).ravel() for layer in model.layers for number in of_layer(layer)])


def train_keras(index, name, layers):
    of_numbers = name in OF_WHOLE_NUMBERS
    model = keras.Sequential([keras.Input(SHAPE[:1] if of_numbers else SHAPE), *layers])
    before = {}

    def keep(outputs, labels):
        before.setdefault("weights", of_keras(model))
        return images.error(outputs, labels)

    fixture = images.train(
        index, model, model.layers, loss_of=keep, vocabulary=VOCABULARY if of_numbers else None
    )
    return fixture | {"initial": flat(before["weights"]), "final": flat(of_keras(model))}


class TorchRmsNorm(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = torch.nn.RMSNorm(SHAPE[1], eps=1e-5)
        self.dense = torch.nn.Linear(SHAPE[0] * SHAPE[1], 3)

    def forward(self, x):
        return self.dense(self.norm(x).flatten(1))

    def numbers(self):
        return [self.norm.weight, self.dense.weight.T, self.dense.bias]


def sinusoidal(steps, width):
    """The table of Vaswani et al."""
    angles = np.arange(steps)[:, None] * 10000.0 ** (-np.arange(0, width, 2) / width)
    return torch.tensor(np.stack([np.sin(angles), np.cos(angles)], -1).reshape(steps, width))


class TorchAttention(torch.nn.Module):
    """Causal attention after sinusoidal positions."""

    def __init__(self):
        super().__init__()
        self.attention = torch.nn.MultiheadAttention(SHAPE[1], 2, batch_first=True)
        self.dense = torch.nn.Linear(SHAPE[0] * SHAPE[1], 3)

    def attend(self, x):
        x = x + sinusoidal(*SHAPE)
        mask = torch.nn.Transformer.generate_square_subsequent_mask(SHAPE[0], dtype=torch.float64)
        return self.attention(x, x, x, attn_mask=mask, is_causal=True)[0]

    def forward(self, x):
        return self.dense(self.attend(x).flatten(1))

    def numbers(self):
        attention, dense = self.attention, self.dense
        projection = [attention.in_proj_weight, attention.in_proj_bias, attention.out_proj.weight.T]
        return [*projection, attention.out_proj.bias, dense.weight.T, dense.bias]


class TorchRotary(TorchAttention):
    """Attention with rotary positions."""

    def attend(self, x):
        steps, heads, head = SHAPE[0], 1, SHAPE[1]
        angles = np.arange(steps)[:, None] * 10000.0 ** (-np.arange(0, head, 2) / head)
        cosines, sines = (torch.tensor(np.tile(wave(angles), 2)) for wave in (np.cos, np.sin))

        def rotate(part):
            first, second = part.chunk(2, dim=-1)
            return part * cosines + torch.cat([-second, first], -1) * sines

        weight, bias = self.attention.in_proj_weight, self.attention.in_proj_bias
        parts = torch.nn.functional.linear(x, weight, bias).chunk(3, dim=-1)
        query, key, value = (part.unflatten(-1, (heads, head)).transpose(1, 2) for part in parts)
        mixed = torch.nn.functional.scaled_dot_product_attention(rotate(query), rotate(key), value)
        return self.attention.out_proj(mixed.transpose(1, 2).flatten(2))


class TorchMasked(TorchAttention):
    """The mean of attention to the steps up to the length, which follows the series in a sample."""

    def __init__(self):
        super().__init__()
        self.dense = torch.nn.Linear(SHAPE[1], 3)

    def forward(self, x):
        x, lengths = x[:, :-1].unflatten(1, SHAPE), x[:, -1:]
        padding = torch.arange(SHAPE[0]) >= lengths
        y = self.attention(x, x, x, key_padding_mask=padding)[0]
        return self.dense(y.masked_fill(padding[..., None], 0).sum(1) / lengths)


TORCH = {
    "torch_rms_norm": TorchRmsNorm,
    "torch_attention": TorchAttention,
    "torch_rotary": TorchRotary,
    "torch_masked": TorchMasked,
}


def flat(numbers):
    return [float(f"{number:.9g}") for number in np.ravel(numbers)]


def train_torch(index, make):
    rng = np.random.default_rng(100 + index)
    random = lambda *shape: torch.tensor(f32(rng.normal(size=shape)))
    model = make().double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.tensor(f32(rng.normal(size=parameter.shape) * 0.3)))
    ours = lambda: np.concatenate([number.detach().numpy().ravel() for number in model.numbers()])
    x, y = random(2 * BATCH, *SHAPE), random(2 * BATCH, 3)
    if make is TorchMasked:
        x = torch.cat([x.flatten(1), torch.tensor(rng.integers(1, SHAPE[0] + 1, (2 * BATCH, 1)))], 1)
    initial, losses = ours(), []
    optimizer = torch.optim.SGD(model.parameters(), RATE)
    for number in range(STEPS):
        rows = slice(number % 2 * BATCH, (number % 2 + 1) * BATCH)
        loss = torch.nn.functional.mse_loss(model(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return {"x": flat(x), "y": flat(y), "initial": flat(initial), "losses": losses, "final": flat(ours())}


if __name__ == "__main__":
    fixtures = {name: train_keras(index, name, make()) for index, (name, make) in enumerate(KERAS.items())}
    fixtures |= {name: train_torch(index, make) for index, (name, make) in enumerate(TORCH.items())}
    path = Path(__file__).resolve().parent / "attention.json"
    path.write_text(json.dumps(fixtures, separators=(",", ":")) + "\n")
