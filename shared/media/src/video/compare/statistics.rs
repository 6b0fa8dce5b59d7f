//! Reading what ffmpeg writes about frames.

/// Hundredths of a decibel from which pictures count as equal. The PSNR of equal pictures is infinite.
pub(super) const EQUAL: i64 = 6_000;

/// The SSIM of each frame in ten-thousandths, from lines such as `n:1 Y:0.98 U:0.99 V:0.99 All:0.985012 (18.2)`.
pub(super) fn ssim(text: &str) -> Vec<i64> {
    text.lines()
        .filter_map(|line| scaled(value(line, "All:")?, 10_000.0))
        .collect()
}

/// The PSNR of luma of each frame in hundredths of a decibel, at most [`EQUAL`], from lines such as
/// `n:1 mse_avg:6.19 … psnr_y:39.49 …`.
pub(super) fn psnr(text: &str) -> Vec<i64> {
    text.lines()
        .filter_map(|line| decibels(value(line, "psnr_y:")?))
        .collect()
}

/// The checksum of each frame, from lines of `framecrc` such as `0,  3,  3,  1,  6912, 0x980130cb`.
pub(super) fn checksums(text: &str) -> Vec<&str> {
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|row| Some(row.split(',').nth(5)?.trim()))
        .collect()
}

/// The word after a name, with or without spaces between them.
fn value<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(name)?;
    rest.split_whitespace().next()
}

fn decibels(text: &str) -> Option<i64> {
    if text == "inf" {
        return Some(EQUAL);
    }
    Some(scaled(text, 100.0)?.min(EQUAL))
}

/// A number times a scale, rounded; `None` if it is not finite.
fn scaled(text: &str, scale: f64) -> Option<i64> {
    let number: f64 = text.parse().ok()?;
    number.is_finite().then(|| (number * scale).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_of_filters_are_read() {
        let text = "n:1 Y:0.981 U:0.99 V:0.99 All:0.985012 (18.2)\nn:2 Y:1.0 U:1.0 V:1.0 All:1.000000 (inf)\n";
        assert_eq!(ssim(text), [9_850, 10_000]);
        let text = "n:1 mse_avg:6.19 mse_y:7.32 psnr_avg:40.21 psnr_y:39.49 psnr_u:42.1 \nn:2 mse_y:0.00 psnr_y:inf \n";
        assert_eq!(psnr(text), [3_949, EQUAL]);
    }

    #[test]
    fn checksums_are_read() {
        let text = "#tb 0: 1/24\n0,          0,          0,        1,     6912, 0xc87d46fb\n0, 1, 1, 1, 6912, 0x0a9430d7\n";
        assert_eq!(checksums(text), ["0xc87d46fb", "0x0a9430d7"]);
    }
}
