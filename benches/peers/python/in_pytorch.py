"""PyTorch: eager, compiled, and with images in the memory format `channels_last`."""

import torch
from torch import nn

from contender import measure
from workload import (
    EPSILON,
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
    Lstm,
    MaxPool,
    Residual,
    Symbols,
    channels_first,
    walk,
)

torch.set_num_threads(1)
torch.set_num_interop_threads(1)

HIDDEN = {"relu": nn.ReLU, "tanh": nn.Tanh}
LOSSES = {"binary": nn.BCEWithLogitsLoss, "categorical": nn.CrossEntropyLoss, "squared": nn.MSELoss}
HEADS = {"binary": nn.Sigmoid, "categorical": lambda: nn.Softmax(dim=-1), "squared": nn.Identity}


class Sum(nn.Module):
    def __init__(self, branch, shortcut, hidden):
        super().__init__()
        self.branch, self.shortcut, self.hidden = branch, shortcut, hidden()

    def forward(self, x):
        return self.hidden(self.branch(x) + self.shortcut(x))


class LastState(nn.Module):
    def __init__(self, part, given):
        super().__init__()
        self.layer = (nn.GRU if isinstance(part, Gru) else nn.LSTM)(given[1], part.units, batch_first=True)
        if part.biases == 1:  # a second one would move the sum of both twice as fast
            self.layer.bias_hh_l0.requires_grad_(False)
        self.part, self.given = part, given

    def forward(self, x):
        return self.layer(x)[0][:, -1]

    def copy(self, kernel):
        for name, weights in zip(["weight_ih_l0", "weight_hh_l0"], self.part.split(kernel.numpy(), self.given)):
            gates = list(torch.tensor(weights.T.copy()).chunk(self.part.gates))
            if isinstance(self.part, Gru):  # reset, update, new
                gates[:2] = gates[1], gates[0]
            getattr(self.layer, name).copy_(torch.cat(gates))
        self.layer.bias_ih_l0.zero_()
        self.layer.bias_hh_l0.zero_()


class Embedded(nn.Module):
    def __init__(self, part, given):
        super().__init__()
        self.table = nn.Embedding(part.symbols, part.width)
        self.positions = nn.Parameter(torch.empty(given[0], part.width))

    def forward(self, x):
        return self.table(x) + self.positions

    def copy(self, kernel):
        symbols = self.table.num_embeddings
        self.table.weight.copy_(kernel[:symbols])
        self.positions.copy_(kernel[symbols:])


class DecoderBlock(nn.Module):
    def __init__(self, part, given):
        super().__init__()
        (steps, width), self.part, self.given = given, part, given
        self.layer = nn.TransformerEncoderLayer(
            width, part.heads, part.hidden, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(steps))

    def forward(self, x):
        return self.layer(x, src_mask=self.mask, is_causal=True)

    def copy(self, kernel):
        parts, *others = map(torch.tensor, self.part.split(kernel.numpy(), self.given))
        attention = self.layer.self_attn
        attention.in_proj_weight.copy_(parts.flatten(0, 1))
        attention.in_proj_bias.zero_()
        for layer, weights in zip([attention.out_proj, self.layer.linear1, self.layer.linear2], others):
            layer.weight.copy_(weights.T)
            layer.bias.zero_()
        self.layer.norm1.reset_parameters()
        self.layer.norm2.reset_parameters()


class NormedLinear(nn.Sequential):
    def __init__(self, part, given):
        super().__init__(nn.LayerNorm(given[1]), nn.Linear(given[1], part.width))

    def copy(self, kernel):
        norm, dense = self
        norm.reset_parameters()
        dense.weight.copy_(kernel.T)
        dense.bias.zero_()


SEQUENCES = {Gru: LastState, Lstm: LastState, Symbols: Embedded, Block: DecoderBlock, EachStep: NormedLinear}


def modules(network):
    """The modules that have weights of their own, and those that copy the weights of all modules inside."""
    inside = [] if hasattr(network, "copy") else list(network.children())
    if not inside:
        yield network
    for module in inside:
        yield from modules(module)


