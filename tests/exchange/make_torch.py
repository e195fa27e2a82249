"""Writes what PyTorch saved and predicted, for `tests/exchange.rs` to load and predict.

PyTorch 1.13.1 for the CPU (Debian 12's `python3-torch`) and safetensors 0.8.0 made the files that are committed; PyPI's
builds for Linux come with CUDA and are too large for every run of the tests. To make them again:

    python tests/exchange/make_torch.py [torch_series ..]

PyTorch 2.15.0 made `torch_recurrent`, `torch_bidirectional`, `torch_depthwise_series`, `torch_stacked` and
`torch_attention`.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

HERE = Path(__file__).resolve().parent


class Named(nn.Module):
    """Its layers run in an order that is not that of their names."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(4, 6)
        self.body = nn.Sequential(nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 6), nn.SiLU())
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        return torch.sigmoid(self.head(self.body(nn.functional.gelu(self.stem(x)))))


def deep():
    """Eleven linear layers: `20.weight` comes before `4.weight` by letters, and after it by number."""
    layers = []
    for _ in range(10):
        layers += [nn.Linear(5, 5), nn.ELU()]
    return nn.Sequential(*layers, nn.Linear(5, 5))


def images():
    """Takes images of 9 rows and 8 columns with 2 channels."""
    return nn.Sequential(
        nn.Conv2d(2, 5, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(5, 4, (2, 3), dilation=(2, 1)),
        nn.Tanh(),
        nn.MaxPool2d(2, stride=1),
        nn.Flatten(),
        nn.Linear(4 * 2 * 1, 6),
        nn.ReLU(),
        nn.Linear(6, 3),
    )


class Graph(nn.Module):
    """Takes images of 9 rows and 8 columns with 2 channels."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(
            [
                nn.Conv2d(2, 4, 3, padding=1),
                nn.BatchNorm2d(4),
                nn.Conv2d(4, 4, 3, padding=1),
                nn.BatchNorm2d(4),
                nn.Conv2d(4, 6, 3, stride=2, padding=1),
                nn.GroupNorm(3, 6),
                nn.Conv2d(6, 6, 3, padding=1),
                nn.Conv2d(4, 6, 1, stride=2),
                nn.Conv2d(6, 2, 1),
                nn.Conv2d(6, 3, 3, padding=1),
                nn.Linear(5, 7),
                nn.LayerNorm(7),
                nn.Linear(7, 3),
            ]
        )

    def forward(self, x):
        layers, relu = self.layers, nn.functional.relu
        x = relu(layers[1](layers[0](x)))
        x = relu(layers[3](layers[2](x)) + x)
        x = torch.tanh(layers[6](relu(layers[5](layers[4](x)))) + layers[7](x))
        x = torch.cat([layers[8](x), relu(layers[9](x))], 1).mean((2, 3))
        return layers[12](torch.tanh(layers[11](layers[10](x))))


def graph():
    """A graph whose statistics are not those of an untrained network."""
    model = Graph()
    with torch.no_grad():
        for _ in range(3):
            model(2 * torch.randn(16, 2, 9, 8) + 1)
        for layer in model.layers:
            if isinstance(layer, (nn.BatchNorm2d, nn.GroupNorm, nn.LayerNorm)):
                layer.weight.normal_(1, 0.3)
                layer.bias.normal_(0, 0.3)
    return model


def mobile():
    """Takes images of 9 rows and 8 columns with 2 channels."""
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, stride=2, padding=1, bias=False),
        nn.ReLU6(),
        nn.Conv2d(4, 4, 3, padding=1, groups=4, bias=False),
        nn.Hardswish(),
        nn.Conv2d(4, 5, 1),
        nn.Conv2d(5, 5, (2, 3), stride=(2, 1), groups=5),
        nn.Tanh(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(5, 3),
    )


def series():
    """Takes series of 12 steps with 2 channels."""
    return nn.Sequential(
        nn.Conv1d(2, 4, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool1d(2),
        nn.Conv1d(4, 5, 2, dilation=2, bias=False),
        nn.Hardswish(),
        nn.Flatten(),
        nn.Linear(4 * 5, 3),
    )


def depthwise_series():
    """Takes series of 12 steps with 3 channels."""
    return nn.Sequential(
        nn.Conv1d(3, 3, 3, padding=2, dilation=2, groups=3, bias=False),
        nn.ReLU(),
        nn.Conv1d(3, 4, 1),
        nn.Conv1d(4, 4, 4, stride=2, groups=4),
        nn.Tanh(),
        nn.Flatten(),
        nn.Linear(4 * 5, 3),
    )


class Recurrent(nn.Module):
    """Takes series of 6 steps with 3 channels."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(3, 4, batch_first=True)
        self.gru = nn.GRU(4, 5, batch_first=True)
        self.lstm = nn.LSTM(5, 4, batch_first=True)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        x = self.gru(self.rnn(x.transpose(1, 2))[0])[0]
        return self.head(self.lstm(x)[0][:, -1])


class Bidirectional(nn.Module):
    """Takes series of 6 steps with 3 channels."""

    def __init__(self):
        super().__init__()
        layers = [nn.GRU(3, 4, batch_first=True, bidirectional=True), nn.LSTM(8, 5, batch_first=True, bidirectional=True)]
        self.layers = nn.ModuleList([*layers, nn.Linear(10, 3)])

    def forward(self, x):
        states = self.layers[1](self.layers[0](x.transpose(1, 2))[0])[0]
        return self.layers[2](torch.cat([states[:, -1, :5], states[:, 0, 5:]], -1))


class Stacked(nn.Module):
    """Takes series of 6 steps with 3 channels."""

    def __init__(self):
        super().__init__()
        settings = {"num_layers": 2, "batch_first": True}
        self.layers = nn.ModuleList(
            [
                nn.RNN(3, 4, bias=False, **settings),
                nn.GRU(4, 3, bidirectional=True, **settings),
                nn.LSTM(6, 5, bidirectional=True, bias=False, **settings),
                nn.GRU(10, 4, bias=False, **settings),
                nn.LSTM(4, 3, **settings),
                nn.GRUCell(3, 5),
                nn.Linear(5, 3),
            ]
        )

    def forward(self, x):
        x = x.transpose(1, 2)
        for layer in self.layers[:5]:
            x = layer(x)[0]
        state = None
        for step in range(6):
            state = self.layers[5](x[:, step], state)
        return self.layers[6](state)


class Attention(nn.Module):
    """Takes series of 6 steps with 4 channels."""

    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(4, 2, bias=False, batch_first=True)

    def forward(self, x):
        x = x.transpose(1, 2)
        return self.attention(x, x, x, need_weights=False)[0].flatten(1)


class Decoder(nn.Module):
    """Takes 8 whole numbers below 11."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(11, 6)
        self.positions = nn.Embedding(8, 6)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(6, heads, 10, 0.0, "gelu", batch_first=True, norm_first=True)
            for heads in (2, 3)
        )
        self.norm = nn.RMSNorm(6, eps=1e-5)
        self.head = nn.Linear(6, 11)

    def forward(self, x):
        mask = nn.Transformer.generate_square_subsequent_mask(8)
        x = self.embedding(x.long()) + self.positions.weight
        for block in self.blocks:
            x = block(x, src_mask=mask, is_causal=True)
        return self.head(self.norm(x)).flatten(1)


def upscaled():
    """Takes images of 4 rows and 3 columns with 2 channels."""
    return nn.Sequential(
        nn.ConvTranspose2d(2, 4, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.ConvTranspose2d(4, 3, (2, 3), stride=2, bias=False),
        nn.Tanh(),
        nn.Flatten(),
        nn.Linear(14 * 11 * 3, 3),
    )


class Flattened(nn.Module):
    """Takes images of 9 rows and 8 columns with 2 channels."""

    def __init__(self):
        super().__init__()
        self.l0 = nn.Conv2d(2, 3, 3, stride=2)
        self.l1 = nn.BatchNorm1d(36)
        self.l2 = nn.PReLU(36)
        self.l3 = nn.Linear(2, 4)
        self.l4 = nn.Conv2d(2, 5, 4, stride=3)
        self.l5 = nn.LayerNorm(36 + 4 + 20)
        self.l6 = nn.Linear(36 + 4 + 20, 3)
        with torch.no_grad():
            for norm in (self.l1, self.l2, self.l5):
                for number in [*norm.parameters(), *(b for b in norm.buffers() if b.ndim)]:
                    number.uniform_(0.2, 1.5)

    def forward(self, x):
        first = self.l2(self.l1(self.l0(x).flatten(1)))
        second, third = self.l3(x.mean((2, 3))), torch.tanh(self.l4(x)).flatten(1)
        return self.l6(self.l5(torch.cat([first, second, third], 1)))


MODELS = {
    "torch_sequential": (lambda: nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)), 4),
    "torch_deep": (deep, 5),
    "torch_named": (Named, 4),
    "torch_double": (lambda: nn.Sequential(nn.Linear(3, 7), nn.SELU(), nn.Linear(7, 3), nn.Softmax(-1)).double(), 3),
    "torch_images": (images, (2, 9, 8)),
    "torch_graph": (graph, (2, 9, 8)),
    "torch_mobile": (mobile, (2, 9, 8)),
    "torch_series": (series, (2, 12)),
    "torch_upscaled": (upscaled, (2, 4, 3)),
    "torch_recurrent": (Recurrent, (3, 6)),
    "torch_bidirectional": (Bidirectional, (3, 6)),
    "torch_decoder": (Decoder, (8,)),
    "torch_depthwise_series": (depthwise_series, (3, 12)),
    "torch_stacked": (Stacked, (3, 6)),
    "torch_attention": (Attention, (4, 6)),
    "torch_flattened": (Flattened, (2, 9, 8)),
}

for seed, (name, (make, shape)) in enumerate(MODELS.items()):
    if sys.argv[1:] and name not in sys.argv[1:]:
        continue
    torch.manual_seed(seed)
    model = make().eval()
    dtype = next(model.parameters()).dtype
    # Rounded, so that the decimals are the numbers.
    shape = shape if isinstance(shape, tuple) else (shape,)
    inputs = torch.round(torch.randn(16, *shape, dtype=dtype) * 64) / 32
    if name == "torch_decoder":
        inputs = torch.randint(11, (16, *shape)).to(dtype)
    with torch.no_grad():
        outputs = model(inputs)
    save_file(model.state_dict(), HERE / f"{name}.safetensors")
    # The crate has the channels last.
    inputs = inputs.movedim(1, -1).flatten(1)
    (HERE / f"{name}.json").write_text(json.dumps({"inputs": inputs.tolist(), "outputs": outputs.tolist()}) + "\n")
