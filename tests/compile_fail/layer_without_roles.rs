use shiplap::prelude::*;

#[derive(Layer)]
struct Scale {
    factor: [f32; 3],
}

#[derive(Layer)]
struct Named {
    #[kernel]
    name: String,
}

#[derive(Layer)]
struct Twice {
    #[kernel]
    #[bias]
    factor: [f32; 3],
}

#[derive(Layer)]
struct Mixed {
    #[kernel]
    factor: [f32; 3],
    #[bias]
    shift: [f64; 3],
}

fn main() {}
