"""Writes the TensorFlow Lite models of `tests/models`, and the outputs of TensorFlow Lite's reference kernels.

    python make_models.py [NAME...]

It needs tensorflow 2.21 and tf_keras 2.21. Each `.tflite` has a file `.bin` beside it: 16 samples, each with its inputs
and its outputs.
"""

import os
import sys

os.environ["CUDA_VISIBLE_DEVICES"] = os.environ["TF_ENABLE_ONEDNN_OPTS"] = ""
import keras
import numpy as np
import tensorflow as tf
import tf_keras
from keras import layers as L
from tensorflow.lite.tools import flatbuffer_utils

DEPTH_TO_SPACE, TILE, SUM, ELU = 5, 69, 74, 111

rng = np.random.default_rng(1)
keras.utils.set_random_seed(1)


def reference(model, samples):
    """The outputs of the reference kernels, of which there is none for ELU. That for SUM in int8 has a defect: it computes
    -1 for zeros. Models with these run with the other kernels."""
    resolver = tf.lite.experimental.OpResolverType.BUILTIN_REF
    codes = [code.builtinCode for code in flatbuffer_utils.read_model_from_bytearray(bytearray(model)).operatorCodes]
    if ELU in codes or SUM in codes:
        resolver = tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    # The reference kernels of these have an older version, and the same arithmetic.
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(model))
    for code in model.operatorCodes:
        code.version = min(code.version, 1) if code.builtinCode in (DEPTH_TO_SPACE, TILE) else code.version
    model = bytes(flatbuffer_utils.convert_object_to_bytearray(model))
    interpreter = tf.lite.Interpreter(model_content=model, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    entrances, ends = interpreter.get_input_details(), interpreter.get_output_details()
    for sample in samples:
        interpreter.reset_all_variables()
        inputs = [sample[number] for number in order(entrances, samples)]
        for entrance, x in zip(entrances, inputs):
            interpreter.set_tensor(entrance["index"], x[None])
        interpreter.invoke()
        outputs = [interpreter.get_tensor(end["index"])[0] for end in ends]
        yield b"".join(tensor.tobytes() for tensor in inputs + outputs)


def order(entrances, samples):
    """The places of the inputs of the file, which are told apart by their shapes, in a sample."""
    shapes = [x.shape for x in samples[0]]
    return [shapes.index(tuple(entrance["shape"][1:])) for entrance in entrances]


def randomize(model):
    """Biases and statistics other than those of an untrained network."""
    for weight in model.weights:
        path, shape = weight.name if isinstance(weight, tf.Variable) else weight.path, weight.shape
        if "variance" in path:
            weight.assign(rng.uniform(0.5, 2, shape))
        elif len(shape) == 1:
            weight.assign(rng.normal(1 if "gamma" in path else 0, 0.3, shape))


def write(name, model, ends="int8", spread=1.0, extreme=False):
    if sys.argv[1:] and name not in sys.argv[1:]:
        return
    randomize(model)
    shapes = [tuple(entrance.shape[1:]) for entrance in model.inputs]
    draw = rng.uniform if isinstance(spread, tuple) else rng.normal
    limits = spread if isinstance(spread, tuple) else (0, spread)
    samples = [[draw(*limits, shape).astype(np.float32) for shape in shapes] for _ in range(100)]
    places = list(range(len(shapes)))
    if len(shapes) > 1:
        plain = tf.lite.TFLiteConverter.from_keras_model(model).convert()
        places = order(tf.lite.Interpreter(model_content=plain).get_input_details(), samples)
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if ends == "hybrid":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    elif ends == "half":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    elif ends != "real":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([sample[place][None] for place in places] for sample in samples)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        if ends != "float":
            converter.inference_input_type = converter.inference_output_type = getattr(tf, ends)
    converted = converter.convert()
    if ends in ("int8", "uint8"):
        kind = np.iinfo(ends)
        inputs = [[rng.integers(kind.min, kind.max + 1, shape).astype(ends) for shape in shapes] for _ in range(16)]
        if extreme:
            inputs[8:] = [[np.where(x < 0, kind.min, kind.max).astype(ends) for x in sample] for sample in inputs[8:]]
        if shapes == [(256,)]:
            inputs[0] = [(np.arange(256) - 128).astype(ends)]
    else:
        inputs = [[draw(*limits, shape).astype(np.float32) for shape in shapes] for _ in range(16)]
    folder = os.environ.get("MODELS", os.path.dirname(os.path.abspath(__file__)))
    with open(f"{folder}/{name}.tflite", "wb") as file:
        file.write(converted)
    if name in ("unsupported", "hybrid"):
        return
    with open(f"{folder}/{name}.bin", "wb") as file:
        file.writelines(reference(converted, inputs))
    print(name, len(converted), "bytes")


def network(shape, layers):
    return keras.Sequential([keras.Input(shape), *layers])


def mobile():
    """Folded batch norms, ReLU6, padding before strides, a residual connection and `MEAN`."""
    x = image = keras.Input((12, 12, 3))
    x = L.ZeroPadding2D(((0, 1), (0, 1)))(x)
    x = L.Conv2D(8, 3, strides=2, use_bias=False)(x)
    x = L.ReLU(6.0)(L.BatchNormalization()(x))
    y = L.ReLU(6.0)(L.BatchNormalization()(L.DepthwiseConv2D(3, padding="same", use_bias=False)(x)))
    y = L.BatchNormalization()(L.Conv2D(8, 1, use_bias=False)(y))
    x = L.Add()([x, y])
    x = L.ZeroPadding2D(((1, 2), (2, 0)))(x)
    x = L.DepthwiseConv2D((3, 2), strides=2)(x)
    x = L.GlobalAveragePooling2D()(x)
    return keras.Model(image, L.Dense(5, activation="softmax")(x))


def inception():
    """Branches of several lengths and scales, pools with all paddings, and activations as layers."""
    x = image = keras.Input((9, 8, 4))
    a = L.Conv2D(3, 1, activation="relu")(x)
    b = L.Conv2D(5, 3, padding="same")(x)
    b = L.ReLU()(b)
    c = L.MaxPooling2D(3, strides=1, padding="same")(x)
    x = L.Concatenate()([a, b, c])
    x = L.AveragePooling2D((2, 3), padding="same")(x)
    y = L.Conv2D(12, 1, activation="tanh")(x)
    x = L.ReLU()(L.Add()([x, y]))
    x = L.MaxPooling2D((3, 1), strides=(2, 1))(x)
    x = L.Flatten()(x)
    x = L.Dense(6, use_bias=False, activation="relu6")(x)
    return keras.Model(image, L.Dense(1, activation="sigmoid")(x))


def keep_dims():
    x = image = keras.Input((6, 6, 4))
    x = L.Conv2D(8, 3, activation="relu")(x)
    x = L.GlobalAveragePooling2D(keepdims=True)(x)
    x = L.Conv2D(6, 1, activation="relu")(x)
    return keras.Model(image, L.Dense(3)(L.Flatten()(x)))


def series():
    return network((20, 3), [
        L.Conv1D(6, 5, strides=2, activation="relu"), L.Conv1D(4, 3, padding="same"), L.GlobalAveragePooling1D(),
        L.Dense(4),
    ])


def dilated():
    """Dilated convolutions, which the converter writes as a convolution of dealt pixels, with and without zeros."""
    return network((12, 11, 2), [
        L.Conv2D(4, 3, dilation_rate=2, padding="same", activation="relu"), L.DepthwiseConv2D((3, 2), dilation_rate=2),
        L.Conv2D(3, 3, dilation_rate=(3, 1)), L.GlobalAveragePooling2D(), L.Dense(3),
    ])


def dilated_series():
    """Causal convolutions with residual connections."""
    x = series = keras.Input((25, 3))
    for dilation in (1, 2, 4):
        y = L.Conv1D(5, 3, padding="causal", dilation_rate=dilation, activation="relu")(x)
        x = L.Add()([y, L.Conv1D(5, 1)(x)])
    return keras.Model(series, L.Dense(2)(L.GlobalAveragePooling1D()(x)))


def constant(batch_norm):
    """A constant for each channel, or a batch norm after an activation, that no layer includes."""
    x = image = keras.Input((6, 5, 3))
    x = L.Conv2D(4, 3, activation="relu")(x)
    if batch_norm:
        x = L.BatchNormalization()(x)
    else:
        x = keras.ops.add(x, np.float32([0.5, -1, 2, 0.1]))
    x = L.MaxPooling2D(2)(x)
    return keras.Model(image, L.Dense(3)(L.Flatten()(x)))


def scaled():
    """Batch norms after activations, which no layer includes: products and sums with constants."""
    return network((8, 8, 2), [
        L.Normalization(mean=[0.5, -0.2], variance=[0.5, 2.0]),
        L.Conv2D(6, 3, activation="relu"), L.BatchNormalization(), L.MaxPooling2D(2), L.Flatten(),
        L.Dense(5, activation="relu"), L.BatchNormalization(), L.Dense(3),
    ])


def excited():
    """Products of branches: squeeze-and-excitation, SiLU, and a difference."""
    x = image = keras.Input((7, 6, 3))
    x = L.Conv2D(8, 3, padding="same", activation="silu")(x)
    y = L.GlobalAveragePooling2D(keepdims=True)(x)
    y = L.Conv2D(2, 1, activation="relu")(y)
    y = L.Conv2D(8, 1, activation="sigmoid")(y)
    x = L.Multiply()([x, y])
    x = L.Subtract()([L.Conv2D(4, 3)(x), L.Conv2D(4, 3, activation="tanh")(x)])
    return keras.Model(image, L.Dense(3)(L.GlobalAveragePooling2D()(x)))


def reduced():
    """The mean of each column, and the maximum of each channel."""
    image = keras.Input((6, 5, 4))
    x = L.Conv2D(4, 3, padding="same", activation="hard_swish")(image)
    y = L.Conv1D(6, 3)(keras.ops.mean(x, axis=1))
    return keras.Model(image, L.Dense(3)(L.LeakyReLU(0.1)(L.GlobalMaxPooling1D()(y))))


def summed():
    """Sums of columns, channels, rows of channels and all pixels. Nothing else: the kernels that run it round products otherwise."""
    total = lambda **options: L.Lambda(lambda x: keras.ops.sum(x, **options))
    image = keras.Input((6, 5, 4))
    return keras.Model(image, [total(axis=axis)(image) for axis in (1, -1, (1, 3))] + [total(axis=(1, 2), keepdims=True)(image)])


def least():
    """Minima of rows, columns, channels and all pixels, and a mean of rows of channels."""
    least = lambda **options: L.Lambda(lambda x: keras.ops.min(x, **options))
    image = keras.Input((6, 5, 4))
    x = L.Conv2D(4, 3, padding="same", activation="tanh")(image)
    x = L.Multiply()([x, least(axis=(1, 2), keepdims=True)(x)])
    parts = [least(axis=axis)(x) for axis in (1, 2, 3, (1, 2))] + [keras.ops.mean(x, axis=(1, 3))]
    return keras.Model(image, L.Concatenate()([L.Dense(2)(L.Flatten()(part)) for part in parts]))


def mirrored():
    """Rows, columns and steps in the opposite order around images and series, with and without those at the ends."""
    pad = lambda paddings, mode: L.Lambda(lambda x: tf.pad(x, [[0, 0], *paddings, [0, 0]], mode))
    image = keras.Input((5, 4, 3))
    x = L.Conv2D(4, 3, activation="tanh")(pad([[1, 1], [1, 1]], "REFLECT")(image))
    x = L.Conv2D(3, 2)(pad([[2, 0], [1, 3]], "SYMMETRIC")(x))
    x = pad([[3, 2]], "REFLECT")(L.Reshape((21, 7))(pad([[0, 1], [0, 0]], "REFLECT")(x)))
    return keras.Model(image, L.Conv1D(2, 3)(x))


def added():
    """A sum of several tensors."""
    image = keras.Input((5, 4, 3))
    x = [L.Conv2D(4, 3, padding="same")(image), L.Conv2D(4, 1, activation="tanh")(image)]
    x = L.Lambda(tf.add_n)([x[0], x[1], L.Conv2D(4, 2, padding="same")(x[0]), x[1]])
    return keras.Model(image, L.Conv2D(2, 3)(x))


def enlarged():
    """Several filters for each channel, and images and vectors that are repeated."""
    image = keras.Input((6, 5, 3))
    x = L.SeparableConv2D(4, 3, depth_multiplier=2, padding="same", activation="relu")(image)
    y = L.UpSampling2D((2, 3))(x)
    z = L.Lambda(lambda x: tf.image.resize(x, (12, 15), method="nearest"))(L.Conv2D(2, 1)(x))
    x = L.Conv2D(3, 3, activation="relu")(L.Concatenate()([y, z]))
    x = L.RepeatVector(4)(L.Dense(3)(L.Flatten()(x)))
    return keras.Model(image, L.Flatten()(L.Conv1D(2, 2)(x)))


def padded():
    """Numbers other than 0 around images, also where zeros would be those of a convolution."""
    x = image = keras.Input((5, 4, 3))
    x = L.Lambda(lambda x: tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], constant_values=-0.7))(x)
    x = L.Conv2D(4, 3, activation="tanh")(x)
    x = L.Lambda(lambda x: tf.pad(x, [[0, 0], [0, 0], [2, 1], [0, 0]], constant_values=0.5))(x)
    return keras.Model(image, L.AveragePooling2D(2)(x))


