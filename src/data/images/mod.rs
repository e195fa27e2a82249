//! PNG and JPEG images, and folders of them (feature `images`).
//!
//! The files have the height and width of the type. To take other sizes, say how: [`Reader::resize`]. Values from 0 to
//! 255, or to 65535, become 0 to 1. An image type of 1 channel reads shades of gray, and colors as their luminance; 3
//! channels are red, green and blue; the fourth is the opacity, which is 1 in images without it. Fewer than 4 channels
//! do not take images with transparent pixels, whose colors are meaningless. The orientation in EXIF data is ignored.

mod decode;

use std::{
    boxed::Box,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    string::String,
    vec::Vec,
};

use super::{DataError, file};
use crate::{Zeroed, kernel::Element, kind::START, layers::Image};
use decode::{EXPECTED, decode, format_of};

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
    /// The number of images that had another size, and were [resized](Reader::resize).
    pub resized: usize,
}

/// How an image of another size gets the height and width of the type. Both ways are bilinear. If the image becomes
/// smaller, each pixel is a weighted mean of all those around its place, as in Pillow. Colors count by their opacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resize {
    /// The whole image, whose proportions change.
    Stretch,
    /// The largest part in the middle that has the proportions of the type.
    Crop,
}

/// Settings for reading images. Without any, [`folder`], [`read`] and [`read_from`] are the same.
///
/// ```
/// use shiplap::data::images::{Reader, Resize};
///
/// # let root = std::env::temp_dir().join(format!("shiplap_reader_{}", std::process::id()));
/// # std::fs::create_dir_all(root.join("cat"))?;
/// # image::GrayImage::from_fn(6, 4, |x, _| image::Luma([51 * x as u8])).save(root.join("cat/1.png"))?;
/// # image::GrayImage::new(2, 2).save(root.join("cat/2.png"))?;
/// assert!(Reader::new().folder::<2, 2, 1, f32>(&root).is_err(), "one image has 4×6 pixels");
///
/// let photos = Reader::new().resize(Resize::Crop).folder::<2, 2, 1, f32>(&root)?;
/// assert_eq!((photos.x.len(), photos.resized), (2, 1));
/// # std::fs::remove_dir_all(root)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reader {
    resize: Option<Resize>,
}

impl Reader {
    /// A reader that refuses images of another size.
    pub const fn new() -> Self {
        Self { resize: None }
    }

    /// Takes images of up to 2²⁶ pixels, and resizes those of another size.
    #[must_use]
    pub const fn resize(mut self, resize: Resize) -> Self {
        self.resize = Some(resize);
        self
    }

