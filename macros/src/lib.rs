//! The code generator of `shiplap`: networks, layers, and checks at compile time.
//!
//! `sequence` generates the code of tuples and of `#[derive(Network)]`, `stream` that of their streams, `parameters` that
//! of `#[derive(Parameters)]` and `#[derive(Layer)]`. `check` reports layers that do not fit at their declaration, for
//! `#[network]` and the derive, and `arguments` those whose arguments are in the wrong order. `stored` and `include`
//! embed the weights of a file in the program. `budget` implements `const_assert!`. `krate` is the name of a renamed
//! dependency.

mod arguments;
mod budget;
mod check;
#[cfg(any(feature = "include-model", feature = "include-weights"))]
mod file;
#[cfg(feature = "include-model")]
mod import;
#[cfg(feature = "include-weights")]
mod include;
mod infer;
mod int8;
mod krate;
mod layer;
#[cfg(feature = "include-model")]
mod model;
mod parameters;
mod sequence;
mod stored;
mod stream;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as TokenStream2;
use quote::{format_ident, quote, quote_spanned};
use syn::{
    Attribute, Data, DeriveInput, Fields, Generics, Ident, Index, Member, Token, Type, Visibility,
    ext::IdentExt,
    parse::{Parse, ParseStream},
    parse_macro_input,
    punctuated::Punctuated,
    spanned::Spanned,
};

use check::Declared;
use infer::{Completion, Input};
use sequence::{Field, Sequence};

/// Implements `Network` for a struct of 1 to 16 layers. The layers run in the order of the fields, and have the names
/// of the fields. A layer that does not fit is an error at its field.
#[proc_macro_derive(Network)]
pub fn derive_network(input: TokenStream) -> TokenStream {
    let input = TokenStream2::from(input);
    let expanded = check::depth(&input).and_then(|()| derive(&syn::parse2(input)?, None));
    krate::renamed(expanded.unwrap_or_else(|error| error.to_compile_error())).into()
}

/// Implements `Parameters` from the fields of a struct, and `Network` if the struct implements `Layer`. The
/// documentation of the trait describes the attributes.
#[proc_macro_derive(Parameters, attributes(kernel, bias, statistic, running, layer, parameters))]
pub fn derive_parameters(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    krate::renamed(parameters::derive(&input).unwrap_or_else(|error| error.to_compile_error())).into()
}

/// Implements `Layer` from the fields of a struct and its `impl SimpleLayer`. It includes `#[derive(Parameters)]`.
#[proc_macro_derive(Layer, attributes(kernel, bias, statistic, running, layer, parameters))]
pub fn derive_layer(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    krate::renamed(layer::derive(&input).unwrap_or_else(|error| error.to_compile_error())).into()
}

