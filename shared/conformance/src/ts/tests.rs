use super::*;
use crate::testing::ts::{self, Writer};

#[test]
fn a_valid_multiplex_has_no_fault_and_its_segments_join() {
    let facts: Vec<TsFacts> = ts::segments(3).iter().map(|s| read(s)).collect();
    for found in &facts {
        assert_eq!(found.faults, []);
        assert!(found.tables_first);
        assert_eq!((found.programs, found.packets), (1, 202));
        assert_eq!(found.streams[&ts::VIDEO].packets, 100);
    }
    assert_eq!(join(&facts[0], &facts[1]), None);
    assert_eq!(facts[0].streams[&ts::VIDEO].first_dts, Some(126_000));
    let gap = join(&facts[0], &facts[2]).unwrap();
    assert_eq!(gap.expected, "continuity counter 1 first of PID 0");
    assert_eq!(gap.found, "2");
}

#[test]
fn lost_packets_backward_times_and_late_tables_are_found() {
    let good = ts::segments(1).remove(0);
    let lost = [&good[..5 * PACKET], &good[7 * PACKET..]].concat();
    let fault = &read(&lost).faults[0];
    assert_eq!(
        (fault.offset, &*fault.expected),
        (5 * 188, "continuity counter 1")
    );
    let tables_last = [&good[2 * PACKET..], &good[..2 * PACKET]].concat();
    assert!(!read(&tables_last).tables_first);
    let mut writer = Writer::default();
    writer.tables();
    writer.pes(ts::VIDEO, 0xe0, 9_000, 9_000);
    writer.pes(ts::VIDEO, 0xe0, 9_000, 5_400);
    assert_eq!(read(&writer.bytes).faults[0].found, "5400");
}

#[test]
fn times_may_wrap_around() {
    let mut writer = Writer::default();
    writer.tables();
    writer.pes(ts::VIDEO, 0xe0, (1 << 33) - 1_800, (1 << 33) - 1_800);
    writer.pes(ts::VIDEO, 0xe0, 1_800, 1_800);
    assert_eq!(read(&writer.bytes).faults, []);
}

#[test]
fn reading_stops_at_a_packet_without_the_sync_byte() {
    let facts = read(&[0; 188 * 3]);
    assert_eq!((facts.packets, facts.faults.len()), (0, 1));
    assert_eq!(facts.faults[0].expected, "the sync byte 0x47");
    assert_eq!(read(&[]).faults[0].found, "0 bytes");
    assert_eq!(read(&[0x47; 100]).faults[0].found, "100 bytes");
}

#[test]
fn a_table_with_a_wrong_checksum_is_ignored() {
    let mut bytes = ts::segments(1).remove(0);
    bytes[PACKET - 1] ^= 1;
    let facts = read(&bytes);
    assert_eq!(facts.faults[0].expected, "a section with a correct CRC_32");
    assert!(!facts.tables_first);
}

#[test]
fn elementary_streams_have_the_facts_of_tracks() {
    let facts = read(&ts::segments(1).remove(0));
    let [video, audio] = facts.media.as_slice() else {
        panic!("expected two streams, found {}", facts.media.len());
    };
    assert_eq!(video.init.codec, "avc1.64001e");
    assert_eq!((video.init.width, video.init.height), (640, 360));
    assert_eq!(
        (video.facts.samples(), video.facts.duration()),
        (100, 360_000)
    );
    assert_eq!(video.facts.start(), Some(126_000));
    assert_eq!(video.facts.starts_with_idr(), Some(true));
    assert_eq!(audio.init.codec, "mp4a.40.2");
    assert_eq!((audio.init.channels, audio.init.sample_rate), (2, 48_000));
    assert!(facts.media.iter().all(|m| m.facts.defects.is_empty()));
}

#[test]
fn damage_inside_of_pictures_and_of_pes_packets_is_found() {
    let good = ts::segments(1).remove(0);
    let mut damaged = good.clone();
    // The last bytes of the first packets are those of the first picture.
    damaged[3 * PACKET - 50..3 * PACKET - 40].fill(0);
    let facts = read(&damaged);
    assert_eq!(facts.media[0].facts.defects.len(), 1);
    assert_eq!(facts.media[0].facts.defects[0].fault.offset, 2 * 188);
    let mut audio = good;
    let at = 4 * PACKET - 8;
    audio[at] = 0;
    let facts = read(&audio);
    assert_eq!(facts.media[1].facts.defects.len(), 1);
    let mut writer = Writer::default();
    writer.tables();
    writer.unit(ts::AUDIO, 0xc0, (0, 0), &[1, 2, 3]);
    let at = writer.bytes.len() - 18;
    writer.bytes[at..at + 2].copy_from_slice(&[0, 99]);
    let found = read(&writer.bytes).faults;
    assert_eq!(found[0].expected, "the stated PES_packet_length");
}

#[test]
fn a_packet_may_be_sent_twice_and_no_more() {
    let good = ts::segments(1).remove(0);
    let packet = &good[5 * PACKET..6 * PACKET];
    let copies =
        |n: usize| read(&[&good[..6 * PACKET], &packet.repeat(n), &good[6 * PACKET..]].concat());
    let twice = copies(1);
    assert_eq!(twice.faults, []);
    assert_eq!(twice.media, read(&good).media);
    assert_eq!(copies(2).faults.len(), 1);
}

#[test]
fn packed_audio_is_one_stream_with_the_time_of_its_tag() {
    let frame = [
        0xff, 0xf1, 0x4c, 0x80, 1, 0xff, 0xfc, 0x21, 0x10, 0x05, 0x00, 0xa0, 0x1b, 0xff, 0xc0,
    ];
    let mut tag =
        b"ID3\x04\0\0\0\0\0\x3fPRIV\0\0\0\x35\0\0com.apple.streaming.transportStreamTimestamp\0"
            .to_vec();
    tag.extend(90_000u64.to_be_bytes());
    let facts = read(&[tag, frame.repeat(3)].concat());
    assert_eq!(facts.faults, []);
    let stream = facts.primary().unwrap();
    assert_eq!(
        (stream.facts.samples(), stream.facts.start()),
        (3, Some(90_000))
    );
    assert_eq!(read(&frame).faults[0].found, "none");
}
