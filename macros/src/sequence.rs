//! The generator of networks: layers that run in sequence, forward and backward.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::{
    Generics, Ident, Index, Member, Type, TypeParam, WherePredicate, parse_quote, parse_quote_spanned, spanned::Spanned,
};

/// One layer of a sequence.
pub struct Field {
    /// The type of the layer.
    pub ty: Type,
    /// How it is accessed: `.0`, `.hidden`.
    pub member: Member,
    /// The name of the layer in summaries and files.
    pub name: String,
}

/// A type whose fields are layers that run one after another.
pub struct Sequence {
    /// The path of the crate in the generated code.
    pub crate_path: TokenStream,
    /// The name of the type in messages.
    pub kind: String,
    /// The type, with its generic arguments.
    pub target: TokenStream,
    /// The generic parameters.
    pub generics: Generics,
    /// The layers, at least one.
    pub fields: Vec<Field>,
}

impl Sequence {
    /// Generates `impl Parameters`, `impl Layer` and `impl Network` for the type.
    ///
    /// The first two do not depend on whether the shapes fit: rows are passed on by `layer::pass`. Only `Network` is
    /// bounded by the fit of the layers, which is also checked at the declaration, so a misfit is a single error.
    pub fn expand(&self) -> TokenStream {
        let Self { crate_path: krate, kind, target, fields, .. } = self;
        let types: Vec<&Type> = fields.iter().map(|field| &field.ty).collect();
        let members: Vec<&Member> = fields.iter().map(|field| &field.member).collect();
        let names: Vec<&String> = fields.iter().map(|field| &field.name).collect();
        let last = fields.len() - 1;
        let layers: Vec<TokenStream> = types.iter().map(|ty| quote!(<#ty as #krate::layer::Layer>)).collect();
        let parameters: Vec<TokenStream> = types.iter().map(|ty| quote!(<#ty as #krate::layer::Parameters>)).collect();
        let shapes: Vec<TokenStream> =
            types.iter().map(|ty| quote!(<#ty as #krate::layer::InNetwork>::SHAPES)).collect();
        let places: Vec<Index> = (0..fields.len()).map(Index::from).collect();
        let buffers: Vec<Ident> = (0..last).map(|index| format_ident!("y{index}")).collect();
        let (first_layer, last_layer, first_parameters) = (&layers[0], &layers[last], &parameters[0]);

        let linked = layers[..last]
            .iter()
            .map(|layer| quote!(#krate::layer::Link<#layer::Tape<BATCH_>, #layer::Output, BATCH_>));
        let tape = quote!((#(#linked,)* #last_layer::Tape<BATCH_>,));

        // The input rows of layer `index`: the outputs of the previous layer.
        let entering = |index: usize, rows: TokenStream| match index {
            0 => quote!(x),
            _ => {
                let (before, layer) = (&layers[index - 1], &layers[index]);
                quote!(#krate::layer::pass::<#before::Output, #layer::Input>(#rows))
            }
        };
        let passed = |index: usize| {
            let buffer = index.checked_sub(1).map(|before| &buffers[before]);
            entering(index, quote!(#buffer))
        };
        let recorded = |index: usize| {
            let before = &places[index.saturating_sub(1)];
            entering(index, quote!(&tape.#before.output[..rows]))
        };
        // Backpropagation ends at the first trainable layer, or at the input if its gradient is requested.
        let learns_before = |index: usize| {
            let before = parameters[..index].iter();
            quote!(const { false #(|| #krate::layer::learns::<#before::Trainable>())* })
        };
        let sent_back = |index: usize| {
            if index == 0 {
                return quote!(dx);
            }
            let (before, layer, place, learns) =
                (&layers[index - 1], &layers[index], &places[index - 1], learns_before(index));
            quote! {
                if #learns || ::core::option::Option::is_some(&dx) {
                    ::core::option::Option::Some(#krate::layer::pass_mut::<#before::Output, #layer::Input>(&mut tape.#place.gradient[..rows]))
                } else {
                    ::core::option::Option::None
                }
            }
        };

        // The outputs of the layers are in two memories in turn.
        let memories = [format_ident!("even"), format_ident!("odd")];
        let allocations = memories.iter().take(last).enumerate().map(|(start, memory)| {
            let outputs = layers[..last].iter().skip(start).step_by(2).rev();
            let any =
                outputs.fold(quote!(()), |others, layer| quote!(#krate::Either<[#layer::Output; BATCH_], #others>));
            quote! {
                let mut #memory = ::core::mem::MaybeUninit::<#any>::uninit();
                let mut #memory = #krate::Memory::zeroed_in(&mut #memory);
            }
        });
        let allocations: Vec<TokenStream> = allocations.collect();
        let forward = |function: &str, lengths: &TokenStream| {
            let function = format_ident!("{function}");
            let layers = (0..last).map(|index| {
                let (layer, member, buffer, x) = (&layers[index], members[index], &buffers[index], passed(index));
                let memory = &memories[index % 2];
                quote! {
                    let #buffer = &mut #krate::Memory::tensors::<#layer::Output, BATCH_>(&mut #memory)[..rows];
                    #layer::#function::<Simd_, #krate::layer::Predictions, BATCH_>(
                        &self.#member, simd, #lengths #x, #buffer,
                    );
                }
            });
            let (last_member, last_passed) = (members[last], passed(last));
            quote! {
                let rows = x.len();
                #(#allocations)*
                #(#layers)*
                #last_layer::#function::<Simd_, Ending_, BATCH_>(
                    &self.#last_member, simd, #lengths #last_passed, &mut y[..rows],
                );
            }
        };
        let (forward_whole, forward_padded) =
            (forward("forward_batch", &TokenStream::new()), forward("forward_padded", &quote!(lengths,)));
        let set_lengths = (0..last).map(|index| {
            let (layer, place) = (&layers[index], &places[index]);
            quote!(#layer::set_lengths::<BATCH_>(&mut tape.#place.tape, lengths);)
        });
        let invalid = (0..last).map(|index| {
            let layer = &layers[index];
            let part = entering(index + 1, quote!(::core::slice::from_ref(part)));
            quote! {
                if let ::core::option::Option::Some(invalid) = #layer::invalid(x) {
                    return ::core::option::Option::Some(#krate::layer::Invalid::at(invalid, start));
                }
                let (place, part) = #layer::part(x)?;
                let (start, x) = (start + place, #part.first()?);
            }
        });
        let record = (0..last).map(|index| {
            let (layer, member, place, x) = (&layers[index], members[index], &places[index], recorded(index));
            quote! {
                #layer::record_batch::<Simd_, #krate::layer::Predictions, BATCH_>(
                    &self.#member, simd, ::core::option::Option::as_deref_mut(&mut rng), #x, &mut tape.#place.tape,
                    &mut tape.#place.output[..rows],
                );
            }
        });
        let backward = (0..last).rev().map(|index| {
            let (layer, member, place) = (&layers[index], members[index], &places[index]);
            let (x, dx, learns) = (recorded(index), sent_back(index), learns_before(index + 1));
            quote! {
                if #learns || ::core::option::Option::is_some(&dx) {
                    #layer::backward_batch::<Simd_, #krate::layer::Predictions, BATCH_>(
                        &self.#member, simd, #x, &mut tape.#place.tape, &tape.#place.output[..rows],
                        &mut tape.#place.gradient[..rows], #dx,
                    );
                }
            }
        });
        let gradient = (0..last).rev().map(|index| {
            let (layer, member, place, x) = (&layers[index], members[index], &places[index], recorded(index));
            quote! {
                #layer::gradient_batch::<Simd_, BATCH_>(
                    &self.#member, simd, #x, &mut tape.#place.tape, &tape.#place.gradient[..rows], &mut gradient.#place,
                );
            }
        });
        let learn = (0..last).rev().map(|index| {
            let (layer, member, place) = (&layers[index], members[index], &places[index]);
            let (name, x) = (names[index], recorded(index));
            quote! {
                #layer::visit_gradient::<Simd_, Visitor_, STATE_, BATCH_>(
                    &mut self.#member, simd, #x, &mut tape.#place.tape, &tape.#place.gradient[..rows],
                    #krate::kernel::map_each(&mut state, |state| &mut state.#place), #krate::layer::Path::join(&path, #name), visitor,
                );
            }
        });
        let (last_member, last_place, last_name) = (members[last], &places[last], names[last]);
        let statistics = (0..last).map(|index| {
            let (layer, member, place) = (&layers[index], members[index], &places[index]);
            quote!(#layer::update_statistics::<Simd_, BATCH_>(&mut self.#member, simd, &tape.#place.tape, share);)
        });
        let (last_recorded, last_sent_back) = (recorded(last), sent_back(last));

        let same_element = self.same_element();
        let holding = self.generics_with(|index| match &same_element[index] {
            None => quote!(#krate::layer::Parameters),
            Some(same) => same.clone(),
        });
        let computing = self.generics_with(|index| {
            let same = same_element[index].iter();
            quote!(#krate::layer::Layer #(+ #same)*)
        });
        let fitting = self.fitting();
        let (impl_generics, _, _) = self.generics.split_for_impl();
        let (parameters_where, layer_where, network_where) =
            (&holding.where_clause, &computing.where_clause, &fitting.where_clause);

        // The generic parameters of methods have names that a user's struct is unlikely to use.
        quote! {
            #[allow(clippy::type_complexity)]
            impl #impl_generics #krate::layer::Parameters for #target #parameters_where {
                type Element = #first_parameters::Element;
                type Trainable = (#(#parameters::Trainable,)*);

                const PARAMS: ::core::primitive::usize = 0 #(+ #parameters::PARAMS)*;
                const KIND: #krate::message::Message<64> = #krate::message::Message::new().text(#kind);

                #[inline(always)]
                fn parameters<Visitor_: #krate::layer::Visit<Self::Element>>(
                    &self,
                    path: #krate::layer::Path<'_>,
                    visitor: &mut Visitor_,
                ) {
                    #(#parameters::parameters(&self.#members, #krate::layer::Path::join(&path, #names), visitor);)*
                }

                #[inline(always)]
                fn parameters_mut<Visitor_: #krate::layer::VisitMut<Self::Element, NETWORKS_>, const NETWORKS_: ::core::primitive::usize>(
                    mut networks: [&mut Self; NETWORKS_],
                    path: #krate::layer::Path<'_>,
                    visitor: &mut Visitor_,
                ) {
                    #(#parameters::parameters_mut(
                        #krate::kernel::map_each(&mut networks, |network| &mut network.#members),
                        #krate::layer::Path::join(&path, #names),
                        visitor,
                    );)*
                }

                #[inline(always)]
                fn trainable<Visitor_: #krate::layer::Visit<Self::Element>>(
                    trainable: &Self::Trainable,
                    path: #krate::layer::Path<'_>,
                    visitor: &mut Visitor_,
                ) {
                    #(#parameters::trainable(&trainable.#places, #krate::layer::Path::join(&path, #names), visitor);)*
                }

                #[inline(always)]
                fn trainable_mut<Visitor_: #krate::layer::VisitTrainable<Self::Element, STATE_>, const STATE_: ::core::primitive::usize>(
                    mut layer: ::core::option::Option<&mut Self>,
                    gradient: &mut Self::Trainable,
                    mut state: [&mut Self::Trainable; STATE_],
                    path: #krate::layer::Path<'_>,
                    visitor: &mut Visitor_,
                ) {
                    #(#parameters::trainable_mut(
                        ::core::option::Option::map(
                            ::core::option::Option::as_deref_mut(&mut layer), |layer| &mut layer.#members,
                        ),
                        &mut gradient.#places,
                        #krate::kernel::map_each(&mut state, |state| &mut state.#places),
                        #krate::layer::Path::join(&path, #names),
                        visitor,
                    );)*
                }
            }

            #[allow(clippy::type_complexity)]
            impl #impl_generics #krate::layer::Layer for #target #layer_where {
                type Input = #first_layer::Input;
                type Output = #last_layer::Output;
                type Tape<const BATCH_: ::core::primitive::usize> = #tape;
                type Head = #last_layer::Head;

                const MACS: ::core::primitive::usize = 0 #(+ #layers::MACS)*;
                const FAULT: ::core::option::Option<#krate::message::Message> =
                    #krate::layer::first_fault(&[#(#layers::FAULT,)* #krate::layer::not_whole(&[#(#shapes),*])]);
                const TAKES_MISSING: ::core::primitive::bool = #first_layer::TAKES_MISSING;
                const TAKES_WHOLE: ::core::primitive::bool = #krate::layer::takes_whole(&[#(#shapes),*]);
                const KEEPS_WHOLE: ::core::primitive::bool = true #(&& #layers::KEEPS_WHOLE)*;
                const OUTLINE: #krate::layer::Outline =
                    #krate::layer::Outline::of_sequence(&[#((#names, #layers::OUTLINE)),*]);

                #[inline(always)]
                fn invalid(x: &Self::Input) -> ::core::option::Option<#krate::layer::Invalid> {
                    let start = 0;
                    #(#invalid)*
                    ::core::option::Option::map(#last_layer::invalid(x), |invalid| #krate::layer::Invalid::at(invalid, start))
                }

                #[inline(always)]
                fn forward_batch<Simd_: #krate::kernel::Simd, Ending_: #krate::layer::Ending, const BATCH_: ::core::primitive::usize>(
                    &self,
                    simd: Simd_,
                    x: &[Self::Input],
                    y: &mut [Self::Output],
                ) {
                    #forward_whole
                }

                #[inline(always)]
                fn forward_padded<Simd_: #krate::kernel::Simd, Ending_: #krate::layer::Ending, const BATCH_: ::core::primitive::usize>(
                    &self,
                    simd: Simd_,
                    lengths: &[::core::primitive::usize],
                    x: &[Self::Input],
                    y: &mut [Self::Output],
                ) {
                    #forward_padded
                }

                #[inline(always)]
                fn set_lengths<const BATCH_: ::core::primitive::usize>(
                    tape: &mut Self::Tape<BATCH_>,
                    lengths: &[::core::primitive::usize],
                ) {
                    #(#set_lengths)*
                    #last_layer::set_lengths::<BATCH_>(&mut tape.#last_place, lengths);
                }

                #[inline(always)]
                fn record_batch<Simd_: #krate::kernel::Simd, Ending_: #krate::layer::Ending, const BATCH_: ::core::primitive::usize>(
                    &self,
                    simd: Simd_,
                    mut rng: ::core::option::Option<&mut #krate::Rng>,
                    x: &[Self::Input],
                    tape: &mut Self::Tape<BATCH_>,
                    y: &mut [Self::Output],
                ) {
                    let rows = x.len();
                    #(#record)*
                    #last_layer::record_batch::<Simd_, Ending_, BATCH_>(
                        &self.#last_member, simd, ::core::option::Option::as_deref_mut(&mut rng), #last_recorded, &mut tape.#last_place,
                        &mut y[..rows],
                    );
                }

                #[inline(always)]
                fn backward_batch<Simd_: #krate::kernel::Simd, Ending_: #krate::layer::Ending, const BATCH_: ::core::primitive::usize>(
                    &self,
                    simd: Simd_,
                    x: &[Self::Input],
                    tape: &mut Self::Tape<BATCH_>,
                    y: &[Self::Output],
                    dy: &mut [Self::Output],
                    dx: ::core::option::Option<&mut [Self::Input]>,
                ) {
                    let rows = x.len();
                    let _ = rows;
                    #last_layer::backward_batch::<Simd_, Ending_, BATCH_>(
                        &self.#last_member, simd, #last_recorded, &mut tape.#last_place, y, dy, #last_sent_back,
                    );
                    #(#backward)*
                }

                #[inline(always)]
                fn gradient_batch<Simd_: #krate::kernel::Simd, const BATCH_: ::core::primitive::usize>(
                    &self,
                    simd: Simd_,
                    x: &[Self::Input],
                    tape: &mut Self::Tape<BATCH_>,
                    dy: &[Self::Output],
                    gradient: &mut Self::Trainable,
                ) {
                    let rows = x.len();
                    let _ = rows;
                    #last_layer::gradient_batch::<Simd_, BATCH_>(
                        &self.#last_member, simd, #last_recorded, &mut tape.#last_place, dy, &mut gradient.#last_place,
                    );
                    #(#gradient)*
                }

                #[inline(always)]
                fn visit_gradient<
                    Simd_: #krate::kernel::Simd,
                    Visitor_: #krate::layer::VisitGradient<Self::Element, STATE_>,
                    const STATE_: ::core::primitive::usize,
                    const BATCH_: ::core::primitive::usize,
                >(
                    &mut self,
                    simd: Simd_,
                    x: &[Self::Input],
                    tape: &mut Self::Tape<BATCH_>,
                    dy: &[Self::Output],
                    mut state: [&mut Self::Trainable; STATE_],
                    path: #krate::layer::Path<'_>,
                    visitor: &mut Visitor_,
                ) {
                    let rows = x.len();
                    let _ = rows;
                    #last_layer::visit_gradient::<Simd_, Visitor_, STATE_, BATCH_>(
                        &mut self.#last_member, simd, #last_recorded, &mut tape.#last_place, dy,
                        #krate::kernel::map_each(&mut state, |state| &mut state.#last_place), #krate::layer::Path::join(&path, #last_name),
                        visitor,
                    );
                    #(#learn)*
                }

                #[inline(always)]
                fn update_statistics<Simd_: #krate::kernel::Simd, const BATCH_: ::core::primitive::usize>(
                    &mut self,
                    simd: Simd_,
                    tape: &Self::Tape<BATCH_>,
                    share: ::core::primitive::f64,
                ) {
                    #(#statistics)*
                    #last_layer::update_statistics::<Simd_, BATCH_>(&mut self.#last_member, simd, &tape.#last_place, share);
                }

                fn describe(
                    path: #krate::layer::Path<'_>,
                    show: &mut dyn ::core::ops::FnMut(&#krate::layer::Description<'_>),
                ) {
                    #(#layers::describe(#krate::layer::Path::join(&path, #names), show);)*
                }

                fn operations<Visitor_: #krate::layer::Operations<Self::Element>>(
                    &self,
                    path: #krate::layer::Path<'_>,
                    operations: &mut Visitor_,
                ) {
                    #(#layers::operations(&self.#members, #krate::layer::Path::join(&path, #names), operations);)*
                }
            }

