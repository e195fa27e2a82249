"""Times contenders on all workloads. The contenders take turns in each round, as in `src/main.rs`."""

import sys
from math import ceil, nan
from time import process_time

from workload import MANY, WARM_UP, WORKLOADS, Problem


def microseconds(times, work):
    """Returns the time per repetition in microseconds, and the result."""
    start = process_time()
    result = work(times)
    return (process_time() - start) * 1e6 / times, result


def predict(work):
    """Times predictions for about a millisecond, after some that warm up and determine the number of repetitions."""
    work(10)
    once, _ = microseconds(1, work)
    return microseconds(max(10, ceil(1e3 / once)), work)


def takes(contender, workload):
    """Whether a class is for this workload."""
    return workload.kind in getattr(contender, "takes", ("dense", "series", "images", "text"))


def measure(contenders):
    """Prints a CSV line for each workload, contender and round.

    `contenders` maps names to classes with the methods `__init__(problem)`; `reset()`, which restores the initial
    weights; `train(steps)`, which returns the loss before the last update; and `predict(rows, times)`, which returns
    the first element of the prediction. If the class has `only_predicts`, the times and losses of training are NaN.
    """
    rounds, *names = int(sys.argv[1]), *sys.argv[2:]
    for workload in WORKLOADS:
        if names and workload.name not in names:
            continue
        problem = Problem(workload)
        made = {name: start(problem) for name, start in contenders.items() if takes(start, workload)}
        for contender in made.values():  # compile
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
                if getattr(contender, "only_predicts", False):
                    step = first_loss = last_loss = nan
                row = [workload.name, name, "wheel", step, one, many, first_loss, last_loss, prediction]
                print(*row, sep=",", flush=True)
