//! Trains with in-place gradient descent and a batch size of 1. The size of the program shows the total cost of this
//! variant, the smallest one.
#![cfg_attr(target_os = "none", no_std, no_main)]

firmware::program!(firmware::tutorial::in_place_1);
