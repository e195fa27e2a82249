//! The generated code depends on no name of the module in which a macro is used.
#![allow(clippy::all, reason = "the code is as odd as a user's may be")]

use shiplap::prelude::*;

/// Names of the prelude and of primitive types, modules of the standard library, macros, and methods of every type.
#[allow(dead_code, non_camel_case_types, unused_macros, reason = "they only stand in the way")]
mod crowded {
    use ::shiplap::{
        Layer, Network, Parameters, Rng,
        activation::{Activation, Linear, Relu, Tanh},
        budget, const_assert, include_weights,
        kernel::{Element, Simd},
        layer::{self, SimpleLayer},
        layers::Dense,
        network,
        network::Network as _,
    };

    macro_rules! types {
        ($($name:ident)*) => { $(struct $name;)* };
    }
    types!(Option Some None Result Ok Err Vec Box String ToString Path Message Field File Entry Tape Visitor Self_);
    types!(Clone Copy Debug Default Drop Eq Fn FnMut FnOnce From Into Iterator Ord PartialEq PartialOrd Send Sized Sync);
    types!(bool char f32 f64 i8 i32 i64 i128 isize str u8 u32 u64 u128 usize);
    mod alloc {}
    mod core {}
    mod flash {}
    mod kernel {}
    mod shiplap {}
    mod std {}
    macro_rules! assert {
        () => {};
    }
    macro_rules! concat {
        () => {};
    }
    macro_rules! panic {
        () => {};
    }
    macro_rules! stringify {
        () => {};
    }

    /// Methods that come before those that take a reference.
    macro_rules! methods {
        ($($name:ident)*) => {
            trait Everywhere: ::core::marker::Sized {
                $(fn $name(self) {})*
            }
            impl<T> Everywhere for T {}
        };
    }
    methods!(
        as_chunks as_deref_mut as_flattened as_flattened_mut as_mut_slice as_slice as_str assert at clone deref eq
        exceeded first_chunk flash fmt index integer is_none is_some join len macs map network number of parameters ram
        run text visit write_str zeroed zeroed_in
    );

    type Float = ::core::primitive::f32;
    type Size = ::core::primitive::usize;

    #[network]
    pub type Tuple = (Dense<2, 3, Relu>, (Dense<3, 4, Tanh>, Twice), Dense<4, 2, Linear>);

    #[network]
    #[allow(type_alias_bounds)]
    pub type Wide<const WIDTH: Size> = (Dense<2, WIDTH, Relu>, Dense<WIDTH, 2, Linear>);

    #[network(input = [Float; 2])]
    pub type Completed = (Dense<_, 3, Relu>, (Dense<_, 4, Tanh>, Twice), Dense<_, 2, Linear>);

    #[network(input = [Float; 2])]
    #[derive(Network)]
    pub struct CompletedFields {
        pub r#type: Dense<_, 3, Relu>,
        pub größe: Scale<{ _ }>,
    }

    #[derive(Network)]
    pub struct Named {
        pub r#type: Dense<2, 3, Relu>,
        pub größe: Scale<3>,
        pub rest: (Dense<3, 2, Tanh>,),
    }

    #[derive(Network)]
    pub struct Generic<A, const WIDTH: Size, E: Element>(Dense<2, WIDTH, Linear, E>, Dense<WIDTH, 2, Tanh, E>, A)
    where
        A: ::shiplap::network::Network<Input = [E; 2], Output = [E; 2], Element = E>;

    /// `y = 2·x`
    #[derive(Layer)]
    pub struct Twice;

    impl SimpleLayer for Twice {
        type Input = [Float; 4];
        type Output = [Float; 4];
        type Tape = ();

        fn forward<S: Simd>(&self, _: S, x: &[Float; 4], y: &mut [Float; 4]) {
            *y = <[Float; 4]>::map(*x, |x| 2.0 * x);
        }

        fn backward<S: Simd>(
            &self,
            s: S,
            _: &[Float; 4],
            _: &(),
            _: &[Float; 4],
            dy: &[Float; 4],
            dx: &mut [Float; 4],
        ) {
            self.forward(s, dy, dx);
        }
    }