def resized():
    """Larger and smaller images, whose pixels lie between those of the input, at each of the places."""
    resize = tf.compat.v1.image.resize_bilinear
    image = keras.Input((6, 5, 3))
    x = L.UpSampling2D((2, 3), interpolation="bilinear")(L.Conv2D(4, 3, padding="same", activation="relu")(image))
    x = L.Conv2D(4, 3)(L.Resizing(7, 20)(x))
    x = L.Conv2D(3, 2, activation="tanh")(L.Lambda(lambda x: resize(x, (9, 11), align_corners=True))(x))
    x = L.Lambda(lambda x: resize(x, (4, 21), align_corners=False))(x)
    return keras.Model(image, L.Conv2D(2, 3, strides=2)(x))


def transposed():
    """Transposed convolutions with each padding, of images and of a series."""
    image = keras.Input((4, 5, 3))
    x = L.Conv2DTranspose(4, 3, strides=2, padding="same", activation="relu")(image)
    x = L.Conv2DTranspose(2, (2, 3), strides=(3, 1), use_bias=False)(x)
    x = L.Conv2DTranspose(3, 1, strides=(1, 2), activation="tanh")(x)
    x = L.Conv1DTranspose(2, 3, strides=2, padding="same")(L.Reshape((24, 72))(x))
    return keras.Model(image, x)


