//! Time stamps of PES packets (ISO/IEC 13818-1, 2.4.3.6), 33 bits that wrap around every 26.5 hours.

/// Values of a time stamp.
const WRAP: u64 = 1 << 33;

/// PTS and DTS of the PES packet that starts here, in ticks of 90 kHz; `None` where it has none.
pub(super) fn of_pes(payload: &[u8]) -> Result<Option<(u64, u64)>, (&'static str, String)> {
    let [0, 0, 1, stream, rest @ ..] = payload else {
        let found = format!("{:02x?}", payload.get(..4).unwrap_or(payload));
        return Err(("packet_start_code_prefix 000001", found));
    };
    // Only these have the fields that follow: private data, padding and such do not.
    if !matches!(stream, 0xbd | 0xc0..=0xef | 0xfd) {
        return Ok(None);
    }
    let [_, _, _, flags, _, fields @ ..] = rest else {
        return Err(("a PES header", format!("{} bytes", payload.len())));
    };
    let short = || {
        (
            "a PES header with its time stamps",
            format!("{} bytes", payload.len()),
        )
    };
    let stamp = |at: usize| fields.get(at..at + 5).map(stamp).ok_or_else(short);
    match flags >> 6 {
        2 => stamp(0).map(|pts| Some((pts, pts))),
        3 => Ok(Some((stamp(0)?, stamp(5)?))),
        _ => Ok(None),
    }
}

fn stamp(bytes: &[u8]) -> u64 {
    let b = |i: usize| u64::from(bytes.get(i).copied().unwrap_or(0));
    (b(0) >> 1 & 7) << 30 | b(1) << 22 | (b(2) >> 1) << 15 | b(3) << 7 | b(4) >> 1
}

/// Whether `next` is after `before`, less than half a turn away.
pub(super) fn follows(before: u64, next: u64) -> bool {
    let ahead = (next + WRAP - before % WRAP) % WRAP;
    ahead > 0 && ahead < WRAP / 2
}
