"""Writes RESULTS.md and RESULTS.csv from the lines on standard input, after a check that all contenders computed the
same results."""

import csv
import datetime
import platform
import subprocess
import sys
import tomllib
from importlib.metadata import version
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
    """`{workload: {(contender, build): medians}}`"""
    rounds = {}
    for workload, contender, build, *numbers in csv.reader(lines):
        rounds.setdefault(workload, {}).setdefault((contender, build), []).append([float(n) for n in numbers])
    return {
        workload: {key: [median(column) for column in zip(*rows)] for key, rows in contenders.items()}
        for workload, contenders in rounds.items()
    }


def check(workload, contenders):
    *_, first, last, prediction = contenders["shiplap", "default"]
    for (name, _), (*_, its_first, its_last, its_prediction) in contenders.items():
        if not its_last < its_first:
            sys.exit(f"{workload.name}: the loss of {name} does not fall: {its_first} to {its_last}")
        for what, its, ours in [("loss", its_last, last), ("prediction", its_prediction, prediction)]:
            if not abs(its - ours) <= 0.02 * first:
                sys.exit(f"{workload.name}: {what} of {name} is {its}, that of Shiplap {ours}")


def rows(workload, contenders):
    """The rows of a table, sorted by time: both builds of Shiplap, and the faster build of the other contenders."""
    ours = contenders["shiplap", "default"]
    best = {}
    for (name, build), numbers in sorted(contenders.items(), key=lambda item: item[1][0]):
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
    return [
        ("Date", f"{datetime.date.today()}"),
        ("Shiplap", f"commit {output('git', 'rev-parse', '--short', 'HEAD')}{', with changes' if changed else ''}"),
        ("CPU", f"{cpu['model name']} (family {cpu['cpu family']}, model {cpu['model']}): {', '.join(vectors)}"),
        ("System", f"{platform.system()} {platform.release()}, one core, one thread"),
        ("Rust", output("rustc", "--version")),
        ("Crates", ", ".join(f"{name} {pin.lstrip('=')}" for name, pin in crates.items())),
        ("Flags", 'release, `lto = true`, `codegen-units = 1`; "native" adds `-C target-cpu=native`'),
        ("Python", platform.python_version()),
        ("Wheels", ", ".join(f"{name} {version(name)}" for name in ["torch", "keras", "jax", "jaxlib"])),
    ]


def markdown(tables):
    yield "# Results\n"
    yield "Made by `run`; `README.md` says how. Times are medians in µs, × is the ratio to Shiplap's default build.\n"
    yield from (f"- {key}: {value}" for key, value in machine())
    for workload, table in tables:
        shape = "-".join(map(str, workload.widths))
        yield f"\n## {workload.name}: {shape} ({workload.hidden}), {LOSSES[workload.loss]}, batch {workload.batch}\n"
        yield f"The matrix products of a step are {workload.products_per_step / 1e6:.3g} MFLOP.\n"
        yield "| | build | step | × | GFLOP/s | predict 1 | × | predict 64 | × | loss |"
        yield "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|"
        for row in table:
            name, build, *numbers, loss = list(row.values())[1:]
            yield "| " + " | ".join([name, build, *map(significant, numbers), f"{loss:.4f}"]) + " |"
    builds = HERE / "BUILD_TIMES.csv"
    if builds.exists():
        (_, _, *commits), *measured = csv.reader(builds.open())
        yield "\n## Building\n\nMade by `build_times`, in seconds of one core, user and system.\n"
        yield f"| | {' | '.join(commits)} |\n|---|{'--:|' * len(commits)}"
        for what, unit, *values in measured:
            yield f"| {what} | {' | '.join(f'{value} {unit}' for value in values)} |"


def main():
    medians, tables = read(sys.stdin), []
    for workload in WORKLOADS:
        check(workload, medians[workload.name])
        tables.append((workload, list(rows(workload, medians[workload.name]))))
    with open(HERE / "RESULTS.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, tables[0][1][0].keys(), lineterminator="\n")
        writer.writeheader()
        for _, table in tables:
            writer.writerows({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in table)
    (HERE / "RESULTS.md").write_text("\n".join(markdown(tables)) + "\n")


main()
