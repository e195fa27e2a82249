//! Layers in read-only memory.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Generics, Type, parse_quote};

use super::fields::{Part, Role};

/// `impl Stored`: the layer with the numbers of a file that is read at compile time.
pub fn stored(
    krate: &TokenStream,
    generics: &Generics,
    target: &TokenStream,
    element: &Type,
    parts: &[Part],
) -> TokenStream {
    let (file, place) = (format_ident!("File_"), format_ident!("Place_"));
    let has_numbers = parts.iter().any(|part| !matches!(part.role, Role::Marker));
    let mut generics = generics.clone();
    generics.params.push(parse_quote!(#file));
    generics.params.push(parse_quote!(#place));
    let predicates = &mut generics.make_where_clause().predicates;
    if has_numbers {
        predicates.push(parse_quote!(#file: #krate::flash::Weights<#element>));
        predicates.push(parse_quote!(#place: #krate::flash::Place));
    }
    let mut nested = 0usize;
    let mut values = Vec::new();
    for part in parts {
        let Part { member, name, ty, role } = part;
        let value = match role {
            Role::Marker => quote!(::core::marker::PhantomData),
            Role::Layer => {
                let stored = quote!(#krate::flash::Stored<#file, #krate::flash::Field<#place, #target, #nested>>);
                predicates.push(parse_quote!(#ty: #stored));
                nested += 1;
                quote!(<#ty as #stored>::STORED)
            }
            _ => {
                let read = quote! {
                    #krate::kernel::tensor_of::<#ty>(#krate::flash::values(&<#file>::FILE, <#place>::PATH, #name))
                };
                match part.is_optional() {
                    true => quote! {
                        if <#ty as #krate::Tensor>::LEN == 0 { #krate::kernel::tensor_of::<#ty>(&[]) } else { #read }
                    },
                    false => read,
                }
            }
        };
        values.push(quote!(#member: #value));
    }
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    quote! {
        #[diagnostic::do_not_recommend]
        impl #impl_generics #krate::flash::Stored<#file, #place> for #target #where_clause {
            const STORED: Self = Self { #(#values),* };
        }
    }
}
