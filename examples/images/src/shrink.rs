//! Decodes, resizes and encodes.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{ImageFormat, ImageResult};

/// A picture that was made smaller, and the width and height in pixels that it had and has.
pub struct Small {
    /// Its JPEG.
    pub jpeg: Vec<u8>,
    pub from: (u32, u32),
    pub to: (u32, u32),
}

/// Makes a JPEG smaller, so that no side has more than `longest` pixels; one that is small stays so.
pub fn shrink(jpeg: &[u8], longest: u32) -> ImageResult<Small> {
    let picture = image::load_from_memory_with_format(jpeg, ImageFormat::Jpeg)?;
    let from = (picture.width(), picture.height());
    let small = if from.0.max(from.1) > longest {
        // Of the sharp filters the one without a sine, which libraries round differently: a guest's
        // pixels are a native program's.
        picture.resize(longest, longest, FilterType::CatmullRom)
    } else {
        picture
    };
    let mut written = Cursor::new(Vec::new());
    small.write_with_encoder(JpegEncoder::new_with_quality(&mut written, 85))?;
    Ok(Small { jpeg: written.into_inner(), from, to: (small.width(), small.height()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw;

    #[test]
    fn the_longest_side_is_bounded_and_the_shape_is_kept() {
        let photograph = draw::photograph("a").unwrap();
        let small = shrink(&photograph, 320).unwrap();
        assert_eq!((small.from, small.to), ((1920, 1280), (320, 213)));
        let again = shrink(&small.jpeg, 400).unwrap();
        assert_eq!(again.to, (320, 213));
        assert!(small.jpeg.len() * 10 < photograph.len());
    }

    #[test]
    fn what_is_no_picture_is_an_error() {
        assert!(shrink(b"not a picture", 320).is_err());
    }
}
