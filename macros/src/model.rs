//! `include_model!`.

use std::{fs, path::Path};

use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    Attribute, Error, Ident, LitStr, Token, Visibility,
    parse::{Parse, ParseStream},
};

use crate::{
    file::resolve,
    import::{Model, source::sequence},
};

/// `pub static NET: Net = "net.tflite";`
pub struct Item {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    name: Ident,
    ty: Ident,
    file: LitStr,
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let (attributes, visibility) = (input.call(Attribute::parse_outer)?, input.parse()?);
        if !input.peek(Token![static]) {
            return Err(input.error("expected `static NAME: Type = \"model.tflite\";`"));
        }
        input.parse::<Token![static]>()?;
        let name = input.parse()?;
        input.parse::<Token![:]>()?;
        let ty = input.parse()?;
        input.parse::<Token![=]>()?;
        let file = input.parse()?;
        input.parse::<Token![;]>()?;
        Ok(Self { attributes, visibility, name, ty, file })
    }
}

/// The type and the static of a model.
pub fn expand(item: &Item) -> syn::Result<TokenStream> {
    let Item { attributes, visibility, name, ty, file } = item;
    let text = file.value();
    let refuse = |reason: String| Error::new(file.span(), format!("{text} {reason}"));
    let path = resolve(Path::new(&text), file.span()).map_err(|error| refuse(format!("cannot be found: {error}")))?;
    let bytes = fs::read(&path).map_err(|error| {
        refuse(format!("cannot be read: {error}; paths are relative to this source file, as for `include_bytes!`"))
    })?;
    let include = path.to_str().ok_or_else(|| refuse("is in a folder whose name is not UTF-8".into()))?;
    let model = Model::parse(&bytes).map_err(refuse)?;
    let qualified = |module: &'static str, name: &str| format!("::shiplap::{module}::{name}");
    let parse = |source: String| source.parse().map_err(|error| refuse(format!("is not readable: {error}")));
    let network: TokenStream = parse(model.network(&qualified))?;
    let value: TokenStream = parse(model.value(&ty.to_string(), &qualified))?;
    let layers = sequence(&model.layers, &|_, name| name.to_string(), 0);
    let numbers = if model.scales.is_some() { "int8" } else { "real numbers" };
    let ends = model.names.iter().zip(["inputs", "outputs"]).filter(|(names, _)| names.len() > 1);
    let ends: String = ends.map(|(names, end)| format!(" Its {end} are `{}`.", names.join("`, `"))).collect();
    let about = format!(" The layers of `{text}`, in {numbers}.{ends}\n```text\n{layers}\n```");
    Ok(quote! {
        #[doc = #about]
        #[allow(clippy::type_complexity)]
        #visibility type #ty = #network;

        #(#attributes)*
        // Large weights take long to be put into the order of a microcontroller.
        #[allow(long_running_const_eval)]
        #visibility static #name: #ty = {
            // A change of the file causes a recompilation.
            const _: &[::core::primitive::u8] = ::core::include_bytes!(#include);
            #value
        };
    })
}
