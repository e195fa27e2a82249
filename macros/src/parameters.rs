//! `#[derive(Parameters)]` and `#[derive(Layer)]`: the code that follows from the fields of a layer.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{
    Data, DeriveInput, Error, Expr, Field, Fields, GenericParam, Generics, Index, Member, MetaNameValue, Token, Type,
    TypeParam, parse_quote, punctuated::Punctuated, spanned::Spanned,
};

/// `#[derive(Layer)]`: the parameters, and the formula for a batch from that for one sample.
pub fn derive_layer(input: &DeriveInput) -> syn::Result<TokenStream> {
    let parameters = derive(input)?;
    let (krate, name) = (quote!(::shiplap), &input.ident);
    let mut generics = input.generics.clone();
    let (_, arguments, _) = input.generics.split_for_impl();
    let predicates = &mut generics.make_where_clause().predicates;
    if let Some(predicate) = element_is_element(input, &element(input, &parts(input)?)?) {
        predicates.push(predicate);
    }
    for part in parts(input)?.iter().filter(|part| matches!(part.role, Role::Layer)) {
        let (ty, element) = (&part.ty, element(input, &parts(input)?)?);
        predicates.push(parse_quote!(#ty: #krate::layer::Layer<Element = #element>));
    }
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let target = quote!(#name #arguments);
    let simple = quote_spanned!(name.span()=> <#target as #krate::layer::SimpleLayer>);
    Ok(quote! {
        #parameters

        impl #impl_generics #krate::layer::Layer for #target #where_clause {
            type Input = #simple::Input;
            type Output = #simple::Output;
            type Tape<const BATCH_: usize> = [#simple::Tape; BATCH_];
            type Head = #krate::activation::Linear;

            const MACS: usize = #simple::MACS;
            const FAULT: ::core::option::Option<#krate::message::Message> = #simple::FAULT;
            const TAKES_MISSING: bool = #simple::TAKES_MISSING;

            #[inline(always)]
            fn forward_batch<Simd_: #krate::kernel::Simd, Ending_: #krate::layer::Ending, const BATCH_: usize>(
                &self,
                simd: Simd_,
                x: &[Self::Input],
                y: &mut [Self::Output],
            ) {
                #krate::layer::simple_batch::forward(self, simd, x, y);
            }

            #[inline(always)]
            fn record_batch<Simd_: #krate::kernel::Simd, Ending_: #krate::layer::Ending, const BATCH_: usize>(
                &self,
                simd: Simd_,
                rng: ::core::option::Option<&mut #krate::Rng>,
                x: &[Self::Input],
                tape: &mut Self::Tape<BATCH_>,
                y: &mut [Self::Output],
            ) {
                #krate::layer::simple_batch::record(self, simd, rng, x, tape, y);
            }

            #[inline(always)]
            fn backward_batch<Simd_: #krate::kernel::Simd, Ending_: #krate::layer::Ending, const BATCH_: usize>(
                &self,
                simd: Simd_,
                x: &[Self::Input],
                tape: &mut Self::Tape<BATCH_>,
                y: &[Self::Output],
                dy: &mut [Self::Output],
                dx: ::core::option::Option<&mut [Self::Input]>,
            ) {
                #krate::layer::simple_batch::backward(self, simd, x, tape, y, dy, dx);
            }

            #[inline(always)]
            fn gradient_batch<Simd_: #krate::kernel::Simd, const BATCH_: usize>(
                &self,
                simd: Simd_,
                x: &[Self::Input],
                tape: &mut Self::Tape<BATCH_>,
                dy: &[Self::Output],
                gradient: &mut Self::Trainable,
            ) {
                #krate::layer::simple_batch::gradient(self, simd, x, tape, dy, gradient);
            }

            fn operations<Visitor_: #krate::layer::Operations<Self::Element>>(
                &self,
                path: #krate::layer::Path<'_>,
                operations: &mut Visitor_,
            ) {
                #simple::operations(self, path, operations);
            }
        }
    })
}

