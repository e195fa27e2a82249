//! Gradient descent in place by itself, one sample at a time: what the smallest training takes in all.
#![cfg_attr(target_os = "none", no_std, no_main)]

firmware::program!(firmware::tutorial::in_place_1);
