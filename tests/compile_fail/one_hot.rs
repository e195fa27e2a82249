use shiplap::prelude::*;

#[network]
type Wide = (OneHot<3, 1, 4, 7>, Dense<7, 1, Linear>);

#[network]
type Beyond = (OneHot<3, 3, 4, 6>, Dense<6, 1, Linear>);

fn main() {}
