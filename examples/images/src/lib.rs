//! The pictures themselves: drawn, and made smaller. The same bytes come out wherever this runs.

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{ImageFormat, ImageResult, Rgb, RgbImage};

/// Width and height of a picture as a camera takes it, here of two million pixels.
pub const PHOTOGRAPH: (u32, u32) = (1600, 1200);

/// The longest side of a picture that was made smaller.
pub const LONGEST_SIDE: u32 = 400;

/// How much of a photograph a JPEG keeps, from 1 to 100.
const QUALITY: u8 = 85;

/// Returns a photograph as JPEG: hills below a sky, and grain as sensors have it. Each number is another.
pub fn photograph(number: u32) -> ImageResult<Vec<u8>> {
    let (width, height) = PHOTOGRAPH;
    let picture = RgbImage::from_fn(width, height, |x, y| pixel(number, x, y));
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode_image(&picture)?;
    Ok(jpeg)
}

/// Returns a JPEG as a PNG whose longest side is [`LONGEST_SIDE`].
pub fn made_smaller(jpeg: &[u8]) -> ImageResult<Vec<u8>> {
    let picture = image::load_from_memory_with_format(jpeg, ImageFormat::Jpeg)?;
    let small = picture.resize(LONGEST_SIDE, LONGEST_SIDE, FilterType::Triangle);
    let mut png = std::io::Cursor::new(Vec::new());
    small.write_to(&mut png, ImageFormat::Png)?;
    Ok(png.into_inner())
}

/// Whole numbers alone, so that no machine rounds otherwise.
fn pixel(number: u32, x: u32, y: u32) -> Rgb<u8> {
    let hill = (0..3).map(|hill| height(number, hill, x)).position(|height| y > height);
    let grain = grain(number, x, y);
    let shade = match hill {
        Some(hill) => [40 + 30 * hill as u32, 90 + 20 * hill as u32, 30 + number % 40],
        None => [110 + y / 12, 150 + y / 16, 220],
    };
    Rgb(shade.map(|colour| u8::try_from(colour + grain).unwrap_or(u8::MAX)))
}

/// Returns where a hill's edge is: a parabola of its own, repeated.
fn height(number: u32, hill: u32, x: u32) -> u32 {
    let width = 300 + 90 * hill + 17 * (number % 11);
    let place = (x + 53 * number + 211 * hill) % width;
    let rise = place * (width - place) * 4 / width * (80 + 30 * hill) / width;
    900 - 200 * hill - rise
}

/// Returns from 0 to 7, by chance as it looks: an integer hash's low bits.
fn grain(number: u32, x: u32, y: u32) -> u32 {
    let mut hash = number ^ x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 15)).wrapping_mul(0x2c1b_3c6d);
    (hash ^ (hash >> 12)) & 7
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photograph_becomes_a_smaller_picture_of_the_same_shape() {
        let jpeg = photograph(7).unwrap();
        assert!((50_000..2_000_000).contains(&jpeg.len()), "{} bytes", jpeg.len());
        let png = made_smaller(&jpeg).unwrap();
        let small = image::load_from_memory_with_format(&png, ImageFormat::Png).unwrap();
        assert_eq!((small.width(), small.height()), (400, 300));
    }

    #[test]
    fn each_number_is_another_photograph() {
        let line = |number| (0..400).map(|x| pixel(number, x, 700)).collect::<Vec<_>>();
        assert_eq!(line(1), line(1));
        assert_ne!(line(1), line(2));
    }

    #[test]
    fn what_is_no_jpeg_is_refused() {
        assert!(made_smaller(b"P6 1 1 255 abc").is_err());
    }
}
