//! Images from the bytes of a PNG or JPEG file.

use std::{format, io::Cursor, string::ToString as _, vec::Vec};

use image::{
    DynamicImage, GenericImageView as _, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Rgba,
    imageops::FilterType,
};

use super::{super::DataError, Resize};
use crate::{kernel::Element, kind::kind, layers::Image};

pub(super) const EXPECTED: &str = "a PNG or JPEG image";

/// The memory that a file may need for other things than pixels.
const MOST_OTHER_BYTES: u64 = 16 << 20;

/// The largest image that is resized: a small file may unpack to gigabytes.
const MOST_PIXELS: usize = 1 << 26;

/// The format of an image that starts with these bytes.
pub(super) fn format_of(start: &[u8], name: &str) -> Result<ImageFormat, DataError> {
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

/// Decodes an image. Returns whether it was resized.
pub(super) fn decode<const H: usize, const W: usize, const C: usize, T: Element>(
    bytes: &[u8],
    name: &str,
    resize: Option<Resize>,
    picture: &mut Image<H, W, C, T>,
) -> Result<bool, DataError> {
    const { assert!(matches!(C, 1 | 3 | 4), "an image file has 1 channel (gray), 3 (colors) or 4 (with opacity)") };
    let damaged = |error: ImageError| DataError::format(name, format!("a damaged image ({error})"), EXPECTED);
    let format = format_of(bytes, name)?;
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    let most = if resize.is_some() { MOST_PIXELS.max(H * W) } else { H * W };
    // Four numbers of 16 bits for each pixel, twice, and what else is in the file, such as a color profile.
    limits.max_alloc = Some(16 * most as u64 + MOST_OTHER_BYTES);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(damaged)?;
    // The size is checked first: a small file may unpack to gigabytes.
    let (width, height) = decoder.dimensions();
    let is_of_size = (height as usize, width as usize) == (H, W);
    let refuse = |expected| Err(DataError::format(name, format!("one of {height}×{width}"), expected));
    match resize {
        None if !is_of_size => {
            return refuse(format!("an image of {H}×{W} pixels (`Reader::resize` takes other sizes)"));
        }
        Some(_) if u64::from(width) * u64::from(height) > most as u64 => {
            return refuse(format!("an image of at most {MOST_PIXELS} pixels"));
        }
        _ => {}
    }
    if format == ImageFormat::Jpeg && !is_whole(bytes) {
        return Err(DataError::format(name, "the beginning of one", "a whole JPEG image"));
    }
    let mut image = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    if C < 4 && is_transparent(&image) {
        let expected = format!("an opaque image for {C} channels (the fourth is the opacity)");
        return Err(DataError::format(name, "transparent pixels", expected));
    }
    if !is_of_size {
        if resize == Some(Resize::Crop) {
            image = cropped(image, H, W);
        }
        image = stretched(image, H as u32, W as u32);
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
    Ok(!is_of_size)
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

/// The largest part in the middle of an image that has the proportions of `height` and `width`.
fn cropped(image: DynamicImage, height: usize, width: usize) -> DynamicImage {
    let (whole_width, whole_height) = image.dimensions();
    let [height, width, most_height, most_width] =
        [height as u64, width as u64, whole_height.into(), whole_width.into()];
    let rounded = |product: u64, by: u64| ((product + by / 2) / by).max(1);
    let (part_height, part_width) = if most_width * height > most_height * width {
        (most_height, rounded(most_height * width, height))
    } else {
        (rounded(most_width * height, width), most_width)
    };
    let (top, left) = ((most_height - part_height) / 2, (most_width - part_width) / 2);
    image.crop_imm(left as u32, top as u32, part_width as u32, part_height as u32)
}

/// An image of this size. The colors of a pixel count by its opacity.
fn stretched(image: DynamicImage, height: u32, width: u32) -> DynamicImage {
    // The library enlarges columns before it shortens rows, which would take gigabytes for a long row.
    let resized = |image: DynamicImage| {
        let rows = image.height().min(height);
        image.resize_exact(width, rows, FilterType::Triangle).resize_exact(width, height, FilterType::Triangle)
    };
    if !is_transparent(&image) {
        return resized(image);
    }
    let mut weighted = image.into_rgba32f();
    for Rgba([colors @ .., opacity]) in weighted.pixels_mut() {
        colors.iter_mut().for_each(|color| *color *= *opacity);
    }
    let mut weighted = resized(weighted.into()).into_rgba32f();
    for Rgba([colors @ .., opacity]) in weighted.pixels_mut().filter(|pixel| pixel.0[3] > 0.0) {
        colors.iter_mut().for_each(|color| *color /= *opacity);
    }
    weighted.into()
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
    use image::{ExtendedColorType, ImageBuffer, ImageEncoder as _, Luma, codecs::png::PngEncoder};

    use super::{
        super::{Reader, read_from},
        *,
    };

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

    #[test]
    fn long_images_take_little_memory() {
        for (width, height) in [(1 << 16, 1), (1, 1 << 16)] {
            let mut png = Cursor::new(Vec::new());
            let image = ImageBuffer::from_pixel(width, height, Luma([51u8]));
            image.write_to(&mut png, ImageFormat::Png).unwrap();
            for resize in [Resize::Stretch, Resize::Crop] {
                let resized = Reader::new().resize(resize).read_from::<200, 200, 1, f32>(png.get_ref(), "f");
                assert!(resized.unwrap().as_flattened().iter().all(|[value]| *value == 0.2));
            }
        }
    }

    #[test]
    fn a_size_that_takes_gigabytes_is_refused() {
        let mut png = Cursor::new(Vec::new());
        ImageBuffer::from_pixel(1, 1, Luma([0u8])).write_to(&mut png, ImageFormat::Png).unwrap();
        let mut png = png.into_inner();
        // The width and height of the header, and its checksum.
        png[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
        let checksum = png[12..29].iter().fold(u32::MAX, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg()))
        });
        png[29..33].copy_from_slice(&(!checksum).to_be_bytes());
        let error = Reader::new().resize(Resize::Crop).read_from::<2, 2, 1, f32>(&png, "f").unwrap_err();
        let expected = "f: expected an image of at most 67108864 pixels, found one of 65536×65536";
        assert_eq!(error.to_string(), expected);
    }
}
