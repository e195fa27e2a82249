//! The network of `keep_dims.tflite`.

use shiplap::{
    activation::{Linear, Relu},
    layers::{Bias, Conv2d, Dense, Flatten, GlobalAveragePool, Image, Reshape, Valid},
    quantized,
};

pub type Net = quantized::Quantized<(
    Conv2d<Image<6, 6, 4>, 8, 3, Relu, Valid, Bias, 3, Image<4, 4, 8>>,
    GlobalAveragePool<Image<4, 4, 8>>,
    Reshape<[f32; 8], Image<1, 1, 8>>,
    Conv2d<Image<1, 1, 8>, 6, 1, Relu, Valid, Bias, 1, Image<1, 1, 6>>,
    Flatten<Image<1, 1, 6>, [f32; 6]>,
    Dense<6, 3, Linear>,
)>;

pub static NET: Net = quantized::Quantized::from_parts(
    quantized::Scale { scale: 0.030081945, zero: -11 },
    (
        quantized::Conv2d::from_parts(quantized::Affine::new(quantized::int8_of(b"\x7f\xab#\xdb\x99\xc4\xfb\x84r*Y?\xe5\x15\xc1\xd5!\x15w\xc5\xb4\x90\r\x9e\xb9\xd4\xb4\x15)j\x07\x81 Y\x14\x8b\xdej1u\x13\xd4\x9b \xa2\x9c\xc3\x15O\xa0-\xc0\x7f\xce\x93\"\x03>\xc2\xaf!\x93\xd5\xa10-^\x86\xbcq\xbeW\xb0k\xa8\x14\xd7\x07\xfa \xa3@!\xf4\x18\xbbO\xd0\x93\x8bbvY\x15_v\xb0\xbe\xd3\xdf\x81R\x11(jm\xe5\x04t\x83\xeb\x98\xee\x19\x832\x81/\xa5\xe3\x1b\x11\xf3\xac\xbe\x84\xf32\x1d\xd2]tg\xde\xd0hG\xa0m\x00\x94`W\xd8\xf0m\xeb\xbdu\x00\x84t\x04\x8ew\xc0\x1b\xd7\xa8B\xdf\x1dx\xd5\xcc\xf3\xe5w\x16\xe3\x08\x17\xbd\x87]\xd9[\xae\x7f\xa8\x9c\xe0\xbb\xb1p`)\x90\x83$\x04\xa4\x7f\x8d\x868\x0f$L\xcd1\xd2\xc4\xb5\xa1\xd3d\xb9\x1cc&\xaa\xd3\xc0\x99\x1f\xbc\x895\x1b\xff]tN\x0f\x1e\x7f\xebO\xd7\x0c\xb1Va3i]YK\xb5f\x84x\x02\xf4\xab\xfc\x0f\xff\'SRO\xd8#U\xa1\x81\x17\\\x92\x8f\xe8\xc0\"\x91\xb8FZ\x8eIT\nM\x1a\x8b\xab\xb8p\xec\xea\xb6\x13\xa0\x08K\x19\x01"), [-437, -7297, -4141, 10085, -7950, 13028, 9198, -4183], [0.0018379994, 0.0018482308, 0.0017280912, 0.0018136676, 0.0017944116, 0.001855687, 0.001851663, 0.0017463132], quantized::Scale { scale: 0.030081945, zero: -11 }, quantized::Scale { scale: 0.014978848, zero: -128 }, ())),
        quantized::GlobalAverage::mean(quantized::Scale { scale: 0.014978848, zero: -128 }, quantized::Scale { scale: 0.0051683793, zero: -128 }, 16),
        quantized::Reshape::RESHAPE,
        quantized::Conv2d::from_parts(quantized::Affine::new(quantized::int8_of(b"\xe7 \nk0k\x7f\xe5\xdc\xa6\xe9\x81\xcf\xc8g%\xef\x05\xfa\x7f\x11y\xfd\xdd\x9d\x81\x8eo\xf7%g\x9b\\N*\xd3tJ\x1f\x7f\x1d)\"\r(X\xa3\x7f"), [-17635, 11360, -14874, -16740, 31666, 10270], [0.0040173107, 0.0050050537, 0.004993773, 0.0048953528, 0.0040195766, 0.0050408626], quantized::Scale { scale: 0.0051683793, zero: -128 }, quantized::Scale { scale: 0.0059663574, zero: -128 }, ())),
        quantized::Reshape::RESHAPE,
        quantized::Dense::from_parts(quantized::Affine::new(quantized::int8_of(b"\xa3\xc4\xce\xe1\x7f\xa2\xd0-\x07\xc8\x1a\x81\x8c&f\x7f?\x85"), [-12953, -4683, 7844], [0.0039449236, 0.0059875986, 0.0050567896], quantized::Scale { scale: 0.0059663574, zero: -128 }, quantized::Scale { scale: 0.004506456, zero: 66 }, ())),
    ),
    quantized::Scale { scale: 0.004506456, zero: 66 },
);
