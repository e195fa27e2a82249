"""Times predictions of the int8 networks of MLPerf Tiny, from the same files, in Shiplap, TensorFlow Lite and
onnxruntime. `int8` says how to run it. onnxruntime has no reader of these files: the operators are written as ONNX, with
pairs of `QuantizeLinear` and `DequantizeLinear`."""

import subprocess
import sys
from pathlib import Path
from time import perf_counter

import numpy
import onnxruntime
from ai_edge_litert import schema_py_generated as tflite
from ai_edge_litert.interpreter import Interpreter
from onnx import TensorProto, helper, numpy_helper

DATA = Path(__file__).parents[3] / "data/mlperf_tiny"
NETWORKS = ["ad01", "kws", "resnet8", "sww", "vww"]


def in_tflite(path):
    interpreter = Interpreter(str(path), num_threads=1)
    interpreter.allocate_tensors()
    (x,), (y,) = interpreter.get_input_details(), interpreter.get_output_details()

    def predict(sample):
        interpreter.set_tensor(x["index"], sample.reshape(x["shape"]))
        interpreter.invoke()
        return interpreter.get_tensor(y["index"])

    return predict


def as_onnx(path):
    """The model as ONNX, from and to int8. Images stay `[height][width][channels]` at the ends."""
    model = tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(path.read_bytes()))
    graph, nodes, constants = model.subgraphs[0], [], {}
    kinds = {value: name for name, value in vars(tflite.BuiltinOperator).items() if not name.startswith("_")}

    def constant(values):
        name = f"c{len(constants)}"
        constants[name] = numpy_helper.from_array(numpy.asarray(values, order="C"), name)
        return name

    def node(kind, *inputs, **attributes):
        nodes.append(helper.make_node(kind, inputs, [f"n{len(nodes)}"], **attributes))
        return nodes[-1].output[0]

    def scale(tensor):
        zero = tensor.quantization.zeroPoint
        return constant(numpy.float32(tensor.quantization.scale[0])), constant(numpy.int8(zero[0]))

    def quantized(name, tensor):
        return node("DequantizeLinear", node("QuantizeLinear", name, *scale(tensor)), *scale(tensor))

    def weights(kernel, bias, axis, order, input_scale):
        values = model.buffers[kernel.buffer].data.view(numpy.int8).reshape(kernel.shape).transpose(order)
        scales = numpy.array(kernel.quantization.scale, numpy.float32)
        one = len(scales) == 1
        zeros = numpy.zeros(scales.shape, numpy.int8)
        axis = {} if one else {"axis": axis}
        scales, zeros = (scales[0], zeros[0]) if one else (scales, zeros)
        kernel = node("DequantizeLinear", constant(values), constant(scales), constant(zeros), **axis)
        values = model.buffers[bias.buffer].data.view(numpy.int32)
        scales = numpy.float32(scales * numpy.float32(input_scale))
        axis = {} if one else {"axis": 0}
        zeros = numpy.zeros(scales.shape, numpy.int32)
        return kernel, node("DequantizeLinear", constant(values), constant(scales), constant(zeros), **axis)

    def padding(options, image, window, output):
        if options.padding == tflite.Padding.VALID:
            return [0, 0, 0, 0]
        strides = options.strideH, options.strideW
        zeros = [max((o - 1) * s + k - n, 0) for n, k, o, s in zip(image, window, output, strides)]
        return [z // 2 for z in zeros] + [z - z // 2 for z in zeros]

    first, last = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
    x = node("DequantizeLinear", "x", *scale(first))
    names = {graph.inputs[0]: node("Transpose", x, perm=[0, 3, 1, 2]) if len(first.shape) == 4 else x}
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        kind = kinds[max(code.builtinCode, code.deprecatedBuiltinCode)]
        ins, out = [graph.tensors[i] for i in operator.inputs], graph.tensors[operator.outputs[0]]
        x, options = names[operator.inputs[0]], operator.builtinOptions
        if kind in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            deep = kind == "DEPTHWISE_CONV_2D"
            order, window = ((3, 0, 1, 2) if deep else (0, 3, 1, 2)), ins[1].shape[1:3]
            kernel, bias = weights(ins[1], ins[2], 0, order, ins[0].quantization.scale[0])
            pads = padding(options, ins[0].shape[1:3], window, out.shape[1:3])
            strides, group = [options.strideH, options.strideW], int(ins[0].shape[3]) if deep else 1
            y = node("Conv", x, kernel, bias, pads=pads, strides=strides, group=group)
        elif kind == "FULLY_CONNECTED":
            kernel, bias = weights(ins[1], ins[2], 0, (0, 1), ins[0].quantization.scale[0])
            y = node("Gemm", x, kernel, bias, transB=1)
        elif kind == "ADD":
            y = node("Add", x, names[operator.inputs[1]])
        elif kind == "AVERAGE_POOL_2D":
            y = node("AveragePool", x, kernel_shape=[options.filterHeight, options.filterWidth])
        elif kind == "RESHAPE":
            y = node("Flatten", x)
        elif kind == "SOFTMAX":
            y = node("Softmax", x, axis=-1)
        else:
            sys.exit(f"{path}: no operator for {kind}")
        if getattr(options, "fusedActivationFunction", 0):
            y = node("Relu", y)
        names[operator.outputs[0]] = quantized(y, out)
    nodes.append(helper.make_node("QuantizeLinear", [names[graph.outputs[0]], *scale(last)], ["y"]))
    ends = [
        [helper.make_tensor_value_info(name, TensorProto.INT8, list(map(int, tensor.shape)))]
        for name, tensor in (("x", first), ("y", last))
    ]
    made = helper.make_graph(nodes, "network", *ends, list(constants.values()))
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), list(first.shape)


