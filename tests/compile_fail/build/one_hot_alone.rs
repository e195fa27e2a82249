use shiplap::prelude::*;

fn main() {
    OneHot::<1, 5, 2, 2>::default().predict(&[0.0f32]);
}
