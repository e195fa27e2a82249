//! Writing of FlatBuffers.

use std::vec::Vec;

/// The value of a field.
pub enum Value {
    Byte(u8),
    Int(i32),
    Float(f32),
    Text(&'static str),
    Bytes(Vec<u8>),
    Ints(Vec<i32>),
    Longs(Vec<i64>),
    Floats(Vec<f32>),
    Table(Table),
    Tables(Vec<Table>),
}

/// A table: its fields, each with its number in the schema.
pub type Table = Vec<(usize, Value)>;

/// A file of this root table.
pub fn file(identifier: [u8; 4], root: &Table) -> Vec<u8> {
    let mut file = [[0; 4], identifier].concat();
    let start = table(&mut file, root);
    point(&mut file, 0, start);
    file
}

/// Appends a table, whose offsets lead forward, and returns its position.
fn table(file: &mut Vec<u8>, fields: &Table) -> usize {
    let count = fields.iter().map(|field| field.0 + 1).max().unwrap_or(0);
    let size = 4 + 4 * fields.len();
    // The positions of the fields come first: 16 bits each, after the sizes of both parts.
    let vtable_size = 4 + 2 * count;
    let padding = (file.len() + vtable_size).next_multiple_of(4) - (file.len() + vtable_size);
    file.resize(file.len() + padding, 0);
    let mut positions = std::vec![0u16; count];
    for (place, (number, _)) in fields.iter().enumerate() {
        positions[*number] = (4 + 4 * place) as u16;
    }
    for number in [vtable_size as u16, size as u16].into_iter().chain(positions) {
        file.extend(number.to_le_bytes());
    }
    let start = file.len();
    file.extend((vtable_size as i32).to_le_bytes());
    for (_, value) in fields {
        file.extend(match value {
            Value::Byte(byte) => [*byte, 0, 0, 0],
            Value::Int(int) => int.to_le_bytes(),
            Value::Float(float) => float.to_le_bytes(),
            _ => [0; 4],
        });
    }
    for (place, (_, value)) in fields.iter().enumerate() {
        let at = match value {
            Value::Byte(_) | Value::Int(_) | Value::Float(_) => continue,
            // A text ends in a 0 that its length does not count.
            Value::Text(text) => {
                let at = vector(file, text.len(), 4, text.bytes());
                file.push(0);
                at
            }
            Value::Bytes(bytes) => vector(file, bytes.len(), 16, bytes.iter().copied()),
            Value::Ints(ints) => vector(file, ints.len(), 4, ints.iter().flat_map(|int| int.to_le_bytes())),
            Value::Longs(longs) => vector(file, longs.len(), 8, longs.iter().flat_map(|long| long.to_le_bytes())),
            Value::Floats(floats) => vector(file, floats.len(), 4, floats.iter().flat_map(|float| float.to_le_bytes())),
            Value::Table(fields) => table(file, fields),
            Value::Tables(tables) => {
                let at = vector(file, tables.len(), 4, std::vec![0; 4 * tables.len()]);
                for (index, fields) in tables.iter().enumerate() {
                    let start = table(file, fields);
                    point(file, at + 4 + 4 * index, start);
                }
                at
            }
        };
        point(file, start + 4 + 4 * place, at);
    }
    start
}

/// Appends the length and the items of a vector, which are aligned to so many bytes, and returns its position.
fn vector(file: &mut Vec<u8>, length: usize, alignment: usize, items: impl IntoIterator<Item = u8>) -> usize {
    let at = (file.len() + 4).next_multiple_of(alignment) - 4;
    file.resize(at, 0);
    file.extend((length as u32).to_le_bytes());
    file.extend(items);
    at
}

/// Writes the offset from position `at` to `target`.
fn point(file: &mut [u8], at: usize, target: usize) {
    if let Some(offset) = file.get_mut(at..at + 4) {
        offset.copy_from_slice(&((target - at) as u32).to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned_and_its_offsets_lead_forward() {
        let fields = std::vec![(2, Value::Int(7)), (0, Value::Text("ab")), (1, Value::Longs(std::vec![1]))];
        let file = file(*b"TEST", &fields);
        #[rustfmt::skip]
        let expected = [
            20, 0, 0, 0, b'T', b'E', b'S', b'T',
            // Padding; the sizes of both parts, and the positions of the fields.
            0, 0, 10, 0, 16, 0, 8, 0, 12, 0, 4, 0,
            10, 0, 0, 0, 7, 0, 0, 0, 8, 0, 0, 0, 12, 0, 0, 0,
            2, 0, 0, 0, b'a', b'b', 0,
            // Padding, so that the number is at a multiple of 8.
            0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
        ];
        assert_eq!(file, expected);
    }
}
