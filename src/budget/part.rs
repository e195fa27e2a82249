//! The costs of a layer in another form than that of a network.

/// The costs of a layer in a stream or in int8.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct PartCosts {
    /// The bytes of the weights and of all other constants.
    pub flash: usize,
    /// The bytes of the state, or of the output and the memory inside.
    pub ram: usize,
    /// The number of multiply-accumulates; `None` if it is that of the layer in a network.
    pub macs: Option<usize>,
    /// The nested layers with their names; empty if their costs are listed as one.
    pub parts: &'static [(&'static str, PartCosts)],
}

impl PartCosts {
    /// The sum of the writable memory of all layers, as if each had its own.
    pub(super) const fn ram_of_each(&self) -> usize {
        if self.parts.is_empty() {
            return self.ram;
        }
        let (mut sum, mut index) = (0, 0);
        while index < self.parts.len() {
            sum += self.parts[index].1.ram_of_each();
            index += 1;
        }
        sum
    }
}
