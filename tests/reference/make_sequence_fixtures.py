"""Writes `sequences.json`: 50 training steps of recurrent networks, computed by Keras on JAX and by PyTorch in float64.

    pip install keras==3.15.1 jax==0.10.2 torch==2.15.0 numpy==2.4.6
    python tests/reference/make_sequence_fixtures.py

Inputs and initial weights are rounded to float32. The optimizer is plain gradient descent. The weights are in the order
of this crate, with the gates one after another.
"""

import json
from pathlib import Path

import make_image_fixtures as images
import numpy as np
import torch
from make_image_fixtures import BATCH, RATE, STEPS, L, f32, keras

SHAPE = (7, 4)
GATES = {"SimpleRNN": 1, "GRU": 3, "LSTM": 4}
# The names are those of the types in `tests/sequences.rs`.
KERAS = {
    "simple_rnn": lambda: [L.SimpleRNN(5)],
    "simple_rnn_all": lambda: [L.SimpleRNN(5, return_sequences=True), L.Flatten()],
    "gru": lambda: [L.GRU(5)],
    "gru_all": lambda: [L.GRU(5, return_sequences=True), L.GRU(3)],
    "lstm": lambda: [L.LSTM(5)],
    "lstm_all": lambda: [L.LSTM(5, return_sequences=True), L.LSTM(3)],
    "bidirectional": lambda: [L.Bidirectional(L.GRU(3, return_sequences=True)), L.Bidirectional(L.LSTM(2))],
    "time_distributed": lambda: [
        L.TimeDistributed(keras.Sequential([keras.Input((4,)), L.Dense(5, activation="tanh"), L.Dense(2)])),
        L.GRU(3),
    ],
}
STATEFUL = lambda: [
    L.SimpleRNN(4, return_sequences=True, stateful=True),
    L.LSTM(5, return_sequences=True, stateful=True),
    L.GRU(3, stateful=True),
]
MASKED = {
    "gru_both_ends": lambda: [L.Bidirectional(L.GRU(5))],
    "lstm_both_ends": lambda: [L.Bidirectional(L.LSTM(5))],
}
TORCH = {"torch_simple_rnn": torch.nn.RNN, "torch_gru": torch.nn.GRU, "torch_lstm": torch.nn.LSTM}


def innermost(layer):
    """The layers that contain no other layers, in order."""
    inner = layer._flatten_layers(recursive=False, include_self=False)
    return [leaf for each in inner for leaf in innermost(each)] or [layer]


def of_keras(model):
    """The numbers of a model's weights, by gate."""
    numbers = []
    for layer in innermost(model):
        gates = GATES.get(type(layer).__name__.removesuffix("Cell"), 1)
        for weight in layer.weights:
            value = np.asarray(weight)
            if gates > 1 and "bias" not in weight.path:
                value = value.reshape(len(value), gates, -1).transpose(1, 0, 2)
            numbers.append(value.ravel())
    return np.concatenate(numbers)


def of_torch(rnn, dense):
    """The same for PyTorch, whose GRU has the reset gate first. Only the GRU needs its second bias."""
    order = [1, 0, 2] if isinstance(rnn, torch.nn.GRU) else slice(None)
    units, numbers = rnn.hidden_size, []
    gates = lambda weight: weight.detach().numpy().reshape(-1, units, *weight.shape[1:])[order]
    for end in ["", "_reverse"] if rnn.bidirectional else [""]:
        of = lambda name: gates(getattr(rnn, name + end))
        numbers += [of("weight_ih_l0").transpose(0, 2, 1), of("weight_hh_l0").transpose(0, 2, 1), of("bias_ih_l0")]
        if isinstance(rnn, torch.nn.GRU):
            numbers.append(of("bias_hh_l0"))
    numbers += [dense.weight.detach().numpy().T, dense.bias.detach().numpy()]
    return np.concatenate([number.ravel() for number in numbers])


def flat(numbers):
    return [float(f"{number:.9g}") for number in np.ravel(numbers)]


class Stateful:
    """A model whose variables include the states that its layers keep, which Keras does not list."""

    def __init__(self, model):
        self.model = model
        self.non_trainable_variables = [state for layer in model.layers for state in getattr(layer, "states", [])]

    def __getattr__(self, name):
        return getattr(self.model, name)

    def stateless_call(self, trainable, states, x, training):
        variables = self.model.trainable_variables + self.non_trainable_variables
        with keras.StatelessScope(state_mapping=list(zip(variables, [*trainable, *states]))) as scope:
            outputs = self.model(x, training=training)
        return outputs, [scope.get_current_value(state) for state in self.non_trainable_variables]


