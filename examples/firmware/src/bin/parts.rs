//! Trains, evaluates and runs every layer, activation, loss and optimizer.
//!
//! That the program links shows that none of them can panic. The predictions must have the same bits as on a PC.
#![cfg_attr(target_os = "none", no_std, no_main)]

use firmware::{nets, program};
use shiplap::{init::LecunNormal, loss::Weighted, prelude::*};

program!(run);

nets! {
    6 inputs;
    3_328_005_318: (Dense<6, 5, Relu>, Dense<5, 4, LeakyRelu>, Dense<4, 4, HardSigmoid>, Dense<4, 1, Linear>), MeanSquaredError,
        Sgd::new(0.05), [0.5];
    2_238_044_987: (Standardize<6>, Dense<6, 5, Tanh>, Dense<5, 4, Sigmoid>, Dense<4, 2, Softplus>), Huber, Momentum::new(0.02), [0.5, 1.0];
    2_111_300_126: (MinMax<6>, Dense<6, 5, Elu>, Dense<5, 4, Selu>, Dense<4, 1, Sigmoid>), BinaryCrossentropy, Adam::new(0.01), [1.0];
    1_268_229_331: (Impute<6>, Dense<6, 5, Gelu>, Dropout<5, 25>, Dense<5, 3, Softmax>), CategoricalCrossentropy,
        AdamW::new(0.01).clip(Clip::Norm(0.5)), [0.0, 0.75, 0.25];
    44_663_076: (Dense<6, 5, Silu>, Dense<5, 3, Softmax>), SparseCategoricalCrossentropy,
        RmsProp::new(0.01).schedule(Schedule::Cosine { peak: 0.02, warm_up: 2, steps: 4 }), 2;
    671_386_261: (Dense<6, 4, Softmax>, Regularized<Dense<4, 2, Linear>, L1<1, -2>>), MeanAbsoluteError,
        Adagrad::new(0.1).penalty(Penalty::l2(1e-3)), [0.5, 1.0];
    878_118_801: Initialized<Dense<6, 2, Tanh>, LecunNormal>, HalfSquaredError,
        Momentum::new(0.1).schedule(Schedule::Step { initial: 0.1, every: 2, factor: 0.7 }).clip(Clip::Value(0.1)), [0.5, 1.0];
    1_261_059_124: Dense<6, 1, Sigmoid>, Weighted<BinaryCrossentropy>,
        Sgd::new(0.1).schedule(Schedule::Exponential { initial: 0.5, every: 2, factor: 0.3 }).weight_decay(1e-3), ([1.0], 3.0);
    1_139_927_459: (Frozen<Dense<6, 5, Tanh>>, Dense<5, 1, Linear>), MeanSquaredError, InPlace(Adam::new(0.01)), [0.5];
}
