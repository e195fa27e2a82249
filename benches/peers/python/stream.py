"""Times one step of a GRU and of an LSTM of 64 units in Shiplap, PyTorch and onnxruntime. `stream_steps` says how to run
it. The weights and frames are those of `stream/src/main.rs`."""

import subprocess
import sys
from time import perf_counter

import numpy
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

STEPS, FEATURES, UNITS = 32, 6, 64


def waves(*shape):
    return (numpy.sin(numpy.arange(numpy.prod(shape)).astype("f8")).astype("f4") / numpy.float32(8)).reshape(shape)


FRAMES = waves(STEPS, 1, FEATURES) * 8


def parameters(kind):
    """The kernels `[gate, unit, input]` and biases `[gate, unit]` of the frame and of the state, in the order of Keras."""
    gates, biases = {"GRU": (3, 2), "LSTM": (4, 1)}[kind]
    kernels = [waves(gates, inputs, UNITS).transpose(0, 2, 1) for inputs in (FEATURES, UNITS)]
    bias = waves(gates, UNITS)
    return *kernels, bias, bias if biases == 2 else 0 * bias


def in_torch(kind, cell):
    order = {"GRU": [1, 0, 2], "LSTM": [0, 1, 2, 3]}[kind]
    tensors = [torch.tensor(numpy.concatenate(part[order])) for part in parameters(kind)]
    layer = getattr(torch.nn, f"{kind}Cell" if cell else kind)(FEATURES, UNITS)
    with torch.no_grad():
        for parameter, tensor in zip(layer.parameters(), tensors):
            parameter.copy_(tensor)
    frames = [torch.tensor(frame) for frame in FRAMES]

    def run(passes):
        with torch.inference_mode():
            for _ in range(passes):
                state = None
                for frame in frames:
                    if cell:
                        state = layer(frame, state)
                    else:
                        _, state = layer(frame[None], state)
            return float((state if kind == "GRU" else state[0]).flatten()[0])

    return run


def in_onnxruntime(kind):
    order = {"GRU": [0, 1, 2], "LSTM": [0, 3, 1, 2]}[kind]
    frame, state, *biases = (numpy.concatenate(part[order])[None] for part in parameters(kind))
    constants = {"W": frame, "R": state, "B": numpy.concatenate(biases, axis=1)}
    states = ["h", "c"][: 1 if kind == "GRU" else 2]
    attributes = {"hidden_size": UNITS} | ({"linear_before_reset": 1} if kind == "GRU" else {})
    outputs = ["", *(f"{name}_after" for name in states)]
    node = helper.make_node(kind, ["x", *constants, "", *states], outputs, **attributes)
    info = lambda name, width: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, width])
    graph = helper.make_graph(
        [node], kind, [info("x", FEATURES), *(info(name, UNITS) for name in states)],
        [info(name, UNITS) for name in outputs[1:]],
        [numpy_helper.from_array(values.astype("f4"), name) for name, values in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])

    def run(passes):
        for _ in range(passes):
            values = {name: numpy.zeros((1, 1, UNITS), "f4") for name in states}
            for frame in FRAMES:
                values = dict(zip(states, session.run(None, {"x": frame[None], **values})))
        return float(values["h"].flatten()[0])

    return run


def microseconds(run):
    run(5)
    times = []
    for _ in range(20):
        start = perf_counter()
        run(1)
        times.append(perf_counter() - start)
    return min(times) * 1e6 / STEPS


def main():
    program, passes = sys.argv[1], int(sys.argv[2])
    torch.set_num_threads(1)
    rivals = {
        kind: {
            "PyTorch": in_torch(kind, False),
            "PyTorch's cell": in_torch(kind, True),
            "onnxruntime": in_onnxruntime(kind),
        }
        for kind in ("GRU", "LSTM")
    }
    best = {}
    for _ in range(passes):
        lines = subprocess.run([program], check=True, capture_output=True, text=True).stdout.split()
        measured = [((kind, "Shiplap"), float(time)) for kind, time, _ in (line.split(",") for line in lines)]
        for kind, contenders in rivals.items():
            measured += [((kind, name), microseconds(run)) for name, run in contenders.items()]
        for key, time in measured:
            best[key] = min(time, best.get(key, time))
    for kind, _, state in (line.split(",") for line in lines):
        for name, run in rivals[kind].items():
            if abs(run(1) - float(state)) > 1e-5:
                sys.exit(f"{kind}: the state of {name} is {run(1)}, that of Shiplap {state}")
    names = list(rivals["GRU"])
    print(f"| | Shiplap | {' | '.join(names)} | of PyTorch | of its cell | of onnxruntime |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for kind in rivals:
        ours, *others = (best[kind, name] for name in ["Shiplap", *names])
        times = [f"{time:.2f}" for time in (ours, *others)] + [f"{ours / time:.3f}" for time in others]
        print(f"| {kind} | {' | '.join(times)} |")


main()
