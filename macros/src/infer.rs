//! `#[network(input = ..)]`: layers are completed with the output of the layer before them.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{
    GenericArgument, Ident, PathArguments, Token, Type, Visibility,
    parse::{Parse, ParseStream},
    punctuated::Punctuated,
    spanned::Spanned,
};

use crate::check::{assertion, count, end};

/// The argument of the attribute.
pub struct Input(pub Type);

impl Parse for Input {
    fn parse(tokens: ParseStream<'_>) -> syn::Result<Self> {
        let usage = "the argument is the input of the network: `#[network(input = [f32; 10])]`";
        let name: Ident = tokens.parse().map_err(|error| syn::Error::new(error.span(), usage))?;
        if name != "input" {
            return Err(syn::Error::new(name.span(), usage));
        }
        tokens.parse::<Token![=]>()?;
        Ok(Self(tokens.parse()?))
    }
}

/// The layers of vectors whose first parameter is the length of the input. In all others, `_` is the type of the input.
const TAKE_A_LENGTH: [&str; 6] = ["Dense", "Dropout", "Impute", "MinMax", "OneHot", "Standardize"];

/// Completes the layers of the network `name`.
pub struct Completion<'a> {
    name: &'a Ident,
    visibility: &'a Visibility,
    aliases: Vec<TokenStream>,
    checks: Vec<Check>,
    /// Whether the arguments of the layers were in order.
    sorted: syn::Result<()>,
}

/// The checks of one layer.
struct Check {
    start: Span,
    end: Span,
    /// Expressions for the faults of the layer, in the order in which they are reported.
    faults: Vec<TokenStream>,
}

/// The output that a layer is given, and an expression for its description.
#[derive(Clone)]
struct Given {
    output: Type,
    source: TokenStream,
}

impl<'a> Completion<'a> {
    pub fn new(name: &'a Ident, visibility: &'a Visibility, sorted: syn::Result<()>) -> Self {
        Self { name, visibility, aliases: Vec::new(), checks: Vec::new(), sorted }
    }

