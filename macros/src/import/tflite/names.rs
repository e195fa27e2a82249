//! The operators of TensorFlow Lite by their numbers, and what to do about those that are not supported.

/// The names of operators: those that are supported, and others that errors name.
const NAMES: [(i32, &str); 103] = [
    (0, "ADD"),
    (1, "AVERAGE_POOL_2D"),
    (2, "CONCATENATION"),
    (3, "CONV_2D"),
    (4, "DEPTHWISE_CONV_2D"),
    (5, "DEPTH_TO_SPACE"),
    (6, "DEQUANTIZE"),
    (8, "FLOOR"),
    (9, "FULLY_CONNECTED"),
    (11, "L2_NORMALIZATION"),
    (14, "LOGISTIC"),
    (16, "LSTM"),
    (17, "MAX_POOL_2D"),
    (18, "MUL"),
    (19, "RELU"),
    (20, "RELU_N1_TO_1"),
    (21, "RELU6"),
    (22, "RESHAPE"),
    (23, "RESIZE_BILINEAR"),
    (25, "SOFTMAX"),
    (26, "SPACE_TO_DEPTH"),
    (28, "TANH"),
    (32, "CUSTOM"),
    (34, "PAD"),
    (36, "GATHER"),
    (37, "BATCH_TO_SPACE_ND"),
    (38, "SPACE_TO_BATCH_ND"),
    (39, "TRANSPOSE"),
    (40, "MEAN"),
    (41, "SUB"),
    (42, "DIV"),
    (43, "SQUEEZE"),
    (44, "UNIDIRECTIONAL_SEQUENCE_LSTM"),
    (45, "STRIDED_SLICE"),
    (47, "EXP"),
    (48, "TOPK_V2"),
    (49, "SPLIT"),
    (50, "LOG_SOFTMAX"),
    (53, "CAST"),
    (54, "PRELU"),
    (55, "MAXIMUM"),
    (56, "ARG_MAX"),
    (57, "MINIMUM"),
    (58, "LESS"),
    (59, "NEG"),
    (60, "PADV2"),
    (61, "GREATER"),
    (62, "GREATER_EQUAL"),
    (63, "LESS_EQUAL"),
    (64, "SELECT"),
    (65, "SLICE"),
    (66, "SIN"),
    (67, "TRANSPOSE_CONV"),
    (69, "TILE"),
    (70, "EXPAND_DIMS"),
    (71, "EQUAL"),
    (72, "NOT_EQUAL"),
    (73, "LOG"),
    (74, "SUM"),
    (75, "SQRT"),
    (76, "RSQRT"),
    (77, "SHAPE"),
    (78, "POW"),
    (79, "ARG_MIN"),
    (81, "REDUCE_PROD"),
    (82, "REDUCE_MAX"),
    (83, "PACK"),
    (84, "LOGICAL_OR"),
    (86, "LOGICAL_AND"),
    (87, "LOGICAL_NOT"),
    (88, "UNPACK"),
    (89, "REDUCE_MIN"),
    (92, "SQUARE"),
    (94, "FILL"),
    (97, "RESIZE_NEAREST_NEIGHBOR"),
    (98, "LEAKY_RELU"),
    (99, "SQUARED_DIFFERENCE"),
    (100, "MIRROR_PAD"),
    (101, "ABS"),
    (102, "SPLIT_V"),
    (105, "REVERSE_V2"),
    (106, "ADD_N"),
    (107, "GATHER_ND"),
    (108, "COS"),
    (111, "ELU"),
    (114, "QUANTIZE"),
    (116, "ROUND"),
    (117, "HARD_SWISH"),
    (118, "IF"),
    (119, "WHILE"),
    (120, "NON_MAX_SUPPRESSION_V4"),
    (121, "NON_MAX_SUPPRESSION_V5"),
    (123, "SELECT_V2"),
    (126, "BATCH_MATMUL"),
    (128, "CUMSUM"),
    (129, "CALL_ONCE"),
    (130, "BROADCAST_TO"),
    (132, "CONV_3D"),
    (142, "VAR_HANDLE"),
    (143, "READ_VARIABLE"),
    (144, "ASSIGN_VARIABLE"),
    (150, "GELU"),
    (158, "SIGN"),
];

pub fn name(code: i32) -> String {
    match NAMES.iter().find(|known| known.0 == code) {
        Some((_, name)) => (*name).to_string(),
        None => format!("operator code {code}"),
    }
}

/// The reason why an operator is not supported, and what to do.
pub fn reason(code: i32) -> &'static str {
    match name(code).as_str() {
        "ARG_MAX" | "ARG_MIN" | "TOPK_V2" | "NON_MAX_SUPPRESSION_V4" | "NON_MAX_SUPPRESSION_V5" => {
            "no layer computes it: end the model before it, and compare the outputs in Rust"
        }
        "LESS" | "GREATER" | "GREATER_EQUAL" | "LESS_EQUAL" | "EQUAL" | "NOT_EQUAL" | "LOGICAL_OR" | "LOGICAL_AND"
        | "LOGICAL_NOT" => {
            "no layer computes truth values: compare in Rust, and let the model take zeros and ones as an input"
        }
        "SELECT" => "no layer chooses between numbers: multiply both tensors by zeros and ones, and add them",
        "GATHER_ND" => {
            "no layer takes numbers by their places: slice the tensor, or let the model take the numbers as an input"
        }
        "CAST" => "no layer changes the type of numbers: let the model take numbers of the type of its activations",
        "DIV" => "no layer computes it: for a positive divisor `d`, multiply by `tf.math.rsqrt(d * d)`",
        "IF" | "WHILE" | "CALL_ONCE" | "VAR_HANDLE" | "READ_VARIABLE" | "ASSIGN_VARIABLE" => {
            "no layer computes loops or has variables: unroll a recurrent layer, with `unroll=True` in Keras"
        }
        "CUSTOM" => "its meaning is not in the file: build the model of other operators",
        _ => "no layer computes it",
    }
}
