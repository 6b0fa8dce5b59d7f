use proptest::prelude::*;

use super::*;

/// A byte with odd parity (ANSI/CTA-608-E, 8.3).
fn odd(byte: u8) -> u8 {
    byte | if byte.count_ones().is_multiple_of(2) {
        0x80
    } else {
        0
    }
}

/// Packets of one triple each, 40 ms apart, from pairs of field 1 (`0`) or 2 (`1`).
fn field(kind: u8, pairs: &[[u8; 2]]) -> Vec<Packet> {
    let times = (0..).step_by(40);
    let packet = |(start, pair): (i64, &[u8; 2])| Packet {
        start,
        duration: 40,
        data: vec![0xFC | kind, odd(pair[0]), odd(pair[1])],
    };
    times.zip(pairs).map(packet).collect()
}

fn typed(text: &str) -> Vec<[u8; 2]> {
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|c| [c[0], c.get(1).copied().unwrap_or(0)])
        .collect()
}

fn shown(packets: &[Packet]) -> Vec<String> {
    let services = read(packets);
    let lines = services.iter().flat_map(|(service, cues)| {
        let line = move |c: &Cue| {
            format!(
                "{service} {}-{}{} {:?}",
                c.start, c.end, c.placement, c.payload
            )
        };
        cues.iter().map(line)
    });
    lines.collect()
}

#[test]
fn pop_on_captions_are_shown_from_their_end_to_the_next_change() {
    let mut pairs = vec![[0x14, 0x20], [0x14, 0x20], [0x14, 0x70], [0x14, 0x70]];
    pairs.extend(typed("One"));
    pairs.extend([
        [0x14, 0x2F],
        [0x14, 0x2F],
        [0, 0],
        [0x14, 0x20],
        [0x11, 0x4E],
    ]);
    // Italics at the top, then a musical note, and é in place of the e before it.
    pairs.extend(typed("Two "));
    pairs.extend([
        [0x11, 0x37],
        [b'e', 0],
        [0x12, 0x21],
        [0x14, 0x2F],
        [0, 0],
        [0x14, 0x2C],
    ]);
    assert_eq!(
        shown(&field(0, &pairs)),
        [
            "CC1 240-640 line:84.6% position:10% align:left \"One\"",
            "CC1 640-720 line:10% position:10% align:left \"<i>Two ♪É</i>\"",
        ]
    );
}

#[test]
fn the_channels_of_both_fields_are_services_of_their_own() {
    let caption = |first: u8, text: &str| {
        let mut pairs = vec![[first, 0x20], [first, 0x70]];
        pairs.extend(typed(text));
        pairs.extend([[first, 0x2F], [0, 0], [first, 0x2C]]);
        pairs
    };
    let first = [caption(0x14, "c1"), caption(0x1C, "c2")].concat();
    // Extended data between the captions of field 2 is no text.
    let second = [
        vec![[0x01, 0x03], [b'X', b'D'], [0x0F, 0x1D]],
        caption(0x15, "c3"),
        caption(0x1D, "c4"),
    ]
    .concat();
    let packets = [field(0, &first), field(1, &second)].concat();
    let services: Vec<String> = shown(&packets)
        .iter()
        .map(|l| [l.split(' ').next().unwrap(), l.rsplit(' ').next().unwrap()].concat())
        .collect();
    assert_eq!(
        services,
        ["CC1\"c1\"", "CC2\"c2\"", "CC3\"c3\"", "CC4\"c4\""]
    );
}

#[test]
fn roll_up_rows_move_up_and_last_until_the_end() {
    let mut pairs = vec![[0x14, 0x25], [0x14, 0x70]];
    for row in ["ab", "cd", "ef"] {
        pairs.extend(typed(row));
        pairs.push([0x14, 0x2D]);
        pairs.push([0, 0]);
    }
    assert_eq!(
        shown(&field(0, &pairs)),
        [
            "CC1 80-120 line:84.6% position:10% align:left \"ab\"",
            "CC1 120-240 line:79.3% position:10% align:left \"ab\\ncd\"",
            "CC1 240-360 line:79.3% position:10% align:left \"cd\\nef\"",
            "CC1 360-440 line:79.3% position:10% align:left \"ef\"",
        ]
    );
    // Text mode is no caption.
    let page = [vec![[0x14, 0x2A]], typed("page"), vec![[0x14, 0x2C]]].concat();
    assert_eq!(shown(&field(0, &page)), [] as [&str; 0]);
}