def cut():
    """Parts of images, series and vectors, and filters in groups."""
    image = keras.Input((12, 11, 4))
    x = L.Conv2D(6, 3, groups=2, activation="relu")(L.Cropping2D(((1, 2), (0, 3)))(image))
    x = x[:, ::2, 1:, :]
    x = L.Conv1D(5, 3)(L.Reshape((20, 6))(x[:, :, :5, :]))
    y = L.Concatenate()([x[:, -1, :], x[:, 3, 1:4], L.Cropping1D((2, 14))(x)[:, 0, :]])
    return keras.Model(image, L.Dense(3)(y))


def each_step():
    """Dense layers of each step, and means and maxima of each step."""
    series = keras.Input((6, 4))
    x = L.Dense(12, activation="relu")(series)
    x = L.Dense(6, activation="sigmoid", use_bias=False)(x)
    x = L.Reshape((6, 2, 3))(x)
    x = L.Concatenate()([keras.ops.mean(x, axis=2), keras.ops.max(x, axis=2)])
    return keras.Model(series, L.Dense(2)(L.Flatten()(L.Dense(3, activation="softmax")(x))))


def rectified():
    """A factor for each channel's negative numbers, and one for each number."""
    factors = lambda: keras.initializers.RandomUniform(-0.2, 0.6)
    return network((6, 5, 3), [
        L.Conv2D(4, 3, padding="same"), L.PReLU(factors(), shared_axes=[1, 2]), L.Conv2D(3, 3), L.PReLU(factors()),
        L.LeakyReLU(0.2), L.Flatten(), L.Dense(5, activation="gelu"), L.PReLU(factors()), L.Dense(3),
    ])