/// `#[derive(Network)]`, with the checks of layers that `#[network(input = ..)]` has completed.
fn derive(input: &DeriveInput, checks: Option<TokenStream2>) -> syn::Result<TokenStream2> {
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
    let types: Vec<&Type> = data.fields.iter().map(|field| &field.ty).collect();
    check::count(types.len(), || types[check::MOST].span())?;
    let checks = match checks {
        Some(checks) => checks,
        None => Declared::new(&types, &input.generics)?.check(),
    };

    let (impl_generics, arguments, _) = input.generics.split_for_impl();
    let named = data.fields.iter().zip(data.fields.members());
    let sequence = Sequence {
        crate_path: quote!(::shiplap),
        kind: name.unraw().to_string(),
        target: quote!(#name #arguments),
        generics: input.generics.clone(),
        fields: named.map(|(field, member)| Field { ty: field.ty.clone(), name: name_of(&member), member }).collect(),
    };
    let implementation = sequence.expand();
    let streaming = stream::expand(&sequence);
    let stored = stored::expand(&sequence, |members, values| quote!(Self { #(#members: #values),* }));
    let zeroed = sequence.generics_with(|_| quote!(::shiplap::Zeroed));
    let where_clause = &zeroed.where_clause;
    Ok(quote! {
        #checks
        // SAFETY: each field is `Zeroed`.
        unsafe impl #impl_generics ::shiplap::Zeroed for #name #arguments #where_clause {}
        #implementation
        #streaming
        #stored
    })
}

fn name_of(member: &Member) -> String {
    match member {
        Member::Named(name) => name.unraw().to_string(),
        Member::Unnamed(index) => index.index.to_string(),
    }
}

/// Checks a network at its declaration. On `type Net = (...);`, the error points to the layer that does not fit.
///
/// With the type of a sample, `#[network(input = ..)]`, the compiler works out the shapes of all layers. `_` in a layer
/// stands for the output of the layer before it, and image layers omit their output:
///
/// ```ignore
/// #[network(input = Image<28, 28, 1>)]
/// type Net = (Conv2d<_, 8, 3, Relu>, MaxPool2d<_, 2>, Flatten<_>, Dense<_, 10, Softmax>);
/// ```
///
/// It also goes above a struct with `#[derive(Network)]`. A tuple inside a layer, such as `Frozen<(..)>`, is given the
/// input of that layer. In a layer of your own, `_` is the type of the input, and `{ _ }` its number of elements.
///
/// The layers of this crate are known by their names. If you have a layer or an alias with such a name and `_` or
/// another type among its arguments, write its path, `self::Conv2d<_, 4>`.
#[proc_macro_attribute]
pub fn network(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let item = TokenStream2::from(item);
    if !arguments.is_empty() {
        // Without its input, a network with `_` in its layers would cause further errors.
        let completed =
            check::depth(&item).and_then(|()| complete(&syn::parse(arguments)?, infer::with_named_lengths(item)));
        return krate::renamed(completed.unwrap_or_else(|error| error.to_compile_error())).into();
    }
    match check::depth(&item).and_then(|()| declare(syn::parse2(item.clone())?)) {
        Ok(declared) => krate::renamed(declared).into(),
        Err(error) => {
            let error = error.to_compile_error();
            quote!(#item #error).into()
        }
    }
}

/// A network whose layers are completed from its input.
fn complete(input: &Input, item: TokenStream2) -> syn::Result<TokenStream2> {
    match syn::parse2(item.clone()) {
        Ok(alias) => complete_alias(input, alias),
        Err(_) => complete_struct(input, syn::parse2(item)?),
    }
}

fn complete_alias(input: &Input, alias: Alias) -> syn::Result<TokenStream2> {
    let Alias { attributes, visibility, name, generics, mut ty } = alias;
    without_parameters(&generics)?;
    let mut completion = Completion::new(&name, &visibility, arguments::sort(&mut ty));
    let layers = completion.sequence([&ty], input)?;
    let (items, fits, Input(input)) = (completion.items(), completion.fits(), input);
    Ok(quote! {
        #items
        #(#attributes)*
        #[allow(clippy::type_complexity)]
        #visibility type #name =
            <::shiplap::layer::Declared<#(#layers)*, #input, { #fits }> as ::shiplap::layer::Declaration>::Network;
    })
}

fn complete_struct(input: &Input, mut network: DeriveInput) -> syn::Result<TokenStream2> {
    without_parameters(&network.generics)?;
    let (name, visibility) = (network.ident.clone(), network.vis.clone());
    let sorted = match &mut network.data {
        Data::Struct(data) => arguments::all(data.fields.iter_mut().map(|field| arguments::sort(&mut field.ty))),
        _ => Ok(()),
    };
    let mut completion = Completion::new(&name, &visibility, sorted);
    if let Data::Struct(data) = &mut network.data {
        check::count(data.fields.len(), || name.span())?;
        let layers = completion.sequence(data.fields.iter().map(|field| &field.ty), input)?;
        data.fields.iter_mut().zip(layers).for_each(|(field, layer)| field.ty = layer);
    }
    let derived = derive(&network, Some(completion.items()))?;
    without_derive(&mut network.attrs)?;
    Ok(quote!(#network #derived))
}

fn without_parameters(generics: &Generics) -> syn::Result<()> {
    if generics.params.is_empty() {
        return Ok(());
    }
    let message =
        "the shapes of a network with parameters depend on them: write its layers in full, without `input = ..`";
    Err(syn::Error::new(generics.span(), message))
}

/// Removes `Network` from the derives, which the attribute includes.
fn without_derive(attributes: &mut [Attribute]) -> syn::Result<()> {
    for attribute in attributes.iter_mut().filter(|attribute| attribute.path().is_ident("derive")) {
        let derives: Punctuated<syn::Path, Token![,]> = attribute.parse_args_with(Punctuated::parse_terminated)?;
        let is_other = |derive: &&syn::Path| derive.segments.last().is_none_or(|last| last.ident != "Network");
        let others = derives.iter().filter(is_other);
        *attribute = syn::parse_quote!(#[derive(#(#others),*)]);
    }
    Ok(())
}

/// The alias with its check. If layers do not fit, another type replaces the network, so that its uses cause no further
/// errors.
fn declare(alias: Alias) -> syn::Result<TokenStream2> {
    let Alias { attributes, visibility, name, generics, mut ty } = alias;
    let where_clause = &generics.where_clause;
    if let Err(error) = arguments::sort(&mut ty) {
        let error = error.to_compile_error();
        return Ok(quote!(#(#attributes)* #visibility type #name #generics #where_clause = #ty; #error));
    }
    if let Some(hole) = infer::hole(&ty) {
        let message = "`_` follows from the input of the network: `#[network(input = [f32; 10])]`";
        let error = syn::Error::new(hole, message).to_compile_error();
        // The compiler has an error of its own for `_`, and none for the uses of such a type.
        let unknown = quote_spanned!(hole=> _);
        return Ok(quote!(#(#attributes)* #visibility type #name #generics #where_clause = #unknown; #error));
    }
    let declared = Declared::new(&[&ty], &generics)?;
    let check = declared.check();
    let network = match (&ty, generics.params.is_empty()) {
        (Type::Tuple(_), true) => {
            let fits = declared.fits();
            quote! {
                <
                    ::shiplap::layer::Declared<#ty, <#ty as ::shiplap::layer::Layer>::Input, { #fits }>
                    as ::shiplap::layer::Declaration
                >::Network
            }
        }
        _ => quote!(#ty),
    };
    Ok(quote! {
        #(#attributes)*
        #[allow(clippy::type_complexity)]
        #visibility type #name #generics #where_clause = #network;
        #check
    })
}

/// `type Net = ...;`, parsed by hand, because `syn` with all items takes twice as long to build.
struct Alias {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    name: Ident,
    generics: Generics,
    ty: Type,
}

impl Parse for Alias {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        if !input.peek(Token![type]) {
            return Err(syn::Error::new(
                input.cursor().token_stream().span(),
                "`#[network]` checks a type alias: `#[network] type Net = (Dense<..>, ..);` (a struct has `#[derive(Network)]`)",
            ));
        }
        input.parse::<Token![type]>()?;
        let name = input.parse()?;
        let mut generics: Generics = input.parse()?;
        generics.where_clause = input.parse()?;
        input.parse::<Token![=]>()?;
        let ty = input.parse()?;
        input.parse::<Token![;]>()?;
        Ok(Self { attributes, visibility, name, generics, ty })
    }
}

/// `assert!` at compile time. The error of a failed comparison shows the values of both sides.
#[proc_macro]
pub fn const_assert(input: TokenStream) -> TokenStream {
    krate::renamed(budget::assertion(&input.into())).into()
}

/// A network with the weights of a file, read at compile time.
///
/// `static NET: Net = include_weights!("model.safetensors");` places the network in read-only memory: on a
/// microcontroller it stays in flash, from which predictions read it. The path is relative to the source file, as for
/// `include_bytes!`. A change of the file causes a recompilation. The file must be written by `io::save`,
/// `io::to_bytes` or `io::save_checkpoint`, for the same network with the same type of number.
///
/// A missing or extra tensor, another shape or type of number, other activations, NaN and a truncated file are compile
/// errors that name the cause.
#[cfg(feature = "include-weights")]
#[proc_macro]
pub fn include_weights(input: TokenStream) -> TokenStream {
    let name = parse_macro_input!(input as syn::LitStr);
    krate::renamed(include::weights(&name, name.span()).unwrap_or_else(|error| error.to_compile_error())).into()
}

/// The int8 forms of tuples of 1 to 16 layers.
#[doc(hidden)]
#[proc_macro]
pub fn impl_int8_tuples(_: TokenStream) -> TokenStream {
    (1..=check::MOST).map(int8::tuple).collect::<TokenStream2>().into()
}

/// `Layer` for tuples of 1 to 16 layers.
#[doc(hidden)]
#[proc_macro]
pub fn impl_tuples(_: TokenStream) -> TokenStream {
    (1..=check::MOST)
        .map(|count| {
            let layers: Vec<_> = (0..count).map(|index| format_ident!("L{index}")).collect();
            let fields = layers.iter().enumerate().map(|(index, layer)| Field {
                ty: syn::parse_quote!(#layer),
                member: Member::Unnamed(Index::from(index)),
                name: index.to_string(),
            });
            let sequence = Sequence {
                crate_path: quote!(crate),
                kind: "tuple".into(),
                target: quote!((#(#layers,)*)),
                generics: syn::parse_quote!(<#(#layers),*>),
                fields: fields.collect(),
            };
            let stored = stored::expand(&sequence, |_, values| quote!((#(#values,)*)));
            let (implementation, streaming) = (sequence.expand(), stream::expand(&sequence));
            quote!(#implementation #streaming #stored)
        })
        .collect::<TokenStream2>()
        .into()
}

/// A TensorFlow Lite or ONNX model, in int8 or float32, read at compile time, as a type and a static.
///
/// `include_model! { pub static NET: Net = "net.tflite"; }` declares the type `Net`, which the documentation shows layer by
/// layer, and the static `NET` with the constants of the file in read-only memory. The path is relative to the source
/// file, as for `include_bytes!`. A change of the file causes a recompilation.
///
/// An operator that is not supported, an input or output of another type, a sum that can overflow and a damaged file are
/// compile errors that name the operator and its place.
#[cfg(feature = "include-model")]
#[proc_macro]
pub fn include_model(input: TokenStream) -> TokenStream {
    let item = parse_macro_input!(input as model::Item);
    krate::renamed(model::expand(&item).unwrap_or_else(|error| error.to_compile_error())).into()
}