    /// `y[n] = x[n]·factor[0][n]`
    #[derive(Layer)]
    pub struct Scale<const N: Size> {
        #[kernel(initializer = ::shiplap::init::Initializer::Constant(1.0))]
        factor: [[Float; N]; 1],
        #[bias]
        unused: [Float; 1],
        #[statistic]
        seen: [[[Float; 1]; 1]; 1],
    }

    impl<const N: Size> SimpleLayer for Scale<N> {
        type Input = [Float; N];
        type Output = [Float; N];
        type Tape = ();

        fn forward<S: Simd>(&self, _: S, x: &[Float; N], y: &mut [Float; N]) {
            for n in 0..N {
                y[n] = x[n] * self.factor[0][n];
            }
        }

        fn backward<S: Simd>(
            &self,
            s: S,
            _: &[Float; N],
            _: &(),
            _: &[Float; N],
            dy: &[Float; N],
            dx: &mut [Float; N],
        ) {
            self.forward(s, dy, dx);
        }
    }

    /// Another layer and its activation.
    #[derive(Parameters)]
    pub struct Wrapped<A: Activation> {
        #[layer]
        pub inner: Dense<2, 2, A>,
    }

    impl<A: Activation> layer::Layer for Wrapped<A> {
        type Input = [Float; 2];
        type Output = [Float; 2];
        type Tape<const B: Size> = <Dense<2, 2, A> as layer::Layer>::Tape<B>;
        type Head = A;

        fn forward_batch<S: Simd, E: layer::Ending, const B: Size>(
            &self,
            simd: S,
            x: &[[Float; 2]],
            y: &mut [[Float; 2]],
        ) {
            self.inner.forward_batch::<S, E, B>(simd, x, y);
        }

        fn record_batch<S: Simd, E: layer::Ending, const B: Size>(
            &self,
            simd: S,
            rng: ::core::option::Option<&mut Rng>,
            x: &[[Float; 2]],
            tape: &mut Self::Tape<B>,
            y: &mut [[Float; 2]],
        ) {
            self.inner.record_batch::<S, E, B>(simd, rng, x, tape, y);
        }

        fn backward_batch<S: Simd, E: layer::Ending, const B: Size>(
            &self,
            simd: S,
            x: &[[Float; 2]],
            tape: &mut Self::Tape<B>,
            y: &[[Float; 2]],
            dy: &mut [[Float; 2]],
            dx: ::core::option::Option<&mut [[Float; 2]]>,
        ) {
            self.inner.backward_batch::<S, E, B>(simd, x, tape, y, dy, dx);
        }
    }

    const_assert!(Tuple::BYTES <= 1024);
    const_assert!(matches!(Tuple::PARAMS, 1..));
    budget!(Tuple: flash <= 1024, ram <= 1024, macs <= 1024);

    pub static XOR: (Dense<2, 4, Tanh>, Dense<4, 1, ::shiplap::activation::Sigmoid>) =
        include_weights!("flash/xor.safetensors");
}

fn learns<N>()
where
    N: Network<Input = [f32; 2], Output = [f32; 2], Element = f32> + shiplap::network::AnyNetwork,
    MeanSquaredError: Follows<N::Head>,
{
    let mut trainer = Trainer::<N, MeanSquaredError, Sgd, 2>::new(Sgd::new(0.05), 1);
    let (x, y) = ([[0.5, -1.0], [1.0, 0.25]], [[0.5, 0.0], [0.0, -0.5]]);
    let before = trainer.step(&x, &y).unwrap();
    trainer.fit(&x, &y, Fit::epochs(20)).unwrap();
    assert!(trainer.evaluate(&x, &y).unwrap().loss < before);
}

#[test]
fn macros_work_beside_any_names() {
    learns::<crowded::Tuple>();
    learns::<crowded::Wide<5>>();
    learns::<crowded::Generic<Dense<2, 2>, 3, f32>>();
    learns::<(crowded::Named, crowded::Wrapped<Tanh>)>();
    assert!(crowded::XOR.predict(&[0.0, 1.0])[0] > 0.9);
    assert!(crowded::Named::summary().to_string().contains("größe"));
}

/// Fields, parameters and types in unusual forms.
mod forms {
    use super::*;

    const WIDTH: usize = 3;