def gated():
    """Two dilated convolutions of the same pixels, which gate each other."""
    series = keras.Input((20, 3))
    x = L.Conv1D(4, 2, dilation_rate=2, padding="causal", activation="tanh")(series)
    y = L.Conv1D(4, 2, dilation_rate=2, padding="causal", activation="sigmoid")(series)
    return keras.Model(series, L.Conv1D(2, 1)(L.Multiply()([x, y])))


def combined():
    """Products, sums and differences with tensors of fewer rows, columns or channels, and the larger and the smaller."""
    image = keras.Input((6, 5, 4))
    x = L.Conv2D(4, 3, padding="same")(image)
    x = L.Multiply()([x, L.Conv2D(1, 3, padding="same", activation="sigmoid")(x)])
    x = L.Subtract()([x, L.Lambda(lambda x: keras.ops.mean(x, axis=1, keepdims=True))(x)])
    x = L.Maximum()([x, L.Conv2D(4, 1)(image)])
    x = L.Minimum()([x, L.Lambda(lambda x: 1.0 - x)(x)])
    x = L.Lambda(lambda x: keras.ops.minimum(keras.ops.maximum(x, -0.4), 0.6))(x)
    row, column = L.Dense(3)(L.Flatten()(x)), L.Dense(4)(L.GlobalMaxPooling2D()(x))
    grid = L.Add()([L.Reshape((3, 1))(row), L.Reshape((1, 4))(column)])
    return keras.Model(image, L.Conv1D(2, 2)(grid))


