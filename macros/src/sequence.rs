//! The one generator: run these layers in sequence, forward and back.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Generics, Ident, Index, Member, Type, TypeParam, parse_quote, parse_quote_spanned, spanned::Spanned};

use crate::check;

/// One layer of a sequence.
pub struct Field {
    /// Its type.
    pub ty: Type,
    /// How it is reached: `.0`, `.hidden`.
    pub member: Member,
    /// Its name in summaries and files.
    pub name: String,
}

/// A type whose fields are layers that run one after another.
pub struct Sequence {
    /// How the generated code names the crate.
    pub crate_path: TokenStream,
    /// The type, with its generic arguments.
    pub target: TokenStream,
    /// Its generic parameters.
    pub generics: Generics,
    /// Its layers; at least one.
    pub fields: Vec<Field>,
}

impl Sequence {
    /// `impl Parameters` and `impl Layer` for the type.
    pub fn expand(&self) -> TokenStream {
        let Self { crate_path: krate, target, fields, .. } = self;
        let types: Vec<&Type> = fields.iter().map(|field| &field.ty).collect();
        let members: Vec<&Member> = fields.iter().map(|field| &field.member).collect();
        let names: Vec<&String> = fields.iter().map(|field| &field.name).collect();
        let last = fields.len() - 1;
        let layers: Vec<TokenStream> = types.iter().map(|ty| self.layer(ty)).collect();
        let parameters: Vec<TokenStream> = types.iter().map(|ty| self.parameters(ty)).collect();
        let parameters: Vec<&TokenStream> = parameters.iter().collect();
        let tape_index: Vec<Index> = (0..fields.len()).map(Index::from).collect();
        let buffers: Vec<_> = (0..last).map(|index| format_ident!("y{index}")).collect();

        // Of other types, a bound that does not hold would be an error at the derive too, and one that holds would
        // hide what the compiler knows.
        let open = |ty: &Type| is_open(ty, &self.generics);
        let (first_type, end_type) = (self.first_of(types[0]), self.last_of(types[last]));
        let (first_layer, last_layer, end_layer) = (self.layer(first_type), &layers[last], self.layer(end_type));
        let first_parameters = self.parameters(first_type);
        let tape = self.tape(&types);

        // What goes into layer `index` comes from the one before it; that it fits is checked at the layer's own words.
        let fits = |index: usize| check::fits(krate, self.last_of(types[index - 1]), self.first_of(types[index]));
        let passed = |index: usize| match index {
            0 => quote!(x),
            _ => {
                let (fits, rows) = (fits(index), &buffers[index - 1]);
                quote!(#fits::rows_into(#rows))
            }
        };
        let recorded = |index: usize| match &tape_index[..index] {
            [] => quote!(x),
            [.., before] => {
                let fits = fits(index);
                quote!(#fits::rows_into(&tape.#before.output[..rows]))
            }
        };
        // Slopes go back as far as there is something to learn, or to the input where they are asked for.
        let learns_before = |index: usize| {
            let before = parameters[..index].iter();
            quote!((false #(|| #krate::layer::learns::<#before::Trainable>())*))
        };
        let layers = &layers;
        let sent_back = |index: usize| match &tape_index[..index] {
            [] => quote!(dx),
            [.., before] => {
                let (fits, learns_before) = (fits(index), learns_before(index));
                quote! {
                    if #learns_before || dx.is_some() {
                        Some(#fits::gradient_into(&mut tape.#before.gradient[..rows]))
                    } else {
                        None
                    }
                }
            }
        };

        let forward = (0..last).map(|index| {
            let (layer, member, buffer, x) = (&layers[index], members[index], &buffers[index], passed(index));
            let end_layer = self.layer(self.last_of(types[index]));
            quote! {
                let mut #buffer = <[#end_layer::Output; BATCH_] as #krate::Zeroed>::zeroed();
                let #buffer = &mut #buffer[..rows];
                #layer::forward_batch::<Simd_, #krate::layer::Predictions, BATCH_>(
                    &self.#member, simd, #x, #buffer,
                );
            }
        });
        let record = (0..last).map(|index| {
            let (layer, member, place, x) = (&layers[index], members[index], &tape_index[index], recorded(index));
            quote! {
                #layer::record_batch::<Simd_, #krate::layer::Predictions, BATCH_>(
                    &self.#member, simd, rng.as_deref_mut(), #x, &mut tape.#place.tape, &mut tape.#place.output[..rows],
                );
            }
        });
        let backward = (0..last).rev().map(|index| {
            let (layer, member, place) = (&layers[index], members[index], &tape_index[index]);
            let (x, dx, learns) = (recorded(index), sent_back(index), learns_before(index + 1));
            quote! {
                if #learns || dx.is_some() {
                    #layer::backward_batch::<Simd_, #krate::layer::Predictions, BATCH_>(
                        &self.#member, simd, #x, &mut tape.#place.tape, &tape.#place.output[..rows],
                        &mut tape.#place.gradient[..rows], #dx,
                    );
                }
            }
        });
        let gradient = (0..last).rev().map(|index| {
            let (layer, member, place, x) = (&layers[index], members[index], &tape_index[index], recorded(index));
            quote! {
                #layer::gradient_batch::<Simd_, BATCH_>(
                    &self.#member, simd, #x, &mut tape.#place.tape, &tape.#place.gradient[..rows], &mut gradient.#place,
                );
            }
        });
        let learn = (0..last).rev().map(|index| {
            let (layer, member, place) = (&layers[index], members[index], &tape_index[index]);
            let (name, x) = (names[index], recorded(index));
            quote! {
                #layer::learn::<Simd_, Learner_, STATE_, BATCH_>(
                    &mut self.#member, simd, #x, &mut tape.#place.tape, &tape.#place.gradient[..rows],
                    #krate::kernel::map_each(&mut state, |state| &mut state.#place), path.join(#name), learner,
                );
            }
        });
        let (last_member, last_place, last_name) = (members[last], &tape_index[last], names[last]);
        let (last_passed, last_recorded, last_sent_back) = (passed(last), recorded(last), sent_back(last));

        let mut generics = self.generics.clone();
        let predicates = &mut generics.make_where_clause().predicates;
        if open(first_type) {
            predicates.push(parse_quote_spanned!(first_type.span()=> #first_type: #krate::layer::Layer));
        }
        for pair in types.windows(2) {
            let (before, after) = (self.last_of(pair[0]), self.first_of(pair[1]));
            if open(after) {
                predicates.push(parse_quote_spanned!(after.span()=> #after: #krate::layer::After<#before>));
            } else if open(before) {
                predicates.push(parse_quote_spanned!(before.span()=> #before: #krate::layer::Before<#after>));
            }
        }
        let (impl_generics, _, where_clause) = generics.split_for_impl();

        // Of these, each holds numbers of the same type as the first.
        let mut holding = self.generics.clone();
        let predicates = &mut holding.make_where_clause().predicates;
        for (index, &ty) in types.iter().enumerate().filter(|(_, ty)| open(ty)) {
            predicates.push(match index {
                0 => parse_quote_spanned!(ty.span()=> #ty: #krate::layer::Parameters),
                _ => {
                    let first = parameters[0];
                    parse_quote_spanned!(ty.span()=> #ty: #krate::layer::Parameters<Element = #first::Element>)
                }
            });
        }
        let (_, _, parameters_where) = holding.split_for_impl();

        // The parameters of methods have names that no struct's own are likely to have.
        quote! {
            #[allow(clippy::type_complexity)]
            impl #impl_generics #krate::layer::Parameters for #target #parameters_where {
                type Element = #first_parameters::Element;
                type Trainable = (#(#parameters::Trainable,)*);

                const PARAMS: usize = 0 #(+ #parameters::PARAMS)*;

                #[inline(always)]
                fn parameters<Visitor_: #krate::layer::Visit<Self::Element>>(
                    &self,
                    path: #krate::layer::Path<'_>,
                    visitor: &mut Visitor_,
                ) {
                    #(#parameters::parameters(&self.#members, path.join(#names), visitor);)*
                }

                #[inline(always)]
                fn parameters_mut<Visitor_: #krate::layer::VisitMut<Self::Element, NETWORKS_>, const NETWORKS_: usize>(
                    mut networks: [&mut Self; NETWORKS_],
                    path: #krate::layer::Path<'_>,
                    visitor: &mut Visitor_,
                ) {
                    #(#parameters::parameters_mut(
                        #krate::kernel::map_each(&mut networks, |network| &mut network.#members),
                        path.join(#names),
                        visitor,
                    );)*
                }

                #[inline(always)]
                fn trainable<Visitor_: #krate::layer::Visit<Self::Element>>(
                    learnt: &Self::Trainable,
                    path: #krate::layer::Path<'_>,
                    visitor: &mut Visitor_,
                ) {
                    #(#parameters::trainable(&learnt.#tape_index, path.join(#names), visitor);)*
                }

                #[inline(always)]
                fn trainable_mut<
                    Visitor_: #krate::layer::VisitTrainable<Self::Element, STATE_>,
                    const STATE_: usize,
                >(
                    mut layer: Option<&mut Self>,
                    gradient: &mut Self::Trainable,
                    mut state: [&mut Self::Trainable; STATE_],
                    path: #krate::layer::Path<'_>,
                    visitor: &mut Visitor_,
                ) {
                    #(#parameters::trainable_mut(
                        layer.as_deref_mut().map(|layer| &mut layer.#members),
                        &mut gradient.#tape_index,
                        #krate::kernel::map_each(&mut state, |state| &mut state.#tape_index),
                        path.join(#names),
                        visitor,
                    );)*
                }
            }

            #[allow(clippy::type_complexity)]
            impl #impl_generics #krate::layer::Layer for #target #where_clause {
                type Input = #first_layer::Input;
                type Output = #end_layer::Output;
                type Tape<const BATCH_: usize> = #tape;
                type Head = #end_layer::Head;

                const MACS: usize = 0 #(+ #layers::MACS)*;
                const FAULT: Option<#krate::message::Message> =
                    #krate::layer::first_fault(&[#(#layers::FAULT),*]);
                const TAKES_MISSING: bool = #first_layer::TAKES_MISSING;
                const OUTLINE: #krate::layer::Outline =
                    #krate::layer::Outline::of_sequence(&[#((#names, #layers::OUTLINE)),*]);

                #[inline(always)]
                fn forward_batch<Simd_: #krate::kernel::Simd, Ending_: #krate::layer::Ending, const BATCH_: usize>(
                    &self,
                    simd: Simd_,
                    x: &[Self::Input],
                    y: &mut [Self::Output],
                ) {
                    let rows = x.len();
                    #(#forward)*
                    #last_layer::forward_batch::<Simd_, Ending_, BATCH_>(
                        &self.#last_member, simd, #last_passed, &mut y[..rows],
                    );
                }

                #[inline(always)]
                fn record_batch<Simd_: #krate::kernel::Simd, Ending_: #krate::layer::Ending, const BATCH_: usize>(
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
                        &self.#last_member, simd, rng.as_deref_mut(), #last_recorded, &mut tape.#last_place, &mut y[..rows],
                    );
                }

                #[inline(always)]
                fn backward_batch<Simd_: #krate::kernel::Simd, Ending_: #krate::layer::Ending, const BATCH_: usize>(
                    &self,
                    simd: Simd_,
                    x: &[Self::Input],
                    tape: &mut Self::Tape<BATCH_>,
                    y: &[Self::Output],
                    dy: &mut [Self::Output],
                    dx: Option<&mut [Self::Input]>,
                ) {
                    let rows = x.len();
                    let _ = rows;
                    #last_layer::backward_batch::<Simd_, Ending_, BATCH_>(
                        &self.#last_member, simd, #last_recorded, &mut tape.#last_place, y, dy, #last_sent_back,
                    );
                    #(#backward)*
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
                    let rows = x.len();
                    let _ = rows;
                    #last_layer::gradient_batch::<Simd_, BATCH_>(
                        &self.#last_member, simd, #last_recorded, &mut tape.#last_place, dy, &mut gradient.#last_place,
                    );
                    #(#gradient)*
                }

                #[inline(always)]
                fn learn<
                    Simd_: #krate::kernel::Simd,
                    Learner_: #krate::layer::Learn<Self::Element, STATE_>,
                    const STATE_: usize,
                    const BATCH_: usize,
                >(
                    &mut self,
                    simd: Simd_,
                    x: &[Self::Input],
                    tape: &mut Self::Tape<BATCH_>,
                    dy: &[Self::Output],
                    mut state: [&mut Self::Trainable; STATE_],
                    path: #krate::layer::Path<'_>,
                    learner: &mut Learner_,
                ) {
                    let rows = x.len();
                    let _ = rows;
                    #last_layer::learn::<Simd_, Learner_, STATE_, BATCH_>(
                        &mut self.#last_member, simd, #last_recorded, &mut tape.#last_place, dy,
                        #krate::kernel::map_each(&mut state, |state| &mut state.#last_place), path.join(#last_name), learner,
                    );
                    #(#learn)*
                }

                fn describe(
                    path: #krate::layer::Path<'_>,
                    show: &mut dyn FnMut(&#krate::layer::Description<'_>),
                ) {
                    #(#layers::describe(path.join(#names), show);)*
                }

                fn operations<Visitor_: #krate::layer::Operations<Self::Element>>(
                    &self,
                    path: #krate::layer::Path<'_>,
                    operations: &mut Visitor_,
                ) {
                    #(#layers::operations(&self.#members, path.join(#names), operations);)*
                }
            }
        }
    }
}

