"""Writes the outputs of TensorFlow Lite's reference kernels for `sine.tflite` and `speech.tflite`, and their inputs.

python reference.py FEATURES, where FEATURES is MicroFlow's file samples/features/speech.rs; needs ai-edge-litert 2.3.0.
"""
import re
import sys
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

DATA = Path(__file__).parent
sys.path.append(str(DATA.parents[1] / "examples/mlperf_tiny"))
from int8 import random_input

RANDOM = 300


def outputs(name, inputs):
    reference = Interpreter(str(DATA / f"{name}.tflite"), experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    reference.allocate_tensors()
    into, out = reference.get_input_details()[0], reference.get_output_details()[0]
    for x in inputs:
        reference.set_tensor(into["index"], x.reshape(into["shape"]))
        reference.invoke()
        yield reference.get_tensor(out["index"]).ravel()


def main(features):
    every = np.arange(-128, 128, dtype=np.int8)
    every.tofile(DATA / "sine.samples")
    np.concatenate([*outputs("sine", every)]).tofile(DATA / "sine.outputs")
    words = [re.findall(r"-?\d+", text) for text in re.findall(r"matrix!\[(.*?)\]", features, re.DOTALL)]
    words = np.array(words, np.int8)
    words.tofile(DATA / "speech.samples")
    random = [random_input(number, words.shape[1]) for number in range(RANDOM)]
    np.concatenate([*outputs("speech", [*words, *random])]).tofile(DATA / "speech.outputs")


main(Path(sys.argv[1]).read_text())
