"""Writes RESULTS.md and RESULTS.csv from the lines on standard input, after a check that all contenders computed the
same results."""

import csv
import datetime
import os
import platform
import subprocess
import sys
import tomllib
from importlib.metadata import version
from math import isnan
from pathlib import Path
from statistics import median

from workload import WORKLOADS

HERE = Path(__file__).parent.parent
TIMES = ["step", "predict 1", "predict 64"]
LOSSES = {
    "binary": "sigmoid and binary cross-entropy",
    "categorical": "softmax and cross-entropy",
    "squared": "mean squared error",
}


def read(lines):
    """`{workload: {(contender, build): numbers}}`: the shortest times and the medians of the losses of all rounds. Other
    programs on a shared machine only make a round slower."""
    rounds = {}
    for workload, contender, build, *numbers in csv.reader(lines):
        rounds.setdefault(workload, {}).setdefault((contender, build), []).append([float(n) for n in numbers])
    return {
        workload: {
            key: [combine(column) for combine, column in zip([min] * 3 + [median] * 3, zip(*rows))]
            for key, rows in contenders.items()
        }
        for workload, contenders in rounds.items()
    }


def check(workload, contenders):
    *_, first, last, prediction = contenders["shiplap", "default"]
    for (name, _), (step, *_, its_first, its_last, its_prediction) in contenders.items():
        if not isnan(step) and not its_last < its_first:
            sys.exit(f"{workload.name}: the loss of {name} does not fall: {its_first} to {its_last}")
        for what, its, ours in [("loss", its_last, last), ("prediction", its_prediction, prediction)]:
            if abs(its - ours) > 0.02 * first:
                sys.exit(f"{workload.name}: {what} of {name} is {its}, that of Shiplap {ours}")


def rows(workload, contenders):
    """The rows of a table, sorted by time: both builds of Shiplap, and the faster build of the other contenders."""
    ours = contenders["shiplap", "default"]
    best = {}
    # Contenders that only predict are at the end.
    time = lambda numbers: (isnan(numbers[0]), numbers[1] if isnan(numbers[0]) else numbers[0])
    for (name, build), numbers in sorted(contenders.items(), key=lambda item: time(item[1])):
        key = (name, build) if name == "shiplap" else name
        best.setdefault(key, (name, build, numbers))
    for name, build, numbers in best.values():
        times, loss = numbers[:3], numbers[4]
        yield {
            "workload": workload.name,
            "contender": name,
            "build": build,
            "step": times[0],
            "step ratio": times[0] / ours[0],
            "GFLOP/s": workload.products_per_step / times[0] / 1e3,
            "predict 1": times[1],
            "predict 1 ratio": times[1] / ours[1],
            "predict 64": times[2],
            "predict 64 ratio": times[2] / ours[2],
            "loss": loss,
        }


def significant(number):
    """Formats a number with three digits, without an exponent."""
    if isnan(number):
        return "–"
    return f"{number:.3f}" if number < 1 else f"{number:.{max(0, 3 - len(str(int(number))))}f}"


def machine():
    cpu = dict(line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().splitlines() if ":" in line)
    cpu = {key.strip(): value.strip() for key, value in cpu.items()}
    vectors = [flag for flag in cpu["flags"].split() if flag in {"avx", "avx2", "fma"} or flag.startswith("avx512")]
    output = lambda *command: subprocess.run(command, cwd=HERE, capture_output=True, text=True).stdout.strip()
    # The tables themselves are not part of what is measured.
    changed = output("git", "status", "--porcelain", "--", "../..", ":(top,exclude)*.csv", ":(top,exclude)*.md")
    pins = tomllib.loads((HERE / "Cargo.toml").read_text())["dependencies"]
    crates = {name: pin["version"] if isinstance(pin, dict) else pin for name, pin in pins.items() if name != "shiplap"}
    wheels = ["torch", "keras", "jax", "jaxlib", "onnxruntime", "ai-edge-litert"]
    facts = [
        f"Measured on {datetime.date.today()} with commit {output('git', 'rev-parse', '--short', 'HEAD')}"
        + (", with changes" if changed else ""),
        f"{cpu['model name']} (family {cpu['cpu family']}, model {cpu['model']}): {', '.join(vectors)}",
        f"{platform.system()} {platform.release()}, one core, one thread, load {os.getloadavg()[2]:.1f}",
        output("rustc", "--version"),
        ", ".join(f"{name} {pin.lstrip('=')}" for name, pin in crates.items()),
        f"Python {platform.python_version()}",
        ", ".join(f"{name} {version(name)}" for name in wheels),
    ]
    return "; ".join(facts) + "."


