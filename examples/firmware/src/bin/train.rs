//! Trains the network of the tutorial on the chip in several variants: see [`tutorial`].
#![cfg_attr(target_os = "none", no_std, no_main)]

use firmware::{Outcome, console::say, program, tutorial};

program!(run);

fn run() -> Outcome {
    say("# Sgd in place, batch 1");
    tutorial::in_place_1()?;
    say("# Sgd, batch 1");
    tutorial::sgd_1()?;
    say("# Sgd, batch 10");
    tutorial::sgd_10()?;
    say("# Adam, batch 1");
    tutorial::adam_1()?;
    say("# Adam, batch 10");
    tutorial::adam_10()
}
