//! Trains with Adam and a batch size of 1. The size of the program shows the total cost of this variant.
#![cfg_attr(target_os = "none", no_std, no_main)]

firmware::program!(firmware::tutorial::adam_1);