    /// A doc comment, attributes and visibilities.
    #[derive(Network)]
    #[must_use]
    pub(crate) struct Attributed {
        /// The first layer.
        #[doc(alias = "input")]
        pub(super) first: Dense<2, { WIDTH + 1 }, Relu>,
        #[cfg(any())]
        never: Dense<9, 9>,
        #[cfg(all())]
        always: Dense<4, { 2 * WIDTH }, Relu>,
        last: Dense<6, 2>,
    }

    #[derive(Network)]
    pub struct Defaults<A: Activation = Tanh, const W: usize = 3>
    where
        A: Sized,
    {
        hidden: Dense<2, W, A>,
        output: Dense<W, 2>,
    }

    macro_rules! network {
        ($name:ident: $($field:ident: $layer:ty),*) => {
            #[derive(Network)]
            pub struct $name {
                $($field: $layer),*
            }
        };
    }
    network!(FromMacro: hidden: Dense<2, 3, Relu>, output: Dense<3, 2>);

    macro_rules! alias {
        ($name:ident = $layers:ty) => {
            #[network]
            pub type $name = $layers;
        };
    }
    alias!(AliasFromMacro = (Dense<2, 3, Relu>, Dense<3, 2>));

    #[derive(Layer)]
    pub struct Marked<'a> {
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

    #[network]
    pub type AliasWithLifetime<'a> = (Marked<'a>, Dense<2, 2>, Marked<'a>);

    #[derive(Network)]
    pub struct WithLifetime<'a, A: Activation, const W: usize> {
        first: Marked<'a>,
        hidden: (Marked<'a>, Dense<2, W, A>),
        last: Dense<W, 2>,
    }

    mod private {
        use super::*;

        #[derive(Layer)]
        struct Hidden;

        impl SimpleLayer for Hidden {
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

        #[network]
        type Private = (Hidden, Dense<2, 2>);

        #[network(input = [f32; 2])]
        pub type OfPrivate = (Hidden, Dense<_, 3>, Dense<_, 2>);

        #[test]
        fn a_network_of_private_layers() {
            learns::<Private>();
            learns::<OfPrivate>();
        }
    }

    #[network(input = [f32; 2])]
    type Inside = (Dense<_, 3>, Dense<_, 4>, Dense<_, 2>);

    /// It contains a network whose name is private.
    #[deny(private_interfaces)]
    pub struct Around {
        pub network: Box<Inside>,
    }
    use shiplap::activation::Activation;
}

#[test]
fn structs_in_any_form_are_networks() {
    learns::<forms::Attributed>();
    learns::<forms::Defaults>();
    learns::<forms::Defaults<Relu, 4>>();
    learns::<forms::FromMacro>();
    learns::<forms::AliasFromMacro>();
    learns::<forms::AliasWithLifetime<'static>>();
    learns::<forms::WithLifetime<'static, Tanh, 3>>();
    let around = forms::Around { network: Network::boxed(1) };
    assert_ne!(around.network.predict(&[1.0, 2.0]), [0.0; 2]);
}

/// Types of a user that have names of the crate.
mod namesakes {
    use shiplap::{activation, kernel::Real, layers, prelude::*};

    pub type Image = layers::Image<4, 5, 1>;
    pub type Conv2d<I, const FILTERS: usize> = layers::Conv2d<I, FILTERS, 3, Relu, Same<2>>;
    pub struct Relu;

    impl activation::Elementwise for Relu {
        type Saves = activation::SaveNothing;
        const NAME: &'static str = "mine";

        fn value<V: Real>(x: V) -> V {
            x
        }

        fn derivative<V: Real>(_: V, _: V) -> V {
            V::splat(1.0)
        }
    }

    const FILTERS: usize = 2;

    #[network(input = Image)]
    type Net = (
        shiplap::layers::Conv2d<_, FILTERS, { 1 + 2 }, super::namesakes::Relu, shiplap::layers::Same>,
        self::Conv2d<_, 3>,
        Flatten<_>,
    );

    #[test]
    fn layers_are_known_by_their_paths() {
        assert_eq!(Net::new(1).predict(&[[[0.0]; 5]; 4]).len(), 18);
    }
}
