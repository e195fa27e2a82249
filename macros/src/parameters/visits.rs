//! The methods that visit the parameters.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Expr, Index, Member, TypeParam};

use super::fields::{Part, Role, Settings};

/// The trainable type, the number of parameters, and the four visiting methods.
pub fn visits(krate: &TokenStream, parts: &[Part], activation: Option<&TypeParam>) -> TokenStream {
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
