//! `include_model!`.

use std::{fs, path::Path};

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use syn::{
    Attribute, Error, Ident, LitStr, Token, Visibility,
    parse::{Parse, ParseStream},
};

use crate::{
    check::MOST,
    file::resolve,
    tflite::{Affine, Join, Layer, Model, Scale, groups, sequence},
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
    let Model { layers, scales: [input, output] } = Model::parse(&bytes).map_err(refuse)?;
    let layers_type: TokenStream =
        sequence(&layers, &qualified).parse().map_err(|_| refuse("is not readable".into()))?;
    let about = format!(" The layers of `{text}`, in int8:\n ```text\n {}\n ```", sequence(&layers, &str::to_string));
    let (value, input, output) = (values(&layers), scale(input), scale(output));
    Ok(quote! {
        #[doc = #about]
        #[allow(clippy::type_complexity)]
        #visibility type #ty = ::shiplap::quantized::Quantized<#layers_type>;

        #(#attributes)*
        #visibility static #name: #ty = {
            // A change of the file causes a recompilation.
            const _: &[::core::primitive::u8] = ::core::include_bytes!(#include);
            ::shiplap::quantized::Quantized::from_parts(#input, #value, #output)
        };
    })
}

/// The path of an item of the library.
fn qualified(name: &str) -> String {
    let module = match name {
        "Linear" | "Relu" | "Relu6" | "Sigmoid" | "Softmax" | "Tanh" => "activation",
        _ => "layers",
    };
    format!("::shiplap::{module}::{name}")
}

/// The int8 forms of layers in sequence.
fn values(layers: &[Layer]) -> TokenStream {
    match layers {
        [layer] => value(layer),
        _ if layers.len() <= MOST => {
            let layers = layers.iter().map(value);
            quote!((#(#layers),*))
        }
        _ => {
            let groups = groups(layers).map(values);
            quote!((#(#groups),*))
        }
    }
}

fn value(layer: &Layer) -> TokenStream {
    let form = quote!(::shiplap::quantized);
    match layer {
        Layer::Dense { constants, .. } => {
            let constants = affine(constants);
            quote!(#form::Dense(#constants))
        }
        Layer::Conv2d { constants, .. } => {
            let constants = affine(constants);
            quote!(#form::Conv2d::from_parts(#constants))
        }
        Layer::DepthwiseConv2d { constants, .. } => {
            let constants = affine(constants);
            quote!(#form::DepthwiseConv2d::from_parts(#constants))
        }
        Layer::Pool { .. } => quote!(#form::Pool2d::POOL),
        Layer::GlobalAveragePool { .. } => quote!(#form::GlobalAverage::POOL),
        Layer::Reshape { .. } | Layer::Identity { .. } => quote!(#form::Reshape::RESHAPE),
        Layer::Activate { activation, input, output, .. } => {
            let (activation, output) = (constants_of(activation, *input), scale(*output));
            quote!(#form::Activate::from_parts(#output, #activation))
        }
        Layer::Branches { first, second, join } => {
            let (first, second) = (values(first), values(second));
            match join {
                Join::Add { activation, inputs: [a, b], output } => {
                    let (a, b, output, limits) = (scale(*a), scale(*b), scale(*output), qualified(activation));
                    let limits: TokenStream = limits.parse().unwrap_or_default();
                    quote!(#form::Add {
                        first: #first,
                        second: #second,
                        sum: #form::Sum::new(
                            [#a, #b], #output, <#limits as #form::Int8Activation>::RANGE,
                        ),
                        activation: (),
                    })
                }
                Join::Concat { inputs: [a, b], output, .. } => {
                    let (a, b, output) = (scale(*a), scale(*b), scale(*output));
                    quote!(#form::Concat::from_parts(
                        #first, #second, [#form::Rescale::new(#a, #output), #form::Rescale::new(#b, #output)],
                    ))
                }
            }
        }
    }
}

fn affine(constants: &Affine) -> TokenStream {
    let Affine { weights, bias, scales, activation, input, logits } = constants;
    let activation = constants_of(activation, *logits);
    let (weights, input, logits) = (Literal::byte_string(weights), scale(*input), scale(*logits));
    let bias = bias.iter().map(|bias| Literal::i32_unsuffixed(i32::from_le_bytes(*bias)));
    quote! {
        ::shiplap::quantized::Affine::new(
            ::shiplap::quantized::int8_of(#weights), [#(#bias),*], [#(#scales),*], #input, #logits, #activation,
        )
    }
}

/// The constants of an activation after numbers of this scale.
fn constants_of(activation: &str, input: Scale) -> TokenStream {
    let (factor, zero) = (input.scale, input.zero);
    match activation {
        "Softmax" => quote!(::shiplap::quantized::Exponential::of_scale(#factor)),
        "Sigmoid" => table(factor, zero, |x| 1.0 / (1.0 + (-x).exp()), 1.0 / 256.0, -128),
        "Tanh" => table(factor, zero, f32::tanh, 1.0 / 128.0, 0),
        _ => quote!(()),
    }
}

/// The table of a function.
fn table(factor: f32, zero: i8, function: impl Fn(f32) -> f32, scale: f32, output_zero: i32) -> TokenStream {
    let outputs = (-128..=127).map(|q| {
        let value = function(factor * (q - i32::from(zero)) as f32);
        Literal::i8_unsuffixed(((value / scale).round() as i32 + output_zero).clamp(-128, 127) as i8)
    });
    quote!(::shiplap::quantized::Table([#(#outputs),*]))
}

fn scale(Scale { scale, zero }: Scale) -> TokenStream {
    quote!(::shiplap::quantized::Scale { scale: #scale, zero: #zero })
}
