//! Ways to write a network: generic parameters of any name, nested tuples, sizes limited by `const_assert!`.

use shiplap::{
    activation::Activation,
    check,
    layer::{Ending, Predictions},
    message::Message,
    network::LengthsDiffer,
    prelude::*,
};

/// Names that the generated code might use itself.
#[derive(Network)]
struct Auto<E, D> {
    encoder: E,
    decoder: D,
}

#[derive(Network)]
struct Letters<S, V, const B: usize, const M: usize, A: Activation> {
    hidden: Dense<2, B, A>,
    between: (Dense<B, M, A>, Dense<M, 3, A>),
    state: S,
    value: V,
}

type Small = Auto<Dense<4, 2, Tanh>, (Dense<2, 3, Tanh>, Dense<3, 4, Linear>)>;
type Large = Letters<Dense<3, 3, Linear>, Dropout<3, 5>, 5, 7, Tanh>;

#[network]
type Nested = ((Dense<4, 2, Tanh>, Dense<2, 3, Tanh>), (Dense<3, 4, Linear>,));

#[network]
#[allow(type_alias_bounds, reason = "the parts that do not depend on the parameter are checked")]
type Wide<const HIDDEN: usize> = (Dense<4, HIDDEN, Tanh>, Dense<HIDDEN, 3, Tanh>, Dense<3, 4, Linear>);

const_assert!(Small::PARAMS == 10 + 9 + 16);
const_assert!(Small::PARAMS <= 35 && Nested::PARAMS == Small::PARAMS);
const_assert!(matches!(Wide::<2>::PARAMS, 35));
const_assert!(-1 < 0);

fn trained<N>(network: &N) -> [f32; 4]
where
    N: Network<Input = [f32; 4], Output = [f32; 4]>,
{
    network.predict(&[0.1, -0.2, 0.3, 0.4])
}

#[test]
fn a_struct_computes_the_same_as_its_layers() {
    let nested: Nested = Network::new(7);
    let mut small = Small::zeroed();
    small.encoder = nested.0.0.clone();
    small.decoder.0 = nested.0.1.clone();
    small.decoder.1 = nested.1.0.clone();
    assert_eq!(trained(&small), trained(&nested));

    let mut wide = Wide::<2>::zeroed();
    wide.0 = nested.0.0.clone();
    wide.1 = nested.0.1.clone();
    wide.2 = nested.1.0.clone();
    assert_eq!(trained(&wide), trained(&nested));
}

#[test]
fn a_struct_with_the_generic_names_of_the_generator_is_trainable() -> Result<(), TrainError> {
    let (x, y) = ([[0.5f32, -0.5], [1.0, 0.0]], [[1.0f32, 0.0, 0.5], [0.0, 1.0, 0.5]]);
    let mut trainer = Trainer::<Large, MeanSquaredError, Adam, 2>::new(Adam::new(0.01), 3);
    let before = trainer.evaluate(&x, &y)?.loss;
    trainer.fit(&x, &y, Fit::epochs(200))?;
    assert!(trainer.evaluate(&x, &y)?.loss < before);
    assert_eq!(Large::PARAMS, 15 + 42 + 24 + 12);
    Ok(())
}

#[test]
fn names_of_layers_are_those_of_the_fields() {
    let summary = Small::summary().to_string();
    for name in ["encoder", "decoder.0", "decoder.1"] {
        assert!(summary.contains(name), "{summary}");
    }
}

/// `y = scale·x + layer(x)`: a layer around another, with parameters of its own.
#[derive(Parameters)]
struct Residual<L: Network<Output = [f64; 3]>> {
    #[layer]
    layer: L,
    #[kernel]
    scale: [f64; 3],
}

impl<L: Network<Element = f64, Input = [f64; 3], Output = [f64; 3]>> Layer for Residual<L> {
    type Input = [f64; 3];
    type Output = [f64; 3];
    type Tape<const B: usize> = (L::Tape<B>, [[f64; 3]; B]);
    type Head = Linear;

