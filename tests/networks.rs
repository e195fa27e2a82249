//! Ways to write a network: generic parameters of any name, nested tuples, sizes limited by `const_assert!`.

use shiplap::{activation::Activation, prelude::*};

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
