//! Networks in read-only memory equal those in their files.

mod networks;

use networks::{Decoder, Listener, Mobile, Own, Table, Wide, Xor};
use shiplap::{
    Pair, io,
    kernel::Element,
    layer::{Layer, Outline, Parameter, Path, Visit},
    prelude::*,
};

static XOR: Xor = include_weights!("xor.safetensors");
static CHECKPOINT: Xor = include_weights!("checkpoint.safetensors");
static TABLE: Table = include_weights!("table.safetensors");
static WIDE: Wide = include_weights!("wide.safetensors");
static MOBILE: Mobile = include_weights!("mobile.safetensors");
static LISTENER: Listener = include_weights!("listener.safetensors");
static OWN: Own = include_weights!("own.safetensors");

struct Bits(Vec<u64>);

impl<T: Element> Visit<T> for Bits {
    fn visit(&mut self, _: Parameter<'_>, values: &[T]) {
        self.0.extend(values.iter().map(|value| value.to_f64().to_bits()));
    }
}

fn bits<N: Layer>(network: &N) -> Vec<u64> {
    let mut bits = Bits(Vec::new());
    network.parameters(Path::ROOT, &mut bits);
    bits.0
}

fn loaded<N: Layer>(file: &str) -> N {
    let mut network = N::zeroed();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("flash");
    io::load(&mut network, folder.join(file)).unwrap();
    network
}

#[test]
fn weights_equal_loaded_ones() {
    assert_eq!(bits(&XOR), bits(&loaded::<Xor>("xor.safetensors")));
    assert_eq!(bits(&TABLE), bits(&loaded::<Table>("table.safetensors")));
    assert_eq!(bits(&WIDE), bits(&loaded::<Wide>("wide.safetensors")));
    assert_eq!(bits(&MOBILE), bits(&loaded::<Mobile>("mobile.safetensors")));
    assert_eq!(bits(&LISTENER), bits(&loaded::<Listener>("listener.safetensors")));
    assert_eq!(bits(&OWN), bits(&loaded::<Own>("own.safetensors")));
    assert_eq!(bits(&CHECKPOINT), bits(&XOR), "moments are left out");
    assert!(TABLE.2.layer.bias[7].is_sign_negative(), "each sample says something");
}

/// The tensors of an outline, with their shapes.
fn outlined(outline: &Outline, path: Path<'_>, tensors: &mut Vec<(String, Vec<usize>)>) {
    if outline.in_flash {
        return;
    }
    let own = outline.layer.iter().flat_map(|layer| layer.tensors);
    tensors.extend(own.map(|tensor| (path.join(tensor.name).to_string(), tensor.shape.to_vec())));
    outline.children.iter().for_each(|(name, layer)| outlined(layer, path.join(name), tensors));
}

struct Tensors(Vec<(String, Vec<usize>)>);

impl<T> Visit<T> for Tensors {
    fn visit(&mut self, parameter: Parameter<'_>, _: &[T]) {
        self.0.push((parameter.path.join(parameter.name).to_string(), parameter.shape.to_vec()));
    }
}

fn says_what_visitors_are_shown<N: Network>() {
    let (mut shown, mut said) = (Tensors(Vec::new()), Vec::new());
    N::boxed(1).parameters(Path::ROOT, &mut shown);
    outlined(&N::OUTLINE, Path::ROOT, &mut said);
    assert_eq!(said, shown.0);
    assert_eq!(N::OUTLINE.bytes(), size_of::<N>());
    assert_eq!(N::OUTLINE.macs(), N::MACS);
    let kinds = (0..).map_while(|number| N::OUTLINE.layer(number)).map(|layer| layer.kind);
    let mut kinds: Vec<String> = kinds.map(|kind| kind.as_str().to_string()).collect();
    let mut lines = Vec::new();
    N::describe(Path::ROOT, &mut |line| {
        lines.extend(line.kind.to_string().split(" + ").next().map(str::to_string));
    });
    // A summary lists a layer around others after them.
    kinds.sort();
    lines.sort();
    assert_eq!(kinds, lines);
}

#[test]
fn outlines_agree_with_visitors() {
    says_what_visitors_are_shown::<Xor>();
    says_what_visitors_are_shown::<Table>();
    says_what_visitors_are_shown::<Wide>();
    says_what_visitors_are_shown::<Own>();
    says_what_visitors_are_shown::<Mobile>();
    says_what_visitors_are_shown::<Listener>();
    says_what_visitors_are_shown::<Dense<3, 2, Elu, f64>>();
}

#[test]
fn predictions_equal_those_of_loaded_networks() {
    let (table, wide): (Table, Wide) = (loaded("table.safetensors"), loaded("wide.safetensors"));
    for x in [[1.0, 0.0, f32::NAN], [4.0, 3.0, 2.0], [-2.0, 1.0, 0.5]] {
        let (p, expected) = (TABLE.predict(&x), table.predict(&x));
        assert_eq!(p.map(f32::to_bits), expected.map(f32::to_bits));
        assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }
    let x = [0.5, -1.0, 2.0, 0.25, 1e-3];
    assert_eq!(WIDE.predict(&x).map(f64::to_bits), wide.predict(&x).map(f64::to_bits));
    let (x, mobile): (_, Mobile) = ([[[0.5, -1.0]; 5]; 6], loaded("mobile.safetensors"));
    assert_eq!(MOBILE.predict(&x).map(f32::to_bits), mobile.predict(&x).map(f32::to_bits));

    let (x, listener): (_, Listener) = (Pair([[0.5, -1.0, 2.0]; 5], 3.0), loaded("listener.safetensors"));
    assert_eq!(LISTENER.predict(&x).map(f32::to_bits), listener.predict(&x).map(f32::to_bits));
    for (x, y) in [([0.0, 0.0], 0.0), ([0.0, 1.0], 1.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], 0.0)] {
        assert!((XOR.predict(&x)[0] - y).abs() < 0.1);
    }
}

#[test]
fn a_function_can_own_an_included_network() {
    let mut network: Xor = include_weights!("xor.safetensors");
    network.0.bias[0] += 1.0;
    assert_ne!(bits(&network), bits(&XOR));
    let decoder: &Decoder<2> = &WIDE.decoder;
    assert_eq!(decoder.predict(&WIDE.encoder.predict(&[1.0; 5])), WIDE.predict(&[1.0; 5]));
}
