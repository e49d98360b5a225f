//! Draws a picture as large as a photograph: a sky, hills, a sun, and grain so that it compresses like one.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{ImageResult, Rgb, RgbImage};

const WIDTH: u32 = 1920;
const HEIGHT: u32 = 1280;

/// Returns a JPEG whose hills, sun and grain depend on `name`.
pub fn photograph(name: &str) -> ImageResult<Vec<u8>> {
    let mut grain = Grain::of(name);
    let [near, far] = [(); 2].map(|()| Hills::new(&mut grain));
    let sun = (grain.below(WIDTH), HEIGHT / 8 + grain.below(HEIGHT / 4));
    let picture = RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let colour = if y > near.top(x, 900) {
            [38, 70, 44]
        } else if y > far.top(x, 700) {
            [84, 110, 122]
        } else if distance_squared((x, y), sun) < 90 * 90 {
            [255, 236, 179]
        } else {
            [120, 150 + (y / 16) as u8, 190 + (y / 24) as u8]
        };
        let noise = grain.below(17) as u8;
        Rgb(colour.map(|part: u8| part.saturating_add(noise)))
    });
    let mut jpeg = Cursor::new(Vec::new());
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, 90))?;
    Ok(jpeg.into_inner())
}

fn distance_squared(a: (u32, u32), b: (u32, u32)) -> u32 {
    a.0.abs_diff(b.0).pow(2) + a.1.abs_diff(b.1).pow(2)
}

/// A skyline of three triangle waves.
struct Hills([(u32, u32); 3]);

impl Hills {
    fn new(grain: &mut Grain) -> Self {
        Self([300, 170, 60].map(|period| (period + grain.below(period), grain.below(period))))
    }

    fn top(&self, x: u32, base: u32) -> u32 {
        let heights = self.0.iter().map(|&(period, phase)| {
            let at = (x + phase) % period;
            at.min(period - at) / 2
        });
        base - heights.sum::<u32>()
    }
}

/// Numbers that look random and depend on nothing but a name: xorshift, seeded by FNV-1a.
struct Grain(u64);

impl Grain {
    fn of(name: &str) -> Self {
        let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(seed | 1)
    }

    fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 32) % u64::from(limit)) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_always_the_same_picture_and_another_name_another() {
        let first = photograph("a").unwrap();
        assert_eq!(first, photograph("a").unwrap());
        assert_ne!(first, photograph("b").unwrap());
        let read = image::load_from_memory(&first).unwrap();
        assert_eq!((read.width(), read.height()), (WIDTH, HEIGHT));
    }
}
