//! The traits of the standard library.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse_quote;

use super::fields::{Part, Role};

/// `Clone`, `Debug` and `PartialEq`, without the bound on every type parameter that the standard derives add.
pub fn standard_traits(
    impl_generics: &syn::ImplGenerics<'_>,
    target: &TokenStream,
    where_clause: Option<&syn::WhereClause>,
    parts: &[Part],
) -> TokenStream {
    let with = |bound: TokenStream| {
        let mut clause = where_clause.cloned().unwrap_or_else(|| parse_quote!(where));
        for part in parts.iter().filter(|part| matches!(part.role, Role::Layer)) {
            let ty = &part.ty;
            clause.predicates.push(parse_quote!(#ty: #bound));
        }
        clause
    };
    let (clone_where, equal_where) = (with(quote!(::core::clone::Clone)), with(quote!(::core::cmp::PartialEq)));
    let clones = parts.iter().map(|Part { member, .. }| quote!(#member: ::core::clone::Clone::clone(&self.#member)));
    let equal = parts.iter().filter(|part| !matches!(part.role, Role::Marker)).map(
        |Part { member, ty, role, .. }| match role {
            Role::Layer => quote!(self.#member == other.#member),
            _ => {
                let flat = |place| quote!(<#ty as ::shiplap::Tensor>::flat(::core::slice::from_ref(&#place)));
                let (own, other) = (flat(quote!(self.#member)), flat(quote!(other.#member)));
                quote!(#own == #other)
            }
        },
    );
    quote! {
        impl #impl_generics ::core::clone::Clone for #target #clone_where {
            fn clone(&self) -> Self {
                const { ::shiplap::layer::assert_fits_stack::<Self>() };
                Self { #(#clones),* }
            }
        }

        impl #impl_generics ::core::cmp::PartialEq for #target #equal_where {
            fn eq(&self, other: &Self) -> ::core::primitive::bool {
                let _ = other;
                true #(&& #equal)*
            }
        }

        impl #impl_generics ::core::fmt::Debug for #target #where_clause {
            fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                formatter.write_str(::shiplap::message::Message::as_str(&<Self as ::shiplap::layer::Parameters>::KIND))
            }
        }
    }
}
