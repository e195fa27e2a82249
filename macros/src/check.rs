//! Checks where a network is declared, so that each error is at the layer that is wrong.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{GenericParam, Generics, Type, spanned::Spanned};

/// The most layers in a sequence.
pub const MOST: usize = 16;

/// Items that compile if the layers are sound and each takes what the one before it gives; tuples among them are
/// checked layer by layer. What depends on a parameter of `generics` is not known here, and left out.
pub fn sequence(layers: &[&Type], generics: &Generics) -> syn::Result<TokenStream> {
    let mut leaves = Vec::new();
    layers.iter().try_for_each(|layer| collect(layer, &mut leaves))?;
    let known: Vec<bool> = leaves.iter().map(|layer| !depends(layer.to_token_stream(), generics)).collect();
    let fits = leaves.windows(2).zip(known.windows(2)).filter(|(_, known)| **known == [true, true]).map(|(pair, _)| {
        let fits = fits(&quote!(::shiplap), pair[0], pair[1]);
        let met = quote_spanned!(end(pair[1])=> Met);
        quote!(#[allow(clippy::type_complexity)] const _: () = { fn _fits(_: #fits::#met) {} };)
    });
    let sound = leaves.iter().zip(&known).filter(|(_, known)| **known).map(|(layer, _)| {
        let function = quote_spanned!(layer.span()=> ::shiplap::layer::assert_sound);
        let fault = quote_spanned!(end(layer)=> (&<#layer as ::shiplap::layer::Layer>::FAULT));
        quote!(#[allow(clippy::type_complexity)] const _: () = #function #fault;)
    });
    Ok(quote!(#(#fits)* #(#sound)*))
}

/// Whether one of the parameters occurs in `tokens`.
fn depends(tokens: TokenStream, generics: &Generics) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => depends(group.stream(), generics),
        TokenTree::Ident(name) => generics.params.iter().any(|parameter| match parameter {
            GenericParam::Type(parameter) => parameter.ident == name,
            GenericParam::Const(parameter) => parameter.ident == name,
            GenericParam::Lifetime(_) => false,
        }),
        _ => false,
    })
}

/// The layer `after` as the trait says it that holds if it takes what `before` gives.
pub fn fits(krate: &TokenStream, before: &Type, after: &Type) -> TokenStream {
    let layer = quote!(#krate::layer::Layer);
    quote_spanned! {
        after.span()=> <#after as #krate::layer::Fits<<#before as #layer>::Output, <#after as #layer>::Input>>
    }
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

/// The first layer inside `ty`.
pub fn first(ty: &Type) -> &Type {
    match ty {
        Type::Tuple(tuple) => tuple.elems.first().map_or(ty, first),
        _ => ty,
    }
}

/// The last layer inside `ty`.
pub fn last(ty: &Type) -> &Type {
    match ty {
        Type::Tuple(tuple) => tuple.elems.last().map_or(ty, last),
        _ => ty,
    }
}