/// `T: Element`, if the type of number is a type parameter.
fn element_is_element(input: &DeriveInput, element: &Type) -> Option<syn::WherePredicate> {
    let name = element.to_token_stream().to_string();
    let is_parameter = input.generics.type_params().any(|parameter| parameter.ident == name);
    is_parameter.then(|| parse_quote!(#element: ::shiplap::kernel::Element))
}

/// A field of a layer.
struct Part {
    member: Member,
    name: String,
    ty: Type,
    role: Role,
}

enum Role {
    /// An array that is trained; `Kernel` or `Bias`.
    Trained { role: TokenStream, settings: Settings },
    /// An array that is not trained.
    Statistic,
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
}

/// The parts of a field's array type.
struct Array {
    /// Outermost first.
    lengths: Vec<Expr>,
    element: Type,
}

impl Array {
    fn of(ty: &Type) -> Option<Self> {
        let (mut lengths, mut inner) = (Vec::new(), ty);
        while let Type::Array(array) = inner {
            lengths.push(array.len.clone());
            inner = &*array.elem;
        }
        (!lengths.is_empty()).then(|| Self { lengths, element: inner.clone() })
    }

    /// An expression for all numbers of the array `place` as a slice.
    fn flat(&self, place: TokenStream) -> TokenStream {
        match self.lengths.len() {
            1 => quote!(#place.as_slice()),
            rank => {
                let flattened = (1..rank).map(|_| quote!(.as_flattened()));
                quote!(#place #(#flattened)*)
            }
        }
    }

    fn flat_mut(&self, place: TokenStream) -> TokenStream {
        match self.lengths.len() {
            1 => quote!(#place.as_mut_slice()),
            rank => {
                let flattened = (1..rank).map(|_| quote!(.as_flattened_mut()));
                quote!(#place #(#flattened)*)
            }
        }
    }
}

pub fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let parts = parts(input)?;
    let name = &input.ident;
    let krate = quote!(::shiplap);
    let element = element(input, &parts)?;
    let activation =
        input.generics.type_params().find(|parameter| is_bounded(parameter, &["Activation", "Elementwise"]));

    let mut generics = input.generics.clone();
    let predicates = &mut generics.make_where_clause().predicates;
    predicates.extend(element_is_element(input, &element));
    for part in parts.iter().filter(|part| matches!(part.role, Role::Layer)) {
        let ty = &part.ty;
        predicates.push(parse_quote!(#ty: #krate::layer::Layer<Element = #element>));
    }
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
    let traits = standard_traits(name, &impl_generics, &target, where_clause, &parts);
    let stored = stored(&krate, &generics, &target, &element, &parts);
    let kind = kind(&krate, input, activation);
    let layers = parts.iter().filter(|part| matches!(part.role, Role::Layer)).map(|part| {
        let (name, ty) = (&part.name, &part.ty);
        quote!((#name, <#ty as #krate::layer::Layer>::OUTLINE))
    });
    let activation = match activation {
        Some(TypeParam { ident, .. }) => quote!(::core::option::Option::Some(#ident::NAME)),
        None => quote!(::core::option::Option::None),
    };
    Ok(quote! {
        // SAFETY: each field is `Zeroed`.
        unsafe impl #impl_generics #krate::Zeroed for #target #zeroed_where {}

        #[allow(clippy::type_complexity)]
        impl #impl_generics #krate::layer::Parameters for #target #where_clause {
            type Element = #element;
            const KIND: #krate::message::Message<64> = #kind;
            const LAYERS: &'static [(&'static str, #krate::layer::Outline)] = &[#(#layers),*];
            const ACTIVATION: ::core::option::Option<&'static str> = #activation;
            #walks
        }

        impl #impl_generics #krate::network::Network for #target #network_where {}

        #traits
        #stored
    })
}

fn parts(input: &DeriveInput) -> syn::Result<Vec<Part>> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new(
            input.ident.span(),
            "`#[derive(Parameters)]` needs a struct, whose fields are the parameters",
        ));
    };
    let members: Vec<Member> = data.fields.members().collect();
    match &data.fields {
        Fields::Unit => Ok(Vec::new()),
        fields => fields.iter().zip(members).map(|(field, member)| part(field, member)).collect(),
    }
}

fn part(field: &Field, member: Member) -> syn::Result<Part> {
    let name = match &member {
        Member::Named(name) => name.to_string(),
        Member::Unnamed(index) => index.index.to_string(),
    };
    let mut roles = Vec::new();
    for attribute in &field.attrs {
        let path = attribute.path();
        for (known, role) in [("kernel", quote!(Kernel)), ("bias", quote!(Bias))] {
            if path.is_ident(known) {
                let settings = match &attribute.meta {
                    syn::Meta::Path(_) => Settings::default(),
                    _ => settings(attribute.parse_args_with(Punctuated::parse_terminated)?)?,
                };
                roles.push(Role::Trained { role: role.clone(), settings });
            }
        }
        if path.is_ident("statistic") {
            attribute.meta.require_path_only()?;
            roles.push(Role::Statistic);
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
                "`{name}` has no role: mark it `#[kernel]` (weights), `#[bias]`, `#[statistic]` (saved, not trained) or \
                 `#[layer]`"
            );
            return Err(Error::new(field.ty.span(), message));
        }
    };
    if matches!(role, Role::Trained { .. } | Role::Statistic) && Array::of(&field.ty).is_none() {
        let message =
            format!("`{name}` is no array: parameters are arrays of numbers, written out, such as `[[f32; OUT]; IN]`");
        return Err(Error::new(field.ty.span(), message));
    }
    Ok(Part { member, name, ty: field.ty.clone(), role })
}

fn settings(arguments: Punctuated<MetaNameValue, Token![,]>) -> syn::Result<Settings> {
    let mut settings = Settings::default();
    for MetaNameValue { path, value, .. } in arguments {
        let setting = if path.is_ident("initializer") {
            &mut settings.initializer
        } else if path.is_ident("fan_in") {
            &mut settings.fan_in
        } else if path.is_ident("fan_out") {
            &mut settings.fan_out
        } else {
            return Err(Error::new(path.span(), "the settings are `initializer`, `fan_in` and `fan_out`"));
        };
        *setting = Some(value);
    }
    Ok(settings)
}

fn is_marker(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "PhantomData"))
}

fn is_bounded(parameter: &TypeParam, by: &[&str]) -> bool {
    parameter.bounds.iter().any(|bound| match bound {
        syn::TypeParamBound::Trait(bound) => {
            bound.path.segments.last().is_some_and(|last| by.iter().any(|name| last.ident == name))
        }
        _ => false,
    })
}

/// The type of number: the first available of `#[parameters(element = ..)]`, the type of the arrays, the type parameter
/// with the bound `Element`, the type of the first nested layer, and `f32`.
fn element(input: &DeriveInput, parts: &[Part]) -> syn::Result<Type> {
    for attribute in &input.attrs {
        if attribute.path().is_ident("parameters") {
            let MetaNameValue { path, value, .. } = attribute.parse_args()?;
            if !path.is_ident("element") {
                return Err(Error::new(path.span(), "the only setting is `element`"));
            }
            return syn::parse2(value.into_token_stream());
        }
    }
    let mut arrays = parts
        .iter()
        .filter(|part| !matches!(part.role, Role::Layer | Role::Marker))
        .filter_map(|part| Array::of(&part.ty).map(|array| array.element));
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
    Ok(parse_quote!(f32))
}

/// `Dense<10, 1, Sigmoid>`: the struct's name, its integer parameters, and its activation.
fn kind(krate: &TokenStream, input: &DeriveInput, activation: Option<&TypeParam>) -> TokenStream {
    let name = input.ident.to_string();
    let mut words = Vec::new();
    for parameter in &input.generics.params {
        match parameter {
            GenericParam::Const(parameter) => {
                let (ident, ty) = (&parameter.ident, parameter.ty.to_token_stream().to_string());
                match ty.as_str() {
                    "bool" | "char" => {}
                    signed if signed.starts_with('i') => words.push(quote!(.integer(#ident as i128))),
                    _ => words.push(quote!(.number(#ident as u128))),
                }
            }
            GenericParam::Type(parameter)
                if activation.is_some_and(|activation| activation.ident == parameter.ident) =>
            {
                let ident = &parameter.ident;
                words.push(quote!(.text(#ident::NAME)));
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
        Some(TypeParam { ident, .. }) => quote!(#ident::INITIALIZER),
        None => quote!(#krate::init::Initializer::GlorotUniform),
    };
    let numbers: Vec<&Part> = parts.iter().filter(|part| !matches!(part.role, Role::Marker)).collect();
    let trained: Vec<&Part> =
        numbers.iter().copied().filter(|part| matches!(part.role, Role::Trained { .. } | Role::Layer)).collect();
    let is_whole =
        trained.len() == numbers.len() && trained.iter().all(|part| matches!(part.role, Role::Trained { .. }));

    let (mut show, mut show_mut, mut each_trainable, mut each_trainable_mut) = (vec![], vec![], vec![], vec![]);
    let (mut types, mut counts, mut tensors) = (vec![], vec![], vec![]);
    let mut fans = (quote!(1), quote!(1));
    for part in &numbers {
        let Part { member, name, ty, role } = part;
        // The counterpart of the field in the trainable type.
        let kept = if is_whole { member.clone() } else { Member::Unnamed(Index::from(types.len())) };
        let layer = quote!(#krate::layer::Parameters);
        if let Role::Layer = role {
            types.push(quote!(<#ty as #layer>::Trainable));
            counts.push(quote!(<#ty as #layer>::PARAMS));
            show.push(quote!(<#ty as #layer>::parameters(&self.#member, path.join(#name), visitor);));
            show_mut.push(quote! {
                <#ty as #layer>::parameters_mut(
                    #krate::kernel::map_each(&mut layers, |layer| &mut layer.#member), path.join(#name), visitor,
                );
            });
            each_trainable.push(quote!(<#ty as #layer>::trainable(&trainable.#kept, path.join(#name), visitor);));
            each_trainable_mut.push(quote! {
                <#ty as #layer>::trainable_mut(
                    layer.as_deref_mut().map(|layer| &mut layer.#member), &mut gradient.#kept,
                    #krate::kernel::map_each(&mut state, |state| &mut state.#kept), path.join(#name), visitor,
                );
            });
            continue;
        }
        let Some(array) = Array::of(ty) else { continue };
        let lengths = &array.lengths;
        let parameter = match role {
            Role::Trained { role, settings } => {
                if role.to_string() == "Kernel" {
                    fans = match &lengths[..] {
                        [_] => (quote!(1), quote!(1)),
                        [inputs @ .., outputs] => (quote!(1 #(* (#inputs))*), quote!(#outputs)),
                        [] => fans,
                    };
                }
                let fan_in = settings.fan_in.as_ref().map_or(fans.0.clone(), ToTokens::to_token_stream);
                let fan_out = settings.fan_out.as_ref().map_or(fans.1.clone(), ToTokens::to_token_stream);
                if role.to_string() == "Kernel" {
                    fans = (fan_in.clone(), fan_out.clone());
                }
                let initializer = match &settings.initializer {
                    Some(initializer) => initializer.to_token_stream(),
                    None if role.to_string() == "Kernel" => default_initializer.clone(),
                    None => quote!(#krate::init::Initializer::ZEROS),
                };
                quote!(role: #krate::layer::Role::#role, fan_in: #fan_in, fan_out: #fan_out, initializer: #initializer)
            }
            _ => quote!(
                role: #krate::layer::Role::Statistic, fan_in: 1, fan_out: 1, initializer: #krate::init::Initializer::ZEROS
            ),
        };
        let index = tensors.len();
        tensors.push(quote! {
            #krate::layer::Parameter {
                path: #krate::layer::Path::ROOT, name: #name, shape: &[#(#lengths),*],
                penalty: #krate::regularize::Penalty::NONE, #parameter
            }
        });
        let parameter = quote!(<Self as #krate::layer::Parameters>::TENSORS[#index].at(path));
        let (values, values_mut) = (array.flat(quote!(self.#member)), array.flat_mut(quote!(layer.#member)));
        show.push(quote!(visitor.visit(#parameter, #values);));
        show_mut.push(quote!(visitor.visit(#parameter, #krate::kernel::map_each(&mut layers, |layer| #values_mut));));
        if let Role::Trained { .. } = role {
            types.push(ty.to_token_stream());
            counts.push(quote!(1 #(* (#lengths))*));
            let shown = array.flat(quote!(trainable.#kept));
            each_trainable.push(quote!(visitor.visit(#parameter, #shown);));
            let (gradient, state) = (array.flat_mut(quote!(gradient.#kept)), array.flat_mut(quote!(state.#kept)));
            each_trainable_mut.push(quote! {
                visitor.visit(
                    #parameter,
                    match layer.as_deref_mut() {
                        ::core::option::Option::Some(layer) => #values_mut,
                        ::core::option::Option::None => &mut [],
                    },
                    #gradient,
                    #krate::kernel::map_each(&mut state, |state| #state),
                );
            });
        }
    }
    let trainable = match (&types[..], is_whole) {
        ([], _) => quote!(()),
        (_, true) => quote!(Self),
        (types, false) => quote!((#(#types,)*)),
    };
    quote! {
        type Trainable = #trainable;
        const PARAMS: usize = 0 #(+ #counts)*;
        const TENSORS: &'static [#krate::layer::Parameter<'static>] = &[#(#tensors),*];

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
        fn parameters_mut<Visitor_: #krate::layer::VisitMut<Self::Element, LAYERS_>, const LAYERS_: usize>(
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
        fn trainable_mut<Visitor_: #krate::layer::VisitTrainable<Self::Element, STATE_>, const STATE_: usize>(
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
    name: &syn::Ident,
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
    let equal = parts
        .iter()
        .filter(|part| !matches!(part.role, Role::Marker))
        .map(|Part { member, .. }| quote!(self.#member == other.#member));
    let _ = name;
    quote! {
        impl #impl_generics ::core::clone::Clone for #target #clone_where {
            fn clone(&self) -> Self {
                const { ::shiplap::layer::assert_fits_stack::<Self>() };
                Self { #(#clones),* }
            }
        }

        impl #impl_generics ::core::cmp::PartialEq for #target #equal_where {
            fn eq(&self, other: &Self) -> bool {
                let _ = other;
                true #(&& #equal)*
            }
        }

        impl #impl_generics ::core::fmt::Debug for #target #where_clause {
            fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                formatter.write_str(<Self as ::shiplap::layer::Parameters>::KIND.as_str())
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
    for Part { member, name, ty, role } in parts {
        let value = match role {
            Role::Marker => quote!(::core::marker::PhantomData),
            Role::Layer => {
                let stored = quote!(#krate::flash::Stored<#file, #krate::flash::Field<#place, #target, #nested>>);
                predicates.push(parse_quote!(#ty: #stored));
                nested += 1;
                quote!(<#ty as #stored>::STORED)
            }
            _ => {
                let lengths = Array::of(ty).map(|array| array.lengths).unwrap_or_default();
                let chunks = lengths.iter().skip(1).rev().map(|length| quote!(.as_chunks::<{ #length }>().0));
                let first = &lengths[0];
                quote! {
                    #krate::flash::of_shape(
                        #krate::flash::values(&<#file>::FILE, <#place>::PATH, #name)#(#chunks)*.first_chunk::<{ #first }>()
                    )
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
