//! Sequences that are read from a file at compile time.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Member, Type, parse_quote};

use crate::sequence::Sequence;

/// `impl Stored` for the type. `construct` builds a value from its members and their values.
pub fn expand(sequence: &Sequence, construct: impl FnOnce(&[&Member], &[TokenStream]) -> TokenStream) -> TokenStream {
    let Sequence { crate_path: krate, target, generics, fields, .. } = sequence;
    let stored = |index| quote!(#krate::flash::Stored<File_, #krate::flash::Field<Place_, #target, #index>>);
    let traits: Vec<TokenStream> = (0..fields.len()).map(stored).collect();
    let types: Vec<&Type> = fields.iter().map(|field| &field.ty).collect();
    let members: Vec<&Member> = fields.iter().map(|field| &field.member).collect();
    let values: Vec<TokenStream> =
        types.iter().zip(&traits).map(|(ty, stored)| quote!(<#ty as #stored>::STORED)).collect();
    let value = construct(&members, &values);

    let mut generics = generics.clone();
    generics.params.push(parse_quote!(File_));
    generics.params.push(parse_quote!(Place_: #krate::flash::Place));
    let predicates = &mut generics.make_where_clause().predicates;
    for (ty, stored) in types.iter().zip(&traits) {
        predicates.push(parse_quote!(#ty: #stored));
    }
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    quote! {
        #[diagnostic::do_not_recommend]
        #[allow(clippy::type_complexity)]
        impl #impl_generics #krate::flash::Stored<File_, Place_> for #target #where_clause {
            const STORED: Self = #value;
        }
    }
}