            #[allow(clippy::type_complexity)]
            impl #impl_generics #krate::network::Network for #target #network_where {}
        }
    }

    /// The generics with a bound on each layer whose traits the compiler cannot resolve.
    ///
    /// For a type without parameters, the bound is quantified over an unused lifetime, so that a violation is not an
    /// error here but only at the layer, where the declaration is checked. In a type with parameters, such a bound
    /// would contradict the known bounds of other layers.
    pub fn generics_with(&self, bound: impl Fn(usize) -> TokenStream) -> Generics {
        let mut generics = self.generics.clone();
        let is_concrete = self.generics.params.is_empty();
        let predicates = &mut generics.make_where_clause().predicates;
        for (index, Field { ty, .. }) in self.fields.iter().enumerate() {
            let bound = bound(index);
            if is_concrete {
                predicates.push(parse_quote_spanned!(ty.span()=> for<'any_> #ty: #bound));
            } else if is_open(ty, &self.generics) {
                predicates.push(parse_quote_spanned!(ty.span()=> #ty: #bound));
            }
        }
        generics
    }

    /// Bounds that require each other layer to have the same type of number as one of them. A second bound beside one of
    /// the user's on the type of number would be ambiguous.
    fn same_element(&self) -> Vec<Option<TokenStream>> {
        let krate = &self.crate_path;
        let known = self.fields.iter().position(|field| !is_open(&field.ty, &self.generics)).unwrap_or(0);
        let ty = &self.fields[known].ty;
        let bound = |index: usize| {
            (index != known && !self.names_element(&self.fields[index].ty))
                .then(|| quote!(#krate::layer::SameElement<#ty>))
        };
        (0..self.fields.len()).map(bound).collect()
    }

    /// Whether the user's bounds determine the type of number of `layer`: `L: Network<Element = f32>`.
    fn names_element(&self, layer: &Type) -> bool {
        let layer = layer.to_token_stream().to_string();
        let is_named = |bounds: TokenStream| bounds.to_string().contains("Element =");
        let predicates = self.generics.where_clause.iter().flat_map(|clause| &clause.predicates);
        self.generics.type_params().any(|parameter| parameter.ident == layer && is_named(parameter.to_token_stream()))
            || predicates.into_iter().any(|predicate| match predicate {
                WherePredicate::Type(bounded) => {
                    bounded.bounded_ty.to_token_stream().to_string() == layer && is_named(bounded.to_token_stream())
                }
                _ => false,
            })
    }

    /// The bounds under which the layers fit. Layers without generic parameters are checked at the declaration instead.
    fn fitting(&self) -> Generics {
        let krate = &self.crate_path;
        let same_element = self.same_element();
        let mut generics = self.generics_with(|index| {
            let same = same_element[index].iter();
            quote!(#krate::network::Network #(+ #same)*)
        });
        let predicates = &mut generics.make_where_clause().predicates;
        for pair in self.fields.windows(2) {
            let (before, after) = (&pair[0].ty, &pair[1].ty);
            if [before, after].iter().any(|ty| depends(ty.to_token_stream(), &self.generics)) {
                predicates.push(parse_quote_spanned!(after.span()=> #after: #krate::layer::After<#before>));
            }
        }
        generics
    }
}

/// Whether the compiler cannot resolve the traits of `ty`: it is a type parameter, or contains one without bounds.
pub fn is_open(ty: &Type, generics: &Generics) -> bool {
    fn occurs(tokens: TokenStream, parameter: &Ident) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Group(group) => occurs(group.stream(), parameter),
            TokenTree::Ident(name) => name == *parameter,
            _ => false,
        })
    }
    generics.type_params().any(|TypeParam { ident, bounds, .. }| {
        *ty == parse_quote!(#ident) || bounds.is_empty() && occurs(ty.to_token_stream(), ident)
    })
}

/// Whether a type or const parameter occurs in `tokens`.
pub fn depends(tokens: TokenStream, generics: &Generics) -> bool {
    use syn::GenericParam;
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => depends(group.stream(), generics),
        TokenTree::Ident(name) => generics.params.iter().any(|parameter| match parameter {
            GenericParam::Type(parameter) => parameter.ident == name,
            GenericParam::Const(parameter) => parameter.ident == name,
            GenericParam::Lifetime(parameter) => parameter.lifetime.ident == name,
        }),
        _ => false,
    })
}
