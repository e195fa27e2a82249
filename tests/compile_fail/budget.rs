use shiplap::prelude::*;

type Net = (Dense<10, 10, Relu>, Dense<10, 1, Sigmoid>);
const_assert!(Net::BYTES < 256);
const_assert!(Net::PARAMS == 120);
const_assert!(Net::PARAMS != 121);
const_assert!(Net::PARAMS as i32 - 125 >= 0);
const_assert!(Net::PARAMS > 100 && Net::BYTES < 256);
const_assert!(matches!(Net::PARAMS, 120));
const_assert!(u128::MAX == 0);
const_assert!(1_u128 << 127 < 1);
const_assert!(1.5 < 1.25);
const_assert!(Trainer::<Net, BinaryCrossentropy, Adam, 0>::BYTES < 4 * 1024);
const_assert!(<Dense<4, 0, Relu>>::BYTES < 4 * 1024);
budget!(Dense<0, 4, Relu>: ram <= 16);
const_assert!(Trainer::<Net, BinaryCrossentropy, Adam, 32>::BYTES <= 4 * 1024);

fn main() {}
