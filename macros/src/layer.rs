//! `#[derive(Layer)]`: the formula for a batch from that for one sample.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{DeriveInput, Type, TypeParam, parse_quote};

use crate::parameters::{self, Part, bounds, element, parts};

/// `#[derive(Layer)]`: the parameters, and the formula for a batch from that for one sample.
pub fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let parameters = parameters::derive(input)?;
    let (krate, name) = (quote!(::shiplap), &input.ident);
    let (parts, mut generics) = (parts(input)?, input.generics.clone());
    let (_, arguments, _) = input.generics.split_for_impl();
    generics.make_where_clause().predicates.extend(bounds(input, &parts, &element(input, &parts)?));
    let nested: Vec<&Type> = parts.iter().filter_map(Part::layer).collect();
    let target = quote!(#name #arguments);
    if input.generics.type_params().any(is_inferred) {
        // Only the complete layer has a formula.
        generics.make_where_clause().predicates.push(parse_quote!(#target: #krate::layer::SimpleLayer));
    }
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let simple = quote_spanned!(name.span()=> <#target as #krate::layer::SimpleLayer>);
    Ok(quote! {
        #parameters

        impl #impl_generics #krate::layer::Layer for #target #where_clause {
            type Input = #simple::Input;
            type Output = #simple::Output;
            type Tape<const BATCH_: ::core::primitive::usize> = [#simple::Tape; BATCH_];
            type Head = #krate::activation::Linear;

            const MACS: ::core::primitive::usize = #simple::MACS #(+ <#nested as #krate::layer::Layer>::MACS)*;
            const FAULT: ::core::option::Option<#krate::message::Message> = #krate::layer::first_fault(
                &[#simple::FAULT, #(<#nested as #krate::layer::Layer>::FAULT),*],
            );
            const TAKES_MISSING: ::core::primitive::bool = #simple::TAKES_MISSING;
            const LOOKS_AHEAD: ::core::option::Option<::core::primitive::bool> =
                if #simple::LOOKS_AHEAD { ::core::option::Option::Some(true) } else { ::core::option::Option::None };
            const TAKES_WHOLE: ::core::primitive::bool = #simple::TAKES_WHOLE;
            const KEEPS_WHOLE: ::core::primitive::bool = #simple::KEEPS_WHOLE;

            #[inline(always)]
            fn invalid(x: &Self::Input) -> ::core::option::Option<#krate::layer::Invalid> {
                #simple::invalid(x)
            }

            #[inline(always)]
            fn part(x: &Self::Input) -> ::core::option::Option<(::core::primitive::usize, &Self::Output)> {
                #simple::part(x)
            }

            #[inline(always)]
            fn forward_batch<Simd_: #krate::kernel::Simd, Ending_: #krate::layer::Ending, const BATCH_: ::core::primitive::usize>(
                &self,
                simd: Simd_,
                x: &[Self::Input],
                y: &mut [Self::Output],
            ) {
                #krate::layer::simple_batch::forward(self, simd, x, y);
            }

            #[inline(always)]
            fn record_batch<Simd_: #krate::kernel::Simd, Ending_: #krate::layer::Ending, const BATCH_: ::core::primitive::usize>(
                &self,
                simd: Simd_,
                rng: ::core::option::Option<&mut #krate::Rng>,
                x: &[Self::Input],
                tape: &mut Self::Tape<BATCH_>,
                y: &mut [Self::Output],
            ) {
                #krate::layer::simple_batch::record(self, simd, rng, x, tape, y);
            }

            #[inline(always)]
            fn backward_batch<Simd_: #krate::kernel::Simd, Ending_: #krate::layer::Ending, const BATCH_: ::core::primitive::usize>(
                &self,
                simd: Simd_,
                x: &[Self::Input],
                tape: &mut Self::Tape<BATCH_>,
                y: &[Self::Output],
                dy: &mut [Self::Output],
                dx: ::core::option::Option<&mut [Self::Input]>,
            ) {
                #krate::layer::simple_batch::backward(self, simd, x, tape, y, dy, dx);
            }

            #[inline(always)]
            fn gradient_batch<Simd_: #krate::kernel::Simd, const BATCH_: ::core::primitive::usize>(
                &self,
                simd: Simd_,
                x: &[Self::Input],
                tape: &mut Self::Tape<BATCH_>,
                dy: &[Self::Output],
                gradient: &mut Self::Trainable,
            ) {
                #krate::layer::simple_batch::gradient(self, simd, x, tape, dy, gradient);
            }

            fn operations<Visitor_: #krate::layer::Operations<Self::Element>>(
                &self,
                path: #krate::layer::Path<'_>,
                operations: &mut Visitor_,
            ) {
                #simple::operations(self, path, operations);
            }
        }
    })
}

/// Whether `#[network(input = ..)]` works out this parameter: its default is `Inferred`.
fn is_inferred(parameter: &TypeParam) -> bool {
    parameter.default.as_ref().is_some_and(|default| {
        matches!(default, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Inferred"))
    })
}