def shuffled():
    """Axes that are exchanged, channels as pixels and pixels as channels, parts, and tensors that are put side by side."""
    image = keras.Input((6, 4, 3))
    x = L.Lambda(lambda x: tf.nn.depth_to_space(x, 2))(L.Conv2D(8, 3, padding="same", activation="relu")(image))
    x = L.Lambda(lambda x: tf.nn.space_to_depth(x, 4))(L.Conv2D(2, 3, padding="same")(x))
    x = L.Reshape((3, 2, 32))(L.Permute((1, 3, 2))(L.Reshape((6, 8, 4))(x)))
    parts = L.Lambda(lambda x: tf.split(x, [5, 11, 16], axis=3))(x)
    x = L.Concatenate()([L.Conv2D(3, 1)(parts[1]), parts[0], L.Conv2D(2, 2, padding="same")(parts[2])])
    x = L.Concatenate(axis=1)([x, L.Permute((2, 1, 3))(L.Conv2D(10, 2, padding="same")(L.Permute((2, 1, 3))(x)))])
    x = L.Permute((3, 2, 1))(x)
    rows = L.Lambda(lambda x: tf.unstack(x, axis=1))(x)
    x = L.Lambda(lambda rows: tf.stack(rows, axis=2))([L.Dense(3)(row) for row in rows[2:5]])
    return keras.Model(image, L.Dense(4)(L.Flatten()(x)))


