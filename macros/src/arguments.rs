//! The order of the arguments of a layer. To the compiler, a window in the place of an activation is a missing trait,
//! which it reports several times and without the order. Here it is one error, at the argument.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Error, GenericArgument, PathArguments, PathSegment, Token, Type, parse_quote, punctuated::Punctuated};

/// Layers, and windows in their arguments, with their parameters. `_` is the input, and names in capitals are numbers.
const LAYERS: [(&str, &str); 19] = [
    ("Activate", "Activation, _"),
    ("AveragePool1d", "_, SIZE, Window = Valid<SIZE>"),
    ("AveragePool2d", "_, SIZE, Window = Valid<SIZE>, COLUMNS = SIZE"),
    ("BatchNorm", "_, Activation = Linear, MOMENTUM = 99, EPSILON = -3"),
    ("Conv1d", "_, FILTERS, SIZE, Activation = Linear, Window = Valid, Bias = Bias"),
    ("Conv2d", "_, FILTERS, SIZE, Activation = Linear, Window = Valid, Bias = Bias, COLUMNS = SIZE"),
    ("ConvTranspose2d", "_, FILTERS, SIZE, Activation = Linear, Window = Valid, Bias = Bias, COLUMNS = SIZE"),
    ("Dense", "INPUTS, OUTPUTS, Activation = Linear, Element = f32, Bias = Bias"),
    ("DepthwiseConv1d", "_, SIZE, Activation = Linear, Window = Valid, Bias = Bias"),
    ("DepthwiseConv2d", "_, SIZE, Activation = Linear, Window = Valid, Bias = Bias, COLUMNS = SIZE"),
    ("Flatten", "_"),
    ("GlobalAveragePool", "_"),
    ("GlobalMaxPool", "_"),
    ("GroupNorm", "_, GROUPS, Activation = Linear, EPSILON = -3"),
    ("LayerNorm", "_, Activation = Linear, EPSILON = -3"),
    ("MaxPool1d", "_, SIZE, Window = Valid<SIZE>"),
    ("MaxPool2d", "_, SIZE, Window = Valid<SIZE>, COLUMNS = SIZE"),
    ("Padded", "ZEROS, STRIDE = 1, DILATION = 1"),
    ("RmsNorm", "_, Activation = Linear, EPSILON = -6"),
];

type Arguments = Punctuated<GenericArgument, Token![,]>;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Input,
    Number,
    Activation,
    Window,
    Bias,
    Element,
}

impl Kind {
    /// The kind of an argument, if its name tells.
    fn of(argument: &GenericArgument) -> Option<Self> {
        let path = match argument {
            GenericArgument::Const(_) => return Some(Self::Number),
            GenericArgument::Type(Type::Infer(_)) => return Some(Self::Input),
            GenericArgument::Type(Type::Path(ty)) => &ty.path,
            _ => return None,
        };
        match path.segments.last()?.ident.to_string().as_str() {
            "Valid" | "Same" | "Padded" | "Causal" => Some(Self::Window),
            "Bias" | "NoBias" => Some(Self::Bias),
            "f32" | "f64" => Some(Self::Element),
            "Elu" | "Gelu" | "HardSigmoid" | "HardSwish" | "LeakyRelu" | "Linear" | "Relu" | "Relu6" | "Selu"
            | "Sigmoid" | "Silu" | "Softmax" | "Softplus" | "Tanh" => Some(Self::Activation),
            _ => None,
        }
    }

    fn described(self) -> &'static str {
        match self {
            Self::Input => "the input",
            Self::Number => "a number",
            Self::Activation => "an activation",
            Self::Window => "a window",
            Self::Bias => "a bias",
            Self::Element => "an element type",
        }
    }
}

/// A parameter of a layer.
struct Parameter {
    kind: Kind,
    /// Whether it is the length of the input.
    is_length: bool,
    is_required: bool,
    name: &'static str,
}

impl Parameter {
    fn all(parameters: &'static str) -> impl Iterator<Item = Self> {
        parameters.split(", ").map(|parameter| {
            let name = parameter.split(" = ").next().unwrap_or(parameter);
            let kind = match name {
                "_" => Kind::Input,
                "Activation" => Kind::Activation,
                "Window" => Kind::Window,
                "Bias" => Kind::Bias,
                "Element" => Kind::Element,
                _ => Kind::Number,
            };
            Self { kind, is_length: name == "INPUTS", is_required: name == parameter, name }
        })
    }

    fn takes(&self, argument: &GenericArgument) -> bool {
        Kind::of(argument).is_none_or(|kind| kind == self.kind || kind == Kind::Input && self.is_length)
    }

    /// The argument in place of one that is not given.
    fn missing(&self) -> GenericArgument {
        match self.kind {
            Kind::Input => parse_quote!(_),
            Kind::Number => parse_quote!(1),
            Kind::Activation => parse_quote!(::shiplap::activation::Linear),
            Kind::Window => parse_quote!(::shiplap::layers::Valid),
            Kind::Bias => parse_quote!(::shiplap::layers::Bias),
            Kind::Element => parse_quote!(::core::primitive::f32),
        }
    }
}

