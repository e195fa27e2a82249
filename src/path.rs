//! Names of layers within a network.

use core::fmt;

use crate::message::Message;

/// The place of a layer in a network: `1`, `encoder.0`, ...
///
/// ```
/// use shiplap::layer::Path;
///
/// assert_eq!(Path::ROOT.join("encoder").join("0").to_string(), "encoder.0");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    pub(crate) parent: Option<&'a Path<'a>>,
    pub(crate) name: &'a str,
}

impl<'a> Path<'a> {
    /// The network as a whole.
    pub const ROOT: Path<'static> = Path { parent: None, name: "" };

    /// The layer `name` inside this one.
    pub const fn join(&'a self, name: &'a str) -> Path<'a> {
        Path { parent: Some(self), name }
    }

    /// Appends the path to a message.
    pub(crate) const fn written<const BYTES: usize>(&self, message: Message<BYTES>) -> Message<BYTES> {
        match self.parent {
            Some(parent) if !parent.name.is_empty() => parent.written(message).text(".").text(self.name),
            _ => message.text(self.name),
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(formatter)?;
            if !parent.name.is_empty() {
                formatter.write_str(".")?;
            }
        }
        formatter.write_str(self.name)
    }
}
