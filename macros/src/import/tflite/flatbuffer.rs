//! Reading of FlatBuffers, in which every offset is checked.

/// A file, or a reason to refuse it: an offset outside of it.
#[derive(Clone, Copy)]
pub struct Bytes<'a>(pub &'a [u8]);

/// The reason to refuse a file whose offsets lead outside of it.
pub const TRUNCATED: &str = "is truncated or damaged: an offset leads outside the file";

type Read<T> = Result<T, &'static str>;

impl<'a> Bytes<'a> {
    fn array<const N: usize>(self, at: usize) -> Read<[u8; N]> {
        let end = at.checked_add(N).ok_or(TRUNCATED)?;
        self.0.get(at..end).and_then(|bytes| bytes.try_into().ok()).ok_or(TRUNCATED)
    }

    fn offset(self, at: usize) -> Read<usize> {
        let offset = u32::from_le_bytes(self.array(at)?) as usize;
        at.checked_add(offset).ok_or(TRUNCATED)
    }

    /// The table at the start of the file.
    pub fn root(self) -> Read<Table<'a>> {
        Table::at(self, self.offset(0)?)
    }
}

/// A table: fields, each of which may be missing.
#[derive(Clone, Copy)]
pub struct Table<'a> {
    bytes: Bytes<'a>,
    start: usize,
    fields: usize,
    count: usize,
}

impl<'a> Table<'a> {
    fn at(bytes: Bytes<'a>, start: usize) -> Read<Self> {
        let back = i64::from(i32::from_le_bytes(bytes.array(start)?));
        let fields = i64::try_from(start).ok().and_then(|start| start.checked_sub(back)).ok_or(TRUNCATED)?;
        let fields = usize::try_from(fields).map_err(|_| TRUNCATED)?;
        let size = usize::from(u16::from_le_bytes(bytes.array(fields)?));
        Ok(Self { bytes, start, fields, count: size.saturating_sub(4) / 2 })
    }

    /// The position of a field, if it is there.
    fn field(self, field: usize) -> Read<Option<usize>> {
        if field >= self.count {
            return Ok(None);
        }
        let offset = usize::from(u16::from_le_bytes(self.bytes.array(self.fields + 4 + 2 * field)?));
        Ok((offset > 0).then_some(self.start + offset))
    }

    /// A number of `N` bytes, or 0 if it is missing.
    pub fn number<const N: usize>(self, field: usize) -> Read<[u8; N]> {
        self.field(field)?.map_or(Ok([0; N]), |at| self.bytes.array(at))
    }

    /// A number of 32 bits, or `default`.
    pub fn int(self, field: usize, default: i32) -> Read<i32> {
        Ok(self.field(field)?.map(|at| self.bytes.array(at)).transpose()?.map_or(default, i32::from_le_bytes))
    }

    /// A byte, or 0.
    pub fn byte(self, field: usize) -> Read<u8> {
        Ok(self.number::<1>(field)?[0])
    }

    /// A nested table.
    pub fn table(self, field: usize) -> Read<Option<Self>> {
        self.field(field)?.map(|at| Self::at(self.bytes, self.bytes.offset(at)?)).transpose()
    }

    /// The items of a vector, of `N` bytes each; none if it is missing.
    pub fn vector<const N: usize>(self, field: usize) -> Read<&'a [[u8; N]]> {
        Ok(self.items(field, N)?.as_chunks().0)
    }

    /// The bytes of a vector whose items have `size` bytes.
    fn items(self, field: usize, size: usize) -> Read<&'a [u8]> {
        let Some(at) = self.field(field)? else { return Ok(&[]) };
        let start = self.bytes.offset(at)?;
        let count = u32::from_le_bytes(self.bytes.array(start)?) as usize;
        let range = count.checked_mul(size).and_then(|size| Some(start + 4..size.checked_add(start + 4)?));
        range.and_then(|range| self.bytes.0.get(range)).ok_or(TRUNCATED)
    }

    /// The tables of a vector.
    pub fn tables(self, field: usize) -> Read<Vec<Self>> {
        let Some(at) = self.field(field)? else { return Ok(Vec::new()) };
        let start = self.bytes.offset(at)? + 4;
        let offsets = self.items(field, 4)?;
        (0..offsets.len() / 4).map(|n| Self::at(self.bytes, self.bytes.offset(start + 4 * n)?)).collect()
    }

    /// A text, or an empty one.
    pub fn text(self, field: usize) -> Read<String> {
        Ok(String::from_utf8_lossy(self.items(field, 1)?).into_owned())
    }

    /// Integers of 32 bits.
    pub fn ints(self, field: usize) -> Read<Vec<i32>> {
        Ok(self.vector(field)?.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect())
    }
}
