//! `#[derive(Parameters)]`: the code that follows from the fields of a layer.

mod fields;
mod standard_traits;
mod stored;
mod visits;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{DeriveInput, GenericParam, Type, TypeParam, WherePredicate, ext::IdentExt, parse_quote};

pub use self::fields::{Part, element, parts};
use self::{
    fields::{Role, is_bounded, setting},
    standard_traits::standard_traits,
    stored::stored,
    visits::visits,
};

/// The bounds of the generated code: `T: Element`, if the numbers are of a type parameter, and that nested layers are networks
/// of the same numbers.
pub fn bounds(input: &DeriveInput, parts: &[Part], element: &Type) -> Vec<WherePredicate> {
    let mut bounds: Vec<WherePredicate> = Vec::new();
    let name = element.to_token_stream().to_string();
    if input.generics.type_params().any(|parameter| parameter.ident == name) {
        bounds.push(parse_quote!(#element: ::shiplap::kernel::Element));
    }
    if let Ok(Some(_)) = setting(input, "element") {
        // The bounds of the struct say that its layers have these numbers.
        return bounds;
    }
    for ty in parts.iter().filter_map(Part::layer) {
        let own = quote!(<#ty as ::shiplap::layer::Parameters>::Element).to_string();
        bounds.push(match name == own {
            true => parse_quote!(#ty: ::shiplap::network::Network),
            false => parse_quote!(#ty: ::shiplap::network::Network + ::shiplap::layer::Layer<Element = #element>),
        });
    }
    bounds
}

pub fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let parts = parts(input)?;
    let name = &input.ident;
    let krate = quote!(::shiplap);
    let element = element(input, &parts)?;
    let activation =
        input.generics.type_params().find(|parameter| is_bounded(parameter, &["Activation", "Elementwise"]));

    let mut generics = input.generics.clone();
    generics.make_where_clause().predicates.extend(bounds(input, &parts, &element));
    let (impl_generics, arguments, where_clause) = generics.split_for_impl();
    let target = quote!(#name #arguments);

    let mut zeroed_generics = generics.clone();
    let fields_zeroed = parts.iter().map(|part| -> syn::WherePredicate {
        let ty = &part.ty;
        parse_quote!(#ty: #krate::Zeroed)
    });
    zeroed_generics.make_where_clause().predicates.extend(fields_zeroed);
    let zeroed_where = &zeroed_generics.where_clause;

    let mut network_generics = generics.clone();
    network_generics.make_where_clause().predicates.push(parse_quote!(Self: #krate::layer::Layer));
    let network_where = &network_generics.where_clause;

    let visits = visits(&krate, &parts, activation);
    let traits = standard_traits(&impl_generics, &target, where_clause, &parts);
    let stored = stored(&krate, &generics, &target, &element, &parts);
    let kind = match setting(input, "kind")? {
        Some(kind) => kind.into_token_stream(),
        None => kind(&krate, input, activation),
    };
    let layers = parts.iter().filter(|part| matches!(part.role, Role::Layer)).map(|part| {
        let (name, ty) = (&part.name, &part.ty);
        quote!((#name, <#ty as #krate::layer::Layer>::OUTLINE))
    });
    let activation = match activation {
        Some(TypeParam { ident, .. }) => {
            quote!(::core::option::Option::Some(<#ident as #krate::activation::Activation>::NAME))
        }
        None => quote!(::core::option::Option::None),
    };
    Ok(quote! {
        // SAFETY: each field is `Zeroed`.
        unsafe impl #impl_generics #krate::Zeroed for #target #zeroed_where {}

        #[allow(clippy::type_complexity, unused_braces, unused_parens)]
        impl #impl_generics #krate::layer::Parameters for #target #where_clause {
            type Element = #element;
            const KIND: #krate::message::Message<64> = #kind;
            const LAYERS: &'static [(&'static ::core::primitive::str, #krate::layer::Outline)] = &[#(#layers),*];
            const ACTIVATION: ::core::option::Option<&'static ::core::primitive::str> = #activation;
            #visits
        }

        impl #impl_generics #krate::network::Network for #target #network_where {}

        #traits
        #stored
    })
}

/// `Dense<10, 1, Sigmoid>`: the struct's name, its integer parameters, and its activation.
fn kind(krate: &TokenStream, input: &DeriveInput, activation: Option<&TypeParam>) -> TokenStream {
    let name = input.ident.unraw().to_string();
    let mut words = Vec::new();
    for parameter in &input.generics.params {
        match parameter {
            GenericParam::Const(parameter) => {
                let (ident, ty) = (&parameter.ident, parameter.ty.to_token_stream().to_string());
                match ty.as_str() {
                    "bool" | "char" => {}
                    signed if signed.starts_with('i') => {
                        words.push(quote!(.integer(#ident as ::core::primitive::i128)))
                    }
                    _ => words.push(quote!(.number(#ident as ::core::primitive::u128))),
                }
            }
            GenericParam::Type(parameter)
                if activation.is_some_and(|activation| activation.ident == parameter.ident) =>
            {
                let ident = &parameter.ident;
                words.push(quote!(.text(<#ident as #krate::activation::Activation>::NAME)));
            }
            _ => {}
        }
    }
    if words.is_empty() {
        return quote!(#krate::message::Message::new().text(#name));
    }
    let separators = words.iter().enumerate().map(|(index, _)| if index == 0 { "<" } else { ", " });
    quote!(#krate::message::Message::new().text(#name)#(.text(#separators)#words)*.text(">"))
}
