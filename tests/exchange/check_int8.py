"""Runs the int8 models of `tests/tflite.rs` in TensorFlow Lite and onnxruntime: `check_int8.py FOLDER`."""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from ai_edge_litert.interpreter import Interpreter, OpResolverType

# TensorFlow Lite rounds small sums twice, and onnxruntime does not. The steps by which a network's outputs differ: at most,
# and on average.
MOST_STEPS, MEAN_STEPS = 16, 1.0


def in_tflite(path, inputs):
    """The inputs, and the outputs of the reference kernels; the scales of both."""
    model = Interpreter(str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    model.allocate_tensors()
    entrances, ends = model.get_input_details(), model.get_output_details()
    assert all(end["dtype"] == np.int8 for end in ends)
    fields = [(f"input{n}", entrance["dtype"], entrance["shape"][1:]) for n, entrance in enumerate(entrances)]
    samples = np.frombuffer(inputs, fields)
    inputs = [samples[name] for name, *_ in fields]
    outputs = []
    for sample in zip(*inputs):
        model.reset_all_variables()
        for entrance, x in zip(entrances, sample):
            model.set_tensor(entrance["index"], x[None])
        model.invoke()
        outputs.append(np.concatenate([model.get_tensor(end["index"]).ravel() for end in ends]))
    scales = [np.concatenate([np.full(end["shape"].prod(), end["quantization"][n]) for end in ends]) for n in (0, 1)]
    return inputs, np.array(outputs), [entrance["quantization"] for entrance in entrances], scales


def in_onnxruntime(path, inputs, scales, of_outputs):
    """The outputs, as int8."""
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    feed = {}
    for entrance, x, (scale, zero) in zip(session.get_inputs(), inputs, scales):
        feed[entrance.name] = (x.astype("float32") - zero) * np.float32(scale) if x.dtype == np.int8 else x
    outputs = [output.reshape(len(inputs[0]), -1) for output in session.run(None, feed)]
    return np.round(np.concatenate(outputs, axis=1) / of_outputs[0] + of_outputs[1]).astype(int)


def compare(folder):
    names, count, failed, steps = sorted(path.stem for path in folder.glob("*.tflite")), 0, [], []
    for name in names:
        inputs = (folder / f"{name}.inputs").read_bytes()
        inputs, found, *scales = in_tflite(folder / f"{name}.tflite", inputs)
        expected = np.frombuffer((folder / f"{name}.outputs").read_bytes(), "int8").reshape(found.shape)
        wrong = np.count_nonzero(found != expected)
        count += found.size
        if wrong:
            worst = np.abs(found.astype(int) - expected).max()
            failed.append(f"{name}: {wrong} of {found.size} bytes differ, by up to {worst}")

        if not (folder / f"{name}.int8_onnx").exists():
            continue  # ONNX has no operator for a layer.
        steps.append(np.abs(in_onnxruntime(folder / f"{name}.int8_onnx", inputs, *scales) - expected))
        print(f"{name}: {100 * np.mean(steps[-1] > 0):.2f} % of onnxruntime's outputs differ, by up to {steps[-1].max()} steps")
        if steps[-1].max() > MOST_STEPS or steps[-1].mean() > MEAN_STEPS:
            failed.append(f"{name}: onnxruntime differs too much")
    assert not failed and len(names) >= 24, "\n".join([f"{len(names)} models", *failed])
    print(f"{count} outputs of {len(names)} int8 models are those of TensorFlow Lite, byte for byte;")
    different = np.mean(np.concatenate([step.ravel() for step in steps]) > 0)
    worst = max(step.max() for step in steps)
    print(f"{100 * different:.2f} % of onnxruntime's {onnxruntime.__version__} differ, by up to {worst} steps")


if __name__ == "__main__":
    compare(Path(sys.argv[1]))
