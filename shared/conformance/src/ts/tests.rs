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
