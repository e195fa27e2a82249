//! Files of another kind than expected: their names, and what to do with them, for error messages.

use core::fmt;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub name: &'static str,
    pub remedy: &'static str,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.name, self.remedy)
    }
}

/// The number of bytes at the start of a file that [`kind`] takes into account.
pub(crate) const START: usize = 512;

const IMPORT: &str = "`io::Import` shows how to write its weights to a safetensors file";
const ORIGINAL: &str = "save the weights of the original model as safetensors, as `io::Import` shows";
const DECOMPRESS: &str = "decompress it first";
const UNPACK: &str = "unpack it first";
const TABLE: &str = "save it as CSV";
const OTHER: &str = "it is neither data nor weights, so give the path of another file";

/// The bytes at the start of each kind of file.
const STARTS: [(&[u8], Kind); 38] = [
    (b"\x89HDF\r\n\x1a\n", Kind { name: "an HDF5 file, as of Keras (.h5)", remedy: IMPORT }),
    (b"\x80\x02", Kind { name: "a Python pickle, as of PyTorch (.pt)", remedy: IMPORT }),
    (b"\x80\x03", Kind { name: "a Python pickle", remedy: IMPORT }),
    (b"\x80\x04", Kind { name: "a Python pickle", remedy: IMPORT }),
    (b"\x80\x05", Kind { name: "a Python pickle", remedy: IMPORT }),
    (b"\x93NUMPY", Kind { name: "a NumPy array (.npy)", remedy: "read it with `data::npy::read`" }),
    (b"GGUF\x01\0\0\0", Kind { name: "a GGUF model", remedy: ORIGINAL }),
    (b"GGUF\x02\0\0\0", Kind { name: "a GGUF model", remedy: ORIGINAL }),
    (b"GGUF\x03\0\0\0", Kind { name: "a GGUF model", remedy: ORIGINAL }),
    (
        b"version https://git-lfs.github.com/spec/",
        Kind { name: "a Git LFS pointer instead of the file", remedy: "fetch the file with `git lfs pull`" },
    ),
    (b"\x1f\x8b", Kind { name: "a gzip-compressed file", remedy: DECOMPRESS }),
    (b"\x28\xb5\x2f\xfd", Kind { name: "a zstd-compressed file", remedy: DECOMPRESS }),
    (b"\xfd7zXZ\0", Kind { name: "an xz-compressed file", remedy: DECOMPRESS }),
    (b"7z\xbc\xaf\x27\x1c", Kind { name: "a 7z archive", remedy: UNPACK }),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind { name: "an old Office document (.xls)", remedy: TABLE }),
    (b"PAR1\x15", Kind { name: "a Parquet file", remedy: TABLE }),
    (b"ARROW1\0\0", Kind { name: "an Arrow file", remedy: TABLE }),
    (b"SQLite format 3\0", Kind { name: "an SQLite database", remedy: "export the table as CSV" }),
    (b"\x89PNG\r\n\x1a\n", Kind { name: "a PNG image", remedy: OTHER }),
    (b"\xff\xd8\xff", Kind { name: "a JPEG image", remedy: OTHER }),
    (b"GIF87a", Kind { name: "a GIF image", remedy: OTHER }),
    (b"GIF89a", Kind { name: "a GIF image", remedy: OTHER }),
    (b"II*\0", Kind { name: "a TIFF image", remedy: OTHER }),
    (b"MM\0*", Kind { name: "a TIFF image", remedy: OTHER }),
    (b"%PDF-", Kind { name: "a PDF document", remedy: OTHER }),
    (b"{\\rtf", Kind { name: "an RTF document", remedy: OTHER }),
    (b"\x7fELF", Kind { name: "a program or library (ELF)", remedy: OTHER }),
    (b"MZ\x90\0", Kind { name: "a program or library (EXE)", remedy: OTHER }),
    (b"\xcf\xfa\xed\xfe", Kind { name: "a program or library (Mach-O)", remedy: OTHER }),
    (b"\0asm\x01\0\0\0", Kind { name: "a WebAssembly module", remedy: OTHER }),
    (b"!<arch>\n", Kind { name: "a library archive (ar)", remedy: OTHER }),
    (b"OggS\0", Kind { name: "an Ogg recording", remedy: OTHER }),
    (b"fLaC\0", Kind { name: "a FLAC recording", remedy: OTHER }),
    (b"ID3\x03\0", Kind { name: "an MP3 recording", remedy: OTHER }),
    (b"rar!\x1a\x07", Kind { name: "a RAR archive", remedy: UNPACK }),
    (b"\x04\x22\x4d\x18", Kind { name: "an LZ4-compressed file", remedy: DECOMPRESS }),
    (b"\xff\xfe", Kind { name: "UTF-16 text", remedy: "save it as UTF-8" }),
    (b"\xfe\xff", Kind { name: "UTF-16 text", remedy: "save it as UTF-8" }),
];

