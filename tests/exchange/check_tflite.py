"""Runs the models of `tests/tflite.rs` in TensorFlow Lite: `check_tflite.py FOLDER`."""

import sys
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType


def run(path, inputs):
    """The outputs of the reference kernels."""
    model = Interpreter(str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    model.allocate_tensors()
    [entrance], [output] = model.get_input_details(), model.get_output_details()
    outputs = []
    for x in np.frombuffer(inputs, entrance["dtype"]).reshape(-1, *entrance["shape"]):
        model.set_tensor(entrance["index"], x)
        model.invoke()
        outputs.append(model.get_tensor(output["index"]).ravel())
    return np.array(outputs)


def compare(folder):
    names, count, failed = sorted(path.stem for path in folder.glob("*.tflite")), 0, []
    for name in names:
        found = run(folder / f"{name}.tflite", (folder / f"{name}.inputs").read_bytes())
        expected = np.frombuffer((folder / f"{name}.outputs").read_bytes(), "int8").reshape(found.shape)
        wrong = np.count_nonzero(found != expected)
        count += found.size
        if wrong or found.dtype != np.int8:
            worst = np.abs(found.astype(int) - expected).max()
            failed.append(f"{name}: {wrong} of {found.size} bytes differ, by up to {worst}")
    assert not failed and len(names) >= 22, "\n".join([f"{len(names)} models", *failed])
    print(f"{count} outputs of {len(names)} int8 models are those of TensorFlow Lite, byte for byte")


if __name__ == "__main__":
    compare(Path(sys.argv[1]))
