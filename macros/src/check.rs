//! Checks where a network is declared, so that an error is at the layer that is wrong.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Generics, Type, spanned::Spanned};

use crate::sequence::depends;

/// The maximum number of layers in a sequence.
pub const MOST: usize = 16;

/// The layers of a declaration, those of the tuples inside included, that do not depend on a generic parameter.
pub struct Declared<'a> {
    /// All of them; `None` for one that depends on a parameter.
    leaves: Vec<Option<&'a Type>>,
}

impl<'a> Declared<'a> {
    pub fn new(layers: &[&'a Type], generics: &Generics) -> syn::Result<Self> {
        let mut leaves = Vec::new();
        layers.iter().try_for_each(|layer| collect(layer, &mut leaves))?;
        let known = |leaf: &'a Type| (!depends(leaf.to_token_stream(), generics)).then_some(leaf);
        Ok(Self { leaves: leaves.into_iter().map(known).collect() })
    }

    /// Layers that follow each other, both known.
    fn pairs(&self) -> impl Iterator<Item = (&'a Type, &'a Type)> {
        self.leaves.windows(2).filter_map(|pair| Some((pair[0]?, pair[1]?)))
    }

    /// An item that compiles if each layer is sound and takes the output of the one before it. All checks are in one
    /// constant, and the first that fails ends it: one mistake, such as a width that fits neither neighbour, is one error.
    pub fn check(&self) -> TokenStream {
        let sound = self.leaves.iter().flatten().map(|layer| {
            let fault = quote_spanned!(end(layer)=> (&<#layer as ::shiplap::layer::InNetwork>::FAULT));
            assertion(layer, fault)
        });
        let fits = self.pairs().map(|(before, after)| {
            let misfit = quote_spanned!(end(after)=> (&::shiplap::layer::misfit::<#before, #after>()));
            assertion(after, misfit)
        });
        quote! {
            #[allow(clippy::type_complexity)]
            const _: () = {
                #(#sound;)*
                #(#fits;)*
            };
        }
    }

    /// An expression of type `bool`: whether all known layers fit.
    pub fn fits(&self) -> TokenStream {
        let misfits =
            self.pairs().map(|(before, after)| quote!(::shiplap::layer::misfit::<#before, #after>().is_none()));
        quote!(true #(&& #misfits)*)
    }
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
