"""Times contenders on all workloads, in turn, round after round, as `src/main.rs` does."""

import sys
from math import ceil
from time import perf_counter

from workload import MANY, WARM_UP, WORKLOADS, Problem


def microseconds(times, work):
    """Microseconds for each of `times`, and the result."""
    start = perf_counter()
    result = work(times)
    return (perf_counter() - start) * 1e6 / times, result


def predict(work):
    """Times predictions for about a millisecond, after some to warm up and to tell how many that makes."""
    work(10)
    once, _ = microseconds(1, work)
    return microseconds(max(10, ceil(1e3 / once)), work)


def measure(contenders):
    """Prints a CSV line for each workload, contender and round.

    `contenders` maps names to classes with `__init__(problem)`, `reset()` to the start, `train(steps)`, which gives
    the loss that the last step started from, and `predict(rows, times)`, which gives the first number predicted.
    """
    rounds = int(sys.argv[1])
    for workload in WORKLOADS:
        problem = Problem(workload)
        made = {name: start(problem) for name, start in contenders.items()}
        for contender in made.values():  # compiles
            contender.reset()
            contender.train(1)
            contender.train(WARM_UP - 1)
            contender.train(workload.steps)
        for _ in range(rounds):
            for name, contender in made.items():
                contender.reset()
                first_loss = contender.train(1)
                contender.train(WARM_UP - 1)
                step, _ = microseconds(workload.steps, contender.train)
                last_loss = contender.train(1)
                one, _ = predict(lambda times: contender.predict(1, times))
                many, prediction = predict(lambda times: contender.predict(MANY, times))
                row = [workload.name, name, "wheel", step, one, many, first_loss, last_loss, prediction]
                print(*row, sep=",", flush=True)
