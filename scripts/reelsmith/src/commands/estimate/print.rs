//! An estimate as text.

use reelsmith_core::cost::Usd;

use super::Estimated;
use crate::view::text;

/// As people read it, or as JSON.
#[must_use]
pub fn print(estimated: &Estimated, json: bool) -> String {
    if json {
        return text::json(estimated);
    }
    let parts = [
        heading(estimated),
        rungs(estimated),
        bill(estimated),
        caution(estimated),
    ];
    parts.join("\n\n")
}

fn heading(e: &Estimated) -> String {
    let rate = format!("{}/{}", e.frame_rate.num(), e.frame_rate.den());
    let rate = rate.strip_suffix("/1").unwrap_or(&rate).to_owned();
    let mut lines = vec![
        format!(
            "mezzanine   {}x{} at {rate} frames/s, {} ({})",
            e.picture.width,
            e.picture.height,
            text::duration(e.seconds),
            e.facts
        ),
        format!("deliverable about {}", text::bytes(e.cost.bytes)),
    ];
    if let Some(fleet) = &e.fleet {
        lines.push(format!(
            "chunks      {} of each of {} groups: {} pieces, {} workers at once",
            e.chunks,
            e.groups.len(),
            fleet.pieces,
            fleet.peak
        ));
        lines.push(format!(
            "time        about {} from drop to announcement; workers {} in all",
            text::duration(fleet.wall_s),
            text::duration(fleet.worker_s)
        ));
    }
    let total = format!("{} ({} a minute)", e.cost.total, e.cost.total_minute);
    lines.push(format!(
        "cost        about {total}; storage {} a month",
        e.cost.storage_month
    ));
    lines.push(format!(
        "encoding    by Lambda {}, by MediaConvert {} at list price",
        e.cost.lambda, e.cost.mediaconvert
    ));
    lines.join("\n")
}

fn rungs(e: &Estimated) -> String {
    let header = ["RUNG", "GROUP", "LAMBDA", "MEDIACONVERT", "SIZE"]
        .map(str::to_owned)
        .to_vec();
    let row = |rung: &reelsmith_core::cost::RungCost| {
        let group = e.groups.iter().position(|g| g.contains(&rung.rendition));
        vec![
            rung.rendition.clone(),
            group.map_or_else(String::new, |g| g.to_string()),
            rung.lambda.to_string(),
            rung.mediaconvert.to_string(),
            text::bytes(rung.bytes),
        ]
    };
    let rows = std::iter::once(header).chain(e.cost.rungs.iter().map(row));
    text::table(&rows.collect::<Vec<_>>())
}

fn bill(e: &Estimated) -> String {
    let header = ["BILLED", "QUANTITY", "COST"].map(str::to_owned).to_vec();
    // Lines of less than a hundredth of a cent tell nothing.
    let worth = e.cost.lines.iter().filter(|l| l.cost >= Usd(0.0001));
    let row = |l: &reelsmith_core::cost::Line| {
        let quantity = format!("{:.0}", l.quantity);
        vec![l.item.meaning().to_owned(), quantity, l.cost.to_string()]
    };
    let rows = std::iter::once(header).chain(worth.map(row));
    text::table(&rows.collect::<Vec<_>>())
}

fn caution(e: &Estimated) -> String {
    format!(
        "Prices of {} as of {}, no free allowance; time and work by the model of docs/cost.md, not by a run.",
        e.cost.region, e.cost.as_of
    )
}
