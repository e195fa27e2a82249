//! Adam by itself, one sample at a time: what such a training takes in all.
#![cfg_attr(target_os = "none", no_std, no_main)]

firmware::program!(firmware::tutorial::adam_1);
