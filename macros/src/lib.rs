//! The code generator of `shiplap`: layers in sequence, forward and backward.
//!
//! `sequence` writes the code once; tuples, `#[derive(Network)]` and `#[network]` feed it.

mod budget;
mod sequence;

use proc_macro::TokenStream;
use quote::{format_ident, quote};
use syn::{Data, DeriveInput, Fields, Index, Item, Member, Type, parse_macro_input, spanned::Spanned};

use sequence::{Field, Sequence};

/// The most layers in a tuple.
const MOST: usize = 16;

/// Makes a struct of layers a network: its fields run in order, and their names become layer names.
#[proc_macro_derive(Network)]
pub fn derive_network(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    derive(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

fn derive(input: &DeriveInput) -> syn::Result<proc_macro2::TokenStream> {
    let name = &input.ident;
    let refuse = |what: &str| {
        syn::Error::new(
            name.span(),
            format!("`#[derive(Network)]` needs a struct with a layer in each field: `{name}` is {what}"),
        )
    };
    let Data::Struct(data) = &input.data else {
        return Err(refuse(if matches!(input.data, Data::Enum(_)) { "an enum" } else { "a union" }));
    };
    if matches!(data.fields, Fields::Unit) || data.fields.is_empty() {
        return Err(refuse("a struct without fields"));
    }
    let fields = data
        .fields
        .iter()
        .zip(data.fields.members())
        .map(|(field, member)| Field { ty: field.ty.clone(), name: name_of(&member), member })
        .collect();
    let (impl_generics, arguments, _) = input.generics.split_for_impl();
    let sequence = Sequence {
        crate_path: quote!(::shiplap),
        target: quote!(#name #arguments),
        generics: input.generics.clone(),
        fields,
    };
    let types = data.fields.iter().map(|field| &field.ty);
    let mut bounded = input.generics.clone();
    bounded
        .make_where_clause()
        .predicates
        .extend(types.map(|ty| -> syn::WherePredicate { syn::parse_quote!(#ty: ::shiplap::Zeroed) }));
    let where_clause = &bounded.where_clause;
    let implementation = sequence.expand();
    Ok(quote! {
        // SAFETY: each field is `Zeroed`.
        unsafe impl #impl_generics ::shiplap::Zeroed for #name #arguments #where_clause {}
        #implementation
    })
}

fn name_of(member: &Member) -> String {
    match member {
        Member::Named(name) => name.to_string(),
        Member::Unnamed(index) => index.index.to_string(),
    }
}

/// Checks a network where it is declared: on `type Net = (...);`, the error is at the layer that does not fit.
#[proc_macro_attribute]
pub fn network(_: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as Item);
    let check = match &item {
        Item::Type(alias) => check(&alias.ty),
        other => Err(syn::Error::new(
            other.span(),
            "`#[network]` checks a type alias: `#[network] type Net = (Dense<..>, ..);` (a struct has `#[derive(Network)]`)",
        )),
    };
    let check = check.unwrap_or_else(|error| error.to_compile_error());
    quote!(#item #check).into()
}

fn check(ty: &Type) -> syn::Result<proc_macro2::TokenStream> {
    let Type::Tuple(tuple) = ty else {
        return Ok(quote!(const _: usize = <#ty as ::shiplap::layer::Layer>::PARAMS;));
    };
    let layers: Vec<&Type> = tuple.elems.iter().collect();
    if layers.is_empty() || layers.len() > MOST {
        return Err(syn::Error::new(
            layers.get(MOST).map_or(tuple.span(), |extra| extra.span()),
            format!(
                "a network is a tuple of 1 to {MOST} layers, this one has {}: nest tuples, `((A, B), (C, D))`",
                layers.len()
            ),
        ));
    }
    let pairs = pairs_fit(&layers);
    let widths = layers.iter().map(|layer| quote!(const _: usize = <#layer as ::shiplap::layer::Layer>::PARAMS;));
    Ok(quote!(#pairs #(#widths)*))
}

/// Items that compile if each layer takes what the one before it gives; the error is at the user's own words.
fn pairs_fit(layers: &[&Type]) -> proc_macro2::TokenStream {
    let pairs = layers.windows(2).map(|pair| {
        let (before, after) = (pair[0], pair[1]);
        quote! {
            const _: fn() = || {
                fn fits<L: ::shiplap::layer::Accepts<<#before as ::shiplap::layer::Layer>::Output>>() {}
                fits::<#after>();
            };
        }
    });
    quote!(#(#pairs)*)
}

/// `assert!` at compile time; of a comparison that fails, the error says both sides.
#[proc_macro]
pub fn const_assert(input: TokenStream) -> TokenStream {
    let condition = parse_macro_input!(input as syn::Expr);
    budget::assertion(&condition).into()
}

/// `Layer` for tuples of 1 to 16 layers.
#[doc(hidden)]
#[proc_macro]
pub fn impl_tuples(_: TokenStream) -> TokenStream {
    (1..=MOST)
        .map(|count| {
            let layers: Vec<_> = (0..count).map(|index| format_ident!("L{index}")).collect();
            let fields = layers.iter().enumerate().map(|(index, layer)| Field {
                ty: syn::parse_quote!(#layer),
                member: Member::Unnamed(Index::from(index)),
                name: index.to_string(),
            });
            let sequence = Sequence {
                crate_path: quote!(crate),
                target: quote!((#(#layers,)*)),
                generics: syn::parse_quote!(<#(#layers),*>),
                fields: fields.collect(),
            };
            sequence.expand()
        })
        .collect::<proc_macro2::TokenStream>()
        .into()
}
