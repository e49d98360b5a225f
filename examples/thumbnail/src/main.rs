//! Answers a picture, which comes as the request's body, with one whose sides are at most `SIZE` pixels
//! (128 unless set). PNG stays PNG and JPEG stays JPEG.

use std::env;
use std::error::Error;
use std::io::{self, Cursor, Read, Write};
use std::process::ExitCode;

use image::{ImageFormat, ImageReader, Limits};

/// The sides of what is answered where `SIZE` does not say.
const SIZE: u32 = 128;
/// The sides of what is taken: a small file can be a picture that no memory holds.
const MOST_SIDE: u32 = 8192;
/// Bytes that reading a picture may take.
const MOST_BYTES: u64 = 64 << 20;

fn main() -> ExitCode {
    let mut picture = Vec::new();
    let answer = io::stdin()
        .read_to_end(&mut picture)
        .map_err(Into::into)
        .and_then(|_| size(env::var("SIZE").ok().as_deref()))
        .and_then(|size| smaller(&picture, size));
    let written = match answer {
        Ok((media, smaller)) => respond("200", media, &smaller),
        // The client's mistake, not this program's: the pod succeeds.
        Err(error) => respond("422", "text/plain; charset=utf-8", format!("{error}\n").as_bytes()),
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: the answer cannot be written: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Answers in CGI's manner: headers, an empty line, the body.
fn respond(status: &str, media: &str, body: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    write!(out, "Status: {status}\r\nContent-Type: {media}\r\n\r\n")?;
    out.write_all(body)?;
    out.flush()
}

fn size(text: Option<&str>) -> Result<u32, Box<dyn Error>> {
    match text.filter(|text| !text.is_empty()) {
        None => Ok(SIZE),
        Some(text) => match text.parse() {
            Ok(size @ 1..=MOST_SIDE) => Ok(size),
            Ok(_) | Err(_) => {
                Err(format!("size is {text}; it must be from 1 to {MOST_SIDE}").into())
            }
        },
    }
}

/// Returns the smaller picture and its media type.
fn smaller(picture: &[u8], size: u32) -> Result<(&'static str, Vec<u8>), Box<dyn Error>> {
    let mut reader = ImageReader::new(Cursor::new(picture)).with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_SIDE);
    limits.max_image_height = Some(MOST_SIDE);
    limits.max_alloc = Some(MOST_BYTES);
    reader.limits(limits);
    let format = reader.format().ok_or("the body is no picture that is known here")?;
    let small = reader.decode()?.thumbnail(size, size);
    let mut out = Cursor::new(Vec::new());
    small.write_to(&mut out, format)?;
    let media = if format == ImageFormat::Png { "image/png" } else { "image/jpeg" };
    Ok((media, out.into_inner()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{DynamicImage, GenericImageView};

    #[test]
    fn a_picture_is_answered_smaller_and_in_its_own_format() {
        for (format, media) in [(ImageFormat::Png, "image/png"), (ImageFormat::Jpeg, "image/jpeg")]
        {
            let mut large = Cursor::new(Vec::new());
            DynamicImage::new_rgb8(400, 100).write_to(&mut large, format).unwrap();
            let (told, small) = smaller(large.get_ref(), 40).unwrap();
            assert_eq!(told, media);
            assert_eq!(image::guess_format(&small).unwrap(), format);
            assert_eq!(image::load_from_memory(&small).unwrap().dimensions(), (40, 10), "{media}");
        }
    }

    #[test]
    fn what_is_no_picture_or_too_large_is_refused() {
        let mut wide = Cursor::new(Vec::new());
        DynamicImage::new_luma8(MOST_SIDE + 1, 1).write_to(&mut wide, ImageFormat::Png).unwrap();
        for picture in [b"" as &[u8], b"hello", wide.get_ref()] {
            assert!(smaller(picture, 10).is_err());
        }
    }

    #[test]
    fn a_size_is_a_number_of_pixels() {
        for (text, expected) in [(None, Some(SIZE)), (Some(""), Some(SIZE)), (Some("9"), Some(9))] {
            assert_eq!(size(text).ok(), expected, "{text:?}");
        }
        for text in ["0", "-1", "9000", "big"] {
            assert!(size(Some(text)).is_err(), "{text}");
        }
    }
}
