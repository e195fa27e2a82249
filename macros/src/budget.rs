//! `const_assert!`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{BinOp, Expr, ExprBinary};

/// A `const` item that fails to compile unless `condition` holds.
pub fn assertion(condition: &Expr) -> TokenStream {
    let text = condition.to_token_stream().to_string().replace(" :: ", "::");
    let Some((left, op, right)) = comparison(condition) else {
        return quote!(
            const _: () = ::core::assert!(#condition, "const_assert: `{}` does not hold", #text);
        );
    };
    let operator = op.to_token_stream().to_string();
    quote! {
        const _: () = {
            const MESSAGE: ::shiplap::message::Message = ::shiplap::message::Message::new()
                .text(concat!("budget exceeded: `", #text, "` does not hold, because "))
                .number((#left) as u128)
                .text(concat!(" is not ", #operator, " "))
                .number((#right) as u128);
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
