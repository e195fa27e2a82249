//! The weights of a network as one array, for JavaScript, whose `package/safetensors.js` reads and writes the files.
//! The feature `safetensors` of the crate does more, but would double the size of the page.

use shiplap::layer::{Layer, Parameter, Path, Visit, VisitMut};

/// Returns the names and the shapes of the tensors as JSON: `[["0.kernel",[2, 3]],["0.bias",[3]]]`.
pub fn layout<N: Layer<Element = f32>>(network: &N) -> String {
    let mut layout = Layout(Vec::new());
    network.parameters(Path::ROOT, &mut layout);
    format!("[{}]", layout.0.join(","))
}

/// Returns all weights, in the order of the layout.
pub fn get<N: Layer<Element = f32>>(network: &N) -> Vec<f32> {
    let mut all = All(Vec::new());
    network.parameters(Path::ROOT, &mut all);
    all.0
}

/// Sets all weights, in the order of the layout. It returns whether their number fits and all are finite; otherwise the
/// network remains as it is.
pub fn set<N: Layer<Element = f32>>(network: &mut N, weights: &[f32]) -> bool {
    let fits = weights.len() == get(network).len() && weights.iter().all(|weight| weight.is_finite());
    if fits {
        N::parameters_mut([network], Path::ROOT, &mut Rest(weights));
    }
    fits
}

struct Layout(Vec<String>);
struct All(Vec<f32>);
struct Rest<'a>(&'a [f32]);

impl Visit<f32> for Layout {
    fn visit(&mut self, parameter: Parameter<'_>, _: &[f32]) {
        let (name, shape) = (parameter.path.join(parameter.name), parameter.shape);
        self.0.push(format!("[\"{name}\",{shape:?}]"));
    }
}

impl Visit<f32> for All {
    fn visit(&mut self, _: Parameter<'_>, values: &[f32]) {
        self.0.extend(values);
    }
}

impl VisitMut<f32, 1> for Rest<'_> {
    fn visit(&mut self, _: Parameter<'_>, [values]: [&mut [f32]; 1]) {
        let (these, rest) = self.0.split_at(values.len());
        values.copy_from_slice(these);
        self.0 = rest;
    }
}

#[cfg(test)]
mod tests {
    use shiplap::prelude::*;

    #[test]
    fn the_layout_is_json() {
        let network = <(Dense<2, 3, Relu>, Dense<3, 1>)>::new(1);
        let json = r#"[["0.kernel",[2, 3]],["0.bias",[3]],["1.kernel",[3, 1]],["1.bias",[1]]]"#;
        assert_eq!(super::layout(&network), json);
        assert_eq!(super::layout(&Activate::<Relu, [f32; 3]>::new(1)), "[]");
    }
}
