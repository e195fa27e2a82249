"""The workloads of all contenders: networks, losses, batches and data. `src/workload.rs` defines the same."""

from dataclasses import dataclass
from math import prod

LEARNING_RATE, EPSILON = 1e-3, 1e-8
WARM_UP, MANY = 10, 64
MOMENTUM, NORM_EPSILON, LAYER_EPSILON = 0.99, 1e-3, 1e-5


@dataclass(frozen=True)
class Dense:
    width: int
    active: bool = True  # whether the activation of the hidden layers follows
    norm = False

    def shape(self, given):
        return (self.width,)

    def kernel_shape(self, given):
        return (*given, self.width)

    def products(self, given):
        return prod(given) * self.width


@dataclass(frozen=True)
class Conv:
    """A convolution of an image, `[height][width][channel]`, with the zeros around it that TensorFlow calls "same"."""

    filters: int
    size: tuple[int, int] = (3, 3)
    stride: int = 1
    active: bool = True
    norm: bool = False  # whether batch normalization replaces the bias

    def shape(self, given):
        return *(-(-length // self.stride) for length in given[:2]), self.filters

    def kernel_shape(self, given):
        return (*self.size, given[2], self.filters)

    def products(self, given):
        return prod(self.shape(given)) * prod(self.size) * given[2]

    def padding(self, given):
        """The zeros before and after each axis of the image."""
        for length, taps in zip(given, self.size):
            zeros = max(0, (-(-length // self.stride) - 1) * self.stride + taps - length)
            yield zeros // 2, zeros - zeros // 2


@dataclass(frozen=True)
class Depthwise(Conv):
    """A convolution with a kernel for each channel."""

    filters: int = 0

    def shape(self, given):
        return *super().shape(given)[:2], given[2]

    def kernel_shape(self, given):
        return (*self.size, given[2])

    def products(self, given):
        return prod(self.shape(given)) * prod(self.size)


@dataclass(frozen=True)
class Recurrent:
    """A recurrent layer over a series, `[step][channel]`, of which the last state is the output. The kernel is
    `[gate][channel][unit]` and then `[gate][unit before][unit]`."""

    units: int
    active = norm = False

    def shape(self, given):
        return (self.units,)

    def kernel_shape(self, given):
        return (self.gates * self.units * (given[1] + self.units),)

    def products(self, given):
        return given[0] * self.gates * self.units * (given[1] + self.units)

    def products_with_input(self, given):
        return given[0] * self.gates * self.units * given[1]

    def split(self, kernel, given):
        """The weights of the frames and those of the states, both with the units of all gates side by side."""
        frames = self.gates * given[1] * self.units
        by_gate = (part.reshape(self.gates, -1, self.units) for part in (kernel[:frames], kernel[frames:]))
        return [part.swapaxes(0, 1).reshape(-1, self.gates * self.units) for part in by_gate]


class Gru(Recurrent):
    """The gates are in the order update, reset, new; the reset gate applies to the product with the state, which has
    a bias of its own."""

    gates, biases = 3, 2


class Lstm(Recurrent):
    """The gates are in the order input, forget, cell, output."""

    gates, biases = 4, 1


@dataclass(frozen=True)
class Causal:
    """A convolution of a series with kernels of 3 steps, and zeros before the series."""

    filters: int
    dilation: int
    active, norm = True, False

    def shape(self, given):
        return given[0], self.filters

    def kernel_shape(self, given):
        return 3, given[1], self.filters

    def products(self, given):
        return given[0] * 3 * given[1] * self.filters


@dataclass(frozen=True)
class Symbols:
    """The sum of two trainable vectors for each step of a text, `[step]`: that of its symbol and that of the step. The
    kernel is the vectors of all symbols, and then those of all steps."""

    symbols: int
    width: int
    active = norm = False

    def shape(self, given):
        return given[0], self.width

    def kernel_shape(self, given):
        return self.symbols + given[0], self.width

    def products(self, given):
        return 0


@dataclass(frozen=True)
class Block:
    """A block of a transformer with causal attention, two dense layers with GELU between them, and layer normalization
    before both. The kernel is `[query, key, value][output][input]`, and then `[input][output]` of the output of
    attention, and of both dense layers."""

    heads: int
    hidden: int
    active = norm = False

    def shape(self, given):
        return given

    def kernel_shape(self, given):
        return ((4 * given[1] + 2 * self.hidden) * given[1],)

    def products(self, given):
        steps, width = given
        # A step attends to itself and to the steps before it.
        return prod(self.kernel_shape(given)) * steps + steps * (steps + 1) * width

    def split(self, kernel, given):
        """The kernel of queries, keys and values, that of the output of attention, and those of both dense layers."""
        square = given[1] ** 2
        inner = 4 * square + given[1] * self.hidden
        return [
            kernel[: 3 * square].reshape(3, given[1], given[1]),
            kernel[3 * square : 4 * square].reshape(given[1], given[1]),
            kernel[4 * square : inner].reshape(given[1], self.hidden),
            kernel[inner:].reshape(self.hidden, given[1]),
        ]


@dataclass(frozen=True)
class EachStep:
    """Layer normalization and a dense layer, for each step of a series."""

    width: int
    active = norm = False

    def shape(self, given):
        return given[0], self.width

    def kernel_shape(self, given):
        return given[1], self.width

    def products(self, given):
        return prod(given) * self.width


@dataclass(frozen=True)
class MaxPool:
    """The maxima of 2×2 pixels."""

    def shape(self, given):
        return given[0] // 2, given[1] // 2, given[2]


@dataclass(frozen=True)
class GlobalAverage:
    """The means of an image or a series."""

    def shape(self, given):
        return given[-1:]


@dataclass(frozen=True)
class Flatten:
    def shape(self, given):
        return (prod(given),)


@dataclass(frozen=True)
class Residual:
    """The sum of two branches, followed by the activation."""

    branch: tuple
    shortcut: tuple

    def shape(self, given):
        return list(walk(self.branch, given))[-1][2]


def walk(parts, given):
    """Each part with the shapes of its input and output."""
    for part in parts:
        shape = part.shape(given)
        yield part, given, shape
        given = shape


@dataclass(frozen=True)
class Workload:
    name: str
    network: str  # its name or widths, for tables
    input: tuple[int, ...]
    parts: tuple
    hidden: str
    loss: str
    batch: int
    steps: int

    @property
    def layers(self):
        """The parts with weights and the shapes of their inputs, in order, the branch before the shortcut."""

        def layers(parts, given):
            for part, given, _ in walk(parts, given):
                if isinstance(part, Residual):
                    yield from layers(part.branch, given)
                    yield from layers(part.shortcut, given)
                elif hasattr(part, "products"):
                    yield part, given

        return list(layers(self.parts, self.input))

    @property
    def outputs(self):
        """The number of outputs, for each step of a text."""
        return self.parts[-1].width

    @property
    def kind(self):
        """The kind of the input."""
        is_text = isinstance(self.parts[0], Symbols)
        return "text" if is_text else {1: "dense", 2: "series", 3: "images"}[len(self.input)]

    @property
    def products_per_step(self):
        """The number of multiplications and additions in the products of a training step: the forward pass, and the gradients with respect to the kernels and to the inputs of all layers except the first."""
        products = sum(layer.products(given) for layer, given in self.layers)
        first, given = self.layers[0]
        with_input = first.products_with_input(given) if isinstance(first, Recurrent) else first.products(given)
        return 2 * self.batch * (3 * products - with_input)


def dense(name, widths, hidden, loss, batch, steps):
    (first, *middle, last) = widths
    parts = (*map(Dense, middle), Dense(last, active=False))
    return Workload(name, "-".join(map(str, widths)), (first,), parts, hidden, loss, batch, steps)


def classes(name, network, shape, parts, batch, steps, hidden="relu"):
    return Workload(name, network, shape, parts, hidden, "categorical", batch, steps)


def stage(filters, stride):
    """Two convolutions of ResNet-8 with a shortcut."""
    branch = Conv(filters, stride=stride, norm=True), Conv(filters, active=False, norm=True)
    shortcut = (Conv(filters, (1, 1), stride, active=False),) if stride > 1 else ()
    return Residual(branch, shortcut)


def separable(filters, stride=1):
    return Depthwise(stride=stride), Conv(filters, (1, 1))


LENET = Conv(8), MaxPool(), Conv(16), MaxPool(), Flatten(), Dense(32), Dense(10, active=False)
RESNET = Conv(16, norm=True), stage(16, 1), stage(32, 2), stage(64, 2), GlobalAverage(), Dense(10, active=False)
DS_CNN = Conv(64, (10, 4), 2), *(4 * separable(64)), GlobalAverage(), Dense(12, active=False)
MOBILENET = (
    Conv(8, stride=2),
    *separable(16),
    *separable(32, 2),
    *separable(32),
    *separable(64, 2),
    *separable(64),
    *separable(128, 2),
    *(5 * separable(128)),
    *separable(256, 2),
    *separable(256),
    GlobalAverage(),
    Dense(2, active=False),
)
DECODER = Symbols(81, 64), *(3 * (Block(4, 256),)), EachStep(81)
CAUSAL = *(Causal(32, dilation) for dilation in (1, 2, 4, 8)), GlobalAverage(), Dense(6, active=False)

WORKLOADS = [
    dense("W1", (10, 10, 1), "relu", "binary", 32, 500),
    dense("W2", (784, 128, 10), "relu", "categorical", 64, 100),
    dense("W3", (784, 512, 512, 10), "relu", "categorical", 128, 30),
    dense("W4", (17, 64, 64, 6), "tanh", "squared", 256, 100),
    classes("W5", "LeNet on 28×28×1", (28, 28, 1), LENET, 64, 30),
    classes("W6", "ResNet-8 with batch norm on 32×32×3", (32, 32, 3), RESNET, 32, 10),
    classes("W7", "DS-CNN on 49×10×1", (49, 10, 1), DS_CNN, 100, 10),
    classes("W8", "MobileNetV1 ¼ on 96×96×3", (96, 96, 3), MOBILENET, 16, 10),
    classes("W9", "GRU of 64 units on 32 steps of 6", (32, 6), (Gru(64), Dense(6, active=False)), 64, 20, "tanh"),
    classes("W10", "LSTM of 64 units on 32 steps of 6", (32, 6), (Lstm(64), Dense(6, active=False)), 64, 20, "tanh"),
    classes("W11", "four causal convolutions of 32 channels on 128 steps of 6", (128, 6), CAUSAL, 32, 20),
    classes("W12", "decoder of three blocks, 64 wide, on 64 steps of 81 symbols", (64,), DECODER, 16, 10, "gelu"),
]


class Problem:
    """A workload with its initial weights, `kernels` (biases are 0), and its data, `x` and `y`."""

    def __init__(self, workload):
        import numpy

        state = 1

        def uniform(*shape):
            nonlocal state
            values = numpy.empty(shape)
            for index in range(values.size):
                state = (state * 1_664_525 + 1_013_904_223) % 2**32
                values.flat[index] = (state >> 8) / 2**24
            return values

        def kernel(layer, given):
            shape = layer.kernel_shape(given)
            # Glorot's limit for dense networks, He's for the others, whose signal would vanish otherwise.
            if isinstance(layer, Recurrent):
                width = given[1] + layer.units
            elif isinstance(layer, Symbols):
                width = layer.width
            elif isinstance(layer, Block):
                width = layer.hidden
            else:
                width = prod(shape[: 2 if isinstance(layer, Depthwise) else -1])
            if workload.kind == "dense":
                width += shape[-1]
            return ((2 * uniform(*shape) - 1) * (6 / width) ** 0.5).astype("float32")

        self.workload = workload
        self.kernels = [kernel(*layer) for layer in workload.layers]
        x, steps = uniform(workload.batch, *workload.input), ()
        if workload.kind == "text":
            self.x, steps = (x * workload.parts[0].symbols).astype("int32"), workload.input
        else:
            self.x = x.astype("float32")
        if workload.loss == "binary":
            self.y = numpy.floor(uniform(workload.batch, 1) + 0.5).astype("float32")
        elif workload.loss == "categorical":
            self.y = (uniform(workload.batch, *steps) * workload.outputs).astype("int32")
        else:
            self.y = uniform(workload.batch, workload.outputs).astype("float32")

    def samples(self, rows):
        return self.x[[row % len(self.x) for row in range(rows)]]


def channels_first(workload, kernels):
    """The kernels with the axes in PyTorch's order: the outputs first, and images as `[channel][height][width]`.
    Those of other layers are unchanged."""
    flat = next((given for part, given, _ in walk(workload.parts, workload.input) if isinstance(part, Flatten)), None)
    first = []
    for (layer, _), kernel in zip(workload.layers, kernels):
        if isinstance(layer, Depthwise):
            kernel = kernel.transpose(2, 0, 1)[:, None]
        elif isinstance(layer, Conv):
            kernel = kernel.transpose(3, 2, 0, 1)
        elif isinstance(layer, Causal):
            kernel = kernel.transpose(2, 1, 0)
        elif isinstance(layer, Dense):
            if flat:  # the first dense layer reads the channels of each pixel
                kernel = kernel.reshape(*flat, -1).transpose(2, 0, 1, 3).reshape(kernel.shape)
                flat = None
            kernel = kernel.T
        first.append(kernel.copy())
    return first
