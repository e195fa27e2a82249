//! Trains many networks.

/// Defines `run`, which trains, evaluates and runs each of these networks, and compares the hash of its predictions with
/// that of the PC.
#[macro_export]
macro_rules! nets {
    ($inputs:literal inputs; $($of_pc:literal: $net:ty, $loss:ty, $optimizer:expr, $label:expr;)*) => {
        fn run() -> $crate::Outcome {
            $({
                // Not inlined, so that the stack frames of the networks do not add up.
                #[inline(never)]
                fn net() -> $crate::Outcome {
                    const BATCH: usize = 3;
                    let mut rng = ::shiplap::prelude::Rng::new(5);
                    let mut x = [[0.0; $inputs]; BATCH];
                    x.as_flattened_mut().fill_with(|| $crate::uniform(&mut rng));
                    let y = [$label; BATCH];
                    let mut memory = ::core::mem::MaybeUninit::uninit();
                    let trainer = ::shiplap::prelude::Trainer::<$net, $loss, _, BATCH>::new_at(&mut memory, $optimizer, 4);
                    for _ in 0..4 {
                        trainer.step(&x, &y).map_err(|_| "a step failed")?;
                    }
                    trainer.evaluate(&x, &y).map_err(|_| "an evaluation failed")?;
                    $crate::hash::Hash::of(&trainer.predict(&x[0])).check($of_pc)
                }
                net()?;
            })*
            Ok(())
        }
    };
}
