//! TensorFlow Lite Micro with CMSIS-NN: `tflm.cc`.
#![no_std]
#![no_main]

use core::ptr;

use firmware::{Outcome, console::show, ensure, program};

/// A model at an address that the interpreter can read.
#[repr(align(16))]
struct Aligned<T: ?Sized>(T);

static MODEL: &Aligned<[u8]> = &Aligned(*include_bytes!(env!("TFLITE")));

unsafe extern "C" {
    /// Prepares the interpreter. Returns the bytes of the arena in use, or 0 if it is too small.
    fn tflm_start(model: *const u8) -> usize;
    /// Copies `input_size` bytes to the input, predicts, and copies the output. Returns whether this succeeded.
    fn tflm_predict(x: *const i8, input_size: usize, y: *mut i8, output_size: usize) -> bool;
}

program!(run);

fn run() -> Outcome {
    // SAFETY: the model is a whole file, and is called once, before predictions.
    let arena = unsafe { tflm_start(MODEL.0.as_ptr()) };
    show("arena", arena as u32, "bytes");
    ensure(arena > 0, "the arena is too small")?;
    let mut ready = true;
    embedded_peers::run(|x, y| {
        // SAFETY: the pointers are valid for these numbers of bytes.
        ready &= unsafe { tflm_predict(ptr::from_ref(x).cast(), x.len(), ptr::from_mut(y).cast(), y.len()) };
    })?;
    ensure(ready, "a prediction has failed")
}
