//! `const_assert!`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{BinOp, Expr, ExprBinary};

/// A `const` item that fails to compile unless `condition` holds.
pub fn assertion(condition: &Expr) -> TokenStream {
    let text = condition.to_token_stream().to_string();
    let Expr::Binary(ExprBinary { left, op, right, .. }) = condition else {
        return quote!(
            const _: () = ::core::assert!(#condition, "const_assert: `{}` does not hold", #text);
        );
    };
    if !matches!(op, BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_) | BinOp::Eq(_) | BinOp::Ne(_)) {
        return quote!(
            const _: () = ::core::assert!(#condition, "const_assert: `{}` does not hold", #text);
        );
    }
    let operator = op.to_token_stream().to_string();
    quote! {
        const _: () = {
            const MESSAGE: ::shiplap::message::Message = ::shiplap::message::Message::new()
                .text("budget exceeded: it should be ")
                .text(#text)
                .text(", but it is ")
                .number((#left) as u128)
                .text(concat!(" against ", #operator, " "))
                .number((#right) as u128);
            ::core::assert!(#condition, "{}", MESSAGE.as_str());
        };
    }
}
