//! PNG and JPEG images, and folders of them (feature `images`).
//!
//! The images are of the height and width of the type; nothing is scaled or cropped. Values from 0 to 255, or to 65535,
//! become 0 to 1. An image type of 1 channel reads shades of gray, and colors as their luminance; 3 channels are red,
//! green and blue; the fourth is the opacity, which is 1 in images without it. Fewer than 4 channels do not take images
//! with transparent pixels, whose colors are meaningless. The orientation in EXIF data is ignored.

use std::{
    boxed::Box,
    format,
    fs::{self, File},
    io::{Cursor, Read},
    path::{Path, PathBuf},
    string::{String, ToString as _},
    vec::Vec,
};

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::{DataError, file};
use crate::{
    Zeroed,
    kernel::Element,
    kind::{START, kind},
    layers::Image,
};

/// The images of a folder with their labels.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Folder<const H: usize, const W: usize, const C: usize, T = f32> {
    /// The images, class after class, in the order of the file names.
    pub x: Vec<Image<H, W, C, T>>,
    /// The class of each image.
    pub y: Vec<usize>,
    /// The names of the classes: class 0 is the first.
    pub classes: Vec<String>,
}

/// Reads a folder that has a folder of images for each class: `cats/1.png`, `dogs/1.jpg`, ... The classes are in
/// alphabetical order. A folder without images is a class, too, so that training and test data have the same ones. Names
/// that begin with a dot are ignored.
///
/// # Errors
///
/// Returns an error if there are no images, a file cannot be read, or a file is not an image of this size and type; if
/// there is a file beside the folders of the classes, or a folder in one of them. The error names the path.
///
/// ```
/// use shiplap::data::images::{self, Folder};
///
/// # let root = std::env::temp_dir().join(format!("shiplap_images_{}", std::process::id()));
/// # for (class, value) in [("cat", 0u8), ("dog", 255)] {
/// #     std::fs::create_dir_all(root.join(class))?;
/// #     image::GrayImage::from_pixel(2, 1, image::Luma([value])).save(root.join(class).join("1.png"))?;
/// # }
/// let Folder { x, y, classes, .. } = images::folder::<1, 2, 1, f32>(&root)?;
/// assert_eq!(classes, ["cat", "dog"]);
/// assert_eq!((x, y), (vec![[[[0.0], [0.0]]], [[[1.0], [1.0]]]], vec![0, 1]));
/// # std::fs::remove_dir_all(root)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn folder<const H: usize, const W: usize, const C: usize, T: Element>(
    path: impl AsRef<Path>,
) -> Result<Folder<H, W, C, T>, DataError> {
    let path = path.as_ref();
    let mut folder = Folder { x: Vec::new(), y: Vec::new(), classes: Vec::new() };
    let mut picture = Image::<H, W, C, T>::zeroed_box();
    for (class, path) in entries(path)?.into_iter().enumerate() {
        let wrong = |found| DataError::format(&file::name(&path), found, "a folder with the images of a class");
        if !path.is_dir() {
            return Err(wrong("a file"));
        }
        let name = path.file_name().and_then(|name| name.to_str());
        folder.classes.push(name.ok_or_else(|| wrong("a name that is not UTF-8"))?.into());
        for path in entries(&path)? {
            read_into(&path, &mut picture)?;
            // `push` would copy a large image to the stack.
            folder.x.extend_from_slice(core::slice::from_ref(&*picture));
            folder.y.push(class);
        }
    }
    if folder.x.is_empty() { Err(DataError::Empty { file: file::name(path) }) } else { Ok(folder) }
}

/// Reads an image.
///
/// # Errors
///
/// Returns an error if the file cannot be read, or is not a whole image of this size and type.
pub fn read<const H: usize, const W: usize, const C: usize, T: Element>(
    path: impl AsRef<Path>,
) -> Result<Box<Image<H, W, C, T>>, DataError> {
    let mut picture = Image::<H, W, C, T>::zeroed_box();
    read_into(path.as_ref(), &mut picture)?;
    Ok(picture)
}

/// Like [`read`], from the contents of a file. Error messages refer to it as `name`.
///
/// # Errors
///
/// Returns the errors of [`read`].
pub fn read_from<const H: usize, const W: usize, const C: usize, T: Element>(
    bytes: &[u8],
    name: &str,
) -> Result<Box<Image<H, W, C, T>>, DataError> {
    let mut picture = Image::<H, W, C, T>::zeroed_box();
    decode(bytes, name, &mut picture)?;
    Ok(picture)
}