    const MACS: usize = L::MACS + 3;
    const FAULT: Option<Message> = L::FAULT;

    fn forward_batch<S: Simd, E: Ending, const B: usize>(&self, simd: S, x: &[[f64; 3]], y: &mut [[f64; 3]]) {
        self.layer.forward_batch::<S, Predictions, B>(simd, x, y);
        self.add(x, y);
    }

    fn record_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        rng: Option<&mut Rng>,
        x: &[[f64; 3]],
        (tape, inner): &mut Self::Tape<B>,
        y: &mut [[f64; 3]],
    ) {
        let inner = &mut inner[..x.len()];
        self.layer.record_batch::<S, Predictions, B>(simd, rng, x, tape, inner);
        y.copy_from_slice(inner);
        self.add(x, y);
    }

    fn backward_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        x: &[[f64; 3]],
        (tape, inner): &mut Self::Tape<B>,
        _: &[[f64; 3]],
        dy: &mut [[f64; 3]],
        mut dx: Option<&mut [[f64; 3]]>,
    ) {
        // The gradient of the inner layer's logits takes the place of its outputs.
        let mut through = dy.to_vec();
        self.layer.backward_batch::<S, Predictions, B>(
            simd,
            x,
            tape,
            &inner[..x.len()],
            &mut through,
            dx.as_deref_mut(),
        );
        if let Some(dx) = dx {
            self.add(dy, dx);
        }
        inner[..x.len()].copy_from_slice(&through);
    }

    fn gradient_batch<S: Simd, const B: usize>(
        &self,
        simd: S,
        x: &[[f64; 3]],
        (tape, through): &mut Self::Tape<B>,
        dy: &[[f64; 3]],
        (layer, scale): &mut Self::Trainable,
    ) {
        self.layer.gradient_batch::<S, B>(simd, x, tape, &through[..x.len()], layer);
        *scale = std::array::from_fn(|n| x.iter().zip(dy).map(|(x, dy)| x[n] * dy[n]).sum());
    }
}

impl<L: Network<Output = [f64; 3]>> Residual<L> {
    fn add(&self, x: &[[f64; 3]], y: &mut [[f64; 3]]) {
        for (x, y) in x.iter().zip(y) {
            (0..3).for_each(|n| y[n] += self.scale[n] * x[n]);
        }
    }
}

/// A layer whose only parameters are those of an inner layer, and one that is generic over the inner layer.
#[derive(Parameters)]
struct Inside {
    #[layer]
    layer: (Dense<2, 3, Tanh>, Dense<3, 2>),
}

impl Layer for Inside {
    type Input = [f32; 2];
    type Output = [f32; 2];
    type Tape<const B: usize> = ();
    type Head = Linear;

    fn forward_batch<S: Simd, E: Ending, const B: usize>(&self, simd: S, x: &[[f32; 2]], y: &mut [[f32; 2]]) {
        self.layer.forward_batch::<S, Predictions, B>(simd, x, y);
    }

    fn record_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        _: Option<&mut Rng>,
        x: &[[f32; 2]],
        (): &mut (),
        y: &mut [[f32; 2]],
    ) {
        self.forward_batch::<S, E, B>(simd, x, y);
    }

    fn backward_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        _: S,
        _: &[[f32; 2]],
        (): &mut (),
        _: &[[f32; 2]],
        _: &mut [[f32; 2]],
        _: Option<&mut [[f32; 2]]>,
    ) {
        unimplemented!("it is not trained here");
    }
}

#[test]
fn a_layer_around_others_is_one() {
    type Inner = (Dense<3, 4, Gelu, f64>, Dense<4, 3, Tanh, f64>);
    check::gradients::<Residual<Inner>>().unwrap();
    check::gradients::<(Dense<3, 3, Tanh, f64>, Residual<Dense<3, 3, Softplus, f64>>)>().unwrap();
    let network: (Residual<Inner>, Dense<3, 1, Linear, f64>) = Network::new(1);
    assert_eq!((network.0.layer.1.bias, network.0.scale.len()), ([0.0; 3], 3));
    assert_eq!(Residual::<Inner>::PARAMS, 16 + 15 + 3);
    assert_eq!(Inside::PARAMS, 17);
    let names: Vec<_> = Inside::OUTLINE.children.iter().map(|(name, _)| *name).collect();
    assert_eq!((names, Inside::OUTLINE.bytes()), (vec!["layer"], Inside::BYTES));
}