impl Sequence {
    /// `ty` as a layer. The error is at its own words if it is none.
    fn layer(&self, ty: &Type) -> TokenStream {
        let krate = &self.crate_path;
        quote_spanned!(ty.span()=> <#ty as #krate::layer::Layer>)
    }

    /// `ty` as something that holds parameters.
    fn parameters(&self, ty: &Type) -> TokenStream {
        let krate = &self.crate_path;
        quote_spanned!(ty.span()=> <#ty as #krate::layer::Parameters>)
    }

    /// The type of the tape of `layers`.
    fn tape(&self, layers: &[&Type]) -> TokenStream {
        let krate = &self.crate_path;
        let tapes = layers.iter().map(|&ty| match ty {
            Type::Tuple(tuple) if !is_open(ty, &self.generics) => self.tape(&tuple.elems.iter().collect::<Vec<_>>()),
            _ => {
                let layer = self.layer(ty);
                quote!(#layer::Tape<BATCH_>)
            }
        });
        let linked = tapes.zip(layers).enumerate().map(|(index, (tape, ty))| {
            if index + 1 == layers.len() {
                return tape;
            }
            let end_layer = self.layer(self.last_of(ty));
            quote!(#krate::layer::Link<#tape, #end_layer::Output, BATCH_>)
        });
        quote!((#(#linked,)*))
    }

    /// The layer that `ty` begins with, if it is a tuple: that one is known also where the tuple is not a layer because
    /// others in it do not fit.
    fn first_of<'a>(&self, ty: &'a Type) -> &'a Type {
        if is_open(ty, &self.generics) { ty } else { check::first(ty) }
    }

    /// The same for the layer that it ends with.
    fn last_of<'a>(&self, ty: &'a Type) -> &'a Type {
        if is_open(ty, &self.generics) { ty } else { check::last(ty) }
    }
}

/// Whether what the compiler knows of `ty` is not enough: it is a parameter, or has one that is not bounded.
fn is_open(ty: &Type, generics: &Generics) -> bool {
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
