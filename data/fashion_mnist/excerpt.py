"""Cuts the excerpt out of the whole set: the first 1 600 pictures to train on, and the first 400 to test.

    apt-get install dataset-fashion-mnist
    python data/fashion_mnist/excerpt.py /usr/share/datasets/fashion-mnist
"""

import gzip
import struct
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

for name, count in (("train", 1600), ("t10k", 400)):
    for kind, axes, size in (("images-idx3", 3, 28 * 28), ("labels-idx1", 1, 1)):
        file = f"{name}-{kind}-ubyte.gz"
        whole = gzip.open(Path(sys.argv[1]) / file).read()
        header = 4 + 4 * axes
        part = whole[:4] + struct.pack(">I", count) + whole[8 : header + count * size]
        (HERE / file).write_bytes(gzip.compress(part, 9, mtime=0))