def functions():
    """Functions of one number, of positive numbers and of any."""
    image = keras.Input((5, 4, 3))
    x = L.Conv2D(4, 3, padding="same", activation=keras.activations.hard_tanh)(image)
    y = L.Lambda(lambda x: 0.5 + keras.ops.abs(x))(L.Conv2D(4, 1)(image))
    y = L.Concatenate()([L.Lambda(f)(y) for f in (keras.ops.log, keras.ops.sqrt, keras.ops.rsqrt)])
    y = L.Conv2D(4, 1, activation=lambda x: keras.activations.exponential(-x))(y)
    x = L.Add()([x, L.Lambda(keras.ops.square)(x), y])
    return keras.Model(image, L.Dense(3)(L.Flatten()(x)))


def normalized():
    """An instance norm: each channel is normalized over all pixels, by squared differences."""
    image = keras.Input((5, 4, 3))
    x = L.Conv2D(4, 3, padding="same", activation="tanh")(image)
    mean = L.Lambda(lambda x: keras.ops.mean(x, axis=(1, 2), keepdims=True))(x)
    squares = L.Lambda(lambda x: tf.math.squared_difference(*x))([x, mean])
    variance = L.Lambda(lambda x: 0.1 + keras.ops.mean(x, axis=(1, 2), keepdims=True))(squares)
    x = L.Multiply()([L.Subtract()([x, mean]), L.Lambda(keras.ops.rsqrt)(variance)])
    x = L.Lambda(lambda x: tf.math.squared_difference(x, 0.5))(x)
    return keras.Model(image, L.Dense(3)(L.Flatten()(x)))


def several():
    """Two inputs and three outputs, of which one is in the branch of another."""
    image, numbers = keras.Input((6, 5, 2)), keras.Input((4,))
    x = L.Conv2D(3, 3, activation="relu")(image)
    y = L.Concatenate()([L.Flatten()(x), L.Dense(5, activation="relu")(numbers)])
    y = L.Dense(6, activation="tanh")(y)
    heads = [L.Dense(3, activation="softmax")(y), L.Dense(2)(y), L.Conv2D(2, 2)(x)]
    return keras.Model([image, numbers], heads)


def shared():
    """A pyramid of images, both outputs of which share most of it."""
    image = keras.Input((8, 6, 2))
    large = L.Conv2D(4, 3, padding="same", activation="relu")(image)
    small = L.Conv2D(5, 3, strides=2, padding="same", activation="relu")(large)
    top = L.Conv2D(3, 1)(small)
    middle = L.Add()([L.UpSampling2D()(top), L.Conv2D(3, 1)(large)])
    bottom = L.Add()([top, L.Conv2D(3, 3, strides=2, padding="same")(middle)])
    return keras.Model(image, [L.Conv2D(2, 1)(middle), L.Conv2D(1, 1, activation="sigmoid")(bottom)])


def unrolled():
    """A recurrent layer, step by step from a constant state, and a constant beside its states."""
    series = keras.Input((3, 3))
    x = L.GRU(5, unroll=True, return_sequences=True)(series)
    token = np.linspace(-1, 1, 5, dtype=np.float32).reshape(1, 1, 5)
    return keras.Model(series, L.Conv1D(2, 2)(L.Lambda(lambda x: tf.concat([token, x], axis=1))(x)))


def widened():
    """Residual connections from fewer channels, beside which there are zeros, or another number, and rows of them."""
    image = keras.Input((6, 5, 3))
    x = L.Conv2D(5, 3, padding="same", activation="relu")(image)
    beside = [[0, 0], [0, 0], [0, 0], [0, 2]]
    x = L.Add()([x, L.Lambda(lambda x: tf.pad(x, beside))(image)])
    x = L.Lambda(lambda x: tf.pad(x, [[0, 0], [1, 0], [0, 2], [1, 1]], constant_values=0.3))(x)
    return keras.Model(image, L.Conv2D(3, 3)(x))


def log_softmax(size):
    """Logarithms of shares, of which some are too small for int8, as logits of others."""
    x = keras.Input((7, 5))
    y = L.Dense(12, activation="log_softmax", kernel_initializer=keras.initializers.RandomNormal(0, size, 1))(x)
    return keras.Model(x, [L.Activation("log_softmax")(x), L.Dense(2, activation="log_softmax")(y)])


