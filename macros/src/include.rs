//! `include_weights!`.

use std::{fs, path::Path};

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use safetensors::tensor::{Dtype, Metadata};
use syn::{Error, LitStr};

use crate::file::resolve;

/// The prefix of the names of optimizer tensors in a checkpoint.
const OPTIMIZER: &str = "optimizer/";

/// An expression for the network in the file at the path `name`.
pub fn weights(name: &LitStr, place: Span) -> syn::Result<TokenStream> {
    let file = name.value();
    let refuse = |reason: String| Error::new(name.span(), format!("{file} {reason}"));
    let path = resolve(Path::new(&file), place).map_err(|error| refuse(format!("cannot be found: {error}")))?;
    let bytes = fs::read(&path).map_err(|error| {
        refuse(format!("cannot be read: {error}; paths are relative to this source file, as for `include_bytes!`"))
    })?;
    let include = path.to_str().ok_or_else(|| refuse("is in a folder whose name is not UTF-8".into()))?;
    let (start, metadata) = match parse(&bytes) {
        Ok(parts) => parts,
        Err(reason) if bytes.get(8) == Some(&b'{') => {
            return Err(refuse(format!("is not a whole safetensors file: {reason}")));
        }
        // The library recognizes files of other kinds.
        Err(reason) => {
            return Ok(quote! { const { ::shiplap::flash::refuse(#file, #reason, ::core::include_bytes!(#include)) } });
        }
    };

    let (mut tensors, data) = (Vec::new(), &bytes[start..]);
    for tensor in metadata.offset_keys() {
        if tensor.starts_with(OPTIMIZER) {
            continue;
        }
        if let Some(index) = not_finite(&metadata, &tensor, data) {
            return Err(refuse(format!("holds NaN or infinity: it is number {index} of `{tensor}`")));
        }
        tensors.push(tensor);
    }
    let [activations, network] =
        ["activations", "network"].map(|key| match metadata.metadata().as_ref().and_then(|notes| notes.get(key)) {
            Some(text) => quote!(::core::option::Option::Some(#text)),
            None => quote!(::core::option::Option::None),
        });
    let implementations = [(Dtype::F32, quote!(::core::primitive::f32)), (Dtype::F64, quote!(::core::primitive::f64))]
        .map(|(dtype, element)| {
            let tensors = tensors.iter().filter_map(|name| Some((name, metadata.info(name)?)));
            let (values, entries): (Vec<_>, Vec<_>) = tensors
                .enumerate()
                .map(|(index, (name, info))| {
                    let (constant, shape, kind) = (format_ident!("TENSOR{index}"), &info.shape, info.dtype.to_string());
                    let size = info.data_offsets.1 - info.data_offsets.0;
                    let (values, value) = if info.dtype == dtype {
                        let (start, count) = (start + info.data_offsets.0, info.shape.iter().product::<usize>());
                        let numbers = quote!(::shiplap::flash::numbers::<#element, #size, #count>(BYTES, #start));
                        (quote!(const #constant: &[#element] = &#numbers;), quote!(Some(#constant)))
                    } else {
                        (quote!(), quote!(None))
                    };
                    let negative = match position(&metadata, name, data, |number| number < 0.0) {
                        Some(index) => quote!(Some(#index)),
                        None => quote!(None),
                    };
                    let entry = quote! {
                        ::shiplap::flash::Entry {
                            name: #name, shape: &[#(#shape),*], element: #kind, values: ::core::option::Option::#value,
                            negative: ::core::option::Option::#negative,
                        }
                    };
                    (values, entry)
                })
                .unzip();
            quote! {
                impl ::shiplap::flash::Weights<#element> for File {
                    const FILE: ::shiplap::flash::File<#element> = {
                        #(#values)*
                        ::shiplap::flash::File {
                            name: #file, activations: #activations, network: #network, tensors: &[#(#entries),*],
                        }
                    };
                }
            }
        });
    Ok(quote! {{
        struct File;
        const BYTES: &[::core::primitive::u8] = ::core::include_bytes!(#include);
        #(#implementations)*
        const { ::shiplap::flash::Checked::<_, File>::new().network() }
    }})
}

/// The offset of the numbers in a file and the description of its tensors, or the reason why the file is invalid.
fn parse(bytes: &[u8]) -> Result<(usize, Metadata), String> {
    let (length, rest) = bytes
        .split_first_chunk()
        .ok_or_else(|| format!("it has {} bytes, and the length of the header takes 8", bytes.len()))?;
    let length = u64::from_le_bytes(*length);
    let (header, data) = usize::try_from(length)
        .ok()
        .and_then(|length| rest.split_at_checked(length))
        .ok_or_else(|| format!("its header should have {length} bytes, but {} follow", rest.len()))?;
    let metadata: Metadata = serde_json::from_slice(header).map_err(|error| format!("its header is wrong: {error}"))?;
    if metadata.data_len() != data.len() {
        let (told, found) = (metadata.data_len(), data.len());
        return Err(format!("its header tells of {told} bytes of numbers, but {found} follow"));
    }
    Ok((bytes.len() - data.len(), metadata))
}

/// The index of the first number that is NaN or infinite.
fn not_finite(metadata: &Metadata, tensor: &str, data: &[u8]) -> Option<usize> {
    position(metadata, tensor, data, |number| !number.is_finite())
}

/// The index of the first number that is `wanted`.
fn position(metadata: &Metadata, tensor: &str, data: &[u8], wanted: fn(f64) -> bool) -> Option<usize> {
    let info = metadata.info(tensor)?;
    let bytes = &data[info.data_offsets.0..info.data_offsets.1];
    match info.dtype {
        Dtype::F32 => bytes.as_chunks().0.iter().position(|&number| wanted(f32::from_le_bytes(number).into())),
        Dtype::F64 => bytes.as_chunks().0.iter().position(|&number| wanted(f64::from_le_bytes(number))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &[u8] = include_bytes!("../../tests/flash/xor.safetensors");

    #[test]
    fn truncated_files_are_rejected() {
        let (start, metadata) = parse(WHOLE).unwrap();
        assert_eq!(start + metadata.data_len(), WHOLE.len());
        assert_eq!(metadata.offset_keys(), ["0.kernel", "0.bias", "1.kernel", "1.bias"]);
        for length in 0..WHOLE.len() {
            assert!(parse(&WHOLE[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn changed_headers_do_not_panic() {
        let (start, _) = parse(WHOLE).unwrap();
        for (place, byte) in (0..start).flat_map(|place| [0, b'0', b'9', b'"', 0xff].map(|byte| (place, byte))) {
            let mut bytes = WHOLE.to_vec();
            bytes[place] = byte;
            if let Ok((start, metadata)) = parse(&bytes) {
                for tensor in metadata.offset_keys() {
                    // Slicing outside the file would panic.
                    not_finite(&metadata, &tensor, &bytes[start..]);
                }
            }
        }
    }
}
