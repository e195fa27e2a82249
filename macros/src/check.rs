//! Checks where a network is declared, so that an error is at the layer that is wrong.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Generics, Type, spanned::Spanned};

use crate::sequence::{depends, is_open};

/// The maximum number of layers in a sequence.
pub const MOST: usize = 16;

/// The layers of a declaration, those of the tuples inside included.
pub struct Declared<'a> {
    leaves: Vec<&'a Type>,
    generics: &'a Generics,
}

impl<'a> Declared<'a> {
    pub fn new(layers: &[&'a Type], generics: &'a Generics) -> syn::Result<Self> {
        let mut leaves = Vec::new();
        layers.iter().try_for_each(|layer| collect(layer, &mut leaves))?;
        Ok(Self { leaves, generics })
    }

    fn is_concrete(&self, layer: &Type) -> bool {
        !depends(layer.to_token_stream(), self.generics)
    }

    /// Layers that follow each other.
    fn pairs(&self) -> impl Iterator<Item = (&'a Type, &'a Type)> {
        self.leaves.windows(2).map(|pair| (pair[0], pair[1]))
    }

    /// The same, of layers without generic parameters.
    fn concrete_pairs(&self) -> impl Iterator<Item = (&'a Type, &'a Type)> {
        self.pairs().filter(|(before, after)| self.is_concrete(before) && self.is_concrete(after))
    }

    /// Items that compile if each layer is sound and takes the output of the one before it.
    ///
    /// Layers without generic parameters are checked in one constant, and the first check that fails ends it: one mistake, such
    /// as a width that fits neither neighbour, is one error. Others are checked as far as their shapes are known.
    pub fn check(&self) -> TokenStream {
        let sound = self.leaves.iter().filter(|layer| self.is_concrete(layer)).map(|layer| {
            let fault = quote_spanned!(end(layer)=> (&<#layer as ::shiplap::layer::InNetwork>::FAULT));
            assertion(layer, fault)
        });
        let fits = self.concrete_pairs().map(|(before, after)| {
            let misfit = misfit(before, after);
            assertion(after, quote_spanned!(end(after)=> (&#misfit)))
        });
        let generic = self.generic();
        quote! {
            #[allow(clippy::type_complexity)]
            const _: () = {
                #(#sound;)*
                #(#fits;)*
            };
            #generic
        }
    }

    /// The check of layers with generic parameters.
    fn generic(&self) -> TokenStream {
        let is_known = |layer: &Type| !is_open(layer, self.generics);
        let fits: Vec<TokenStream> = self
            .pairs()
            .filter(|(before, after)| is_known(before) && is_known(after))
            .filter(|(before, after)| !(self.is_concrete(before) && self.is_concrete(after)))
            .map(|(before, after)| quote_spanned!(after.span()=> fits::<#before, #after>();))
            .collect();
        if fits.is_empty() {
            return TokenStream::new();
        }
        let (impl_generics, _, where_clause) = self.generics.split_for_impl();
        quote! {
            #[allow(clippy::type_complexity)]
            const _: () = {
                fn fits<Before_: ::shiplap::layer::Layer, After_: ::shiplap::layer::After<Before_>>() {}
                fn _check #impl_generics () #where_clause {
                    #(#fits)*
                }
            };
        }
    }

    /// An expression of type `bool`: whether the layers without generic parameters fit.
    pub fn fits(&self) -> TokenStream {
        let misfits = self.concrete_pairs().map(|(before, after)| misfit(before, after));
        quote!(true #(&& #misfits.is_none())*)
    }
}

/// The reason why these layers do not fit, as an expression.
fn misfit(before: &Type, after: &Type) -> TokenStream {
    let shapes = |layer: &Type| quote_spanned!(layer.span()=> &<#layer as ::shiplap::layer::InNetwork>::SHAPES);
    let (before, after) = (shapes(before), shapes(after));
    quote!(::shiplap::layer::misfit(#before, #after))
}

/// A call that fails with an error at `layer`, shown as a whole.
fn assertion(layer: &Type, fault: TokenStream) -> TokenStream {
    let function = quote_spanned!(layer.span()=> ::shiplap::layer::assert_sound);
    quote!(#function #fault)
}

/// Where `ty` ends. What is spanned from its start to here is shown as the type.
fn end(ty: &Type) -> Span {
    ty.to_token_stream().into_iter().last().map_or(ty.span(), |token| token.span())
}

/// Refuses a sequence of so many layers; `place` is where the first one too many is, or the sequence as a whole.
pub fn count(layers: usize, place: impl FnOnce() -> Span) -> syn::Result<()> {
    if (1..=MOST).contains(&layers) {
        return Ok(());
    }
    let message = format!("a network has 1 to {MOST} layers, this one has {layers}: nest tuples, `((A, B), (C, D))`");
    Err(syn::Error::new(place(), message))
}

/// The layers of `ty`, those of the tuples inside it too.
fn collect<'a>(ty: &'a Type, leaves: &mut Vec<&'a Type>) -> syn::Result<()> {
    let Type::Tuple(tuple) = ty else {
        leaves.push(ty);
        return Ok(());
    };
    count(tuple.elems.len(), || tuple.elems.iter().nth(MOST).map_or(tuple.span(), Spanned::span))?;
    tuple.elems.iter().try_for_each(|layer| collect(layer, leaves))
}
