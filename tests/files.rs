//! Files as they are found: of another kind, compressed, padded, damaged, and targets of writes that are not plain files.
//! NumPy files and reports need the feature `exhaustive`.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    fs,
    io::Write,
    path::Path,
    thread,
};

use flate2::{Compression, write::GzEncoder};
#[cfg(feature = "exhaustive")]
use shiplap::data::npy::{self, Npz};
use shiplap::{
    data::{Csv, DataError, Table, idx},
    io::{self, Import},
    prelude::*,
};

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

/// Measures the memory that this thread has allocated.
struct Measuring;

fn held(change: isize) {
    let _ = HELD.try_with(|held| held.set(held.get() + change));
    let _ = MOST.try_with(|most| most.set(most.get().max(HELD.get())));
}

// SAFETY: each call is passed on unchanged to the system allocator.
unsafe impl GlobalAlloc for Measuring {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        held(layout.size() as isize);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        held(-(layout.size() as isize));
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Measuring = Measuring;

/// Calls `read`, which must take less than a megabyte.
fn modest<R>(read: impl FnOnce() -> R) -> R {
    MOST.set(HELD.get());
    let before = HELD.get();
    let result = read();
    let most = MOST.get() - before;
    assert!(most < 1 << 20, "{most} bytes");
    result
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn read<const N: usize>(csv: &Csv, text: &str) -> Result<Table<[f32; N], usize>, String> {
    csv.read_from(text.as_bytes(), "t.csv").map_err(|error| error.to_string())
}

const OPEN: &str = "x,y,size\n1,0,small\n2,1,\"5 inch\n3,0,large\n4,1,huge\n";

fn without_size() -> Csv {
    Csv::new().ignore("size").target("y")
}

#[test]
fn an_open_quote_is_an_error_that_names_its_line_also_in_a_column_that_is_not_read() {
    let expected = "t.csv, line 3: expected the end of the quoted field that starts in this line \
                    (double a quote that is part of the text, and put the whole field in quotes), found ";
    let at_the_end = format!("{expected}the end of the file");
    assert_eq!(read::<1>(&without_size(), OPEN).unwrap_err(), at_the_end);
    assert_eq!(read::<1>(&without_size(), &OPEN.replace('\n', "\r\n")).unwrap_err(), at_the_end);
    assert_eq!(read::<1>(&without_size(), &OPEN.replace('\n', "\r")).unwrap_err(), at_the_end);
    assert_eq!(
        read::<1>(&without_size(), &OPEN.replace("\"5", "5").replace("large", "\""))
            .unwrap_err()
            .replace("line 4", "line 3"),
        at_the_end
    );
    // The next quote closes the field: two rows would be lost, and the others have as many fields as the header.
    let twice = OPEN.replace("huge", "\"6 inch");
    assert_eq!(
        read::<1>(&without_size(), &twice).unwrap_err(),
        format!("{expected}text after the next quote, in line 5")
    );
    let quoted = OPEN.replace("huge", "\"6\"\" pipe\"");
    assert_eq!(
        read::<1>(&without_size(), &quoted).unwrap_err(),
        format!("{expected}text after the next quote, in line 5")
    );
    let records = Csv::new().records_from::<(f32, u8, String)>(OPEN.as_bytes(), "t.csv").unwrap_err();
    assert_eq!(records.to_string(), at_the_end);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv.gz");
    fs::write(&path, gzip(OPEN.as_bytes())).unwrap();
    let error = without_size().read::<[f32; 1], usize>(&path).unwrap_err().to_string();
    assert!(error.contains("t.csv.gz, line 3: expected the end of the quoted field"), "{error}");

    // Quotes inside a field, and quoted fields of several lines, are read.
    let fine = OPEN.replace("\"5 inch", "5\" inch").replace("large", "\"very\r\nlarge \"");
    assert_eq!(read::<1>(&without_size(), &fine).unwrap().x, [[1.0], [2.0], [3.0], [4.0]]);
    let wrong = fine.replace("4,1", "four,1");
    let error = read::<1>(&without_size(), &wrong).unwrap_err();
    assert_eq!(error, "t.csv, line 6, column `x`: expected a finite number, found `four`");
}

#[test]
fn every_line_of_a_table_is_a_row_or_an_error() {
    for end in ["\n", "\r\n", "\r"] {
        let text = ["x,y", "1,0", "", "  ", "2,1", "3,0"].join(end);
        assert_eq!(read::<1>(&Csv::new(), &text).unwrap().x, [[1.0], [2.0], [3.0]], "{end:?}");
        assert_eq!(read::<1>(&Csv::new(), &format!("\u{feff}\"x\",y{end}1,0{end}")).unwrap().names, ["x"]);
        assert_eq!(read::<1>(&Csv::new(), &format!("x,y{end}")).unwrap_err(), "t.csv contains no samples");
        let fields = "t.csv, line 3: expected 2 fields as in the lines before, found ";
        assert_eq!(read::<1>(&Csv::new(), &format!("x,y{end}1,0{end}2{end}")).unwrap_err(), format!("{fields}1"));
        assert_eq!(read::<1>(&Csv::new(), &format!("x,y{end}1,0{end}2,1,{end}")).unwrap_err(), format!("{fields}3"));
    }
    // pandas reads `""` in a table of one column as a missing value, too, and skips only empty lines.
    let column: Table<[f32; 1]> =
        Csv::new().missing(shiplap::data::Missing::Nan).read_from(&b"x\n1\n\"\"\n\n3\n"[..], "t.csv").unwrap();
    assert_eq!(column.x.len(), 3);
    assert!(column.x[1][0].is_nan());
    let error = read::<1>(&without_size(), &OPEN.replace("\"5 inch", "5\0inch")).unwrap_err();
    assert!(
        error.starts_with("t.csv, line 3: expected text in UTF-8 ") && error.ends_with("found a zero byte"),
        "{error}"
    );
    // A map would hold the last of two columns.
    type Row = std::collections::BTreeMap<String, f32>;
    let error = Csv::new().records_from::<Row>(&b"x,x\n1,2\n"[..], "t.csv").unwrap_err();
    assert_eq!(error.to_string(), "t.csv: expected distinct column names, found `x` twice");
    assert_eq!(Csv::new().records_from::<Row>(&b"x,,\n1,2,3\n"[..], "t.csv").unwrap()[0]["x"], 1.0);
    let both: Table<[f32; 2]> = Csv::new().read_from(&b"x,x\n1,2\n"[..], "t.csv").unwrap();
    assert_eq!(both.x, [[1.0, 2.0]]);
}

#[test]
fn a_first_line_of_data_is_an_error() {
    let expected =
        "t.csv: expected column names in the first line (use `Csv::unnamed` for a file without a header), found ";
    let said = |csv: &Csv, text: &str| read::<2>(csv, text).unwrap_err().replace(expected, "");
    let first = Csv::new().target(0);
    assert_eq!(said(&first, "5,0,0\n0,3,7\n4,0,1"), "the number `0` twice there");
    assert_eq!(said(&first, "5,1.0,1\n0,3,7\n4,0,1"), "the number `1` twice there");
    assert_eq!(said(&first, "5,0.5,?\n0,3,7\n4,0,1"), "the numbers `5`, `0.5`, `?`");
    // The file of the irises as it is distributed.
    let irises = "5.1,3.5,setosa\n4.9,3.0,setosa\n7.0,3.2,versicolor\n";
    let classes = Csv::new().classes(["setosa", "versicolor"]);
    assert_eq!(said(&classes, &irises.replace("3.0,setosa", "3.0,versicolor")), "`setosa`, a value of column 2");
    let found = "a line of values: numbers and `setosa`, which recurs in line 2";
    assert_eq!(said(&Csv::new().ignore(2).target(0).inputs([0, 1]), irises), found);
    let words = Csv::new().categories(0, ["red", "blue"]).classes(["oak", "elm"]);
    assert_eq!(said(&words, "red,elm\nblue,oak\n"), "`red`, a value of column 0");
    // Distinct numbers may be names, such as years and wavelengths.
    assert_eq!(read::<2>(&first, "2018,2019,2020\n0,3,7\n").unwrap().names, ["2019", "2020"]);
    assert_eq!(read::<2>(&Csv::new(), "1100.5,1102.5,label\n0.1,0.2,1\n").unwrap().names, ["1100.5", "1102.5"]);
    assert_eq!(read::<2>(&Csv::new().classes(["0", "1"]), "0,1,2\n0.1,0.2,1\n").unwrap().y, [1]);
    assert_eq!(read::<2>(&Csv::unnamed().target(0), "5,0,0\n0,3,7\n4,0,1").unwrap().y, [5, 0, 4]);
}

#[test]
fn long_texts_from_files_are_shortened_in_messages() {
    let long = "é".repeat(1 << 20);
    let short = |error: &dyn std::fmt::Display| {
        let error = error.to_string();
        assert!(error.len() < 4000 && error.contains('…'), "{} bytes", error.len());
    };
    short(&read::<1>(&Csv::new(), &format!("x,y\n{long},0\n")).unwrap_err());
    short(&read::<1>(&Csv::new(), &format!("{long},y\nx,0\n")).unwrap_err());
    short(&read::<2>(&Csv::new(), &format!("{long},y\n1,0\n")).unwrap_err());
    short(&read::<1>(&Csv::new().target("z"), &format!("{long},y\n1,0\n")).unwrap_err());
    short(&read::<1>(&Csv::new().classes(["a"]), &format!("x,y\n1,{long}\n")).unwrap_err());
    short(&read::<1>(&Csv::bundled(), &format!("{long},1\n1,0\n")).unwrap_err());
    short(&Csv::new().records_from::<(u8, u8)>(format!("{long},y\n{long},0\n").as_bytes(), "t").unwrap_err());
    let wide: Vec<String> = (0..100_000).map(|column| format!("c{column}")).collect();
    let error = read::<1>(&Csv::new(), &format!("{}\n{}\n", wide.join(","), vec!["1"; 100_000].join(","))).unwrap_err();
    assert!(error.contains("`c19` and 99979 more"), "{error}");

    let file = |header: String| [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &[0; 8]].concat();
    let load = |header: String| io::from_bytes(&mut Dense::<1, 1, Linear>::zeroed(), &file(header)).unwrap_err();
    let tensor =
        |name: &str, shape: &str| format!(r#""{name}":{{"dtype":"F64","shape":{shape},"data_offsets":[0,8]}}"#);
    short(&load(format!("{{{}}}", tensor(&long, "[1]"))));
    short(&load(format!("{{{}}}", tensor("kernel", &format!("[{}1]", "1,".repeat(100_000))))));
    let half = |name: &str, shape: &str, from: usize| {
        format!(r#""{name}":{{"dtype":"F32","shape":{shape},"data_offsets":[{from},{}]}}"#, from + 4)
    };
    let (kernel, bias) = (half("kernel", "[1,1]", 0), half("bias", "[1]", 4));
    short(&load(format!(r#"{{"__metadata__":{{"activations":"{long}"}},{kernel},{bias}}}"#)));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long");
    let header = format!(r#"{{"__metadata__":{{"optimizer":"{long}"}},{}}}"#, tensor(&format!("{long}.weight"), "[1]"));
    fs::write(&path, file(header)).unwrap();
    let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, Sgd, 4>::new(Sgd::new(0.1), 1);
    short(&io::load_checkpoint(trainer.state_mut(), &path).unwrap_err());
    short(&Import::pytorch().load(&mut <(Dense<1, 1, Linear>, Dense<1, 1, Linear>)>::zeroed(), &path).unwrap_err());
}

/// The first bytes of files that are taken for weights or data, and the words that the error has to contain.
fn kinds() -> Vec<(Vec<u8>, [&'static str; 2])> {
    let zip = |name: &str, content: &str| {
        let mut bytes = b"PK\x03\x04\x14\0\0\0\0\0\0\0\x21\0".to_vec();
        bytes.extend([[0; 4], [content.len() as u8, 0, 0, 0], [content.len() as u8, 0, 0, 0]].concat());
        bytes.extend([name.len() as u8, 0, 0, 0]);
        [&bytes, name.as_bytes(), content.as_bytes()].concat()
    };
    vec![
        (zip("metadata.json", r#"{"keras_version": "3.12.0"}"#), ["a Keras model (.keras)", "`io::Import`"]),
        (zip("archive/data.pkl", "\u{80}\u{2}"), ["a PyTorch file (.pt)", "`io::Import`"]),
        (zip("[Content_Types].xml", "<?xml"), ["an Office document (.xlsx)", "CSV"]),
        (zip("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), ["an OpenDocument file (.ods)", "CSV"]),
        (zip("readme.txt", "text"), ["a zip archive", "unpack"]),
        (b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0\x04\0".to_vec(), ["an HDF5 file, as of Keras (.h5)", "`io::Import`"]),
        (
            b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.".to_vec(),
            ["a Python pickle, as of PyTorch (.pt)", "`io::Import`"],
        ),
        (b"\x80\x04\x95\x10\0\0\0\0\0\0\0".to_vec(), ["a Python pickle", "`io::Import`"]),
        (b"\x08\x08\x12\x07pytorch\x1a\x052.4.0".to_vec(), ["an ONNX model", "safetensors"]),
        (b"\x1c\0\0\0TFL3\x14\0\x20\0".to_vec(), ["a TFLite model", "safetensors"]),
        (b"GGUF\x03\0\0\0\0\0\0\0".to_vec(), ["a GGUF model", "safetensors"]),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n".to_vec(),
            ["a Git LFS pointer", "git lfs pull"],
        ),
        (b"\xef\xbb\xbf\n<!DOCTYPE HTML><html><head>".to_vec(), ["a web page (HTML)", "download the file itself"]),
        (b"<html lang=\"en\"><body>404".to_vec(), ["a web page (HTML)", "download the file itself"]),
        (b"<?xml version=\"1.0\"?><Error><Code>NoSuchKey".to_vec(), ["an XML document", "download"]),
        (b"\x28\xb5\x2f\xfd\x04\x58\0\0\0".to_vec(), ["a zstd-compressed file", "decompress"]),
        (b"\xfd7zXZ\0\0\x04\0".to_vec(), ["an xz-compressed file", "decompress"]),
        (b"BZh91AY&SY\0\0".to_vec(), ["a bzip2-compressed file", "decompress"]),
        (b"PAR1\x15\x04\x15\x10\0".to_vec(), ["a Parquet file", "CSV"]),
        ([&b"weights/kernel.bin"[..], &[0; 239], b"ustar\x0000", &[0; 248]].concat(), ["a tar archive", "unpack"]),
        (b"Rar!\x1a\x07\x01\0".to_vec(), ["a RAR archive", "unpack"]),
        (b"\x04\x22\x4d\x18\x64\x40\xa7\0\0".to_vec(), ["an LZ4-compressed file", "decompress"]),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), ["a PNG image", "another file"]),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0".to_vec(), ["a JPEG image", "another file"]),
        (b"GIF89a\x10\0\x10\0".to_vec(), ["a GIF image", "another file"]),
        (b"II*\0\x08\0\0\0\0".to_vec(), ["a TIFF image", "another file"]),
        (b"BM\x36\x30\0\0\0\0\0\0\x36\0".to_vec(), ["a BMP image", "another file"]),
        (b"%PDF-1.7\n%\xe2\xe3".to_vec(), ["a PDF document", "another file"]),
        (b"\x7fELF\x02\x01\x01\0\0\0".to_vec(), ["a program or library (ELF)", "another file"]),
        (b"MZ\x90\0\x03\0\0\0\x04\0".to_vec(), ["a program or library (EXE)", "another file"]),
        (b"\xcf\xfa\xed\xfe\x07\0\0\x01".to_vec(), ["a program or library (Mach-O)", "another file"]),
        (b"\0asm\x01\0\0\0\x01\x04".to_vec(), ["a WebAssembly module", "another file"]),
        (b"RIFF\x24\0\0\0WAVEfmt ".to_vec(), ["a WAV, WebP or AVI file", "another file"]),
        ("\u{feff}x,y\n".encode_utf16().flat_map(u16::to_le_bytes).collect(), ["UTF-16 text", "UTF-8"]),
    ]
}

#[test]
fn files_of_other_kinds_are_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let mut network = Dense::<1, 1, Linear>::new(1);
    let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, Sgd, 4>::new(Sgd::new(0.1), 1);
    let numpy = (b"\x93NUMPY\x01\0v\0{'descr': '<f4'".to_vec(), ["a NumPy array (.npy)", "`data::npy::read`"]);
    let gzipped = (gzip(b"x,y\n"), ["a gzip-compressed file", "decompress"]);
    for (bytes, words) in kinds().into_iter().chain([numpy.clone()]) {
        fs::write(&path, &bytes).unwrap();
        let said = |reader: &str, error: String| {
            assert!(words.iter().all(|word| error.contains(word)), "{reader}, {words:?}: {error}");
            assert!(error.len() < 400 + path.as_os_str().len(), "{error}");
        };
        said("load", io::load(&mut network, &path).unwrap_err().to_string());
        said("from_bytes", io::from_bytes(&mut network, &bytes).unwrap_err().to_string());
        said("checkpoint", io::load_checkpoint(trainer.state_mut(), &path).unwrap_err().to_string());
        said("Import", Import::keras().load(&mut network, &path).unwrap_err().to_string());
        said("csv", Csv::new().read::<[f32; 1], usize>(&path).unwrap_err().to_string());
        said("records", Csv::new().records::<(f32, u8)>(&path).unwrap_err().to_string());
        said("idx", idx::images::<[f32; 4]>(&path).unwrap_err().to_string());
        said("idx", idx::labels(&path).unwrap_err().to_string());
        #[cfg(feature = "exhaustive")]
        {
            if bytes != numpy.0 {
                said("npy", npy::read::<[f32; 4]>(&path).unwrap_err().to_string());
                said("npy", npy::labels(&path).unwrap_err().to_string());
            }
            if !bytes.starts_with(b"PK") {
                said("npz", Npz::open(&path).unwrap_err().to_string());
            }
        }
    }
    fs::write(&path, &gzipped.0).unwrap();
    for error in [
        io::load(&mut network, &path).unwrap_err().to_string(),
        Csv::new().read_from::<[f32; 1], usize>(&gzipped.0[..], "f").unwrap_err().to_string(),
    ] {
        assert!(gzipped.1.iter().all(|word| error.contains(word)), "{error}");
    }
    for (bytes, kind) in [(&b""[..], "an empty file"), (b"kernel,bias\n0.5,1\n", "a text file")] {
        let error = io::from_bytes(&mut network, bytes).unwrap_err().to_string();
        let expected = format!("the data is not a valid safetensors file: it is {kind}: give the path of the weights");
        assert_eq!(error, expected);
    }
    // A large file of another kind is not read as a whole.
    fs::write(&path, [&kinds()[0].0[..], &vec![0; 4 << 20]].concat()).unwrap();
    modest(|| io::load(&mut network, &path).unwrap_err());
}

const IDX: [u8; 16] = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 51, 102, 255];

#[test]
fn padding_of_compressed_files_is_skipped_and_other_data_after_them_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images.gz");
    let read = |bytes: Vec<u8>| {
        fs::write(&path, bytes).unwrap();
        idx::images::<[f32; 2]>(&path)
    };
    let expected = [[0.0, 0.2], [0.4, 1.0]];
    let (whole, start, end) = (gzip(&IDX), gzip(&IDX[..13]), gzip(&IDX[13..]));
    // Python's `gzip` and the program `gzip` read each of these.
    assert_eq!(read(whole.clone()).unwrap(), expected);
    assert_eq!(read([&whole[..], &[0; 10_000]].concat()).unwrap(), expected);
    assert_eq!(read([&start[..], &end].concat()).unwrap(), expected);
    assert_eq!(read([&start[..], &gzip(b""), &[0; 512], &end, &[0]].concat()).unwrap(), expected);
    // Python refuses them. `gzip` ignores the end with a warning.
    for bytes in [[&whole[..], b"garbage"].concat(), [&whole[..], &[0; 9], b"\x1fgarbage"].concat()] {
        assert!(matches!(read(bytes), Err(DataError::Io { .. })));
    }
    for length in 18..whole.len() {
        read(whole[..length].to_vec()).unwrap_err();
    }
}

/// The bytes of a file that is small and unpacks to 8 MB.
fn bomb(start: &[u8]) -> Vec<u8> {
    gzip(&[start, &vec![0; 8 << 20]].concat())
}

#[test]
fn a_compressed_file_is_unpacked_only_as_far_as_its_header_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.gz");
    fs::write(&path, bomb(&IDX)).unwrap();
    let error = modest(|| idx::images::<[f32; 2]>(&path).unwrap_err().to_string());
    assert!(error.ends_with("expected the end of the file, found more than 2 samples"), "{error}");
    fs::write(&path, bomb(b"x,y\n1,0\n")).unwrap();
    let error = modest(|| Csv::new().read::<[f32; 1], usize>(&path).unwrap_err().to_string());
    assert!(error.contains("line 3: expected text in UTF-8"), "{error}");
}

#[cfg(feature = "exhaustive")]
fn npy(descr: &str, shape: &str, body: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n");
    [b"\x93NUMPY\x01\0", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), body].concat()
}

#[cfg(feature = "exhaustive")]
#[test]
fn a_compressed_array_is_unpacked_only_as_far_as_its_header_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.npy.gz");
    fs::write(&path, bomb(&npy("'<f4'", "(2, 2)", &[]))).unwrap();
    let error = modest(|| npy::read::<[f32; 2]>(&path).unwrap_err().to_string());
    assert!(error.ends_with("found more than 16 bytes after the header"), "{error}");
    fs::write(&path, bomb(&npy("'<f4'", "(1048576, 2)", &[]))).unwrap();
    let error = modest(|| npy::read::<[f32; 3]>(&path).unwrap_err().to_string());
    assert!(error.ends_with("expected samples of 3 numbers, found an array of shape [1048576, 2]"), "{error}");
    modest(|| npy::labels(&path).unwrap_err());

    // The same in an archive, whose members are compressed.
    let path = folder.path().join("file.npz");
    let content = [npy("'<f4'", "(2, 2)", &[]), vec![0; 8 << 20]].concat();
    let mut archive = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    archive.start_file("x.npy", zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(&content).unwrap();
    archive.finish().unwrap();
    let file = modest(|| Npz::open(&path).unwrap());
    let error = modest(|| file.read::<[f32; 2]>("x").unwrap_err().to_string());
    assert!(error.ends_with("array `x`: expected 16 bytes for an array of shape [2, 2] and type '<f4', found more than 16 bytes after the header"), "{error}");
}

#[cfg(feature = "exhaustive")]
#[test]
fn arrays_of_other_types_are_named_with_what_to_do() {
    for (descr, what) in [
        ("'<M8[ns]'", "`<M8[ns]`, which are dates: save `array.astype('int64')`"),
        ("'<m8[D]'", "`<m8[D]`, which are durations: save `array.astype('int64')`"),
        ("'<U5'", "`<U5`, which are texts"),
        ("'|S3'", "`|S3`, which are texts"),
        ("'|O'", "`|O`, which are Python objects"),
        ("'<c16'", "`<c16`, which are complex: save `array.real` and `array.imag`"),
        ("'<f2'", "`<f2`, which are floating-point numbers of another size: save `array.astype('float32')`"),
        ("'|V8'", "`|V8`, which are records"),
        ("[('a', '<f4'), ('b', '<i8', (2,))]", "`[('a', '<f4'), ('b', '<i8', (2,))]`, which are records"),
        ("'<q9'", "`<q9`, which is unknown"),
    ] {
        let error = npy::read_from::<f32>(&npy(descr, "(2,)", &[0; 16]), "f").unwrap_err().to_string();
        let expected = format!("f: expected `f4`, `f8`, integers or booleans, found elements of type {what}");
        assert!(error.starts_with(&expected), "{error}");
    }
    // Python 2 wrote long integers.
    let two = npy("'<i2'", "(3L, 2L)", &[1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0]);
    assert_eq!(npy::read_from::<[f32; 2]>(&two, "f").unwrap(), [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    let error = npy::read_from::<f32>(&npy("'<f4'", &format!("({})", "1".repeat(9000)), &[]), "f").unwrap_err();
    assert!(error.to_string().len() < 500, "{error}");
}

type Net = (Dense<2, 3, Relu>, Dense<3, 1, Sigmoid>);

/// Calls `check` with each function that writes a file, and the extension that it requires.
#[cfg_attr(not(unix), expect(dead_code))]
fn each_writer(check: impl Fn(&str, &dyn Fn(&Path) -> Result<(), String>)) {
    let network = Net::new(1);
    let trainer = Trainer::<Net, BinaryCrossentropy, Adam, 4>::new(Adam::default(), 1);
    let text = |error: &dyn std::fmt::Display| error.to_string();
    check("safetensors", &|path| io::save(&network, path).map_err(|error| text(&error)));
    check("checkpoint", &|path| io::save_checkpoint(&trainer.state(), 1, path).map_err(|error| text(&error)));
    check("onnx", &|path| io::export_onnx(&network, path).map_err(|error| text(&error)));
    #[cfg(feature = "exhaustive")]
    {
        use shiplap::report::{Lines, Page, Plot, Table};

        check("npy", &|path| npy::write(path, &[[1.0f32]]).map_err(|error| text(&error)));
        check("npy", &|path| npy::write_labels(path, &[1]).map_err(|error| text(&error)));
        check("npz", &|path| Npz::new().with("x", &[[1.0f32]]).write(path).map_err(|error| text(&error)));
        let plot = Lines::new("", "", "").line("a", [(0.0, 0.0), (1.0, 1.0)]);
        check("svg", &|path| plot.save(path).map_err(|error| text(&error)));
        check("png", &|path| plot.save(path).map_err(|error| text(&error)));
        check("html", &|path| Page::new("a").save(path).map_err(|error| text(&error)));
        check("json", &|path| Table::default().save(path).map_err(|error| text(&error)));
        check("csv", &|path| Table::default().save(path).map_err(|error| text(&error)));
    }
}

#[cfg(unix)]
#[test]
fn a_replaced_file_keeps_its_permissions_and_its_links() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    each_writer(|extension, write| {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).with_extension(extension);
        let mode = |name: &str| fs::metadata(at(name)).unwrap().mode() & 0o7777;
        fs::write(at("plain"), "").unwrap();
        write(&at("new")).unwrap();
        assert_eq!(mode("new"), mode("plain"), "a new file has the mode that the umask allows");
        for bits in [0o600, 0o640, 0o666, 0o755] {
            fs::set_permissions(at("new"), fs::Permissions::from_mode(bits)).unwrap();
            write(&at("new")).unwrap();
            assert_eq!(mode("new"), bits, "{extension}");
        }
        fs::set_permissions(at("new"), fs::Permissions::from_mode(0o444)).unwrap();
        let error = write(&at("new")).unwrap_err();
        assert!(error.contains("the file is read-only: make it writable, or choose another path"), "{error}");

        fs::create_dir(folder.path().join("other")).unwrap();
        let target = folder.path().join("other/target").with_extension(extension);
        symlink(Path::new("other/target").with_extension(extension), at("link")).unwrap();
        symlink(at("link"), at("second")).unwrap();
        write(&at("link")).unwrap();
        assert!(target.is_file(), "the target is created if it does not exist");
        fs::write(&target, "old").unwrap();
        fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).unwrap();
        write(&at("second")).unwrap();
        assert!(fs::symlink_metadata(at("second")).unwrap().is_symlink());
        assert!(fs::symlink_metadata(at("link")).unwrap().is_symlink());
        assert_ne!(fs::read(&target).unwrap(), b"old");
        assert_eq!(fs::metadata(&target).unwrap().mode() & 0o777, 0o600);
        symlink(at("loop"), at("loop")).unwrap();
        assert!(write(&at("loop")).unwrap_err().contains("too many symbolic links"));
    });
}

#[cfg(unix)]
#[test]
fn targets_that_are_not_files_are_errors() {
    use std::os::unix::{fs::FileTypeExt, net::UnixListener};

    each_writer(|extension, write| {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).with_extension(extension);
        let _listener = UnixListener::bind(at("socket")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
        fs::create_dir(at("folder")).unwrap();
        let expected = "it is a pipe or a device: choose the path of a file";
        for name in ["socket", "pipe"] {
            let error = write(&at(name)).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        assert!(fs::metadata(at("socket")).unwrap().file_type().is_socket());
        assert!(fs::metadata(at("pipe")).unwrap().file_type().is_fifo());
        let error = write(&at("folder")).unwrap_err();
        assert!(error.contains("it is a folder: append the name of a file"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "no temporary file is left");
    });
}

#[test]
fn left_overs_of_killed_writers_are_removed_and_those_of_living_writers_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    let temporary = |name: &str| folder.path().join(format!(".{name}.tmp"));
    let dead = temporary("net.safetensors.0123456789abcdef");
    let kept = [
        temporary("net.safetensors.fedcba9876543210"),
        temporary("other.safetensors.0123456789abcdef"),
        temporary("net.safetensors.notes"),
    ];
    fs::write(&dead, "half").unwrap();
    kept.iter().for_each(|path| fs::write(path, "half").unwrap());
    let living = fs::File::options().write(true).open(&kept[0]).unwrap();
    living.lock().unwrap();
    io::save(&Net::new(1), &path).unwrap();
    assert!(!dead.exists());
    assert!(kept.iter().all(|path| path.exists()));
    drop(living);
    io::save(&Net::new(1), &path).unwrap();
    assert_eq!(kept.map(|path| path.exists()), [false, true, true]);
    // The name of the temporary file is not longer than the system permits.
    io::save(&Net::new(1), folder.path().join("ö".repeat(127))).unwrap();
}

#[test]
fn writers_of_the_same_file_do_not_disturb_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    thread::scope(|scope| {
        for seed in 0..4 {
            let path = &path;
            scope.spawn(move || (0..50).for_each(|_| io::save(&Net::new(seed), path).unwrap()));
        }
    });
    let mut network = Net::zeroed();
    io::load(&mut network, &path).unwrap();
    assert!((0..4).any(|seed| Net::new(seed).0.kernel == network.0.kernel));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(feature = "exhaustive")]
#[test]
fn control_characters_are_left_out_of_plots_and_pages() {
    use shiplap::report::{Bars, Confusion, HeatMap, Histogram, Lines, Page, Plot};

    // XML 1.0, section 2.2: all characters but tab, line feed, carriage return and those from U+0020 are forbidden.
    let text = "a\0\u{1}\u{8}\u{b}\u{1b}[31m\u{7f}\u{85}\u{fffe}\u{ffff}\tb\u{1f600}";
    let matrix = shiplap::metric::ConfusionMatrix::<2>::default();
    let plots: Vec<Box<dyn Plot>> = vec![
        Box::new(Lines::new(text, text, text).line(text, [(0.0, 0.0), (1.0, 1.0)])),
        Box::new(Bars::new(text, text).bar(text, 0.5, 0.1)),
        Box::new(Histogram::new(text, text).with(text, [1.0, 2.0])),
        Box::new(Confusion::new(&matrix, [text, "b"])),
        Box::new(HeatMap::image(text, 1, &[0.5f32]).unwrap()),
    ];
    let allowed = |text: &str| {
        let is_allowed = |letter| matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
        assert_eq!(text.chars().find(|&letter| !is_allowed(letter)), None);
    };
    let mut page = Page::new(text).text(text).facts(text, [(text, text.to_string())]);
    for plot in &plots {
        let svg = plot.svg().unwrap();
        allowed(&svg);
        resvg::usvg::Tree::from_str(&svg, &Default::default()).unwrap();
        plot.png().unwrap();
        page = page.plot(text, &**plot).unwrap();
    }
    allowed(&page.html());
    assert!(page.html().contains("<h1>a[31m\tb\u{1f600}</h1>"), "{}", &page.html()[..500]);
}