def in_onnxruntime(path):
    model, shape = as_onnx(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
    return lambda sample: session.run(None, {"x": sample.reshape(shape)})[0]


def microseconds(predict, sample):
    """The shortest of 50 predictions."""
    times = []
    for _ in range(50):
        start = perf_counter()
        predict(sample)
        times.append(perf_counter() - start)
    return min(times) * 1e6


def in_shiplap(program):
    """The times that the example prints: the median of 21 predictions of each network."""
    units = {"ns": 1e-3, "µs": 1.0, "ms": 1e3}
    lines = subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines()[1:]
    return {name: float(time[:-2]) * units[time[-2:]] for name, *_, time in map(str.split, lines)}


def main():
    program, passes = sys.argv[1], int(sys.argv[2])
    samples, rivals = {}, {}
    for name in NETWORKS:
        path = DATA / f"{name}_int8.tflite"
        tensors = Interpreter(str(path)).get_input_details()
        samples[name] = numpy.random.default_rng(1).integers(-128, 128, tensors[0]["shape"], numpy.int8)
        rivals[name] = {"TFLite": in_tflite(path), "onnxruntime": in_onnxruntime(path)}
        first, second = (predict(samples[name]).astype(int) for predict in rivals[name].values())
        print(f"{name}: the outputs differ by at most {abs(first - second).max()} steps", file=sys.stderr)
    best = {}
    for _ in range(passes):
        measured = [((name, "shiplap"), time) for name, time in in_shiplap(program).items()]
        for name, contenders in rivals.items():
            measured += [((name, rival), microseconds(run, samples[name])) for rival, run in contenders.items()]
        for key, time in measured:
            best[key] = min(time, best.get(key, time))
    print("| | Shiplap | TFLite | onnxruntime | of TFLite | of onnxruntime |\n|---|--:|--:|--:|--:|--:|")
    for name in NETWORKS:
        ours, lite, onnx = (best[name, contender] for contender in ("shiplap", "TFLite", "onnxruntime"))
        print(f"| {name} | {ours:.1f} | {lite:.1f} | {onnx:.1f} | {ours / lite:.2f} | {ours / onnx:.2f} |")


main()
