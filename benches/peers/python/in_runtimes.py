"""onnxruntime, and TensorFlow Lite with XNNPACK, which only predict. JAX trains the image networks for them; batch
normalization is folded into the kernels, and activations are fused where the format allows it."""

import numpy
import onnx
import onnxruntime
from ai_edge_litert import schema_py_generated as tflite
from ai_edge_litert.interpreter import Interpreter
from flatbuffers import Builder
from onnx import helper, numpy_helper

from contender import measure
from in_jax import Jit
from workload import (
    MANY,
    NORM_EPSILON,
    Dense,
    Depthwise,
    Flatten,
    GlobalAverage,
    MaxPool,
    Residual,
    channels_first,
    walk,
)


def folded(state):
    """The kernels and biases of a trained network, with batch normalization folded into them."""
    _, network, _, _, statistics = state
    statistics = iter(statistics)
    for kernel, bias, *scale in network:
        if scale:
            mean, variance = next(statistics)
            factor = scale[0] / (variance + NORM_EPSILON) ** 0.5
            kernel, bias = kernel * factor, bias - mean * factor
        yield numpy.array(kernel), numpy.array(bias)


class Runtime(Jit):
    only_predicts, takes = True, ("images",)

    def __init__(self, problem):
        super().__init__(problem)
        self.samples = {rows: problem.samples(rows) for rows in (1, MANY)}

    def reset(self):
        super().reset()
        self.runners = {}

    def predict(self, rows, times):
        if rows not in self.runners:
            kernels, biases = zip(*folded(self.state))
            self.runners[rows] = self.runner(list(kernels), biases, self.samples[rows])
        for _ in range(times):
            prediction = self.runners[rows]()
        return float(prediction[0, 0])


class Onnx(Runtime):
    """A graph of images `[channel][height][width]`."""

    def runner(self, kernels, biases, x):
        tensors, nodes = [], []
        weights = iter(zip(channels_first(self.workload, kernels), biases))

        def constant(values):
            tensors.append(numpy_helper.from_array(values, f"t{len(tensors)}"))
            return tensors[-1].name

        def node(kind, *inputs, **attributes):
            nodes.append(helper.make_node(kind, inputs, [f"n{len(nodes)}"], **attributes))
            return nodes[-1].output[0]

        def run(parts, given, x):
            for part, given, _ in walk(parts, given):
                if isinstance(part, Residual):
                    branch = run(part.branch, given, x)
                    x = node("Relu", node("Add", branch, run(part.shortcut, given, x)))
                elif isinstance(part, MaxPool):
                    x = node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
                elif isinstance(part, GlobalAverage):
                    x = node("Flatten", node("GlobalAveragePool", x))
                elif isinstance(part, Flatten):
                    x = node("Flatten", x)
                else:
                    kernel, bias = map(constant, next(weights))
                    if isinstance(part, Dense):
                        x = node("Gemm", x, kernel, bias, transB=1)
                    else:
                        pads = [zeros for side in zip(*part.padding(given)) for zeros in side]
                        group = given[2] if isinstance(part, Depthwise) else 1
                        x = node("Conv", x, kernel, bias, strides=[part.stride] * 2, pads=pads, group=group)
                    x = node("Relu", x) if part.active else x
            return x

        x = numpy.ascontiguousarray(x.transpose(0, 3, 1, 2))
        output = node("Softmax", run(self.workload.parts, self.workload.input, "x"), axis=1)
        values = (("x", x.shape), (output, None))
        ends = [[helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)] for name, shape in values]
        graph = helper.make_graph(nodes, "network", *ends, tensors)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
        return lambda: session.run(None, {"x": x})[0]


