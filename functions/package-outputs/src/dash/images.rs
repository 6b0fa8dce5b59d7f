//! The adaptation set of thumbnails (DASH-IF IOP, 6.2.6): each segment is a sheet of tiles in order of time.

use dash_mpd::{AdaptationSet, EssentialProperty, Representation, SegmentTemplate};
use reelsmith_core::keys::{IMAGES, sheet_path};
use reelsmith_core::record::ImagesRecord;
use reelsmith_core::units::BitsPerSecond;

const TILES: &str = "http://dashif.org/guidelines/thumbnail_tile";

/// The set; a player that does not know the scheme passes it over.
pub(super) fn set(images: &ImagesRecord) -> AdaptationSet {
    let (columns, rows) = (images.columns, images.rows);
    let per_sheet = i64::from(columns) * i64::from(rows);
    AdaptationSet {
        contentType: Some("image".to_owned()),
        mimeType: Some("image/jpeg".to_owned()),
        SegmentTemplate: Some(SegmentTemplate {
            media: Some(format!("{IMAGES}/sheet_$Number%05d$.jpg")),
            startNumber: Some(1),
            timescale: Some(u64::from(images.timescale.0)),
            duration: Some((images.interval.0 * per_sheet) as f64),
            ..SegmentTemplate::default()
        }),
        representations: vec![Representation {
            id: Some("thumbnails".to_owned()),
            bandwidth: Some(largest_rate(images).0.max(1)),
            width: Some(u64::from(images.tile.width * columns)),
            height: Some(u64::from(images.tile.height * rows)),
            essential_property: vec![EssentialProperty {
                id: None,
                schemeIdUri: TILES.to_owned(),
                value: Some(format!("{columns}x{rows}")),
            }],
            ..Representation::default()
        }],
        ..AdaptationSet::default()
    }
}

/// Of the largest sheet over the time that it serves.
fn largest_rate(images: &ImagesRecord) -> BitsPerSecond {
    let per_sheet = images.columns * images.rows;
    let rates = (0..images.sheets()).filter_map(|n| {
        let path = sheet_path(n + 1);
        let file = images.files.iter().find(|f| f.path == path)?;
        let tiles = per_sheet.min(images.count - n * per_sheet);
        let time = reelsmith_core::time::Ticks(images.interval.0 * i64::from(tiles));
        file.size.rate_over(time, images.timescale)
    });
    rates.max().unwrap_or_default()
}