def convolution(part, given):
    """The layers of a convolution. PyTorch's own padding is symmetric."""
    (top, bottom), (left, right) = part.padding(given)
    symmetric = top == bottom and left == right
    if not symmetric:
        yield nn.ZeroPad2d((left, right, top, bottom))
    padding = (top, left) if symmetric else 0
    groups, outputs = (given[2] if isinstance(part, Depthwise) else 1), part.shape(given)[2]
    yield nn.Conv2d(given[2], outputs, part.size, part.stride, padding, groups=groups, bias=not part.norm)
    if part.norm:
        yield nn.BatchNorm2d(outputs, eps=NORM_EPSILON, momentum=1 - MOMENTUM)


def sequence(workload, parts, given):
    def layers():
        for part, given_, _ in walk(parts, given):
            if isinstance(part, Residual):
                branches = (sequence(workload, branch, given_) for branch in (part.branch, part.shortcut))
                yield Sum(*branches, HIDDEN[workload.hidden])
            elif isinstance(part, MaxPool):
                yield nn.MaxPool2d(2)
            elif isinstance(part, GlobalAverage):
                yield from (nn.AdaptiveAvgPool1d(1) if len(given_) == 2 else nn.AdaptiveAvgPool2d(1), nn.Flatten())
            elif type(part) in SEQUENCES:
                yield SEQUENCES[type(part)](part, given_)
            elif isinstance(part, Causal):
                yield nn.ConstantPad1d((2 * part.dilation, 0), 0.0)
                yield nn.Conv1d(given_[1], part.filters, 3, dilation=part.dilation)
                yield HIDDEN[workload.hidden]()
            elif isinstance(part, Flatten):
                yield nn.Flatten()
            else:
                yield from [nn.Linear(*given_, part.width)] if isinstance(part, Dense) else convolution(part, given_)
                if part.active:
                    yield HIDDEN[workload.hidden]()

    return nn.Sequential(*layers())


class Eager:
    format = torch.contiguous_format

    def __init__(self, problem):
        workload = problem.workload
        self.network = sequence(workload, workload.parts, workload.input)
        self.loss = LOSSES[workload.loss]()
        self.predictor = nn.Sequential(self.network, HEADS[workload.loss]())
        self.kernels = [torch.tensor(kernel) for kernel in channels_first(workload, problem.kernels)]
        self.is_channels_first = any(isinstance(part, Causal) for part in workload.parts)
        self.x = self.tensor(problem.x)
        y = torch.tensor(problem.y)
        self.y = y.long().flatten() if workload.loss == "categorical" else y
        self.samples = {rows: self.tensor(problem.samples(rows)) for rows in (1, MANY)}
        if len(workload.input) == 3:
            self.network.to(memory_format=self.format)
        self.forward = lambda: self.loss(self.network(self.x).flatten(0, -2), self.y)

    def tensor(self, x):
        x = torch.tensor(x)
        if self.is_channels_first:
            return x.transpose(1, 2).contiguous()
        return x.permute(0, 3, 1, 2).contiguous(memory_format=self.format) if x.dim() == 4 else x

    def reset(self):
        kernels = iter(self.kernels)
        with torch.no_grad():
            for layer in modules(self.network):
                if isinstance(layer, nn.BatchNorm2d):
                    layer.reset_parameters()
                elif hasattr(layer, "copy"):
                    layer.copy(next(kernels))
                elif isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d)):
                    layer.weight.copy_(next(kernels))
                    if layer.bias is not None:
                        layer.bias.zero_()
        self.adam = torch.optim.Adam(self.network.parameters(), lr=LEARNING_RATE, eps=EPSILON, fused=True)

    def train(self, steps):
        self.predictor.train()
        for _ in range(steps):
            self.adam.zero_grad()
            loss = self.forward()
            loss.backward()
            self.adam.step()
        return loss.item()

    def predict(self, rows, times):
        x = self.samples[rows]
        self.predictor.eval()
        with torch.inference_mode():
            for _ in range(times):
                prediction = self.predictor(x)
        return prediction.flatten()[0].item()


class Compiled(Eager):
    def __init__(self, problem):
        super().__init__(problem)
        self.forward = torch.compile(self.forward)
        self.predictor = torch.compile(self.predictor)


class ChannelsLast(Eager):
    takes = ("images",)
    format = torch.channels_last


class CompiledChannelsLast(Compiled):
    takes = ("images",)
    format = torch.channels_last


measure(
    {
        "PyTorch": Eager,
        "PyTorch compiled": Compiled,
        "PyTorch channels_last": ChannelsLast,
        "PyTorch compiled channels_last": CompiledChannelsLast,
    }
)
