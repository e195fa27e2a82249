//! The fields of a layer, their roles and the type of their numbers.

use quote::ToTokens;
use syn::{
    Attribute, Data, DeriveInput, Error, Expr, Field, Fields, Member, Meta, MetaNameValue, Token, Type, TypeParam,
    parse_quote, punctuated::Punctuated, spanned::Spanned,
};

/// A field of a layer.
pub struct Part {
    pub member: Member,
    pub name: String,
    pub ty: Type,
    pub role: Role,
}

impl Part {
    /// The type of a nested layer.
    pub fn layer(&self) -> Option<&Type> {
        matches!(self.role, Role::Layer).then_some(&self.ty)
    }

    /// Whether the field holds numbers of a type that is not written as an array. It may have none.
    pub fn is_optional(&self) -> bool {
        !matches!(self.role, Role::Layer | Role::Marker) && element_of_array(&self.ty).is_none()
    }
}

pub enum Role {
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
pub struct Settings {
    pub initializer: Option<Expr>,
    pub fan_in: Option<Expr>,
    pub fan_out: Option<Expr>,
    pub never_negative: bool,
}

/// The type of the numbers of a field: that of its array, or `None` if it is no array.
fn element_of_array(ty: &Type) -> Option<&Type> {
    let Type::Array(array) = bare(ty) else { return None };
    let inner = bare(&array.elem);
    Some(element_of_array(inner).unwrap_or(inner))
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

pub fn is_bounded(parameter: &TypeParam, by: &[&str]) -> bool {
    parameter.bounds.iter().any(|bound| match bound {
        syn::TypeParamBound::Trait(bound) => {
            bound.path.segments.last().is_some_and(|last| by.iter().any(|name| last.ident == name))
        }
        _ => false,
    })
}

/// The value of `name` in `#[parameters(..)]`.
pub fn setting(input: &DeriveInput, name: &str) -> syn::Result<Option<Expr>> {
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
