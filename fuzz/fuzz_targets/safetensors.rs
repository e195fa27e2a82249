//! Loads arbitrary bytes as weights. A load that fails must not change the network.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shiplap::{io, prelude::*};

type Net = (Dense<3, 4, Relu>, Dense<4, 2, Softmax>);

fuzz_target!(|bytes: &[u8]| {
    let mut network = Net::zeroed();
    if io::from_bytes(&mut network, bytes).is_err() {
        assert_eq!((network.0.kernel, network.1.kernel), ([[0.0; 4]; 3], [[0.0; 2]; 4]));
    }
});
