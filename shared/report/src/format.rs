//! Numbers as people read them.

use reelsmith_core::time::UnixMillis;

/// Bits per second.
pub fn rate(bits: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "for showing only")]
    let bits = bits as f64;
    if bits >= 1e6 {
        format!("{:.2} Mbit/s", bits / 1e6)
    } else {
        format!("{:.0} kbit/s", bits / 1e3)
    }
}

/// Bytes.
pub fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "for showing only")]
    let exact = bytes as f64;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", exact / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", exact / 1e6),
        _ => format!("{:.2} GB", exact / 1e9),
    }
}

/// Seconds as `0:12.0` or `1:23:45.6`.
pub fn clock(seconds: f64) -> String {
    let tenths = (seconds.max(0.0) * 10.0).round() as u64;
    let (minutes, rest) = (tenths / 600, tenths % 600);
    let seconds = format!("{:02}.{}", rest / 10, rest % 10);
    match minutes / 60 {
        0 => format!("{minutes}:{seconds}"),
        hours => format!("{hours}:{:02}:{seconds}", minutes % 60),
    }
}

/// A moment, UTC.
pub fn moment(at: UnixMillis) -> String {
    let time = jiff::Timestamp::from_millisecond(at.0);
    time.map_or_else(
        |_| "–".to_owned(),
        |t| t.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

/// Milliseconds as seconds.
pub fn seconds(millis: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "for showing only")]
    let millis = millis as f64;
    millis / 1e3
}