def unit_length():
    """Embeddings of pixels and of the whole, of length 1."""
    image = keras.Input((5, 4, 3))
    unit = lambda: L.Lambda(lambda x: tf.math.l2_normalize(x, axis=-1))
    x = unit()(L.Conv2D(6, 3)(image))
    return keras.Model(image, [unit()(image), unit()(L.Dense(9)(L.Flatten()(x)))])


def attended():
    """Attention of two heads, and products of matrices of which one is transposed or both are."""
    x = inputs = keras.Input((6, 8))
    x = L.Add()([x, L.MultiHeadAttention(2, 4)(x, x)])
    scores = L.Softmax()(L.Dot((2, 2))([x, L.Dense(8)(x)]))
    x = L.Dot((1, 1))([scores, x])
    return keras.Model(inputs, L.Dot((1, 1))([x, x]))


def masked():
    """Attention to earlier steps only, choices by constant masks, and channels in another order."""
    x = inputs = keras.Input((6, 8))
    choice = np.arange(48).reshape(6, 8) % 3 > 0
    x = L.Lambda(lambda x: tf.where(choice, x, 0.5))(x)
    scores = L.Softmax()(L.Lambda(lambda x: tf.where(np.tri(6) > 0, x, -8.0))(L.Dot((2, 2))([x, L.Dense(8)(x)])))
    x = L.Dot((2, 1))([scores, x])
    x = L.Lambda(lambda x: tf.where(choice[:, ::-1], x, tf.abs(x)))(x)
    return keras.Model(inputs, L.Dense(4)(L.Lambda(lambda x: tf.gather(x, [6, 7, 0, 2, 3], axis=-1))(x)))


def recurrent(layers):
    """LSTMs. The converter writes their operator for Keras 2 only, and for a batch of 1."""
    return tf_keras.Sequential([tf_keras.Input((9, 3), batch_size=1), *layers])


def lstm(units, size=1.0, **options):
    """An LSTM, with weights so many times as large as usual: its gates saturate, and its cells grow."""
    scaled = lambda initializer: lambda shape, dtype: size * initializer(shape, dtype)
    initializers = tf_keras.initializers.GlorotUniform(1), tf_keras.initializers.Orthogonal(1.0, 1)
    kernel, recurrent = map(scaled, initializers)
    return tf_keras.layers.LSTM(units, kernel_initializer=kernel, recurrent_initializer=recurrent, **options)


def lstm_states():
    """All states, of units that fill a block and more."""
    return recurrent([lstm(11, return_sequences=True)])


def hybrid():
    """An LSTM whose weights are numerous enough for int8, while its input is real."""
    return tf_keras.Sequential([tf_keras.Input((2, 32), batch_size=1), lstm(32)])


def lstm_stack():
    """Two LSTMs whose gates saturate, of which the second outputs its last state."""
    return recurrent([lstm(6, 8.0, return_sequences=True), lstm(4, 3.0), tf_keras.layers.Dense(2)])


def function(name):
    return network((256,), [L.Lambda(getattr(keras.ops, name))])