macro_rules! layer_of {
    ($numbers:ty) => {
        #[derive(Layer)]
        struct Written<const N: usize> {
            #[kernel]
            numbers: $numbers,
            #[bias]
            r#in: [[f32; { N }]; (2)],
        }
    };
}
layer_of!([f32; 3]);

impl<const N: usize> SimpleLayer for Written<N> {
    type Input = [f32; N];
    type Output = [f32; N];
    type Tape = ();

    fn forward<S: Simd>(&self, _: S, x: &[f32; N], y: &mut [f32; N]) {
        *y = *x;
    }

    fn backward<S: Simd>(&self, _: S, _: &[f32; N], (): &(), _: &[f32; N], dy: &[f32; N], dx: &mut [f32; N]) {
        *dx = *dy;
    }
}

#[test]
fn parameters_are_found_however_they_are_written() {
    assert_eq!(Written::<4>::PARAMS, 11);
    let names: Vec<_> = Written::<4>::TENSORS.iter().map(|tensor| (tensor.name, tensor.shape)).collect();
    assert_eq!(names, [("numbers", &[3][..]), ("in", &[2, 4])]);
}

/// A name that the generated code must not refer to.
#[allow(dead_code)]
mod names {
    use shiplap::prelude::{Dense, Network, Relu};

    enum Option {
        Some,
        None,
    }

    #[derive(Network)]
    struct Net<'a> {
        first: super::Marked<'a>,
        last: Dense<2, 1, Relu>,
    }
}

#[derive(Layer)]
struct Marked<'a> {
    #[kernel]
    numbers: [f32; 2],
    marker: std::marker::PhantomData<&'a ()>,
}

impl SimpleLayer for Marked<'_> {
    type Input = [f32; 2];
    type Output = [f32; 2];
    type Tape = ();

    fn forward<S: Simd>(&self, _: S, x: &[f32; 2], y: &mut [f32; 2]) {
        *y = *x;
    }

    fn backward<S: Simd>(&self, _: S, _: &[f32; 2], (): &(), _: &[f32; 2], dy: &[f32; 2], dx: &mut [f32; 2]) {
        *dx = *dy;
    }
}

#[test]
fn a_batch_of_predictions_has_the_length_of_the_samples() {
    let network: Nested = Network::new(7);
    let x = [[0.1f32, -0.2, 0.3, 0.4]; 5];
    for rows in [0, 4, 6] {
        let mut predictions = [[f32::NAN; 4]; 6];
        let error: LengthsDiffer = network.predict_batch(&x, &mut predictions[..rows]).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("5 samples, but room for {rows} predictions: pass slices of the same length")
        );
        assert!(predictions.as_flattened().iter().all(|value| value.is_nan()));
    }
    assert_eq!(network.predict_batch::<[f32; 4]>(&[], &mut []), Ok(()));
}

#[test]
fn a_check_of_a_loss_needs_a_label_for_each_output() {
    let refused = |outputs: &[[f64; 2]], labels: &[[f64; 2]]| {
        check::loss(&MeanSquaredError, outputs, labels).unwrap_err().to_string()
    };
    assert_eq!(
        refused(&[[0.5, 1.0]], &[]),
        "0 labels, but 1 outputs: pass at least one output, and one label for each"
    );
    assert_eq!(
        refused(&[[0.5, 1.0]], &[[0.0; 2]; 3]),
        "3 labels, but 1 outputs: pass at least one output, and one label for each"
    );
    assert_eq!(refused(&[], &[]), "0 labels, but 0 outputs: pass at least one output, and one label for each");
}
