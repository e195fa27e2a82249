//! The one generator: run these layers in sequence, forward and back.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Generics, Index, Member, Type};

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

        let forward = (0..last).map(|index| {
            let (ty, member, buffer) = (types[index], members[index], &buffers[index]);
            let input = if index == 0 {
                quote!(x)
            } else {
                let before = &buffers[index - 1];
                quote!(#before)
            };
            quote! {
                let mut #buffer = <[<#ty as #krate::layer::Layer>::Output; B] as #krate::Zeroed>::zeroed();
                let #buffer = &mut #buffer[..rows];
                self.#member.forward::<S, #krate::layer::Predictions, B>(simd, #input, #buffer);
            }
        });
        let last_input = if last == 0 {
            quote!(x)
        } else {
            let before = &buffers[last - 1];
            quote!(#before)
        };
        let last_member = members[last];

        let record = (0..last).map(|index| {
            let (member, place) = (members[index], &tape_index[index]);
            let input = if index == 0 {
                quote!(x)
            } else {
                let before = &tape_index[index - 1];
                quote!(&tape.#before.output[..rows])
            };
            quote! {
                self.#member.record::<S, #krate::layer::Predictions, B>(
                    simd, rng, #input, &mut tape.#place.tape, &mut tape.#place.output[..rows],
                );
            }
        });
        let last_place = &tape_index[last];
        let last_recorded = if last == 0 {
            quote!(x)
        } else {
            let before = &tape_index[last - 1];
            quote!(&tape.#before.output[..rows])
        };

        let backward = (0..=last).rev().map(|index| {
            let (member, place) = (members[index], &tape_index[index]);
            let (x, dx) = if index == 0 {
                (quote!(x), quote!(dx))
            } else {
                let before = &tape_index[index - 1];
                (quote!(&tape.#before.output[..rows]), quote!(Some(&mut tape.#before.gradient[..rows])))
            };
            if index == last {
                quote! {
                    self.#member.backward::<S, E, B>(simd, #x, &mut tape.#place, y, dy, #dx, &mut gradient.#member);
                }
            } else {
                quote! {
                    self.#member.backward::<S, #krate::layer::Predictions, B>(
                        simd, #x, &mut tape.#place.tape, &tape.#place.output[..rows],
                        &mut tape.#place.gradient[..rows], #dx, &mut gradient.#member,
                    );
                }
            }
        });

        let mut generics = self.generics.clone();
        let predicates = &mut generics.make_where_clause().predicates;
        predicates.push(syn::parse_quote!(#first_type: #krate::layer::Layer));
        for pair in types.windows(2) {
            let (before, after) = (pair[0], pair[1]);
            predicates
                .push(syn::parse_quote!(#after: #krate::layer::Accepts<<#before as #krate::layer::Layer>::Output>));
            predicates.push(syn::parse_quote!(
                #after: #krate::layer::Layer<Element = <#first_type as #krate::layer::Layer>::Element>
            ));
        }
        let (impl_generics, _, where_clause) = generics.split_for_impl();

        let mut accepting = generics.clone();
        accepting.params.push(syn::parse_quote!(InputOfNetwork: #krate::Tensor));
        accepting
            .make_where_clause()
            .predicates
            .push(syn::parse_quote!(#first_type: #krate::layer::Accepts<InputOfNetwork>));
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

                #[inline(always)]
                fn forward<S: #krate::kernel::Simd, E: #krate::layer::Ending, const B: usize>(
                    &self,
                    simd: S,
                    x: &[Self::Input],
                    y: &mut [Self::Output],
                ) {
                    let rows = x.len();
                    #(#forward)*
                    self.#last_member.forward::<S, E, B>(simd, #last_input, &mut y[..rows]);
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
                    self.#last_member.record::<S, E, B>(simd, rng, #last_recorded, &mut tape.#last_place, &mut y[..rows]);
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
                    #(self.#members.parameters(path.join(#names), visitor);)*
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
            }

            impl #accepts_generics #krate::layer::Accepts<InputOfNetwork> for #target #accepts_where {}
        }
    }
}
