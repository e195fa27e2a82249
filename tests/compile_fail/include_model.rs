//! Files that are no int8 models.

use shiplap::include_model;

include_model! { static MISSING: Missing = "nowhere.tflite"; }
include_model! { static OTHER: Other = "include_model.rs"; }
include_model! { static CUT: Cut = "../flash/cut.tflite"; }
include_model! { const WRONG: Wrong = "../flash/cut.tflite"; }

fn main() {}
