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


# The names are those of the tests in `tests/attention.rs`.
KERAS = {
    "embedding": lambda: head(L.Embedding(VOCABULARY, 5)),
    "rms_norm": lambda: head(
        L.Conv1D(5, 1), L.RMSNormalization(), L.Activation("tanh"), L.RMSNormalization(epsilon=1e-3)
    ),
}
OF_WHOLE_NUMBERS = ["embedding"]


def train_keras(index, name, layers):
    of_numbers = name in OF_WHOLE_NUMBERS
    model = keras.Sequential([keras.Input(SHAPE[:1] if of_numbers else SHAPE), *layers])
    return images.train(index, model, model.layers, vocabulary=VOCABULARY if of_numbers else None)


class TorchRmsNorm(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = torch.nn.RMSNorm(SHAPE[1], eps=1e-5)
        self.dense = torch.nn.Linear(SHAPE[0] * SHAPE[1], 3)

    def forward(self, x):
        return self.dense(self.norm(x).flatten(1))

    def numbers(self):
        return [self.norm.weight, self.dense.weight.T, self.dense.bias]


TORCH = {"torch_rms_norm": TorchRmsNorm}


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
