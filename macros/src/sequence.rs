//! The one generator: run these layers in sequence, forward and back.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::{Generics, Ident, Index, Member, Type, TypeParam, parse_quote, parse_quote_spanned, spanned::Spanned};

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
    /// `impl Layer` and `impl Accepts` for the type.
    pub fn expand(&self) -> TokenStream {
        let Self { crate_path: krate, target, fields, .. } = self;
        let types: Vec<&Type> = fields.iter().map(|field| &field.ty).collect();
        let members: Vec<&Member> = fields.iter().map(|field| &field.member).collect();
        let names: Vec<&String> = fields.iter().map(|field| &field.name).collect();
        let last = fields.len() - 1;
        let (first_type, last_type) = (types[0], types[last]);
        let links = &types[..last];
        let tape_index: Vec<Index> = (0..fields.len()).map(Index::from).collect();
        let buffers: Vec<_> = (0..last).map(|index| format_ident!("y{index}")).collect();

        // What goes into layer `index` comes from the one before it; that it fits is checked at the layer's own words.
        let fit = |function: &str, index: usize, rows: TokenStream| {
            let (function, ty, before) = (format_ident!("{function}"), types[index], types[index - 1]);
            quote!(#krate::layer::#function::<#ty, <#before as #krate::layer::Layer>::Output>(#rows))
        };
        let passed = |index: usize| match index {
            0 => quote!(x),
            _ => fit("fit", index, buffers[index - 1].to_token_stream()),
        };
        let recorded = |index: usize| match &tape_index[..index] {
            [] => quote!(x),
            [.., before] => fit("fit", index, quote!(&tape.#before.output[..rows])),
        };
        let sent_back = |index: usize| match &tape_index[..index] {
            [] => quote!(dx),
            [.., before] => {
                let gradient = fit("fit_mut", index, quote!(&mut tape.#before.gradient[..rows]));
                quote!(Some(#gradient))
            }
        };

        let forward = (0..last).map(|index| {
            let (ty, member, buffer, x) = (types[index], members[index], &buffers[index], passed(index));
            quote! {
                let mut #buffer = <[<#ty as #krate::layer::Layer>::Output; B] as #krate::Zeroed>::zeroed();
                let #buffer = &mut #buffer[..rows];
                <#ty as #krate::layer::Layer>::forward::<S, #krate::layer::Predictions, B>(
                    &self.#member, simd, #x, #buffer,
                );
            }
        });
        let record = (0..last).map(|index| {
            let (ty, member, place, x) = (types[index], members[index], &tape_index[index], recorded(index));
            quote! {
                <#ty as #krate::layer::Layer>::record::<S, <E as #krate::layer::Ending>::Inner, B>(
                    &self.#member, simd, rng, #x, &mut tape.#place.tape, &mut tape.#place.output[..rows],
                );
            }
        });
        let backward = (0..last).rev().map(|index| {
            let (ty, member, place) = (types[index], members[index], &tape_index[index]);
            let (x, dx) = (recorded(index), sent_back(index));
            quote! {
                <#ty as #krate::layer::Layer>::backward::<S, <E as #krate::layer::Ending>::Inner, B>(
                    &self.#member, simd, #x, &mut tape.#place.tape, &tape.#place.output[..rows],
                    &mut tape.#place.gradient[..rows], #dx, &mut gradient.#member,
                );
            }
        });
        let (last_member, last_place) = (members[last], &tape_index[last]);
        let (last_passed, last_recorded, last_sent_back) = (passed(last), recorded(last), sent_back(last));

        // Of other types, a bound that does not hold would be an error at the derive too, and one that holds would
        // hide what the compiler knows.
        let open = |ty: &Type| is_open(ty, &self.generics);
        let mut generics = self.generics.clone();
        let predicates = &mut generics.make_where_clause().predicates;
        if open(first_type) {
            predicates.push(parse_quote_spanned!(first_type.span()=> #first_type: #krate::layer::Layer));
        }
        for pair in types.windows(2) {
            let (before, after) = (pair[0], pair[1]);
            if open(before) || open(after) {
                predicates.push(parse_quote_spanned! {
                    after.span()=> #after: #krate::layer::Accepts<<#before as #krate::layer::Layer>::Output>
                });
            }
            if open(first_type) || open(after) {
                predicates.push(parse_quote_spanned! {
                    after.span()=>
                    #after: #krate::layer::Layer<Element = <#first_type as #krate::layer::Layer>::Element>
                });
            }
        }
        let (impl_generics, _, where_clause) = generics.split_for_impl();

        let mut accepting = generics.clone();
        accepting.params.push(parse_quote!(InputOfNetwork: #krate::Tensor));
        accepting
            .make_where_clause()
            .predicates
            .push(parse_quote_spanned!(first_type.span()=> #first_type: #krate::layer::Accepts<InputOfNetwork>));
        let (accepts_generics, _, accepts_where) = accepting.split_for_impl();

        quote! {
            impl #impl_generics #krate::layer::Layer for #target #where_clause {
                type Element = <#first_type as #krate::layer::Layer>::Element;
                type Input = <#first_type as #krate::layer::Layer>::Input;
                type Output = <#last_type as #krate::layer::Layer>::Output;
                type Tape<const B: usize> = (
                    #(#krate::layer::Link<#links, B>,)*
                    <#last_type as #krate::layer::Layer>::Tape<B>,
                );
                type Head = <#last_type as #krate::layer::Layer>::Head;

                const PARAMS: usize = 0 #(+ <#types as #krate::layer::Layer>::PARAMS)*;
                const MACS: usize = 0 #(+ <#types as #krate::layer::Layer>::MACS)*;
                const TAKES_MISSING: bool = <#first_type as #krate::layer::Layer>::TAKES_MISSING;

                #[inline(always)]
                fn forward<S: #krate::kernel::Simd, E: #krate::layer::Ending, const B: usize>(
                    &self,
                    simd: S,
                    x: &[Self::Input],
                    y: &mut [Self::Output],
                ) {
                    let rows = x.len();
                    #(#forward)*
                    <#last_type as #krate::layer::Layer>::forward::<S, E, B>(
                        &self.#last_member, simd, #last_passed, &mut y[..rows],
                    );
                }

                #[inline(always)]
                fn record<S: #krate::kernel::Simd, E: #krate::layer::Ending, const B: usize>(
                    &self,
                    simd: S,
                    rng: &mut #krate::Rng,
                    x: &[Self::Input],
                    tape: &mut Self::Tape<B>,
                    y: &mut [Self::Output],
                ) {
                    let rows = x.len();
                    #(#record)*
                    <#last_type as #krate::layer::Layer>::record::<S, E, B>(
                        &self.#last_member, simd, rng, #last_recorded, &mut tape.#last_place, &mut y[..rows],
                    );
                }

                #[inline(always)]
                fn backward<S: #krate::kernel::Simd, E: #krate::layer::Ending, const B: usize>(
                    &self,
                    simd: S,
                    x: &[Self::Input],
                    tape: &mut Self::Tape<B>,
                    y: &[Self::Output],
                    dy: &mut [Self::Output],
                    dx: Option<&mut [Self::Input]>,
                    gradient: &mut Self,
                ) {
                    let rows = x.len();
                    let _ = rows;
                    <#last_type as #krate::layer::Layer>::backward::<S, E, B>(
                        &self.#last_member, simd, #last_recorded, &mut tape.#last_place, y, dy, #last_sent_back, &mut gradient.#last_member,
                    );
                    #(#backward)*
                }

                #[inline(always)]
                fn activate<S: #krate::kernel::Simd>(simd: S, logits: &mut [Self::Output]) {
                    <#last_type as #krate::layer::Layer>::activate(simd, logits);
                }

                #[inline(always)]
                fn parameters<V: #krate::layer::Visit<Self::Element>>(
                    &self,
                    path: #krate::layer::Path<'_>,
                    visitor: &mut V,
                ) {
                    #(<#types as #krate::layer::Layer>::parameters(&self.#members, path.join(#names), visitor);)*
                }

                #[inline(always)]
                fn parameters_mut<V: #krate::layer::VisitMut<Self::Element, M>, const M: usize>(
                    mut networks: [&mut Self; M],
                    path: #krate::layer::Path<'_>,
                    visitor: &mut V,
                ) {
                    #(<#types as #krate::layer::Layer>::parameters_mut(
                        networks.each_mut().map(|network| &mut network.#members),
                        path.join(#names),
                        visitor,
                    );)*
                }

                fn describe(
                    path: #krate::layer::Path<'_>,
                    show: &mut dyn FnMut(&#krate::layer::Description<'_>),
                ) {
                    #(<#types as #krate::layer::Layer>::describe(path.join(#names), show);)*
                }

                fn operations<V: #krate::layer::Operations<Self::Element>>(
                    &self,
                    path: #krate::layer::Path<'_>,
                    operations: &mut V,
                ) {
                    #(<#types as #krate::layer::Layer>::operations(&self.#members, path.join(#names), operations);)*
                }
            }

            impl #accepts_generics #krate::layer::Accepts<InputOfNetwork> for #target #accepts_where {}
        }
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
