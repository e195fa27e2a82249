"""Writes the outputs of TensorFlow Lite's reference kernels for the int8 models of MLPerf Tiny, as hashes.

python int8.py MODELS DATA, where MODELS holds the files of MLPerf Tiny; needs ai-edge-litert 2.3.0.
"""
import sys
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

RANDOM = 1000


def random_input(number, length):
    """The same numbers as in `int8.rs`: uniform for odd numbers, close to one level for even ones."""
    state, numbers = np.uint32(number), np.empty(length, np.int64)
    for index in range(length):
        state = np.uint32((int(state) * 1664525 + 1013904223) & 0xFFFFFFFF)
        numbers[index] = int(state >> np.uint32(24)) - 128
    if number % 2 == 0:
        numbers = np.clip(number * 37 % 256 - 128 + (numbers >> 2), -128, 127)
    return numbers.astype(np.int8)


def fnv1a(data):
    value = 0xCBF29CE484222325
    for byte in data.tobytes():
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def samples(models, name, length, scale, zero):
    if name == "kws":
        return np.fromfile(models / "kws_input_0_int8.bin", np.int8).reshape(-1, length)
    if name == "sww":
        files = [models / f"sww_input_class{number}_int8.bin" for number in range(3)]
        return np.concatenate([np.fromfile(file, np.int8) for file in files]).reshape(-1, length)
    if name == "ad01":
        real = np.fromfile(models / "ad_input_0_frames_f32.bin", np.float32)
        return np.clip(np.round(real / np.float32(scale)) + zero, -128, 127).astype(np.int8).reshape(-1, length)
    return np.empty((0, length), np.int8)


def main(models, data):
    for name in ["ad01", "kws", "resnet8", "sww", "vww"]:
        file = f"{name}_int8.tflite"
        (data / file).write_bytes((models / file).read_bytes())
        reference = Interpreter(str(models / file), experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
        reference.allocate_tensors()
        into, out = reference.get_input_details()[0], reference.get_output_details()[0]
        length = int(np.prod(into["shape"]))
        known = samples(models, name, length, *into["quantization"])
        known.tofile(data / f"{name}_int8.samples")
        inputs = [*known, *(random_input(number, length) for number in range(RANDOM))]
        hashes = []
        for x in inputs:
            reference.set_tensor(into["index"], x.reshape(into["shape"]))
            reference.invoke()
            hashes.append(fnv1a(reference.get_tensor(out["index"])))
        np.array(hashes, "<u8").tofile(data / f"{name}_int8.outputs")
        print(name, len(known), "samples", RANDOM, "random inputs")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
