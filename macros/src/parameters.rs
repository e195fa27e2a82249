//! `#[derive(Parameters)]`: the code that follows from the fields of a layer.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::{
    Attribute, Data, DeriveInput, Error, Expr, Field, Fields, GenericParam, Generics, Index, Member, Meta,
    MetaNameValue, Token, Type, TypeParam, WherePredicate, ext::IdentExt, parse_quote, punctuated::Punctuated,
    spanned::Spanned,
};

/// The bounds of the generated code: `T: Element`, if the numbers are of a type parameter, and that nested layers are networks
/// of the same numbers.
pub fn bounds(input: &DeriveInput, parts: &[Part], element: &Type) -> Vec<WherePredicate> {
    let mut bounds: Vec<WherePredicate> = Vec::new();
    let name = element.to_token_stream().to_string();
    if input.generics.type_params().any(|parameter| parameter.ident == name) {
        bounds.push(parse_quote!(#element: ::shiplap::kernel::Element));
    }
    if let Ok(Some(_)) = setting(input, "element") {
        // The bounds of the struct say that its layers have these numbers.
        return bounds;
    }
    for ty in parts.iter().filter_map(Part::layer) {
        let own = quote!(<#ty as ::shiplap::layer::Parameters>::Element).to_string();
        bounds.push(match name == own {
            true => parse_quote!(#ty: ::shiplap::network::Network),
            false => parse_quote!(#ty: ::shiplap::network::Network + ::shiplap::layer::Layer<Element = #element>),
        });
    }
    bounds
}

/// A field of a layer.
pub struct Part {
    member: Member,
    name: String,
    ty: Type,
    role: Role,
}

impl Part {
    /// The type of a nested layer.
    pub fn layer(&self) -> Option<&Type> {
        matches!(self.role, Role::Layer).then_some(&self.ty)
    }

    /// Whether the field holds numbers of a type that is not written as an array. It may have none.
    fn is_optional(&self) -> bool {
        !matches!(self.role, Role::Layer | Role::Marker) && element_of_array(&self.ty).is_none()
    }
}

enum Role {
    /// An array of weights.
    Kernel(Box<Settings>),
    /// An array that is trained, without penalty.
    Bias(Box<Settings>),
    /// An array that is not trained, and whether its numbers are at least 0.
    Statistic(bool),
    /// An array of statistics of the batches.
    Running(Box<Settings>),
    /// A nested layer.
    Layer,
    /// `PhantomData`.
    Marker,
}

/// The arguments of `#[kernel(..)]` and `#[bias(..)]`.
#[derive(Default)]
struct Settings {
    initializer: Option<Expr>,
    fan_in: Option<Expr>,
    fan_out: Option<Expr>,
    never_negative: bool,
}

/// The type of the numbers of a field: that of its array, or `None` if it is no array.
fn element_of_array(ty: &Type) -> Option<&Type> {
    let Type::Array(array) = bare(ty) else { return None };
    let inner = bare(&array.elem);
    Some(element_of_array(inner).unwrap_or(inner))
}

pub fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let parts = parts(input)?;
    let name = &input.ident;
    let krate = quote!(::shiplap);
    let element = element(input, &parts)?;
    let activation =
        input.generics.type_params().find(|parameter| is_bounded(parameter, &["Activation", "Elementwise"]));

    let mut generics = input.generics.clone();
    generics.make_where_clause().predicates.extend(bounds(input, &parts, &element));
    let (impl_generics, arguments, where_clause) = generics.split_for_impl();
    let target = quote!(#name #arguments);

    let mut zeroed_generics = generics.clone();
    let fields_zeroed = parts.iter().map(|part| -> syn::WherePredicate {
        let ty = &part.ty;
        parse_quote!(#ty: #krate::Zeroed)
    });
    zeroed_generics.make_where_clause().predicates.extend(fields_zeroed);
    let zeroed_where = &zeroed_generics.where_clause;

    let mut network_generics = generics.clone();
    network_generics.make_where_clause().predicates.push(parse_quote!(Self: #krate::layer::Layer));
    let network_where = &network_generics.where_clause;

    let walks = walks(&krate, &parts, activation);
    let traits = standard_traits(&impl_generics, &target, where_clause, &parts);
    let stored = stored(&krate, &generics, &target, &element, &parts);
    let kind = match setting(input, "kind")? {
        Some(kind) => kind.into_token_stream(),
        None => kind(&krate, input, activation),
    };
    let layers = parts.iter().filter(|part| matches!(part.role, Role::Layer)).map(|part| {
        let (name, ty) = (&part.name, &part.ty);
        quote!((#name, <#ty as #krate::layer::Layer>::OUTLINE))
    });
    let activation = match activation {
        Some(TypeParam { ident, .. }) => {
            quote!(::core::option::Option::Some(<#ident as #krate::activation::Activation>::NAME))
        }
        None => quote!(::core::option::Option::None),
    };
    Ok(quote! {
        // SAFETY: each field is `Zeroed`.
        unsafe impl #impl_generics #krate::Zeroed for #target #zeroed_where {}

        #[allow(clippy::type_complexity, unused_braces, unused_parens)]
        impl #impl_generics #krate::layer::Parameters for #target #where_clause {
            type Element = #element;
            const KIND: #krate::message::Message<64> = #kind;
            const LAYERS: &'static [(&'static ::core::primitive::str, #krate::layer::Outline)] = &[#(#layers),*];
            const ACTIVATION: ::core::option::Option<&'static ::core::primitive::str> = #activation;
            #walks
        }

        impl #impl_generics #krate::network::Network for #target #network_where {}

        #traits
        #stored
    })
}

pub fn parts(input: &DeriveInput) -> syn::Result<Vec<Part>> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new(
            input.ident.span(),
            "`#[derive(Parameters)]` needs a struct, whose fields are the parameters",
        ));
    };
    let members: Vec<Member> = data.fields.members().collect();
    // With `#[parameters(element = ..)]`, a field may be of any tensor type.
    let has_element = setting(input, "element")?.is_some();
    match &data.fields {
        Fields::Unit => Ok(Vec::new()),
        fields => fields.iter().zip(members).map(|(field, member)| part(field, member, has_element)).collect(),
    }
}

fn part(field: &Field, member: Member, has_element: bool) -> syn::Result<Part> {
    let name = crate::name_of(&member);
    let mut roles = Vec::new();
    for attribute in &field.attrs {
        let path = attribute.path();
        if path.is_ident("kernel") {
            roles.push(Role::Kernel(Box::new(settings(attribute)?)));
        }
        if path.is_ident("bias") {
            roles.push(Role::Bias(Box::new(settings(attribute)?)));
        }
        if path.is_ident("statistic") {
            roles.push(Role::Statistic(is_never_negative(attribute)?));
        }
        if path.is_ident("running") {
            roles.push(Role::Running(Box::new(settings(attribute)?)));
        }
        if path.is_ident("layer") {
            attribute.meta.require_path_only()?;
            roles.push(Role::Layer);
        }
    }
    if roles.len() > 1 {
        return Err(Error::new(field.span(), format!("`{name}` has more than one role: leave one of the attributes")));
    }
    let role = match roles.pop() {
        Some(role) => role,
        None if is_marker(&field.ty) => Role::Marker,
        None => {
            let message = format!(
                "`{name}` has no role: mark it `#[kernel]` (weights), `#[bias]`, `#[statistic]` (saved, not trained), \
                 `#[running]` (statistics of batches) or `#[layer]`"
            );
            return Err(Error::new(field.ty.span(), message));
        }
    };
    let part = Part { member, name, ty: field.ty.clone(), role };
    if !has_element && part.is_optional() {
        let message = format!(
            "`{}` is no array: parameters are arrays of numbers, written out, such as `[[f32; OUT]; IN]`",
            part.name
        );
        return Err(Error::new(field.ty.span(), message));
    }
    Ok(part)
}

/// Whether the attribute is `#[statistic(never_negative)]`.
fn is_never_negative(attribute: &Attribute) -> syn::Result<bool> {
    if let Meta::Path(_) = attribute.meta {
        return Ok(false);
    }
    let setting: syn::Path = attribute.parse_args()?;
    match setting.is_ident("never_negative") {
        true => Ok(true),
        false => Err(Error::new(setting.span(), "the setting is `never_negative`")),
    }
}

fn settings(attribute: &Attribute) -> syn::Result<Settings> {
    let mut settings = Settings::default();
    if let Meta::Path(_) = attribute.meta {
        return Ok(settings);
    }
    let arguments: Punctuated<Meta, Token![,]> = attribute.parse_args_with(Punctuated::parse_terminated)?;
    for argument in arguments {
        if argument.path().is_ident("never_negative") && attribute.path().is_ident("running") {
            argument.require_path_only()?;
            settings.never_negative = true;
            continue;
        }
        let MetaNameValue { path, value, .. } = argument.require_name_value()?.clone();
        let setting = if path.is_ident("initializer") {
            &mut settings.initializer
        } else if path.is_ident("fan_in") {
            &mut settings.fan_in
        } else if path.is_ident("fan_out") {
            &mut settings.fan_out
        } else {
            return Err(Error::new(path.span(), "the settings are `initializer`, `fan_in` and `fan_out`"));
        };
        if setting.replace(value).is_some() {
            return Err(Error::new(path.span(), "this setting is given twice: leave one"));
        }
    }
    Ok(settings)
}

/// `ty` without parentheses and the groups of macros.
fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Paren(inner) => bare(&inner.elem),
        Type::Group(inner) => bare(&inner.elem),
        _ => ty,
    }
}

fn is_marker(ty: &Type) -> bool {
    matches!(bare(ty), Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "PhantomData"))
}

fn is_bounded(parameter: &TypeParam, by: &[&str]) -> bool {
    parameter.bounds.iter().any(|bound| match bound {
        syn::TypeParamBound::Trait(bound) => {
            bound.path.segments.last().is_some_and(|last| by.iter().any(|name| last.ident == name))
        }
        _ => false,
    })
}

/// The value of `name` in `#[parameters(..)]`.
fn setting(input: &DeriveInput, name: &str) -> syn::Result<Option<Expr>> {
    let mut value = None;
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("parameters")) {
        let settings: Punctuated<MetaNameValue, Token![,]> = attribute.parse_args_with(Punctuated::parse_terminated)?;
        for setting in settings {
            if !(setting.path.is_ident("element") || setting.path.is_ident("kind")) {
                return Err(Error::new(setting.path.span(), "the settings are `element` and `kind`"));
            }
            if setting.path.is_ident(name) {
                value = Some(setting.value);
            }
        }
    }
    Ok(value)
}

/// The type of number: the first available of `#[parameters(element = ..)]`, the type of the arrays, the type parameter
/// with the bound `Element`, the type of the first nested layer, and `f32`.
pub fn element(input: &DeriveInput, parts: &[Part]) -> syn::Result<Type> {
    if let Some(element) = setting(input, "element")? {
        return syn::parse2(element.into_token_stream());
    }
    let mut arrays = parts
        .iter()
        .filter(|part| !matches!(part.role, Role::Layer | Role::Marker))
        .filter_map(|part| element_of_array(&part.ty).cloned());
    if let Some(element) = arrays.next() {
        let name = element.to_token_stream().to_string();
        return match arrays.find(|other| other.to_token_stream().to_string() != name) {
            Some(other) => {
                Err(Error::new(other.span(), format!("the numbers of a layer are of one type, which is `{name}`")))
            }
            None => Ok(element),
        };
    }
    if let Some(TypeParam { ident, .. }) =
        input.generics.type_params().find(|parameter| is_bounded(parameter, &["Element"]))
    {
        return Ok(parse_quote!(#ident));
    }
    if let Some(Part { ty, .. }) = parts.iter().find(|part| matches!(part.role, Role::Layer)) {
        return Ok(parse_quote!(<#ty as ::shiplap::layer::Parameters>::Element));
    }
    Ok(parse_quote!(::core::primitive::f32))
}

/// `Dense<10, 1, Sigmoid>`: the struct's name, its integer parameters, and its activation.
fn kind(krate: &TokenStream, input: &DeriveInput, activation: Option<&TypeParam>) -> TokenStream {
    let name = input.ident.unraw().to_string();
    let mut words = Vec::new();
    for parameter in &input.generics.params {
        match parameter {
            GenericParam::Const(parameter) => {
                let (ident, ty) = (&parameter.ident, parameter.ty.to_token_stream().to_string());
                match ty.as_str() {
                    "bool" | "char" => {}
                    signed if signed.starts_with('i') => {
                        words.push(quote!(.integer(#ident as ::core::primitive::i128)))
                    }
                    _ => words.push(quote!(.number(#ident as ::core::primitive::u128))),
                }
            }
            GenericParam::Type(parameter)
                if activation.is_some_and(|activation| activation.ident == parameter.ident) =>
            {
                let ident = &parameter.ident;
                words.push(quote!(.text(<#ident as #krate::activation::Activation>::NAME)));
            }
            _ => {}
        }
    }
    if words.is_empty() {
        return quote!(#krate::message::Message::new().text(#name));
    }
    let separators = words.iter().enumerate().map(|(index, _)| if index == 0 { "<" } else { ", " });
    quote!(#krate::message::Message::new().text(#name)#(.text(#separators)#words)*.text(">"))
}

/// The trainable type, the number of parameters, and the four visiting methods.
fn walks(krate: &TokenStream, parts: &[Part], activation: Option<&TypeParam>) -> TokenStream {
    let default_initializer = match activation {
        Some(TypeParam { ident, .. }) => quote!(<#ident as #krate::activation::Activation>::INITIALIZER),
        None => quote!(#krate::init::Initializer::GlorotUniform),
    };
    let numbers: Vec<&Part> = parts.iter().filter(|part| !matches!(part.role, Role::Marker)).collect();
    let trained: Vec<&Part> = numbers
        .iter()
        .copied()
        .filter(|part| matches!(part.role, Role::Kernel(_) | Role::Bias(_) | Role::Layer))
        .collect();
    let is_whole = trained.len() == numbers.len()
        && trained.iter().all(|part| matches!(part.role, Role::Kernel(_) | Role::Bias(_)));

    let (mut show, mut show_mut, mut each_trainable, mut each_trainable_mut) = (vec![], vec![], vec![], vec![]);
    let (mut types, mut counts, mut tensors) = (vec![], vec![], vec![]);
    // The number of tensors up to the last one that is always present.
    let mut required = 0usize;
    let mut fans = (quote!(1), quote!(1));
    for part in &numbers {
        let Part { member, name, ty, role } = part;
        // The counterpart of the field in the trainable type.
        let kept = if is_whole { member.clone() } else { Member::Unnamed(Index::from(types.len())) };
        let layer = quote!(#krate::layer::Parameters);
        if let Role::Layer = role {
            types.push(quote!(<#ty as #layer>::Trainable));
            counts.push(quote!(<#ty as #layer>::PARAMS));
            show.push(
                quote!(<#ty as #layer>::parameters(&self.#member, #krate::layer::Path::join(&path, #name), visitor);),
            );
            show_mut.push(quote! {
                <#ty as #layer>::parameters_mut(
                    #krate::kernel::map_each(&mut layers, |layer| &mut layer.#member), #krate::layer::Path::join(&path, #name), visitor,
                );
            });
            each_trainable.push(
                quote!(<#ty as #layer>::trainable(&trainable.#kept, #krate::layer::Path::join(&path, #name), visitor);),
            );
            each_trainable_mut.push(quote! {
                <#ty as #layer>::trainable_mut(
                    ::core::option::Option::map(
                        ::core::option::Option::as_deref_mut(&mut layer), |layer| &mut layer.#member,
                    ),
                    &mut gradient.#kept,
                    #krate::kernel::map_each(&mut state, |state| &mut state.#kept), #krate::layer::Path::join(&path, #name), visitor,
                );
            });
            continue;
        }
        let tensor = quote!(<#ty as #krate::Tensor>);
        if let Role::Kernel(_) = role {
            fans = (quote!(#krate::layer::fan_in::<#ty>()), quote!(#krate::layer::fan_out::<#ty>()));
        }
        let zeros = quote!(#krate::init::Initializer::ZEROS);
        let (role_name, settings, initializer) = match role {
            Role::Kernel(settings) => (quote!(Kernel), Some(settings), default_initializer.clone()),
            Role::Bias(settings) => (quote!(Bias), Some(settings), zeros),
            Role::Running(settings) => (quote!(Running), Some(settings), zeros),
            _ => (quote!(Statistic), None, zeros),
        };
        let settings = settings.map(|settings| &**settings);
        let set = |setting: fn(&Settings) -> &Option<Expr>, default: TokenStream| {
            settings.and_then(|settings| setting(settings).as_ref()).map_or(default, ToTokens::to_token_stream)
        };
        let initializer = set(|settings| &settings.initializer, initializer);
        let (fan_in, fan_out) = match role {
            Role::Statistic(_) | Role::Running(_) => (quote!(1), quote!(1)),
            _ => (set(|settings| &settings.fan_in, fans.0.clone()), set(|settings| &settings.fan_out, fans.1.clone())),
        };
        if let Role::Kernel(_) = role {
            fans = (fan_in.clone(), fan_out.clone());
        }
        let never_negative =
            matches!(role, Role::Statistic(true)) || settings.is_some_and(|settings| settings.never_negative);
        let index = tensors.len();
        let when_present = match part.is_optional() {
            true => quote!(if const { #tensor::LEN > 0 }),
            false => {
                required = index + 1;
                TokenStream::new()
            }
        };
        tensors.push(quote! {
            #krate::layer::Parameter {
                path: #krate::layer::Path::ROOT, name: #name, shape: #tensor::SHAPE,
                role: #krate::layer::Role::#role_name, fan_in: #fan_in, fan_out: #fan_out, initializer: #initializer,
                penalty: #krate::regularize::Penalty::NONE, never_negative: #never_negative,
            }
        });
        let parameter = quote!(<Self as #krate::layer::Parameters>::TENSORS[#index].at(path));
        let flat = |place: TokenStream| quote!(#tensor::flat(::core::slice::from_ref(&#place)));
        let flat_mut = |place: TokenStream| quote!(#tensor::flat_mut(::core::slice::from_mut(&mut #place)));
        let (values, values_mut) = (flat(quote!(self.#member)), flat_mut(quote!(layer.#member)));
        show.push(quote!(#when_present { visitor.visit(#parameter, #values); }));
        show_mut.push(
            quote!(#when_present { visitor.visit(#parameter, #krate::kernel::map_each(&mut layers, |layer| #values_mut)); }),
        );
        if let Role::Kernel(_) | Role::Bias(_) = role {
            types.push(ty.to_token_stream());
            counts.push(quote!(#tensor::LEN));
            let shown = flat(quote!(trainable.#kept));
            each_trainable.push(quote!(#when_present { visitor.visit(#parameter, #shown); }));
            let (gradient, state) = (flat_mut(quote!(gradient.#kept)), flat_mut(quote!(state.#kept)));
            each_trainable_mut.push(quote! {
                #when_present { visitor.visit(
                    #parameter,
                    match ::core::option::Option::as_deref_mut(&mut layer) {
                        ::core::option::Option::Some(layer) => #values_mut,
                        ::core::option::Option::None => &mut [],
                    },
                    #gradient,
                    #krate::kernel::map_each(&mut state, |state| #state),
                ); }
            });
        }
    }
    let trainable = match (&types[..], is_whole) {
        ([], _) => quote!(()),
        (_, true) => quote!(Self),
        (types, false) => quote!((#(#types,)*)),
    };
    let tensors = match required == tensors.len() {
        true => quote!(&[#(#tensors),*]),
        false => quote!(#krate::layer::present(&[#(#tensors),*], #required)),
    };
    quote! {
        type Trainable = #trainable;
        const PARAMS: ::core::primitive::usize = 0 #(+ #counts)*;
        const TENSORS: &'static [#krate::layer::Parameter<'static>] = #tensors;

        #[inline(always)]
        fn parameters<Visitor_: #krate::layer::Visit<Self::Element>>(
            &self,
            path: #krate::layer::Path<'_>,
            visitor: &mut Visitor_,
        ) {
            let _ = (path, &visitor);
            #(#show)*
        }

        #[inline(always)]
        fn parameters_mut<Visitor_: #krate::layer::VisitMut<Self::Element, LAYERS_>, const LAYERS_: ::core::primitive::usize>(
            mut layers: [&mut Self; LAYERS_],
            path: #krate::layer::Path<'_>,
            visitor: &mut Visitor_,
        ) {
            let _ = (path, &visitor, &mut layers);
            #(#show_mut)*
        }

        #[inline(always)]
        fn trainable<Visitor_: #krate::layer::Visit<Self::Element>>(
            trainable: &Self::Trainable,
            path: #krate::layer::Path<'_>,
            visitor: &mut Visitor_,
        ) {
            let _ = (trainable, path, &visitor);
            #(#each_trainable)*
        }

        #[inline(always)]
        fn trainable_mut<Visitor_: #krate::layer::VisitTrainable<Self::Element, STATE_>, const STATE_: ::core::primitive::usize>(
            mut layer: ::core::option::Option<&mut Self>,
            gradient: &mut Self::Trainable,
            mut state: [&mut Self::Trainable; STATE_],
            path: #krate::layer::Path<'_>,
            visitor: &mut Visitor_,
        ) {
            let _ = (&mut layer, &gradient, &mut state, path, &visitor);
            #(#each_trainable_mut)*
        }
    }
}

/// `Clone`, `Debug` and `PartialEq`, without the bound on every type parameter that the standard derives add.
fn standard_traits(
    impl_generics: &syn::ImplGenerics<'_>,
    target: &TokenStream,
    where_clause: Option<&syn::WhereClause>,
    parts: &[Part],
) -> TokenStream {
    let with = |bound: TokenStream| {
        let mut clause = where_clause.cloned().unwrap_or_else(|| parse_quote!(where));
        for part in parts.iter().filter(|part| matches!(part.role, Role::Layer)) {
            let ty = &part.ty;
            clause.predicates.push(parse_quote!(#ty: #bound));
        }
        clause
    };
    let (clone_where, equal_where) = (with(quote!(::core::clone::Clone)), with(quote!(::core::cmp::PartialEq)));
    let clones = parts.iter().map(|Part { member, .. }| quote!(#member: ::core::clone::Clone::clone(&self.#member)));
    let equal = parts.iter().filter(|part| !matches!(part.role, Role::Marker)).map(
        |Part { member, ty, role, .. }| match role {
            Role::Layer => quote!(self.#member == other.#member),
            _ => {
                let flat = |place| quote!(<#ty as ::shiplap::Tensor>::flat(::core::slice::from_ref(&#place)));
                let (own, other) = (flat(quote!(self.#member)), flat(quote!(other.#member)));
                quote!(#own == #other)
            }
        },
    );
    quote! {
        impl #impl_generics ::core::clone::Clone for #target #clone_where {
            fn clone(&self) -> Self {
                const { ::shiplap::layer::assert_fits_stack::<Self>() };
                Self { #(#clones),* }
            }
        }

        impl #impl_generics ::core::cmp::PartialEq for #target #equal_where {
            fn eq(&self, other: &Self) -> ::core::primitive::bool {
                let _ = other;
                true #(&& #equal)*
            }
        }

        impl #impl_generics ::core::fmt::Debug for #target #where_clause {
            fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                formatter.write_str(::shiplap::message::Message::as_str(&<Self as ::shiplap::layer::Parameters>::KIND))
            }
        }
    }
}

/// `impl Stored`: the layer with the numbers of a file that is read at compile time.
fn stored(
    krate: &TokenStream,
    generics: &Generics,
    target: &TokenStream,
    element: &Type,
    parts: &[Part],
) -> TokenStream {
    let (file, place) = (format_ident!("File_"), format_ident!("Place_"));
    let has_numbers = parts.iter().any(|part| !matches!(part.role, Role::Marker));
    let mut generics = generics.clone();
    generics.params.push(parse_quote!(#file));
    generics.params.push(parse_quote!(#place));
    let predicates = &mut generics.make_where_clause().predicates;
    if has_numbers {
        predicates.push(parse_quote!(#file: #krate::flash::Weights<#element>));
        predicates.push(parse_quote!(#place: #krate::flash::Place));
    }
    let mut nested = 0usize;
    let mut values = Vec::new();
    for part in parts {
        let Part { member, name, ty, role } = part;
        let value = match role {
            Role::Marker => quote!(::core::marker::PhantomData),
            Role::Layer => {
                let stored = quote!(#krate::flash::Stored<#file, #krate::flash::Field<#place, #target, #nested>>);
                predicates.push(parse_quote!(#ty: #stored));
                nested += 1;
                quote!(<#ty as #stored>::STORED)
            }
            _ => {
                let read = quote! {
                    #krate::kernel::tensor_of::<#ty>(#krate::flash::values(&<#file>::FILE, <#place>::PATH, #name))
                };
                match part.is_optional() {
                    true => quote! {
                        if <#ty as #krate::Tensor>::LEN == 0 { #krate::kernel::tensor_of::<#ty>(&[]) } else { #read }
                    },
                    false => read,
                }
            }
        };
        values.push(quote!(#member: #value));
    }
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    quote! {
        #[diagnostic::do_not_recommend]
        impl #impl_generics #krate::flash::Stored<#file, #place> for #target #where_clause {
            const STORED: Self = Self { #(#values),* };
        }
    }
}