/// Names in the first entries of each kind of zip archive.
const ARCHIVES: [(&[u8], Kind); 7] = [
    (b"data.pkl", Kind { name: "a PyTorch file (.pt)", remedy: IMPORT }),
    (b"keras_version", Kind { name: "a Keras model (.keras)", remedy: IMPORT }),
    (b"metadata.json", Kind { name: "a Keras model (.keras)", remedy: IMPORT }),
    (b".npy", Kind { name: "several NumPy arrays (.npz)", remedy: "read it with `data::npy::Npz`" }),
    (b"[Content_Types].xml", Kind { name: "an Office document (.xlsx)", remedy: TABLE }),
    (b"_rels/.rels", Kind { name: "an Office document (.xlsx)", remedy: TABLE }),
    (b"opendocument", Kind { name: "an OpenDocument file (.ods)", remedy: TABLE }),
];

/// The kind of a file, from its first [`START`] bytes. `None` if it is unknown, text, or safetensors.
pub(crate) const fn kind(bytes: &[u8]) -> Option<Kind> {
    let mut index = 0;
    while index < STARTS.len() {
        let (start, kind) = STARTS[index];
        if has_at(bytes, 0, start) {
            return Some(kind);
        }
        index += 1;
    }
    if has_at(bytes, 0, b"PK\x03\x04") {
        return Some(archive(bytes));
    }
    if has_at(bytes, 0, b"BZh") && has_at(bytes, 4, b"1AY&SY") && !is_text(bytes) {
        return Some(Kind { name: "a bzip2-compressed file", remedy: DECOMPRESS });
    }
    if has_at(bytes, 257, b"ustar") {
        return Some(Kind { name: "a tar archive", remedy: UNPACK });
    }
    if has_at(bytes, 0, b"RIFF")
        && (has_at(bytes, 8, b"WAVE") || has_at(bytes, 8, b"WEBP") || has_at(bytes, 8, b"AVI "))
    {
        return Some(Kind { name: "a WAV, WebP or AVI file", remedy: OTHER });
    }
    // A size and two reserved numbers follow.
    if has_at(bytes, 0, b"BM") && has_at(bytes, 6, b"\0\0\0\0") {
        return Some(Kind { name: "a BMP image", remedy: OTHER });
    }
    // The first number of a TFLite file, an offset, is small, so its last byte is 0. No text has a zero byte.
    if has_at(bytes, 3, b"\0TFL3") {
        return Some(Kind { name: "a TFLite model", remedy: ORIGINAL });
    }
    match bytes {
        // Protocol buffers: the version of the format, and the next field.
        [0x08, 1, 0x12, ..] => Some(Kind { name: "a TensorFlow model", remedy: ORIGINAL }),
        [0x08, 3..=20, 0x12 | 0x1a | 0x22 | 0x28 | 0x32 | 0x3a | 0x42, ..] if !has_at(bytes, 8, b"{") => {
            Some(Kind { name: "an ONNX model", remedy: ORIGINAL })
        }
        _ => page(bytes),
    }
}

/// The kind of a file that is given as weights and is not a safetensors file.
pub(crate) const fn not_weights(bytes: &[u8]) -> Option<Kind> {
    const WEIGHTS: &str = "give the path of the weights";
    if has_at(bytes, 8, b"{") {
        return None;
    }
    match (kind(bytes), bytes) {
        (None, []) => Some(Kind { name: "an empty file", remedy: WEIGHTS }),
        (None, _) if is_text(bytes) => Some(Kind { name: "a text file", remedy: WEIGHTS }),
        (kind, _) => kind,
    }
}

const fn archive(bytes: &[u8]) -> Kind {
    let mut index = 0;
    while index < ARCHIVES.len() {
        let (name, kind) = ARCHIVES[index];
        let mut place = 0;
        while place < bytes.len() && place < START {
            if has_at(bytes, place, name) {
                return kind;
            }
            place += 1;
        }
        index += 1;
    }
    Kind { name: "a zip archive", remedy: UNPACK }
}

/// HTML and XML, after a byte order mark and white space.
const fn page(bytes: &[u8]) -> Option<Kind> {
    let mut place = if has_at(bytes, 0, b"\xef\xbb\xbf") { 3 } else { 0 };
    while place < bytes.len() && bytes[place].is_ascii_whitespace() {
        place += 1;
    }
    let html = ["<!doctype html", "<html", "<head", "<body"];
    let mut index = 0;
    while index < html.len() {
        if has_at(bytes, place, html[index].as_bytes()) {
            let remedy = "the address leads to a page about the file: download the file itself";
            return Some(Kind { name: "a web page (HTML)", remedy });
        }
        index += 1;
    }
    match has_at(bytes, place, b"<?xml") {
        true => Some(Kind { name: "an XML document", remedy: "download or export the file in another format" }),
        false => None,
    }
}

/// Whether the first bytes are characters of ASCII, and more than a few.
const fn is_text(bytes: &[u8]) -> bool {
    let mut place = 0;
    while place < bytes.len() && place < 16 {
        if !(bytes[place].is_ascii_graphic() || bytes[place].is_ascii_whitespace()) {
            return false;
        }
        place += 1;
    }
    place > 0
}

/// Whether `part` is at `place`. Lower-case letters of `part` match upper-case letters, too.
const fn has_at(bytes: &[u8], place: usize, part: &[u8]) -> bool {
    let mut index = 0;
    while index < part.len() {
        if place + index >= bytes.len() {
            return false;
        }
        let byte = bytes[place + index];
        if byte != part[index] && byte.to_ascii_lowercase() != part[index] {
            return false;
        }
        index += 1;
    }
    true
}
