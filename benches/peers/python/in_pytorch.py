"""PyTorch, eager and compiled."""

import torch
from torch import nn

from contender import measure
from workload import EPSILON, LEARNING_RATE, MANY

torch.set_num_threads(1)
torch.set_num_interop_threads(1)

HIDDEN = {"relu": nn.ReLU, "tanh": nn.Tanh}
LOSSES = {"binary": nn.BCEWithLogitsLoss, "categorical": nn.CrossEntropyLoss, "squared": nn.MSELoss}
HEADS = {"binary": nn.Sigmoid, "categorical": lambda: nn.Softmax(dim=1), "squared": nn.Identity}


class Eager:
    def __init__(self, problem):
        workload = problem.workload
        self.kernels = [torch.tensor(kernel.T) for kernel in problem.kernels]
        self.linears = [nn.Linear(i, o) for i, o in workload.layers]
        hidden = [layer for linear in self.linears[:-1] for layer in (linear, HIDDEN[workload.hidden]())]
        self.network = nn.Sequential(*hidden, self.linears[-1])
        self.loss = LOSSES[workload.loss]()
        self.predictor = nn.Sequential(self.network, HEADS[workload.loss]())
        self.x = torch.tensor(problem.x)
        self.y = torch.tensor(problem.y, dtype=torch.int64 if workload.loss == "categorical" else torch.float32)
        self.samples = {rows: torch.tensor(problem.samples(rows)) for rows in (1, MANY)}
        self.forward = lambda: self.loss(self.network(self.x), self.y)

    def reset(self):
        with torch.no_grad():
            for linear, kernel in zip(self.linears, self.kernels):
                linear.weight.copy_(kernel)
                linear.bias.zero_()
        self.adam = torch.optim.Adam(self.network.parameters(), lr=LEARNING_RATE, eps=EPSILON, fused=True)

    def train(self, steps):
        for _ in range(steps):
            self.adam.zero_grad()
            loss = self.forward()
            loss.backward()
            self.adam.step()
        return loss.item()

    def predict(self, rows, times):
        x = self.samples[rows]
        with torch.inference_mode():
            for _ in range(times):
                prediction = self.predictor(x)
        return prediction[0, 0].item()


class Compiled(Eager):
    def __init__(self, problem):
        super().__init__(problem)
        self.forward = torch.compile(self.forward)
        self.predictor = torch.compile(self.predictor)


measure({"PyTorch": Eager, "PyTorch compiled": Compiled})
