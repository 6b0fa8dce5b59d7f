//! Exactness: for every kind of mezzanine, the chunks of a lossless encode decode to the frames of the source.
//!
//! The ordinary run uses small pictures and two chunk lengths. `EXACTNESS=full` (see `scripts/measure-exactness`) uses all
//! lengths and writes `docs/exactness.md`.

#![allow(
    clippy::disallowed_methods,
    reason = "a test reads its options from the environment and starts programs"
)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends at the first deviation"
)]

mod cost;
mod film;
mod judge;
mod kinds;
mod reads;
mod table;
mod unstated;

use futures::StreamExt;

use film::Film;
use kinds::{KINDS, Kind};
use table::{Comparison, Row};

/// Chunk lengths in frames. Kinds have 97 frames: a prime length, and lengths that leave a last chunk of one frame.
const SHORT: &[u64] = &[37, 48];
/// The GOP length of most kinds, two primes, and two lengths (24 and 96) that leave a last chunk of one frame.
const FULL: &[u64] = &[13, 24, 37, 96];

/// Whether all lengths are measured and docs/exactness.md is written.
fn full() -> bool {
    std::env::var("EXACTNESS").is_ok_and(|v| v == "full")
}

async fn compare(kind: &'static Kind, lengths: &'static [u64]) -> Row {
    let film = Film::made(kind, film::SMALL).await;
    film.assert_index().await;
    let expected = judge::expected(&film);
    let mut row = Row::of(kind, &film);
    for length in lengths {
        let encoded = film.encode(*length).await;
        row.add(*length, Comparison::compare(&film, &expected, &encoded));
    }
    row
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_mezzanine_keeps_every_frame_at_every_cut() {
    let full = full();
    let only = std::env::var("EXACTNESS_KIND").unwrap_or_default();
    let lengths = if full { FULL } else { SHORT };
    let kinds = KINDS.iter().filter(|k| k.name.contains(&only));
    let at_once = std::thread::available_parallelism().map_or(2, usize::from);
    let rows: Vec<Row> = futures::stream::iter(kinds)
        .map(|kind| async move {
            // A kind that panics is a row of the table, so that the others are still measured.
            let compared = tokio::spawn(compare(kind, lengths)).await;
            let row = compared.unwrap_or_else(|e| Row::broken(kind, e.to_string()));
            println!("{}", row.line());
            row
        })
        .buffered(at_once)
        .collect()
        .await;
    let text = table::markdown(&rows, lengths);
    if full && only.is_empty() {
        table::document("kinds", &text);
    }
    let wrong: Vec<&Row> = rows.iter().filter(|r| !r.is_exact()).collect();
    println!(
        "exactness: {} kinds at {} chunk lengths, {} not exact",
        rows.len(),
        lengths.len(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "not exact: {wrong:#?}");
    if only.is_empty() {
        assert!(rows.len() >= 30, "{} kinds", rows.len());
    }
}
