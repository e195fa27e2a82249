//! The int8 forms of tuples of layers.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Ident, Index};

/// `Int8Layer` and `Quantize` for tuples of `count` layers.
pub fn tuple(count: usize) -> TokenStream {
    let layers: Vec<Ident> = (0..count).map(|index| format_ident!("L{index}")).collect();
    let places: Vec<Index> = (0..count).map(Index::from).collect();
    let names: Vec<String> = (0..count).map(|index| index.to_string()).collect();
    let last = &layers[count - 1];
    let pairs = || layers.iter().zip(&layers[1..]);
    let bounds = pairs().map(|(before, layer)| quote!(#layer: Int8Layer<Input = #before::Output>));
    let descriptions = pairs().map(|(before, layer)| quote!(#layer: Describe<Input = #before::Output>));
    let passes = pairs().map(|(before, layer)| {
        quote! {
            #layer: Quantize<
                Element = L0::Element,
                Input = #before::Output,
                Int8: Int8Layer<Input = <#before::Output as Tensor>::Int8>,
            >
        }
    });

    // The outputs of the layers are in two memories in turn. That of the last layer takes those that fit, in its turn.
    let turns = (0..count).rev().fold(vec![quote!(Last)], |mut turns, index| {
        let (layer, turn) = (&layers[index], &turns[0]);
        turns.insert(0, quote!(<#layer::Place as Place>::Before<#turn>));
        turns
    });
    let start = &turns[0];
    let memories = layers.iter().fold(vec![quote!(())], |mut memories, layer| {
        let before = memories.last();
        memories.push(quote!(<#layer::Place as Place>::Memory<#before>));
        memories
    });
    let any = |choice: &str| {
        let choice = format_ident!("{choice}");
        let outputs = turns[1..count].iter().zip(&memories[1..count]).rev();
        outputs.fold(
            quote!(()),
            |others, (turn, memory)| quote!(crate::Either<<#turn as Turn>::#choice<#memory>, #others>),
        )
    };
    let (beyond, other) = (any("IfLast"), any("IfOther"));
    let place = layers.iter().rev().fold(quote!(Within), |after, layer| quote!(<#layer::Place as Place>::Then<#after>));
    let runs = if count == 1 {
        quote! {
            #[inline(always)]
            fn run<S: Simd>(&self, simd: S, x: &Self::Input, y: &mut Self::Output) {
                apart(simd, Run { layers: &self.0, x, y });
            }
        }
    } else {
        let (inner, end) = (&places[1..count - 1], &places[count - 1]);
        let (held, held_last) = (&memories[1..count - 1], &memories[count - 1]);
        let steps = quote! {
            let mut other = MaybeUninit::<#other>::uninit();
            let mut memories = Memories::new::<#start>(output, beyond, Room::zeros(&mut other));
            let x = memories.first(simd, &self.0, x);
            #(let x = memories.next::<_, _, #held>(simd, &self.#inner, x);)*
            memories.last::<_, _, #held_last>(simd, &self.#end, x);
        };
        quote! {
            #[inline(always)]
            fn run<S: Simd>(&self, simd: S, x: &Self::Input, y: &mut Self::Output) {
                let mut memory = MaybeUninit::<#beyond>::uninit();
                let beyond: &mut [i8] =
                    if beyond_of::<#beyond, #last::Output>() == 0 { &mut [] } else { Room::zeros(&mut memory) };
                let output = Int8Tensor::flat_mut(slice::from_mut(y));
                #steps
            }

            #[inline(always)]
            fn run_in<S: Simd>(&self, simd: S, x: &Self::Input, room: &mut Room<RoomOf<Self>>) {
                let (output, beyond) = (room.numbers(), &mut []);
                #steps
            }
        }
    };
    let init = &layers[..count - 1];
    let views = layers[1..].iter().map(|layer| quote!(let x = #layer::view(x)?;));

    quote! {
        impl<L0: Int8Layer, #(#bounds),*> Int8Layer for (#(#layers,)*) {
            type Input = L0::Input;
            type Output = #last::Output;
            type Place = <#place as Place>::Of<crate::Either<#last::Output, #beyond>>;
            const INSIDE: usize = beyond_of::<#beyond, #last::Output>() + Self::BESIDE;
            const BESIDE: usize = size_of::<#other>() + most(&[#(#init::BESIDE,)* #last::INSIDE]);
            const PARTS: &'static [(&'static str, PartCosts)] = &[#((#names, costs::<#layers>())),*];

            #runs

            #[inline(always)]
            fn view(x: &Self::Input) -> Option<&Self::Output> {
                let x = L0::view(x)?;
                #(#views)*
                Some(x)
            }
        }

        #[cfg(feature = "std")]
        impl<L0: Describe, #(#descriptions),*> Describe for (#(#layers,)*) {
            fn describe(&self, to: &mut Describer<'_>) -> Result<(), DescribeError> {
                #(self.#places.describe(to)?;)*
                Ok(())
            }
        }

        impl<L0: Quantize, #(#passes),*> Quantize for (#(#layers,)*) {
            type Int8 = (#(#layers::Int8,)*);
            #[cfg(feature = "std")]
            type Aware = (#(#layers::Aware,)*);

            #[cfg(feature = "std")]
            fn quantize(
                &self,
                int8: &mut Self::Int8,
                x: Samples<Self::Input>,
                calibration: &mut Calibration,
                path: Path<'_>,
            ) -> Result<Samples<Self::Output>, QuantizeError> {
                #(let x = self.#places.quantize(&mut int8.#places, x, calibration, path.join(#names))?;)*
                Ok(x)
            }
        }
    }
}