/// Puts the arguments of each layer in `ty` in order. An error says which ones are not.
pub fn sort(ty: &mut Type) -> syn::Result<()> {
    match ty {
        Type::Paren(inner) => sort(&mut inner.elem),
        Type::Group(inner) => sort(&mut inner.elem),
        Type::Tuple(tuple) => all(tuple.elems.iter_mut().map(sort)),
        Type::Path(path) => {
            let is_ours = path.path.segments.len() == 1 || path.path.segments[0].ident == "shiplap";
            let Some(layer) = path.path.segments.last_mut() else { return Ok(()) };
            let inner = match &mut layer.arguments {
                PathArguments::AngleBracketed(arguments) => {
                    all(arguments.args.iter_mut().map(|argument| match argument {
                        GenericArgument::Type(inner) => sort(inner),
                        _ => Ok(()),
                    }))
                }
                _ => Ok(()),
            };
            match LAYERS.iter().find(|(name, _)| is_ours && layer.ident == name) {
                Some((_, parameters)) => all([inner, sort_layer(layer, parameters)]),
                None => inner,
            }
        }
        _ => Ok(()),
    }
}

/// The errors of all results.
pub fn all(results: impl IntoIterator<Item = syn::Result<()>>) -> syn::Result<()> {
    let errors = results.into_iter().filter_map(Result::err);
    let all = errors.reduce(|mut all, error| {
        all.combine(error);
        all
    });
    all.map_or(Ok(()), Err)
}

fn sort_layer(layer: &mut PathSegment, parameters: &'static str) -> syn::Result<()> {
    let given = match &layer.arguments {
        PathArguments::AngleBracketed(arguments) => arguments.args.clone(),
        _ => Arguments::new(),
    };
    // A layer of the user's own may have the name of ours, and only numbers as arguments.
    if given.iter().all(|argument| matches!(Kind::of(argument), None | Some(Kind::Number))) {
        return Ok(());
    }
    let name = layer.ident.to_string();
    let mut misplaced = Parameter::all(parameters).zip(&given).filter(|(takes, argument)| !takes.takes(argument));
    let (sorted, error) = match misplaced.next() {
        Some((parameter, argument)) => {
            let Some(kind) = Kind::of(argument) else { return Ok(()) };
            let (is, takes) = (kind.described(), parameter.kind.described());
            let message = format!("`{}` is {is}, but {takes} belongs here: ", text(argument.to_token_stream()));
            let sorted = sorted(&given, parameters);
            let message = match (&sorted, kind) {
                (Some(sorted), _) => format!("{message}`{name}<{}>`", text(sorted.to_token_stream())),
                (None, Kind::Number) if parameters.contains("Window") => {
                    format!("{message}`{name}<{parameters}>`; the stride is in the window, `Same<2>`")
                }
                (None, Kind::Activation) if !parameters.contains("Activation") => {
                    format!("{message}`{name}<{parameters}>`; an activation by itself is `Activate<Relu, _>`")
                }
                (None, _) => format!("{message}`{name}<{parameters}>`"),
            };
            (sorted, Error::new_spanned(argument, message))
        }
        None => match Parameter::all(parameters).nth(given.len()) {
            Some(Parameter { is_required: true, name: missing, .. }) => {
                let message = format!("`{name}` lacks `{missing}`: `{name}<{parameters}>`");
                (None, Error::new_spanned(&layer.ident, message))
            }
            _ => return Ok(()),
        },
    };
    // Without a known order, any arguments that cause no further errors.
    let sorted = sorted.unwrap_or_else(|| {
        let required = Parameter::all(parameters).take_while(|parameter| parameter.is_required);
        required.map(|parameter| parameter.missing()).collect()
    });
    layer.arguments = PathArguments::AngleBracketed(parse_quote!(<#sorted>));
    Err(error)
}

/// The arguments in the order of the parameters, if there is one.
fn sorted(arguments: &Arguments, parameters: &'static str) -> Option<Arguments> {
    let mut left: Vec<&GenericArgument> = arguments.iter().collect();
    let mut sorted = Arguments::new();
    let mut is_guess = false;
    for parameter in Parameter::all(parameters) {
        match left.iter().position(|argument| parameter.takes(argument)) {
            // A number after arguments that are not given is rather one of those.
            Some(_) if is_guess && parameter.kind == Kind::Number => return None,
            Some(index) => sorted.push(left.remove(index).clone()),
            None if left.is_empty() && !parameter.is_required => return Some(sorted),
            None if parameter.is_required && parameter.kind != Kind::Input => return None,
            None => {
                is_guess |= !parameter.is_required;
                sorted.push(parameter.missing());
            }
        }
    }
    // After the parameters, a complete layer has its output.
    left.iter().all(|argument| Kind::of(argument).is_none()).then(|| {
        sorted.extend(left.into_iter().cloned());
        sorted
    })
}

/// The arguments as they are written, with the names of this crate.
fn text(tokens: TokenStream) -> String {
    let text: String = tokens.to_string().split_whitespace().collect();
    let names = text.replace("::shiplap::activation::", "").replace("::shiplap::layers::", "");
    names.replace("::core::primitive::", "").replace(',', ", ").replace(';', "; ")
}
