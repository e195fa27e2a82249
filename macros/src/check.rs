//! Checks at the declaration of a network, so that an error points to the layer at fault.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Generics, Type, spanned::Spanned};

use crate::sequence::{depends, is_open};

/// The maximum number of layers in a sequence.
pub const MOST: usize = 16;

/// The maximum depth of nested tuples. The compiler itself overflows its stack at some hundreds.
const DEEPEST: usize = 32;

/// The layers of a declaration, including those of nested tuples.
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

    /// Pairs of consecutive layers.
    fn pairs(&self) -> impl Iterator<Item = (&'a Type, &'a Type)> {
        self.leaves.windows(2).map(|pair| (pair[0], pair[1]))
    }

    /// The pairs without generic parameters.
    fn concrete_pairs(&self) -> impl Iterator<Item = (&'a Type, &'a Type)> {
        self.pairs().filter(|(before, after)| self.is_concrete(before) && self.is_concrete(after))
    }

    /// The layers without generic parameters, and expressions for their faults.
    fn concrete_faults(&self) -> impl Iterator<Item = (&'a Type, TokenStream)> {
        let layers = self.leaves.iter().copied().filter(|layer| self.is_concrete(layer));
        layers.map(|layer| (layer, quote_spanned!(end(layer)=> <#layer as ::shiplap::layer::InNetwork>::FAULT)))
    }

    /// Items that compile only if each layer is sound and takes the output of the previous one.
    ///
    /// Layers without generic parameters are checked in one constant, which ends with the first failed check: one
    /// mistake, such as a width that fits neither neighbor, is one error. Other layers are checked as far as their
    /// shapes are known.
    pub fn check(&self) -> TokenStream {
        let sound = self
            .concrete_faults()
            .map(|(layer, fault)| assertion(layer.span(), quote_spanned!(end(layer)=> (&#fault))));
        let fits = self.concrete_pairs().map(|(before, after)| {
            let misfit = misfit(before, after);
            assertion(after.span(), quote_spanned!(end(after)=> (&#misfit)))
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

    /// An expression of type `bool` that is true if the layers without generic parameters are sound and fit.
    pub fn fits(&self) -> TokenStream {
        let misfits = self.concrete_pairs().map(|(before, after)| misfit(before, after));
        let faults = self.concrete_faults().map(|(_, fault)| fault).chain(misfits);
        quote!(true #(&& ::core::option::Option::is_none(&#faults))*)
    }
}

/// An expression for the reason why two layers do not fit.
fn misfit(before: &Type, after: &Type) -> TokenStream {
    let shapes = |layer: &Type| quote_spanned!(layer.span()=> &<#layer as ::shiplap::layer::InNetwork>::SHAPES);
    let (before, after) = (shapes(before), shapes(after));
    quote!(::shiplap::layer::misfit(#before, #after))
}

/// A call that fails with an error at the whole layer, from `start` to the last token of `fault`.
pub fn assertion(start: Span, fault: TokenStream) -> TokenStream {
    let function = quote_spanned!(start=> ::shiplap::layer::assert_sound);
    quote!(#function #fault)
}

/// The end of `ty`. The compiler shows the span from its start to this token as the type.
pub fn end(ty: &Type) -> Span {
    ty.to_token_stream().into_iter().last().map_or(ty.span(), |token| token.span())
}

/// Rejects a sequence of this many layers. `place` is the first layer beyond the maximum, or the whole sequence.
pub fn count(layers: usize, place: impl FnOnce() -> Span) -> syn::Result<()> {
    if (1..=MOST).contains(&layers) {
        return Ok(());
    }
    let message = format!("a network has 1 to {MOST} layers, this one has {layers}: nest tuples, `((A, B), (C, D))`");
    Err(syn::Error::new(place(), message))
}

/// Rejects tuples that are nested too deep, before the parser, which calls itself for each level.
pub fn depth(tokens: &TokenStream) -> syn::Result<()> {
    let mut groups = vec![(0, tokens.clone())];
    while let Some((depth, tokens)) = groups.pop() {
        for token in tokens {
            let TokenTree::Group(group) = token else { continue };
            let is_tuple = group.delimiter() == Delimiter::Parenthesis;
            if is_tuple && depth == DEEPEST {
                let message =
                    format!("tuples are nested more than {DEEPEST} deep: join some, `(A, B, C)` for `((A, B), C)`");
                return Err(syn::Error::new(group.span(), message));
            }
            groups.push((depth + usize::from(is_tuple), group.stream()));
        }
    }
    Ok(())
}

/// The layers of `ty`, including those of nested tuples.
fn collect<'a>(ty: &'a Type, leaves: &mut Vec<&'a Type>) -> syn::Result<()> {
    if let Type::Reference(borrowed) = ty {
        return Err(syn::Error::new(borrowed.span(), "a network owns its layers: remove the reference"));
    }
    let Type::Tuple(tuple) = ty else {
        leaves.push(ty);
        return Ok(());
    };
    count(tuple.elems.len(), || tuple.elems.iter().nth(MOST).map_or(tuple.span(), Spanned::span))?;
    tuple.elems.iter().try_for_each(|layer| collect(layer, leaves))
}
