"""The workloads of all contenders: networks, losses, batches and data. `src/workload.rs` defines the same."""

from dataclasses import dataclass
from itertools import pairwise

LEARNING_RATE, EPSILON = 1e-3, 1e-8
WARM_UP, MANY = 10, 64


@dataclass(frozen=True)
class Workload:
    name: str
    widths: tuple[int, ...]
    hidden: str
    loss: str
    batch: int
    steps: int

    @property
    def layers(self):
        return list(pairwise(self.widths))

    @property
    def products_per_sample(self):
        """The number of multiplications and additions in the matrix products of a prediction."""
        return 2 * sum(i * o for i, o in self.layers)

    @property
    def products_per_step(self):
        """The same for a training step: the forward pass, and the gradients with respect to the kernels and to the
        inputs of all layers except the first."""
        first = 2 * self.widths[0] * self.widths[1]
        return self.batch * (3 * self.products_per_sample - first)


WORKLOADS = [
    Workload("W1", (10, 10, 1), "relu", "binary", 32, 500),
    Workload("W2", (784, 128, 10), "relu", "categorical", 64, 100),
    Workload("W3", (784, 512, 512, 10), "relu", "categorical", 128, 30),
    Workload("W4", (17, 64, 64, 6), "tanh", "squared", 256, 100),
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

        def kernel(i, o):
            return ((2 * uniform(i, o) - 1) * (6 / (i + o)) ** 0.5).astype("float32")

        outputs = workload.widths[-1]
        self.workload = workload
        self.kernels = [kernel(i, o) for i, o in workload.layers]
        self.x = uniform(workload.batch, workload.widths[0]).astype("float32")
        if workload.loss == "binary":
            self.y = numpy.floor(uniform(workload.batch, 1) + 0.5).astype("float32")
        elif workload.loss == "categorical":
            self.y = (uniform(workload.batch) * outputs).astype("int32")
        else:
            self.y = uniform(workload.batch, outputs).astype("float32")

    def samples(self, rows):
        return self.x[[row % len(self.x) for row in range(rows)]]