/// Packets of CEA-708 whose service blocks have these numbers and bytes.
fn packets(blocks: &[(u8, &[u8])]) -> Vec<Packet> {
    let packet = |(at, (service, bytes)): (usize, &(u8, &[u8]))| {
        let mut body = vec![service << 5 | bytes.len() as u8];
        body.extend(*bytes);
        let pairs = (body.len() + 2) / 2;
        let mut all = vec![(at as u8 & 3) << 6 | pairs as u8];
        all.extend(body);
        all.resize(pairs * 2, 0);
        let triples = all.chunks(2).enumerate();
        let data = triples.flat_map(|(n, p)| [if n == 0 { 0xFF } else { 0xFE }, p[0], p[1]]);
        Packet {
            start: at as i64 * 100,
            duration: 100,
            data: data.collect(),
        }
    };
    blocks.iter().enumerate().map(packet).collect()
}

/// Defines window 0: hidden or visible, anchored at its top left by percentages.
fn window(visible: bool, left: u8, top: u8, rows: u8) -> [u8; 7] {
    [
        0x98,
        if visible { 0x20 } else { 0 },
        0x80 | top,
        left,
        rows - 1,
        31,
        0,
    ]
}

#[test]
fn digital_windows_are_shown_while_they_are_visible() {
    let define = window(false, 20, 70, 2);
    let blocks: [(u8, &[u8]); 8] = [
        (1, &define),
        (1, b"First\rline"),
        (2, &define),
        (2, b"other"),
        (1, &[0x89, 0x01]),
        (2, &[0x89, 0x01]),
        (1, &[0x8A, 0x01]),
        (2, &[0x8F]),
    ];
    assert_eq!(
        shown(&packets(&blocks)),
        [
            "SERVICE1 400-600 line:70% position:20% align:left \"First\\nline\"",
            "SERVICE2 500-700 line:70% position:20% align:left \"other\"",
        ]
    );
    // Rows that are written visibly roll up.
    let define = window(true, 10, 80, 1);
    let blocks: [(u8, &[u8]); 4] = [(1, &define), (1, b"one"), (1, b"\rtwo"), (1, &[0x8C, 0xFF])];
    assert_eq!(
        shown(&packets(&blocks)),
        [
            "SERVICE1 100-200 line:80% position:10% align:left \"one\"",
            "SERVICE1 200-300 line:80% position:10% align:left \"two\"",
        ]
    );
    // Text without a window is never shown.
    assert_eq!(shown(&packets(&[(1, b"A"), (1, b"B")])), [] as [&str; 0]);
}

#[test]
fn packets_are_read_as_ffprobe_prints_them() {
    let line = r"1.000000|3.000000|\n00000000: fc94 20fc 9420 fc94 70fc 9470 fcc8 45fc  .. .. ..p..p..E.\n00000010: 4c4c fc4f 80fc 942f fc94 2f              LL.O.../../\n";
    let packet = Packet::read(line).unwrap();
    assert_eq!(
        (packet.start, packet.duration, packet.data.len()),
        (1_000, 3_000, 27)
    );
    assert_eq!(packet.data[24..], [0xFC, 0x94, 0x2F]);
    assert!(!packet.is_padding());
    let late = Packet::read(
        r"-0.033367|N/A|\n00000000: fc80 80fa 0000                           ......\n",
    )
    .unwrap();
    assert_eq!(
        (late.start, late.duration, late.is_padding()),
        (-33, 0, true)
    );
    assert_eq!(Packet::read("N/A|N/A|"), None);
}

proptest! {
    #[test]
    fn caption_data_of_any_kind_never_panics(data in proptest::collection::vec(any::<[u8; 3]>(), 0..400)) {
        let packet = |(start, triple): (i64, &[u8; 3])| Packet { start, duration: 1, data: triple.to_vec() };
        let packets: Vec<Packet> = (0..).zip(&data).map(packet).collect();
        let valid = |packet: &Packet| Packet { data: vec![packet.data[0] | 4, packet.data[1], packet.data[2]], ..packet.clone() };
        for cues in read(&packets.iter().map(valid).collect::<Vec<_>>()).values() {
            prop_assert!(cues.iter().all(|c| c.end > c.start && !c.payload.contains("\n\n")));
        }
    }

    #[test]
    fn service_blocks_of_any_kind_never_panic(blocks in proptest::collection::vec((1u8..7, proptest::collection::vec(any::<u8>(), 1..31)), 0..40)) {
        let blocks: Vec<(u8, &[u8])> = blocks.iter().map(|(n, b)| (*n, b.as_slice())).collect();
        read(&packets(&blocks));
    }
}
