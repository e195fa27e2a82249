//! Reading of protocol buffers, in which every length is checked.

/// A message: fields with numbers.
#[derive(Clone, Copy)]
pub struct Message<'a>(pub &'a [u8]);

/// The value of a field.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    /// An integer of variable length.
    Integer(u64),
    Fixed32([u8; 4]),
    /// Bytes, a text, a message or several numbers.
    Bytes(&'a [u8]),
    /// A number of 64 bits, which no field here has.
    Fixed64,
}

/// The reason to refuse a file whose lengths lead outside of it.
pub const TRUNCATED: &str = "is truncated or damaged: a length leads outside the file";

type Read<T> = Result<T, &'static str>;

impl<'a> Message<'a> {
    /// All fields, in order.
    pub fn fields(self) -> Read<Vec<(u64, Value<'a>)>> {
        let (mut rest, mut fields) = (self.0, Vec::new());
        while !rest.is_empty() {
            let key = integer(&mut rest)?;
            let value = match key & 7 {
                0 => Value::Integer(integer(&mut rest)?),
                1 => {
                    take(&mut rest, 8)?;
                    Value::Fixed64
                }
                2 => {
                    let length = integer(&mut rest)?;
                    Value::Bytes(take(&mut rest, usize::try_from(length).map_err(|_| TRUNCATED)?)?)
                }
                5 => Value::Fixed32(take(&mut rest, 4)?.try_into().map_err(|_| TRUNCATED)?),
                _ => return Err(TRUNCATED),
            };
            fields.push((key >> 3, value));
        }
        Ok(fields)
    }
}

impl<'a> Value<'a> {
    /// The bytes, or none.
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            _ => &[],
        }
    }

    pub fn text(self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    pub fn message(self) -> Message<'a> {
        Message(self.bytes())
    }

    /// The integer, or 0.
    pub fn integer(self) -> i64 {
        match self {
            Self::Integer(integer) => integer as i64,
            _ => 0,
        }
    }

    /// One integer or several.
    pub fn integers(self) -> Read<Vec<i64>> {
        let (mut rest, mut integers) = (self.bytes(), Vec::new());
        if let Self::Integer(integer) = self {
            integers.push(integer as i64);
        }
        while !rest.is_empty() {
            integers.push(integer(&mut rest)? as i64);
        }
        Ok(integers)
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Read<&'a [u8]> {
    let (bytes, after) = rest.split_at_checked(length).ok_or(TRUNCATED)?;
    *rest = after;
    Ok(bytes)
}

fn integer(rest: &mut &[u8]) -> Read<u64> {
    let mut integer = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(rest, 1)?[0];
        integer |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(integer);
        }
    }
    Err(TRUNCATED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_each_kind_are_read_and_lengths_are_checked() {
        let bytes = [0x08, 0x96, 0x01, 0x12, 0x02, b'h', b'i', 0x1d, 0, 0, 0x80, 0x3f];
        let fields = Message(&bytes).fields().unwrap();
        assert_eq!(fields[0].1.integer(), 150);
        assert_eq!((fields[1].0, fields[1].1.text()), (2, "hi".to_string()));
        assert!(matches!(fields[2].1, Value::Fixed32([0, 0, 0x80, 0x3f])));
        for length in [1, 2, 4, 5, 6, 8, 11] {
            assert!(Message(&bytes[..length]).fields().is_err(), "{length} bytes");
        }
        assert!(Message(&[0xff; 20]).fields().is_err());
        assert_eq!(Value::Bytes(&[1, 0x96, 1]).integers().unwrap(), [1, 150]);
    }
}