# The largest times of a step and of one prediction, relative to those of the best of the others.
GOALS = {"W5": (0.4, 0.5), "W6": (0.5, 0.5), "W7": (0.4, 0.5), "W8": (0.5, 0.8), "W9": (0.5,), "W10": (0.5,), "W11": (0.5,), "W12": (0.5,)}


def goals(workload, table):
    """The goals of a network of images or series, and what was measured."""
    if workload.name not in GOALS:
        return
    for what, goal in zip(["step", "predict 1"], GOALS[workload.name]):
        best = min(
            (row for row in table if row["contender"] != "shiplap" and not isnan(row[what])), key=lambda row: row[what]
        )
        ours = next(row[what] for row in table if (row["contender"], row["build"]) == ("shiplap", "default"))
        name = {"step": "A step", "predict 1": "One prediction"}[what]
        yield f"{name} takes {ours / best[what]:.2f} of the time of {best['contender']} (goal: {goal})."


def section(workload, table):
    network, loss = f"{workload.network} ({workload.hidden})", LOSSES[workload.loss]
    yield f"{workload.name}: {network}, {loss}, batch {workload.batch}\n"
    yield f"The products of a step are {workload.products_per_step / 1e6:.3g} MFLOP."
    yield from goals(workload, table)
    yield "\n| | build | step | × | GFLOP/s | predict 1 | × | predict 64 | × | loss |"
    yield "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    for row in table:
        name, build, *numbers, loss = list(row.values())[1:]
        last = "–" if isnan(loss) else f"{loss:.4f}"
        yield "| " + " | ".join([name, build, *map(significant, numbers), last]) + " |"
    yield f"\n{machine()}"


def markdown(tables, earlier):
    """`tables` are those of the measured workloads; the sections of the others are as in `earlier`."""
    kept = {text.split(":")[0]: text.rstrip() for text in earlier.split("\n## ")[1:]}
    yield "# Results\n"
    yield "Made by `run`; `README.md` says how. Times are those of the fastest round in µs, × is the ratio to Shiplap's default build. All"
    yield "programs are built for release, with `lto = true` and `codegen-units = 1`; \"native\" adds `-C target-cpu=native`."
    for workload in WORKLOADS:
        lines = section(workload, tables[workload]) if workload in tables else [kept[workload.name]]
        yield "\n## " + "\n".join(lines)
    builds = HERE / "BUILD_TIMES.csv"
    if builds.exists():
        (_, _, *commits), *measured = csv.reader(builds.open())
        yield "\n## Building\n\nMade by `build_times`, in seconds of one core, user and system.\n"
        yield f"| | {' | '.join(commits)} |\n|---|{'--:|' * len(commits)}"
        for what, unit, *values in measured:
            yield f"| {what} | {' | '.join(f'{value} {unit}' if value else '–' for value in values)} |"


def main():
    medians, tables = read(sys.stdin), {}
    for workload in WORKLOADS:
        if workload.name in medians:
            check(workload, medians[workload.name])
            tables[workload] = list(rows(workload, medians[workload.name]))
    results, text = HERE / "RESULTS.csv", HERE / "RESULTS.md"
    with results.open() as file:
        (columns, *earlier) = csv.reader(file)
    with results.open("w") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(row for row in earlier if row[0] not in medians)
        for table in tables.values():
            writer.writerows([f"{v:.6g}" if isinstance(v, float) else v for v in row.values()] for row in table)
    text.write_text("\n".join(markdown(tables, text.read_text())) + "\n")


main()
