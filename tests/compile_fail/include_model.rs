//! Files that are no models, and models with operators that no layer computes.

use shiplap::include_model;

include_model! { static MISSING: Missing = "nowhere.tflite"; }
include_model! { static OTHER: Other = "include_model.rs"; }
include_model! { static CUT: Cut = "../flash/cut.tflite"; }
include_model! { static MULTIPLIED: Multiplied = "../models/unsupported.tflite"; }
include_model! { static LEAKY: Leaky = "../models/unsupported.onnx"; }
include_model! { const WRONG: Wrong = "../flash/cut.tflite"; }

fn main() {}
