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
    let runs = pairs().map(|(before, layer)| quote!(#layer: Int8Layer<Input = #before::Output>));
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
    let memories = [format_ident!("even"), format_ident!("odd")];
    let any = |start: usize| {
        let outputs = layers[..count - 1].iter().skip(start).step_by(2).rev();
        outputs.fold(quote!(()), |others, layer| quote!(crate::Either<#layer::Output, #others>))
    };
    let (even, odd) = (any(0), any(1));
    let inside = if count % 2 == 1 {
        quote!(beyond::<#even, #last::Output>() + size_of::<#odd>())
    } else {
        quote!(size_of::<#even>() + beyond::<#odd, #last::Output>())
    };
    let allocations = memories
        .iter()
        .take(count - 1)
        .zip([&even, &odd])
        .map(|(memory, any)| quote!(let mut #memory = MaybeUninit::<#any>::uninit();));
    let steps = (0..count).map(|index| {
        let place = &places[index];
        let x = index.checked_sub(1).map_or(quote!(x), |before| {
            let before = format_ident!("y{before}");
            quote!(#before)
        });
        if index + 1 == count {
            // Like the other outputs, that of the last layer starts with zeros.
            let clear = (count > 2).then(|| quote!(Int8Tensor::flat_mut(slice::from_mut(y)).fill(0);));
            return quote! {
                #clear
                apart(simd, Run { layers: &self.#place, x: #x, y });
            };
        }
        let (layer, memory, y) = (&layers[index], &memories[index % 2], format_ident!("y{index}"));
        let mut output = quote!(crate::zeroed_at::<#layer::Output, _>(&mut #memory));
        if index % 2 == (count - 1) % 2 {
            output = quote!(match zeroed_within::<#layer::Output, _>(y) { Some(y) => y, None => #output });
        }
        quote! {
            let #y = #output;
            apart(simd, Run { layers: &self.#place, x: #x, y: #y });
        }
    });

    quote! {
        impl<L0: Int8Layer, #(#runs),*> Int8Layer for (#(#layers,)*) {
            type Input = L0::Input;
            type Output = #last::Output;
            const INSIDE: usize = #inside + most(&[#(#layers::INSIDE),*]);
            const PARTS: &'static [(&'static str, PartCosts)] = &[#((#names, costs::<#layers>())),*];

            #[inline(always)]
            fn run<S: Simd>(&self, simd: S, x: &Self::Input, y: &mut Self::Output) {
                #(#allocations)*
                #(#steps)*
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
