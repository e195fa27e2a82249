//! The networks whose files are beside.

use shiplap::{
    Tensor,
    activation::{Elementwise, Keep},
    flash::{self, Place, Stored, Weights},
    init::{Constant, HeNormal, Initializer},
    kernel::{Real, Simd},
    layer::{Description, Ending, Parameter, Path, Role, Visit, VisitMut},
    message::Message,
    outline::{Leaf, Outline},
    prelude::*,
};

/// Learns XOR.
pub type Xor = (Dense<2, 4, Tanh>, Dense<4, 1, Sigmoid>);

/// Each layer that has numbers of its own, wrappers, and those without.
pub type Table = (
    (Impute<3>, MinMax<3>, OneHot<3, 1, 4, 6>),
    Standardize<6>,
    Regularized<Dense<6, 8, Gelu>, L2<1, -3>>,
    Dropout<8, 20>,
    Initialized<(Dense<8, 8, Cubic>, Dense<8, 3, Softmax>), HeNormal, Constant<1, -1>>,
);

/// Names, numbers of double width, and a part that is generic.
#[derive(Network)]
pub struct Autoencoder<const CODE: usize, D> {
    pub encoder: (Dense<5, 4, Tanh, f64>, Dense<4, CODE, Linear, f64>),
    pub decoder: D,
}

/// Fields without names.
#[derive(Network)]
pub struct Decoder<const CODE: usize>(pub Dense<CODE, 4, Relu, f64>, pub Dense<4, 5, Linear, f64>);

pub type Wide = Autoencoder<2, Decoder<2>>;

pub type Own = (Scale<3>, Frozen<Dense<3, 2, Relu>>);

/// A layer that the crate does not know: `y = x·factor`.
#[derive(Clone, Copy)]
pub struct Scale<const N: usize> {
    pub factor: [f32; N],
}

// SAFETY: the field is an array of floats.
unsafe impl<const N: usize> Zeroed for Scale<N> {}

impl<const N: usize> Layer for Scale<N> {
    type Element = f32;
    type Input = [f32; N];
    type Output = [f32; N];
    type Tape<const B: usize> = ();
    type Trainable = ();
    type Head = Linear;

    const PARAMS: usize = 0;
    const MACS: usize = N;
    const OUTLINE: Outline = Outline::Single(Leaf {
        kind: Message::new().text("Scale<").list(&[N]).text(">"),
        tensors: &[("factor", &[N])],
        activation: None,
        bytes: size_of::<Self>(),
        output: size_of::<[f32; N]>(),
        macs: N,
    });

    fn forward<S: Simd, E: Ending, const B: usize>(&self, _: S, x: &[[f32; N]], y: &mut [[f32; N]]) {
        for (x, y) in x.iter().zip(y) {
            *y = core::array::from_fn(|column| x[column] * self.factor[column]);
        }
    }

    fn record<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        _: &mut Rng,
        x: &[[f32; N]],
        (): &mut (),
        y: &mut [[f32; N]],
    ) {
        self.forward::<S, E, B>(simd, x, y);
    }

    fn backward<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        _: &[[f32; N]],
        (): &mut (),
        _: &[[f32; N]],
        dy: &mut [[f32; N]],
        dx: Option<&mut [[f32; N]]>,
    ) {
        if let Some(dx) = dx {
            self.forward::<S, E, B>(simd, dy, dx);
        }
    }

    fn activate<S: Simd>(_: S, _: &mut [[f32; N]]) {}

    fn parameters<V: Visit<f32>>(&self, path: Path<'_>, visitor: &mut V) {
        visitor.visit(factor(path, &[N]), &self.factor);
    }

    fn parameters_mut<V: VisitMut<f32, M>, const M: usize>(scales: [&mut Self; M], path: Path<'_>, visitor: &mut V) {
        visitor.visit(factor(path, &[N]), scales.map(|scale| &mut scale.factor[..]));
    }

    fn describe(path: Path<'_>, show: &mut dyn FnMut(&Description<'_>)) {
        let kind = format_args!("Scale<{N}>");
        show(&Description { path, kind, output: <[f32; N]>::write_shape, params: 0 });
    }
}

fn factor<'a>(path: Path<'a>, shape: &'a [usize]) -> Parameter<'a> {
    let (initializer, penalty) = (Initializer::Constant(1.0), Penalty::NONE);
    Parameter { path, name: "factor", role: Role::Statistic, shape, fan_in: 1, fan_out: 1, initializer, penalty }
}

impl<const N: usize> Accepts<[f32; N]> for Scale<N> {}

impl<W: Weights<f32>, P: Place, const N: usize> Stored<W, P> for Scale<N> {
    const STORED: Self = Self { factor: flash::vector(&W::FILE, P::PATH, "factor") };
}

/// `x³`
pub struct Cubic;

impl Elementwise for Cubic {
    type Keeps = Keep;
    const NAME: &'static str = "Cubic";

    fn value<V: Real>(x: V) -> V {
        x * x * x
    }

    fn derivative<V: Real>(x: V, _: V) -> V {
        V::splat(3.0) * x * x
    }
}
