//! The layers: [`Dense`], [`Dropout`], [`Activate`], [`PRelu`]; layers of images ([`image`]: [`Conv2d`],
//! [`DepthwiseConv2d`], [`ConvTranspose2d`], [`MaxPool2d`], [`AveragePool2d`], [`GlobalAveragePool`],
//! [`GlobalMaxPool`], [`UpSample2d`], [`Resize2d`], [`ZeroPad2d`], [`Crop2d`], [`Transpose2d`], [`SpatialDropout`],
//! [`Flatten`], [`Reshape`]) and of series ([`sequence`]: [`SimpleRnn`], [`Gru`], [`Lstm`], [`Bidirectional`],
//! [`Reversed`], [`TimeDistributed`], [`Masked`]; [`Embedding`], [`LearnedPositions`], [`SinusoidalPositions`],
//! [`MultiHeadAttention`], [`TransformerBlock`]; [`Conv1d`], [`DepthwiseConv1d`], [`MaxPool1d`], [`AveragePool1d`]);
//! normalization ([`BatchNorm`], [`LayerNorm`], [`GroupNorm`], [`RmsNorm`]); layers side by side ([`Residual`],
//! [`Branches`]), which also take members of pairs ([`First`], [`Second`]) and numbers that do not depend on the input
//! ([`Constant`]); preprocessing ([`Standardize`], [`MinMax`], [`Impute`], [`OneHot`]); wrappers that change how a
//! network is initialized, penalized or trained ([`Initialized`], [`Regularized`], [`Frozen`]); and networks in
//! read-only memory ([`InFlash`]).

mod activate;
mod affine;
mod annotated;
mod bias;
mod branches;
mod columns;
mod combine;
mod constant;
mod dense;
mod dropout;
mod frozen;
pub mod image;
mod impute;
mod in_flash;
mod initialized;
mod min_max;
mod norm;
mod one_hot;
mod p_relu;
mod regularized;
pub mod sequence;
mod standardize;
mod without_tape;

pub use activate::Activate;
pub use bias::{Bias, Biased, NoBias};
pub use branches::{
    Add, Both, Branches, Concat, First, Identity, Join, Joins, MatMul, Maximum, Minimum, Multiplicand, Multiply,
    Residual, Second, SquaredDifference, Subtract,
};
pub use columns::FitError;
pub use constant::Constant;
pub use dense::Dense;
pub use dropout::Dropout;
pub use frozen::Frozen;
pub use image::{
    Average, AveragePool2d, Causal, Conv2d, ConvTranspose2d, Corners, Crop2d, DepthwiseConv2d, Flatten,
    GlobalAveragePool, GlobalMaxPool, HalfPixel, Image, Max, MaxPool2d, Padded, Reshape, Resize2d, Same,
    SpatialDropout, TopLeft, Transpose2d, UpSample2d, Valid, Window, ZeroPad2d,
};
pub use impute::Impute;
pub use in_flash::InFlash;
pub use initialized::Initialized;
pub use min_max::MinMax;
pub use norm::{BatchNorm, GroupNorm, LayerNorm, RmsNorm};
pub use one_hot::OneHot;
pub use p_relu::PRelu;
pub use regularized::Regularized;
pub use sequence::{
    AllStates, AllSteps, AveragePool1d, Bidirectional, Block, BothEnds, Conv1d, DepthwiseConv1d, Embedding, Full, Gru,
    LastState, LastStep, LearnedPositions, Lstm, Mask, Masked, MaxPool1d, MultiHeadAttention, NoRotation, Recurrent,
    Returns, Reversed, Rotary, Rotation, SimpleRnn, SinusoidalPositions, Stateful, TimeDistributed, TransformerBlock,
};
pub use standardize::Standardize;
