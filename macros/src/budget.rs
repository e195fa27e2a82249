//! `const_assert!`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{BinOp, Expr, ExprBinary};

/// A `const` item that fails to compile unless `condition`, which the program writes as `text`, holds.
pub fn assertion(condition: &Expr, text: &str) -> TokenStream {
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
                ::shiplap::budget::exceeded(#text, (#left) as i128, #operator, (#right) as i128);
            ::core::assert!(#condition, "{}", MESSAGE.as_str());
        };
    }
}

fn comparison(condition: &Expr) -> Option<(&Expr, &BinOp, &Expr)> {
    match condition {
        Expr::Binary(ExprBinary {
            left,
            op: op @ (BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_) | BinOp::Eq(_) | BinOp::Ne(_)),
            right,
            ..
        }) => Some((left, op, right)),
        _ => None,
    }
}
