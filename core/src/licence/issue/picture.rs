//! Draws an official seal for trials: a red ring, an inner ring and a five-pointed star on a clear
//! ground, as PNG.
//!
//! It has no text, because no font is shipped: whose seal it is stands in the seal's own data, which the
//! signature protects, and not in its picture.

use crate::{
    error::{Code, Error},
    limits::DRAWN_SEAL_PIXELS_MAX,
};

/// The diameter at which it is shown: 42 mm.
pub const OFFICIAL_SEAL_MM: u32 = 42;

const RED: [u8; 3] = [200, 22, 29];
/// Each pixel is judged at 4 by 4 points, which gives smooth edges.
const POINTS: i64 = 4;
// Radii in thousandths of the picture's width: 1.2 mm and 0.3 mm wide rings, a star of 14 mm.
const RING: [i64; 2] = [466, 495];
const INNER_RING: [i64; 2] = [445, 452];
const STAR: i64 = 167;
/// Unit vectors to the star's points, in thousandths, y downwards: one up, then clockwise.
const DIRECTIONS: [[i64; 2]; 5] = [[0, -1000], [951, -309], [588, 809], [-588, 809], [-951, -309]];
/// The star's edges pass the centre at this part of its radius: cos 72°, in thousandths.
const EDGE: i64 = 309;

/// The seal as a square PNG of `pixels` by `pixels`, with a clear ground.
///
/// 496 pixels are 300 dpi at [`OFFICIAL_SEAL_MM`].
///
/// # Errors
/// [`Code::BadArgument`] below 32 pixels, [`Code::LimitReached`] above [`DRAWN_SEAL_PIXELS_MAX`].
pub fn official_seal(pixels: u32) -> Result<Vec<u8>, Error> {
    if pixels > DRAWN_SEAL_PIXELS_MAX {
        return Err(Error::limit("DRAWN_SEAL_PIXELS_MAX"));
    }
    if pixels < 32 {
        return Err(Error::new(Code::BadArgument).field("pixels"));
    }
    let mut out = Vec::new();
    let broken = |_| Error::new(Code::BadPicture).field("picture");
    let mut encoder = png::Encoder::new(&mut out, pixels, pixels);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    let dots_per_metre = pixels.saturating_mul(1000) / OFFICIAL_SEAL_MM;
    encoder.set_pixel_dims(Some(png::PixelDimensions {
        xppu: dots_per_metre,
        yppu: dots_per_metre,
        unit: png::Unit::Meter,
    }));
    let mut writer = encoder.write_header().map_err(broken)?;
    writer.write_image_data(&draw(i64::from(pixels))).map_err(broken)?;
    writer.finish().map_err(broken)?;
    Ok(out)
}

fn draw(pixels: i64) -> Vec<u8> {
    let mut image = Vec::new();
    for y in 0..pixels {
        for x in 0..pixels {
            let points =
                (0..POINTS * POINTS).map(|i| [x * POINTS + i % POINTS, y * POINTS + i / POINTS]);
            let red = points.filter(|point| is_red(*point, pixels * POINTS)).count();
            let opacity = u8::try_from(red * 255 / 16).unwrap_or(u8::MAX);
            let [r, g, b] = RED;
            image.extend([r, g, b, opacity]);
        }
    }
    image
}

/// Whether a point of a raster of `size` by `size` is inked. Everything is scaled by 2000, so that the
/// middle of the picture and of each point is a whole number.
fn is_red([x, y]: [i64; 2], size: i64) -> bool {
    let from_middle = |place: i64| (2 * place + 1 - size) * 1000;
    let (dx, dy) = (from_middle(x), from_middle(y));
    let radius = |thousandths: i64| thousandths * 2 * size;
    let square = dx * dx + dy * dy;
    let between =
        |[inner, outer]: [i64; 2]| square >= radius(inner).pow(2) && square <= radius(outer).pow(2);
    // A five-pointed star is where at most one of its five lines has the centre on the other side.
    let inside = |[ux, uy]: &&[i64; 2]| (dx * ux + dy * uy) <= radius(STAR) * EDGE;
    let in_star = || DIRECTIONS.iter().filter(inside).count() >= 4;
    between(RING) || between(INNER_RING) || (square <= radius(STAR).pow(2) && in_star())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opacity(image: &[u8], pixels: usize, x: usize, y: usize) -> u8 {
        image[(y * pixels + x) * 4 + 3]
    }

    #[test]
    fn it_is_a_ring_and_a_star() {
        let png = official_seal(496).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&png)).read_info().unwrap();
        let mut image = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut image).unwrap();
        let at = |x, y| opacity(&image, 496, x, y);
        for (x, y) in [(0, 0), (495, 0), (0, 495), (495, 495)] {
            assert_eq!(at(x, y), 0, "corners are clear");
        }
        assert_eq!((at(248, 8), at(8, 248), at(487, 248), at(248, 487)), (255, 255, 255, 255));
        assert_eq!(at(248, 248), 255, "the star's middle");
        assert_eq!((at(248, 172), at(248, 324)), (255, 0), "it points up");
        for y in 0..496 {
            for x in 0..248 {
                assert_eq!(at(x, y), at(495 - x, y), "left and right are alike at {x}, {y}");
            }
        }
    }

    #[test]
    fn size_is_limited() {
        assert!(official_seal(32).is_ok());
        assert_eq!(official_seal(31).unwrap_err().code(), Code::BadArgument);
        let error = official_seal(DRAWN_SEAL_PIXELS_MAX + 1).unwrap_err();
        assert_eq!(error.field_name(), Some("DRAWN_SEAL_PIXELS_MAX"));
    }
}
