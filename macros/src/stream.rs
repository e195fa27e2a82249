//! The form of a sequence of layers that takes one frame at a time.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Index, Member, Type, parse_quote};

use crate::sequence::{Sequence, is_open};

/// `impl Streaming` for the type.
///
/// Its bounds on layers whose traits the compiler can resolve are quantified over an unused lifetime: a layer that cannot
/// be streamed is no error until the network is. They do not say that the frames fit, which `stream::pass` checks.
pub fn expand(sequence: &Sequence) -> TokenStream {
    let Sequence { crate_path: krate, target, fields, .. } = sequence;
    let types: Vec<&Type> = fields.iter().map(|field| &field.ty).collect();
    let names: Vec<&String> = fields.iter().map(|field| &field.name).collect();
    let members: Vec<&Member> = fields.iter().map(|field| &field.member).collect();
    let layers: Vec<TokenStream> = types.iter().map(|ty| quote!(<#ty as #krate::stream::Streaming>)).collect();
    let last = layers.len() - 1;
    let (first_layer, last_layer) = (&layers[0], &layers[last]);

    let is_open = |ty: &Type| is_open(ty, &sequence.generics);
    let all_open = types.iter().copied().all(is_open);
    let mut generics = sequence.generics.clone();
    let predicates = &mut generics.make_where_clause().predicates;
    for (index, ty) in types.iter().enumerate() {
        let fits = index.checked_sub(1).filter(|_| all_open).map(|before| {
            let before = &layers[before];
            quote!(<Frame = #before::Emitted>)
        });
        predicates.push(if is_open(ty) {
            parse_quote!(#ty: #krate::stream::Streaming #fits)
        } else {
            parse_quote!(for<'any_> #ty: #krate::stream::Streaming)
        });
    }

    // The outputs of the layers are in two memories in turn.
    let memories = [format_ident!("even"), format_ident!("odd")];
    let allocations = memories.iter().take(last).enumerate().map(|(start, memory)| {
        let outputs = layers[..last].iter().skip(start).step_by(2).rev();
        let any = outputs.fold(quote!(()), |others, layer| quote!(#krate::Either<#layer::Emitted, #others>));
        quote!(let mut #memory = ::core::mem::MaybeUninit::<#any>::uninit();)
    });
    let steps = (0..=last).map(|index| {
        let (layer, member, place) = (&layers[index], members[index], Index::from(index));
        let frame = index.checked_sub(1).map_or(quote!(::core::option::Option::Some(frame)), |before| {
            let (y, before) = (format_ident!("y{before}"), &layers[before]);
            quote!(#krate::stream::pass::<#before::Emitted, #layer::Frame>(#y))
        });
        if index == last {
            return quote! {
                let ::core::option::Option::Some(frame) = #frame else { return false };
                #krate::stream::step(&self.#member, simd, &mut state.#place, frame, emitted)
            };
        }
        let (memory, y) = (&memories[index % 2], format_ident!("y{index}"));
        quote! {
            let #y = #krate::zeroed_at::<#layer::Emitted, _>(&mut #memory);
            let ::core::option::Option::Some(frame) = #frame else { return false };
            if !#krate::stream::step(&self.#member, simd, &mut state.#place, frame, #y) {
                return false;
            }
        }
    });
    let delay = layers.iter().rev().fold(quote!(0), |after, layer| quote!(#layer::DELAY + #layer::PERIOD * (#after)));
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    quote! {
        #[allow(clippy::type_complexity)]
        impl #impl_generics #krate::stream::Streaming for #target #where_clause {
            type Frame = #first_layer::Frame;
            type Emitted = #last_layer::Emitted;
            type State = (#(#layers::State,)*);

            const STREAM_FAULT: ::core::option::Option<#krate::message::Message> =
                #krate::layer::first_fault(&[#(#layers::STREAM_FAULT),*]);
            const PADDED_FAULT: ::core::option::Option<#krate::message::Message> =
                #krate::layer::first_fault(&[#(#layers::PADDED_FAULT),*]);
            const PARTS: &'static [(&'static ::core::primitive::str, #krate::budget::PartCosts)] =
                &[#((#names, #krate::stream::costs::<#types>())),*];
            const FRAME_MACS: ::core::primitive::usize = 0 #(+ #layers::FRAME_MACS)*;
            const DELAY: ::core::primitive::usize = #delay;
            const PERIOD: ::core::primitive::usize = 1 #(* #layers::PERIOD)*;

            #[inline(always)]
            fn push<Simd_: #krate::kernel::Simd>(
                &self,
                simd: Simd_,
                state: &mut Self::State,
                frame: &Self::Frame,
                emitted: &mut Self::Emitted,
            ) -> ::core::primitive::bool {
                #(#allocations)*
                #(#steps)*
            }
        }
    }
}
