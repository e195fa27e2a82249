"""Writes `basic_motions.csv.gz`: the files of aeon's wheel as a table, first the 40 samples to train on, then the 40 to test.

    pip download --no-deps aeon==1.6.0
    python data/basic_motions/convert.py aeon-1.6.0-py3-none-any.whl

A row has 100 steps of 6 numbers, and the class.
"""

import gzip
import sys
import zipfile
from pathlib import Path

CLASSES = ["Standing", "Running", "Walking", "Badminton"]
wheel = zipfile.ZipFile(sys.argv[1])
lines = [",".join(["80", "600", *CLASSES])]
for part in ["TRAIN", "TEST"]:
    text = wheel.read(f"aeon/datasets/data/BasicMotions/BasicMotions_{part}.ts").decode()
    for line in text.split("@data")[1].split():
        *axes, motion = line.split(":")
        steps = zip(*(axis.split(",") for axis in axes), strict=True)
        lines.append(",".join([*(number for step in steps for number in step), str(CLASSES.index(motion))]))
table = "\n".join(lines) + "\n"
(Path(__file__).parent / "basic_motions.csv.gz").write_bytes(gzip.compress(table.encode(), 9, mtime=0))