    /// The complete layers, of which the first takes `input`.
    pub fn sequence<'t>(
        &mut self,
        layers: impl IntoIterator<Item = &'t Type>,
        Input(input): &Input,
    ) -> syn::Result<Vec<Type>> {
        let source = quote!(&::shiplap::layer::Shapes::of_input::<#input>());
        self.after(layers, &mut Given { output: input.clone(), source })
    }

    /// The complete layers, of which the first takes `given`, which becomes the output of the last one.
    fn after<'t>(&mut self, layers: impl IntoIterator<Item = &'t Type>, given: &mut Given) -> syn::Result<Vec<Type>> {
        layers.into_iter().map(|layer| self.layer(layer, given)).collect()
    }

    /// The complete layer that takes `given`, which becomes its output.
    fn layer(&mut self, layer: &Type, given: &mut Given) -> syn::Result<Type> {
        match layer {
            Type::Paren(inner) => return self.layer(&inner.elem, given),
            Type::Group(inner) => return self.layer(&inner.elem, given),
            Type::Tuple(tuple) => {
                count(tuple.elems.len(), || tuple.span())?;
                let layers = self.after(&tuple.elems, given)?;
                return Ok(syn::parse_quote!((#(#layers,)*)));
            }
            _ => {}
        }
        let (start, end) = (layer.span(), end(layer));
        let written = self.filled_in(layer, given)?;
        let written = self.alias(written.to_token_stream(), "Written", start);
        let infer = quote_spanned!(start=> <#written as ::shiplap::layer::Infer>);
        let extents = (0..6usize).map(|index| quote_spanned!(start=> { #infer::EXTENTS[#index] }));
        let complete = self.alias(quote_spanned!(start=> #infer::Layer<#(#extents),*>), "Layer", start);
        let source = &given.source;
        let given_by = |fault| quote_spanned!(end=> ::shiplap::layer::given_by(#source, #fault));
        self.checks.push(Check {
            start,
            end,
            faults: vec![
                given_by(quote_spanned!(end=> #infer::FAULT)),
                quote!(::shiplap::layer::misfit(#source, &<#complete as ::shiplap::layer::InNetwork>::SHAPES)),
                given_by(quote_spanned!(end=> <#complete as ::shiplap::layer::InNetwork>::FAULT)),
            ],
        });
        *given = Given {
            output: self.output(&complete, start),
            source: quote!(&<#complete as ::shiplap::layer::InNetwork>::SHAPES),
        };
        Ok(complete)
    }

    /// The output of a complete layer. Its name is that of a type which holds it: written in full, the type of each layer
    /// would contain that of all layers before it, several times in branches, and compile times would grow with their
    /// product.
    ///
    /// The holder is public, so that items which are more public than the network may contain it. The compiler does not
    /// look for private layers in the bounds of an implementation, but in its types.
    fn output(&mut self, layer: &Type, span: Span) -> Type {
        let number = self.aliases.len() / 2;
        let holder = format_ident!("{}Output{number}", self.name, span = span);
        if let Some(alias) = self.aliases.last_mut() {
            alias.extend(quote! {
                #[doc(hidden)]
                #[allow(missing_debug_implementations, missing_copy_implementations, unreachable_pub)]
                pub struct #holder;
                const _: () = {
                    trait Holds {
                        type Output;
                    }
                    impl Holds for #holder {
                        type Output = <#layer as ::shiplap::layer::Layer>::Output;
                    }
                    impl<Output: ::shiplap::Tensor> ::shiplap::layer::Given for #holder
                    where
                        Self: Holds<Output = Output>,
                    {
                        type Tensor = Output;
                    }
                };
            });
        }
        syn::parse_quote_spanned!(span=> <#holder as ::shiplap::layer::Given>::Tensor)
    }

    /// The layer with the input in place of `_`. Layers inside it are given the same input.
    fn filled_in(&mut self, layer: &Type, given: &Given) -> syn::Result<Type> {
        let mut layer = layer.clone();
        let Type::Path(path) = &mut layer else { return Ok(layer) };
        let Some(segment) = path.path.segments.last_mut() else { return Ok(layer) };
        let takes_a_length = TAKE_A_LENGTH.iter().any(|name| segment.ident == name);
        let PathArguments::AngleBracketed(arguments) = &mut segment.arguments else { return Ok(layer) };
        let output = &given.output;
        if segment.ident == "Dropout" {
            rows(&mut arguments.args, output);
        }
        if segment.ident == "TimeDistributed" {
            self.each_step(&mut arguments.args, output)?;
            return Ok(layer);
        }
        if segment.ident == "Masked" {
            self.series(&mut arguments.args, output)?;
            return Ok(layer);
        }
        for argument in &mut arguments.args {
            let span = argument.span();
            let length = || syn::parse_quote_spanned!(span=> { <#output as ::shiplap::Tensor>::LEN });
            match argument {
                GenericArgument::Type(Type::Infer(_)) if takes_a_length => *argument = GenericArgument::Const(length()),
                GenericArgument::Type(Type::Infer(_)) => *argument = GenericArgument::Type(output.clone()),
                GenericArgument::Const(value) if is_length(value.to_token_stream()) => *value = length(),
                GenericArgument::Type(inner) if matches!(inner, Type::Tuple(_)) || hole(inner).is_some() => {
                    *inner = self.layer(inner, &mut given.clone())?;
                }
                _ => {}
            }
        }
        Ok(layer)
    }

    /// Completes the arguments of `TimeDistributed`: the layers of each step, and the number of steps.
    fn each_step(&mut self, arguments: &mut Punctuated<GenericArgument, Token![,]>, output: &Type) -> syn::Result<()> {
        let span = arguments.span();
        if let Some(GenericArgument::Type(layer)) = arguments.first_mut() {
            let row = syn::parse_quote_spanned!(span=> <#output as ::shiplap::Tensor>::Row);
            let source = quote!(&::shiplap::layer::Shapes::of_step::<#output>());
            *layer = self.layer(layer, &mut Given { output: row, source })?;
        }
        if arguments.len() == 1 {
            arguments.push(syn::parse_quote_spanned!(span=> { <#output as ::shiplap::Tensor>::AXES[0] }));
        }
        Ok(())
    }

    /// Completes the layers of `Masked`, which take the first member of a pair.
    fn series(&mut self, arguments: &mut Punctuated<GenericArgument, Token![,]>, output: &Type) -> syn::Result<()> {
        let span = arguments.span();
        if let Some(GenericArgument::Type(layer)) = arguments.first_mut() {
            let first = quote_spanned!(span=> ::shiplap::layers::First<#output>);
            let source = quote!(&<#first as ::shiplap::layer::InNetwork>::SHAPES);
            let series = syn::parse_quote_spanned!(span=> <#first as ::shiplap::layer::Layer>::Output);
            *layer = self.layer(layer, &mut Given { output: series, source })?;
        }
        Ok(())
    }

    fn alias(&mut self, ty: TokenStream, role: &str, span: Span) -> Type {
        let (visibility, number) = (self.visibility, self.aliases.len() / 2);
        let alias = format_ident!("{}{role}{number}", self.name, span = span);
        self.aliases.push(quote! {
            #[doc(hidden)]
            #[allow(clippy::type_complexity, dead_code)]
            #visibility type #alias = #ty;
        });
        syn::parse_quote!(#alias)
    }

    /// The aliases of the layers, and items that compile only if the layers fit. The checks end with the first one that
    /// fails, so one mistake is one error.
    pub fn items(&self) -> TokenStream {
        let aliases = &self.aliases;
        if let Err(error) = &self.sorted {
            let error = error.to_compile_error();
            return quote!(#(#aliases)* #error);
        }
        let checks = self.checks.iter().flat_map(|Check { start, end, faults }| {
            faults.iter().map(|fault| assertion(*start, quote_spanned!(*end=> (&#fault))))
        });
        quote! {
            #(#aliases)*
            #[allow(clippy::type_complexity)]
            const _: () = {
                #(#checks;)*
            };
        }
    }

    /// An expression of type `bool` that is true if the layers fit.
    pub fn fits(&self) -> TokenStream {
        if self.sorted.is_err() {
            return quote!(false);
        }
        let faults = self.checks.iter().flat_map(|check| &check.faults);
        quote!(true #(&& ::core::option::Option::is_none(&#faults))*)
    }
}

/// Completes the arguments `<_, PERCENT>` of `Dropout`, which takes `[ROW; N]`.
fn rows(arguments: &mut Punctuated<GenericArgument, Token![,]>, output: &Type) {
    let span = arguments.span();
    if let Some(length @ GenericArgument::Type(Type::Infer(_))) = arguments.first_mut() {
        *length = syn::parse_quote_spanned!(span=> { <#output as ::shiplap::Tensor>::AXES[0] });
        if arguments.len() == 2 {
            arguments.push(syn::parse_quote_spanned!(span=> <#output as ::shiplap::Tensor>::Row));
        }
    }
}

/// The name that stands for `_` in `{ _ }`, which the parser does not take.
const LENGTH: &str = "length_of_the_input_";

/// `tokens` with a name in place of `_` in each `{ _ }`.
pub fn with_named_lengths(tokens: TokenStream) -> TokenStream {
    let named = |token| match token {
        TokenTree::Group(group) => {
            let inner = match group.delimiter() == Delimiter::Brace && group.stream().to_string() == "_" {
                true => Ident::new(LENGTH, group.span()).to_token_stream(),
                false => with_named_lengths(group.stream()),
            };
            let mut renamed = Group::new(group.delimiter(), inner);
            renamed.set_span(group.span());
            TokenTree::Group(renamed)
        }
        token => token,
    };
    tokens.into_iter().map(named).collect()
}

/// Whether `tokens` are the length of the input.
fn is_length(tokens: TokenStream) -> bool {
    let text: String = tokens.to_string().split_whitespace().collect();
    text.trim_matches(['{', '}']) == LENGTH
}

/// The first `_` or `{ _ }` in the arguments of `ty`.
pub fn hole(ty: &Type) -> Option<Span> {
    fn first(tokens: TokenStream) -> Option<Span> {
        tokens.into_iter().find_map(|token| match token {
            TokenTree::Group(group) => first(group.stream()),
            TokenTree::Ident(name) if name == "_" || name == LENGTH => Some(name.span()),
            _ => None,
        })
    }
    first(ty.to_token_stream())
}