if __name__ == "__main__":
    write("lstm_states", lstm_states(), extreme=True)
    write("lstm_states_real", lstm_states(), ends="real")
    write("hybrid", hybrid(), ends="hybrid")
    write("lstm_stack", lstm_stack(), spread=2.0, extreme=True)
    write("lstm_stack_real", lstm_stack(), ends="real", spread=2.0)
    write("shared", shared())
    write("shared_real", shared(), ends="real")
    write("unrolled", unrolled(), extreme=True)
    write("unrolled_real", unrolled(), ends="real")
    write("padded", padded())
    write("padded_real", padded(), ends="real")
    write("mirrored", mirrored())
    write("mirrored_real", mirrored(), ends="real")
    write("summed", summed())
    write("summed_real", summed(), ends="real")
    write("least", least())
    write("least_real", least(), ends="real")
    write("added_real", added(), ends="real")
    write("resized", resized())
    write("resized_real", resized(), ends="real")
    write("several", several())
    write("several_real", several(), ends="real")
    write("functions", functions())
    write("functions_real", functions(), ends="real")
    write("normalized", normalized(), spread=0.5)
    write("normalized_real", normalized(), ends="real", spread=0.5)
    write("abs", function("abs"), spread=2.0)
    write("exp", function("exp"), spread=1.0)
    write("negative", function("negative"), spread=2.0)
    write("square", function("square"), spread=2.0)
    write("hard_tanh", network((256,), [L.Activation("hard_tanh")]), spread=1.5)
    write("log", function("log"), spread=(0.1, 3.0))
    write("sqrt", function("sqrt"), spread=(0.0, 3.0))
    write("rsqrt", function("rsqrt"), spread=(0.05, 3.0))
    write("reduced", reduced())
    write("leaky_relu", network((256,), [L.LeakyReLU(0.2)]), spread=2.0)
    write("hard_swish", network((256,), [L.Activation("hard_swish")]), spread=2.0)
    write("half_real", mobile(), ends="half")
    write("dilated", dilated())
    write("dilated_series", dilated_series())
    write("dilated_real", dilated(), ends="real")
    write("scaled", scaled())
    write("excited", excited())
    write("excited_real", excited(), ends="real")
    write("constant", constant(False))
    write("constant_real", constant(True), ends="real")
    write("mobile", mobile())
    write("inception", inception())
    write("keep_dims", keep_dims())
    write("series", series())
    write("sigmoid", network((256,), [L.Activation("sigmoid")]), spread=2.0)
    write("tanh", network((256,), [L.Activation("tanh")]), spread=1.3)
    write("relu", network((256,), [L.ReLU()]), spread=1.5)
    write("real_ends", network((7,), [L.Dense(5, activation="relu"), L.Dense(3)]), ends="float")
    write("bytes", network((7, 6, 1), [L.Conv2D(4, 3, activation="relu"), L.Flatten(), L.Dense(3)]), ends="uint8")
    write("multiplied", network((8, 8, 1), [L.DepthwiseConv2D(3, depth_multiplier=5, padding="same"), L.Flatten(), L.Dense(2)]))
    write("mobile_real", mobile(), ends="real")
    write("inception_real", inception(), ends="real")
    write("dense_real", network((9,), [L.Dense(4, activation="tanh"), L.Dense(3, use_bias=False)]), ends="real")
    write("unsupported", network((6,), [L.Dense(4, activation=keras.ops.sin), L.Dense(2)]))
    write("attended", attended(), spread=0.5, extreme=True)
    write("attended_real", attended(), ends="real", spread=0.5)
    write("masked", masked(), extreme=True)
    write("masked_real", masked(), ends="real")
    write("widened", widened())
    write("widened_real", widened(), ends="real")
    write("log_softmax", log_softmax(2.0), extreme=True)
    write("log_softmax_real", log_softmax(0.5), ends="real")
    write("unit_length", unit_length(), extreme=True)
    write("unit_length_real", unit_length(), ends="real")
    write("enlarged", enlarged())
    write("enlarged_real", enlarged(), ends="real")
    write("transposed", transposed())
    write("transposed_real", transposed(), ends="real")
    write("cut", cut())
    write("cut_real", cut(), ends="real")
    write("each_step", each_step())
    write("each_step_real", each_step(), ends="real")
    write("rectified", rectified())
    write("rectified_real", rectified(), ends="real")
    write("gated", gated())
    write("elu", network((256,), [L.Activation("elu")]), spread=2.0)
    write("gelu", network((256,), [L.Activation("gelu")]), spread=2.0)
    write("gelu_by_tanh", network((256,), [L.Lambda(lambda x: keras.ops.gelu(x, approximate=True))]), spread=2.0)
    write("combined", combined())
    write("combined_real", combined(), ends="real")
    write("shuffled", shuffled())
    write("shuffled_real", shuffled(), ends="real")