class Cut(L.Layer):
    """Masks the steps of each row of a batch after its length."""

    LENGTHS = np.array([7, 3, 1, 5])

    def call(self, x, mask=None):
        return x

    def compute_mask(self, x, mask=None):
        return keras.ops.convert_to_tensor(np.arange(SHAPE[0]) < self.LENGTHS[:, None])


def train_keras(index, layers, stateful=False, masked=False):
    shape = {"batch_shape": (BATCH, *SHAPE)} if stateful or masked else {"shape": SHAPE}
    layers = [Cut(), *layers] if masked else layers
    model = keras.Sequential([keras.Input(**shape), *layers, L.Dense(3)])
    model = Stateful(model) if stateful else model
    before = {}

    def keep(outputs, labels):
        before.setdefault("weights", of_keras(model))
        return images.error(outputs, labels)

    fixture = images.train(index, model, model.layers, loss_of=keep)
    if masked:  # A sample is a pair of the series and its length.
        lengths = np.tile(Cut.LENGTHS, 2)[:, None]
        fixture["x"] = flat(np.concatenate([np.reshape(fixture["x"], (2 * BATCH, -1)), lengths], 1))
    return fixture | {"initial": flat(before["weights"]), "final": flat(of_keras(model))}


def train_torch(index, kind, bidirectional=False, masked=False, stateful=False):
    rng = np.random.default_rng(100 + index)
    random = lambda *shape: torch.tensor(f32(rng.normal(size=shape)))
    rnn = kind(SHAPE[1], 5, batch_first=True, bidirectional=bidirectional).double()
    dense = torch.nn.Linear(5 * (1 + bidirectional), 3).double()
    parameters = [*rnn.parameters(), *dense.parameters()]
    with torch.no_grad():
        for parameter in parameters:
            parameter.copy_(torch.tensor(f32(rng.normal(size=parameter.shape) * 0.3)))
        if kind is not torch.nn.GRU:
            for name in ["bias_hh_l0", "bias_hh_l0_reverse"][: 1 + bidirectional]:
                getattr(rnn, name).zero_().requires_grad_(False)
    x, y = random(2 * BATCH, *SHAPE), random(2 * BATCH, 3)
    lengths = torch.tensor(rng.integers(1, SHAPE[0] + 1, 2 * BATCH)) if masked else None
    initial, losses, kept = of_torch(rnn, dense), [], None
    optimizer = torch.optim.SGD([p for p in parameters if p.requires_grad], RATE)
    for number in range(STEPS):
        rows = slice(number % 2 * BATCH, (number % 2 + 1) * BATCH)
        if masked:
            series = torch.nn.utils.rnn.pack_padded_sequence(x[rows], lengths[rows], True, enforce_sorted=False)
            states, last = rnn(series)
            last = (last[0] if isinstance(last, tuple) else last)[0]
            if bidirectional:  # The mean of the states, because the last one of a series is the first to read it backwards.
                states, _ = torch.nn.utils.rnn.pad_packed_sequence(states, True)
                last = states.sum(1) / lengths[rows, None]
        else:
            states, last = rnn(x[rows], kept)
            if stateful:
                kept = tuple(state.detach() for state in last) if isinstance(last, tuple) else last.detach()
            last = torch.cat([states[:, -1, :5], states[:, 0, 5:]], -1)
        loss = torch.nn.functional.mse_loss(dense(last), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    if masked:  # A sample is a pair of the series and its length.
        x = torch.cat([x.flatten(1), lengths[:, None]], 1)
    return {
        "x": flat(x),
        "y": flat(y),
        "initial": flat(initial),
        "losses": losses,
        "final": flat(of_torch(rnn, dense)),
    }


if __name__ == "__main__":
    fixtures = {name: train_keras(index, make()) for index, (name, make) in enumerate(KERAS.items())}
    fixtures["stateful"] = train_keras(30, STATEFUL(), stateful=True)
    fixtures |= {name: train_keras(40 + index, make(), masked=True) for index, (name, make) in enumerate(MASKED.items())}
    fixtures |= {name: train_torch(index, kind) for index, (name, kind) in enumerate(TORCH.items())}
    for index, name in enumerate(["torch_gru", "torch_lstm"]):
        fixtures[f"{name}_bidirectional"] = train_torch(10 + index, TORCH[name], bidirectional=True)
        fixtures[f"{name}_stateful"] = train_torch(15 + index, TORCH[name], stateful=True)
        fixtures[f"{name}_both_masked"] = train_torch(25 + index, TORCH[name], bidirectional=True, masked=True)
        fixtures[f"{name}_masked"] = train_torch(20 + index, TORCH[name], masked=True)
    path = Path(__file__).resolve().parent / "sequences.json"
    path.write_text(json.dumps(fixtures, separators=(",", ":")) + "\n")
