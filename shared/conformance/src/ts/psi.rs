//! The tables that tell what a transport stream carries (ISO/IEC 13818-1, 2.4.4).

/// What was expected and what was found.
type Wrong = (&'static str, String);

/// PIDs of the programme map tables that a PAT names.
pub(super) fn pat(payload: &[u8]) -> Result<Vec<u16>, Wrong> {
    let body = section(payload, 0)?;
    let entries = body.chunks_exact(4);
    // Programme 0 is the network table, not a programme.
    let programs = entries.filter(|e| e[0] != 0 || e[1] != 0);
    Ok(programs.map(|e| pid(e[2], e[3])).collect())
}

/// PIDs of the elementary streams that a PMT names.
pub(super) fn pmt(payload: &[u8]) -> Result<Vec<u16>, Wrong> {
    let body = section(payload, 2)?;
    let [_, _, high, low, rest @ ..] = body else {
        return Err((
            "a PMT with PCR_PID and its descriptors",
            format!("{} bytes", body.len()),
        ));
    };
    let skip = usize::from(*high & 0x0f) << 8 | usize::from(*low);
    let mut rest = rest.get(skip..).unwrap_or_default();
    let mut streams = Vec::new();
    while let [kind, high, low, info_high, info_low, tail @ ..] = rest {
        if !is_sections(*kind) {
            streams.push(pid(*high, *low));
        }
        let skip = usize::from(*info_high & 0x0f) << 8 | usize::from(*info_low);
        rest = tail.get(skip..).unwrap_or_default();
    }
    if streams.is_empty() {
        return Err(("at least one elementary stream", "none".to_owned()));
    }
    Ok(streams)
}

/// Stream types whose packets hold sections, such as splice cues, and no PES packets (13818-1, table 2-34; SCTE 35).
fn is_sections(kind: u8) -> bool {
    matches!(kind, 0x05 | 0x0a..=0x0d | 0x86)
}

fn pid(high: u8, low: u8) -> u16 {
    u16::from(high & 0x1f) << 8 | u16::from(low)
}

/// The body of the section that starts in this payload, after its header and before its checksum.
fn section(payload: &[u8], table: u8) -> Result<&[u8], Wrong> {
    let pointer = usize::from(payload.first().copied().unwrap_or(0));
    let section = payload.get(1 + pointer..).unwrap_or_default();
    let [id, high, low, rest @ ..] = section else {
        return Err(("a section", format!("{} bytes", section.len())));
    };
    if *id != table {
        let expected = if table == 0 {
            "table_id 0"
        } else {
            "table_id 2"
        };
        return Err((expected, id.to_string()));
    }
    let length = usize::from(*high & 0x0f) << 8 | usize::from(*low);
    let body = rest.get(..length).filter(|b| b.len() >= 9);
    let body = body.ok_or(("a section within one packet", format!("{length} bytes")))?;
    let whole = section.get(..3 + length).unwrap_or_default();
    if crc(whole) != 0 {
        return Err(("a section whose CRC_32 fits", "another checksum".to_owned()));
    }
    Ok(body.get(5..body.len() - 4).unwrap_or_default())
}

/// CRC-32 of ISO/IEC 13818-1, annex A: over a whole section with its checksum it is 0.
pub(crate) fn crc(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| {
            let carry = crc >> 31 != 0;
            if carry {
                crc << 1 ^ 0x04c1_1db7
            } else {
                crc << 1
            }
        })
    })
}