class TfLite(Runtime):
    def runner(self, kernels, biases, x):
        graph = tflite.SubGraphT(tensors=[], operators=[], inputs=[0])
        model = tflite.ModelT(version=3, operatorCodes=[], subgraphs=[graph], buffers=[tflite.BufferT()])
        weights, rows = iter(zip(kernels, biases)), len(x)
        relu = tflite.ActivationFunctionType.RELU

        def tensor(shape, values=None):
            if values is not None:
                model.buffers.append(tflite.BufferT(data=numpy.frombuffer(values.tobytes(), numpy.uint8)))
            buffer = len(model.buffers) - 1 if values is not None else 0
            integer = values is not None and values.dtype == numpy.int32
            kind = tflite.TensorType.INT32 if integer else tflite.TensorType.FLOAT32
            graph.tensors.append(tflite.TensorT(list(shape), kind, buffer, f"t{len(graph.tensors)}"))
            return len(graph.tensors) - 1

        def constant(values):
            return tensor(values.shape, numpy.ascontiguousarray(values))

        def operator(code, shape, *inputs, **options):
            code = getattr(tflite.BuiltinOperator, code)
            model.operatorCodes.append(tflite.OperatorCodeT(min(code, 127), None, 1, code))
            output = tensor((rows, *shape))
            ((kind, options),) = options.items()
            kind, options = getattr(tflite.BuiltinOptions, kind), getattr(tflite, kind + "T")(**options)
            index = len(model.operatorCodes) - 1
            graph.operators.append(tflite.OperatorT(index, list(inputs), [output], kind, options))
            return output

        def run(parts, given, x):
            for part, given, shape in walk(parts, given):
                active = relu if getattr(part, "active", False) else 0
                if isinstance(part, Residual):
                    inputs = run(part.branch, given, x), run(part.shortcut, given, x)
                    x = operator("ADD", shape, *inputs, AddOptions={"fusedActivationFunction": relu})
                elif isinstance(part, MaxPool):
                    steps = {"padding": 1, "strideW": 2, "strideH": 2, "filterWidth": 2, "filterHeight": 2}
                    x = operator("MAX_POOL_2D", shape, x, Pool2DOptions=steps)
                elif isinstance(part, GlobalAverage):
                    axes = constant(numpy.array([1, 2], "int32"))
                    x = operator("MEAN", shape, x, axes, ReducerOptions={"keepDims": False})
                elif isinstance(part, Flatten):
                    axes = constant(numpy.array([rows, *shape], "int32"))
                    x = operator("RESHAPE", shape, x, axes, ReshapeOptions={"newShape": [rows, *shape]})
                else:
                    kernel, bias = next(weights)
                    options = {"fusedActivationFunction": active}
                    if isinstance(part, Dense):
                        inputs = x, constant(kernel.T), constant(bias)
                        x = operator("FULLY_CONNECTED", shape, *inputs, FullyConnectedOptions=options)
                        continue
                    options.update(padding=0, strideW=part.stride, strideH=part.stride)
                    if isinstance(part, Depthwise):
                        inputs = x, constant(kernel[None]), constant(bias)
                        options["depthMultiplier"] = 1
                        x = operator("DEPTHWISE_CONV_2D", shape, *inputs, DepthwiseConv2DOptions=options)
                    else:
                        inputs = x, constant(kernel.transpose(3, 0, 1, 2)), constant(bias)
                        x = operator("CONV_2D", shape, *inputs, Conv2DOptions=options)
            return x

        output = run(self.workload.parts, self.workload.input, tensor(x.shape))
        output = operator("SOFTMAX", [self.workload.outputs], output, SoftmaxOptions={"beta": 1.0})
        graph.outputs = [output]
        builder = Builder()
        builder.Finish(model.Pack(builder), b"TFL3")
        interpreter = Interpreter(model_content=bytes(builder.Output()), num_threads=1)
        interpreter.allocate_tensors()

        def predict():
            interpreter.set_tensor(0, x)
            interpreter.invoke()
            return interpreter.get_tensor(output)

        return predict


measure({"onnxruntime": Onnx, "TFLite": TfLite})