/// The paths in a folder, in alphabetical order.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let name = file::name(folder);
    let failed = DataError::io(&name);
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(&failed)? {
        let entry = entry.map_err(&failed)?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

fn read_into<const H: usize, const W: usize, const C: usize, T: Element>(
    path: &Path,
    picture: &mut Image<H, W, C, T>,
) -> Result<(), DataError> {
    let name = file::name(path);
    if path.is_dir() {
        return Err(DataError::format(&name, "a folder", EXPECTED));
    }
    let (mut file, mut bytes) = (File::open(path).map_err(DataError::io(&name))?, Vec::new());
    // A large file of another kind is not read as a whole.
    file.by_ref().take(START as u64).read_to_end(&mut bytes).map_err(DataError::io(&name))?;
    format_of(&bytes, &name)?;
    file.read_to_end(&mut bytes).map_err(DataError::io(&name))?;
    decode(&bytes, &name, picture)
}

const EXPECTED: &str = "a PNG or JPEG image";

/// The memory that a file may need for other things than pixels.
const MOST_OTHER_BYTES: u64 = 16 << 20;

/// The format of an image that starts with these bytes.
fn format_of(start: &[u8], name: &str) -> Result<ImageFormat, DataError> {
    if let Ok(format @ (ImageFormat::Png | ImageFormat::Jpeg)) = image::guess_format(start) {
        return Ok(format);
    }
    let found = match (kind(start), start) {
        (Some(kind), _) => kind.name.into(),
        (None, []) => "an empty file".to_string(),
        (None, _) => format!("a file that starts with {:02x?}", &start[..start.len().min(8)]),
    };
    Err(DataError::format(name, found, EXPECTED))
}

fn decode<const H: usize, const W: usize, const C: usize, T: Element>(
    bytes: &[u8],
    name: &str,
    picture: &mut Image<H, W, C, T>,
) -> Result<(), DataError> {
    const { assert!(matches!(C, 1 | 3 | 4), "an image file has 1 channel (gray), 3 (colors) or 4 (with opacity)") };
    let damaged = |error: ImageError| DataError::format(name, format!("a damaged image ({error})"), EXPECTED);
    let format = format_of(bytes, name)?;
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    // Four numbers of 16 bits for each pixel, twice, and what else is in the file, such as a color profile.
    limits.max_alloc = Some(16 * (H * W) as u64 + MOST_OTHER_BYTES);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(damaged)?;
    // The size is checked first: a small file may unpack to gigabytes.
    let (width, height) = decoder.dimensions();
    if (height as usize, width as usize) != (H, W) {
        let (found, expected) = (format!("one of {height}×{width}"), format!("an image of {H}×{W} pixels"));
        return Err(DataError::format(name, found, expected));
    }
    if format == ImageFormat::Jpeg && !is_whole(bytes) {
        return Err(DataError::format(name, "the beginning of one", "a whole JPEG image"));
    }
    let image = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    if C < 4 && is_transparent(&image) {
        let expected = format!("an opaque image for {C} channels (the fourth is the opacity)");
        return Err(DataError::format(name, "transparent pixels", expected));
    }
    let values = picture.as_flattened_mut().as_flattened_mut();
    if image.color().bytes_per_pixel() > image.color().channel_count() {
        let numbers = match C {
            1 => image.into_luma16().into_raw(),
            3 => image.into_rgb16().into_raw(),
            _ => image.into_rgba16().into_raw(),
        };
        scale(numbers, u16::MAX, values);
    } else {
        let numbers = match C {
            1 => image.into_luma8().into_raw(),
            3 => image.into_rgb8().into_raw(),
            _ => image.into_rgba8().into_raw(),
        };
        scale(numbers, u8::MAX, values);
    }
    Ok(())
}

/// Whether a JPEG image has its end. The decoder would fill in the rest of a truncated one.
fn is_whole(jpeg: &[u8]) -> bool {
    let mut rest = jpeg.get(2..).unwrap_or_default();
    // Segments begin with a marker. In the data of pixels, 0 or the number of a restart follows each 0xFF.
    while let Some(place) =
        rest.windows(2).position(|pair| pair[0] == 0xff && !matches!(pair[1], 0 | 0xd0..=0xd7 | 0xff))
    {
        match rest[place + 1..] {
            [0xd9, ..] => return true,
            [_, high, low, ..] => {
                let length = usize::from(u16::from_be_bytes([high, low]));
                rest = rest.get(place + 2 + length..).unwrap_or_default();
            }
            _ => return false,
        }
    }
    false
}

fn scale<N: Into<f64>, T: Element>(numbers: Vec<N>, full: N, values: &mut [T]) {
    let full = T::from_f64(full.into());
    for (value, number) in values.iter_mut().zip(numbers) {
        *value = T::from_f64(number.into()) / full;
    }
}

fn is_transparent(image: &DynamicImage) -> bool {
    image.color().has_alpha() && image.to_rgba16().pixels().any(|pixel| pixel.0[3] < u16::MAX)
}

#[cfg(test)]
mod tests {
    use std::{env, process};

    use image::{ExtendedColorType, ImageBuffer, ImageEncoder as _, Luma, Rgb, Rgba, codecs::png::PngEncoder};

    use super::*;

    /// A folder that is removed when dropped.
    struct Temporary(PathBuf);

    impl Temporary {
        fn new(name: &str) -> Self {
            let path = env::temp_dir().join(format!("shiplap_images_{name}_{}", process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn file(&self, path: &str) -> PathBuf {
            let path = self.0.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            path
        }
    }

    impl Drop for Temporary {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn error<const H: usize, const W: usize, const C: usize>(path: &Path) -> String {
        let error = read::<H, W, C, f32>(path).unwrap_err().to_string();
        error.strip_prefix(&*path.display().to_string()).unwrap().into()
    }

    #[test]
    fn images_are_rows_of_pixels() {
        let files = Temporary::new("rows");
        let path = files.file("a.png");
        let colors = |x: u32, y: u32| Rgb([(10 * x) as u8, (100 * y) as u8, 255]);
        ImageBuffer::from_fn(3, 2, colors).save(&path).unwrap();
        let picture = read::<2, 3, 3, f64>(&path).unwrap();
        assert_eq!(picture[1][2], [20.0 / 255.0, 100.0 / 255.0, 1.0]);
        assert_eq!(picture[0][1], [10.0 / 255.0, 0.0, 1.0]);
        assert_eq!(read::<2, 3, 4, f32>(&path).unwrap()[0][1], [10.0 / 255.0, 0.0, 1.0, 1.0]);
        let gray = read::<2, 3, 1, f32>(&path).unwrap();
        assert!(gray[0][0][0] > 0.05 && gray[0][0] < gray[1][0], "the luminance of blue, and more green");

        let deep = ImageBuffer::from_fn(2, 1, |x, _| Luma([1 + 30_000 * x as u16]));
        deep.save(&path).unwrap();
        assert_eq!(*read::<1, 2, 1, f64>(&path).unwrap(), [[[1.0 / 65535.0], [30_001.0 / 65535.0]]]);
        assert_eq!(read::<1, 2, 3, f32>(&path).unwrap()[0][1], [30_001.0 / 65535.0; 3]);

        ImageBuffer::from_pixel(8, 8, Rgb([200u8, 100, 50])).save(files.file("a.jpg")).unwrap();
        let picture = read::<8, 8, 3, f32>(files.file("a.jpg")).unwrap();
        let expected = [200.0, 100.0, 50.0].map(|value| value / 255.0);
        assert!(picture[4][4].iter().zip(expected).all(|(value, expected)| (value - expected).abs() < 0.02));
    }

    #[test]
    fn opacity_is_the_fourth_channel() {
        let files = Temporary::new("alpha");
        let path = files.file("a.png");
        ImageBuffer::from_fn(2, 1, |x, _| Rgba([255u8, 0, 0, (255 - 51 * x) as u8])).save(&path).unwrap();
        assert_eq!(*read::<1, 2, 4, f32>(&path).unwrap(), [[[1.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.8]]]);
        let expected =
            ": expected an opaque image for 3 channels (the fourth is the opacity), found transparent pixels";
        assert_eq!(error::<1, 2, 3>(&path), expected);
        assert!(error::<1, 2, 1>(&path).contains("found transparent pixels"));
        ImageBuffer::from_pixel(2, 1, Rgba([255u8, 0, 0, 255])).save(&path).unwrap();
        assert_eq!(*read::<1, 2, 3, f32>(&path).unwrap(), [[[1.0, 0.0, 0.0]; 2]]);
    }

    #[test]
    fn folders_are_classes_in_alphabetical_order() {
        let files = Temporary::new("classes");
        for (path, value) in [("b/10.png", 1u8), ("b/1.png", 2), ("a/z.jpg", 3), ("a/y.png", 4), (".cache/x.png", 5)] {
            ImageBuffer::from_pixel(1, 1, Luma([51 * value])).save(files.file(path)).unwrap();
        }
        fs::write(files.file("b/.hidden"), "no image").unwrap();
        fs::create_dir(files.0.join("empty")).unwrap();
        let Folder { x, y, classes } = folder::<1, 1, 1, f32>(&files.0).unwrap();
        assert_eq!(classes, ["a", "b", "empty"]);
        assert_eq!(y, [0, 0, 1, 1]);
        let values: Vec<f32> = x.as_flattened().as_flattened().iter().map(|[value]| (value * 5.0).round()).collect();
        assert_eq!(values, [4.0, 3.0, 2.0, 1.0]);
    }

    #[test]
    fn errors_name_the_path() {
        let files = Temporary::new("errors");
        let path = files.file("a/1.png");
        ImageBuffer::from_pixel(3, 2, Luma([0u8])).save(&path).unwrap();
        assert_eq!(error::<3, 2, 1>(&path), ": expected an image of 3×2 pixels, found one of 2×3");
        let error_of_folder = || folder::<2, 3, 1, f32>(&files.0).unwrap_err().to_string();
        let at = |path: &str| files.0.join(path).display().to_string();

        let whole = fs::read(&path).unwrap();
        fs::write(files.file("a/2.png"), &whole[..whole.len() - 20]).unwrap();
        let expected = format!("{}: expected a PNG or JPEG image, found a damaged image (", at("a/2.png"));
        let damaged = error_of_folder();
        assert!(damaged.starts_with(&expected), "{damaged}");
        for (bytes, found) in [
            (&b""[..], "an empty file"),
            (b"GIF89a\0\0", "a GIF image"),
            (b"no image", "a file that starts with [6e, 6f, 20, 69, 6d, 61, 67, 65]"),
        ] {
            fs::write(files.file("a/2.png"), bytes).unwrap();
            let expected = format!("{}: expected a PNG or JPEG image, found {found}", at("a/2.png"));
            assert_eq!(error_of_folder(), expected);
        }
        fs::remove_file(files.file("a/2.png")).unwrap();
        fs::create_dir(files.0.join("a/b")).unwrap();
        assert_eq!(error_of_folder(), format!("{}: expected a PNG or JPEG image, found a folder", at("a/b")));
        fs::remove_dir(files.0.join("a/b")).unwrap();
        fs::write(files.file("list.txt"), "").unwrap();
        let expected = "expected a folder with the images of a class, found a file";
        assert_eq!(error_of_folder(), format!("{}: {expected}", at("list.txt")));
        fs::remove_file(files.file("list.txt")).unwrap();
        assert_eq!(folder::<2, 3, 1, f32>(&files.0).unwrap().y, [0]);
        fs::remove_file(&path).unwrap();
        assert_eq!(error_of_folder(), format!("{} contains no samples", files.0.display()));
        let missing = folder::<2, 3, 1, f32>(files.0.join("none")).unwrap_err();
        assert!(matches!(missing, DataError::Io { file, .. } if file == at("none")));
    }

    #[test]
    fn truncated_jpegs_are_errors() {
        let mut whole = Cursor::new(Vec::new());
        let image = ImageBuffer::from_fn(20, 20, |x, y| Luma([(10 * x + 3 * y) as u8]));
        image.write_to(&mut whole, ImageFormat::Jpeg).unwrap();
        let whole = whole.into_inner();
        let read = |bytes: &[u8]| read_from::<20, 20, 1, f32>(bytes, "f");
        assert!(read(&whole).is_ok());
        assert!(read(&[&whole[..], b"anything"].concat()).is_ok());
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).is_err(), "{length} of {} bytes", whole.len());
        }
        let error = read(&whole[..whole.len() - 10]).unwrap_err().to_string();
        assert_eq!(error, "f: expected a whole JPEG image, found the beginning of one");
    }

    #[test]
    fn a_large_color_profile_is_left_out() {
        let with_profile = |bytes| {
            let mut file = Vec::new();
            let mut encoder = PngEncoder::new(&mut file);
            encoder.set_icc_profile(std::vec![0; bytes]).unwrap();
            encoder.write_image(&[7; 6], 3, 2, ExtendedColorType::L8).unwrap();
            read_from::<2, 3, 1, f32>(&file, "f").map(|image| image[1][2][0])
        };
        assert_eq!(with_profile(1 << 20).unwrap(), 7.0 / 255.0);
        assert_eq!(with_profile(MOST_OTHER_BYTES as usize + 1).unwrap(), 7.0 / 255.0);
    }
}