    /// Reads a folder that has a folder of images for each class: `cats/1.png`, `dogs/1.jpg`, ... The classes are in
    /// alphabetical order. A folder without images is a class, too, so that training and test data have the same ones.
    /// Names that begin with a dot are ignored.
    ///
    /// # Errors
    ///
    /// Returns an error if there are no images, a file cannot be read, or a file is not an image of this size and type;
    /// if there is a file beside the folders of the classes, or a folder in one of them. The error names the path.
    pub fn folder<const H: usize, const W: usize, const C: usize, T: Element>(
        &self,
        path: impl AsRef<Path>,
    ) -> Result<Folder<H, W, C, T>, DataError> {
        let path = path.as_ref();
        let mut folder = Folder { x: Vec::new(), y: Vec::new(), classes: Vec::new(), resized: 0 };
        let mut picture = Image::<H, W, C, T>::zeroed_box();
        for (class, path) in entries(path)?.into_iter().enumerate() {
            let wrong = |found| DataError::format(&file::name(&path), found, "a folder with the images of a class");
            if !path.is_dir() {
                return Err(wrong("a file"));
            }
            let name = path.file_name().and_then(|name| name.to_str());
            folder.classes.push(name.ok_or_else(|| wrong("a name that is not UTF-8"))?.into());
            for path in entries(&path)? {
                folder.resized += usize::from(self.read_into(&path, &mut picture)?);
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
        &self,
        path: impl AsRef<Path>,
    ) -> Result<Box<Image<H, W, C, T>>, DataError> {
        let mut picture = Image::<H, W, C, T>::zeroed_box();
        self.read_into(path.as_ref(), &mut picture)?;
        Ok(picture)
    }

    /// Like [`read`](Self::read), from the contents of a file. Error messages refer to it as `name`.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`read`](Self::read).
    pub fn read_from<const H: usize, const W: usize, const C: usize, T: Element>(
        &self,
        bytes: &[u8],
        name: &str,
    ) -> Result<Box<Image<H, W, C, T>>, DataError> {
        let mut picture = Image::<H, W, C, T>::zeroed_box();
        decode(bytes, name, self.resize, &mut picture)?;
        Ok(picture)
    }

    /// Returns whether the image was resized.
    fn read_into<const H: usize, const W: usize, const C: usize, T: Element>(
        &self,
        path: &Path,
        picture: &mut Image<H, W, C, T>,
    ) -> Result<bool, DataError> {
        let name = file::name(path);
        if path.is_dir() {
            return Err(DataError::format(&name, "a folder", EXPECTED));
        }
        let (mut file, mut bytes) = (File::open(path).map_err(DataError::io(&name))?, Vec::new());
        // A large file of another kind is not read as a whole.
        file.by_ref().take(START as u64).read_to_end(&mut bytes).map_err(DataError::io(&name))?;
        format_of(&bytes, &name)?;
        file.read_to_end(&mut bytes).map_err(DataError::io(&name))?;
        decode(&bytes, &name, self.resize, picture)
    }
}

/// Reads a folder of images of one size: [`Reader::folder`].
///
/// # Errors
///
/// Returns the errors of [`Reader::folder`].
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
    Reader::new().folder(path)
}

/// Reads an image of this size: [`Reader::read`].
///
/// # Errors
///
/// Returns the errors of [`Reader::read`].
pub fn read<const H: usize, const W: usize, const C: usize, T: Element>(
    path: impl AsRef<Path>,
) -> Result<Box<Image<H, W, C, T>>, DataError> {
    Reader::new().read(path)
}

/// Reads an image of this size from the contents of a file: [`Reader::read_from`].
///
/// # Errors
///
/// Returns the errors of [`Reader::read_from`].
pub fn read_from<const H: usize, const W: usize, const C: usize, T: Element>(
    bytes: &[u8],
    name: &str,
) -> Result<Box<Image<H, W, C, T>>, DataError> {
    Reader::new().read_from(bytes, name)
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

#[cfg(test)]
mod tests {
    use std::{env, format, process, string::ToString as _};

    use image::{ImageBuffer, Luma, Rgb, Rgba};

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
        let Folder { x, y, classes, .. } = folder::<1, 1, 1, f32>(&files.0).unwrap();
        assert_eq!(classes, ["a", "b", "empty"]);
        assert_eq!(y, [0, 0, 1, 1]);
        let values: Vec<f32> = x.as_flattened().as_flattened().iter().map(|[value]| (value * 5.0).round()).collect();
        assert_eq!(values, [4.0, 3.0, 2.0, 1.0]);
    }

    #[test]
    fn images_of_other_sizes_are_counted() {
        let files = Temporary::new("sizes");
        for (path, width, height) in [("a/1.png", 4, 2), ("a/2.jpg", 2, 2), ("b/1.png", 2, 6), ("b/2.png", 1, 1)] {
            ImageBuffer::from_pixel(width, height, Luma([51u8])).save(files.file(path)).unwrap();
        }
        assert!(folder::<2, 2, 1, f32>(&files.0).is_err());
        for resize in [Resize::Stretch, Resize::Crop] {
            let Folder { x, y, resized, .. } = Reader::new().resize(resize).folder::<2, 2, 1, f32>(&files.0).unwrap();
            assert_eq!((y, resized), (std::vec![0, 0, 1, 1], 3));
            assert!(x.as_flattened().as_flattened().iter().all(|[value]| (value - 0.2).abs() < 0.01));
        }
    }

    /// Columns of 0, 51, 102 and 255.
    #[test]
    fn images_are_stretched_or_cropped() {
        let files = Temporary::new("stretch");
        let path = files.file("a.png");
        ImageBuffer::from_fn(4, 2, |x, _| Luma([[0u8, 51, 102, 255][x as usize]])).save(&path).unwrap();
        let read = |resize| *Reader::new().resize(resize).read::<2, 2, 1, f64>(&path).unwrap();
        let columns = |[left, right]: [f64; 2]| [[[left / 255.0], [right / 255.0]]; 2];
        // Twice as wide, a pixel is a mean of four with the weights 1, 3, 3 and 1; those outside do not count.
        let stretched = [(3.0 * 51.0 + 102.0) / 7.0, (51.0 + 3.0 * 102.0 + 3.0 * 255.0) / 7.0];
        assert_eq!(read(Resize::Stretch), columns(stretched.map(f64::round)));
        assert_eq!(read(Resize::Crop), columns([51.0, 102.0]));
    }

    #[test]
    fn errors_name_the_path() {
        let files = Temporary::new("errors");
        let path = files.file("a/1.png");
        ImageBuffer::from_pixel(3, 2, Luma([0u8])).save(&path).unwrap();
        assert_eq!(
            error::<3, 2, 1>(&path),
            ": expected an image of 3×2 pixels (`Reader::resize` takes other sizes), found one of 2×3"
        );
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
}
