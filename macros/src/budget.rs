//! `const_assert!`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{BinOp, Expr, ExprBinary};

/// A `const` item that fails to compile unless `condition` holds.
pub fn assertion(condition: &TokenStream) -> TokenStream {
    let text = condition.to_string();
    let Some((left, op, right)) = comparison(condition) else {
        let text = format!("budget exceeded: `{text}` does not hold");
        return quote!(
            const _: () = ::core::assert!(#condition, "{}", #text);
        );
    };
    let operator = match op {
        BinOp::Lt(_) => "< ",
        BinOp::Le(_) => "<= ",
        BinOp::Gt(_) => "> ",
        BinOp::Ge(_) => ">= ",
        BinOp::Ne(_) => "other than ",
        _ => "",
    };
    quote! {
        const _: () = {
            const MESSAGE: ::shiplap::message::Message<8192> =
                ::shiplap::budget::exceeded(
                    #text,
                    ::shiplap::budget::Side::of(&(#left), (#left) as ::core::primitive::i128),
                    #operator,
                    ::shiplap::budget::Side::of(&(#right), (#right) as ::core::primitive::i128),
                );
            ::core::assert!(#condition, "{}", ::shiplap::message::Message::as_str(&MESSAGE));
        };
    }
}

/// The sides of a comparison. `None` also for expressions that `syn` cannot parse without its feature `full`: the
/// compiler reports errors in them better.
fn comparison(condition: &TokenStream) -> Option<(Expr, BinOp, Expr)> {
    let Ok(Expr::Binary(ExprBinary { left, op, right, .. })) = syn::parse2(condition.clone()) else { return None };
    let compares =
        matches!(op, BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_) | BinOp::Eq(_) | BinOp::Ne(_));
    compares.then_some((*left, op, *right))
}
