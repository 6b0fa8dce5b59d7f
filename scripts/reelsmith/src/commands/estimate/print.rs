//! An estimate as text.

use reelsmith_core::cost::Usd;

use super::ManifestEstimate;
use crate::view::text;

pub fn print(estimate: &ManifestEstimate, json: bool) -> String {
    if json {
        return text::json(estimate);
    }
    let parts = [
        heading(estimate),
        rungs(estimate),
        bill(estimate),
        footnote(estimate),
    ];
    parts.join("\n\n")
}

fn heading(e: &ManifestEstimate) -> String {
    let rate = format!("{}/{}", e.frame_rate.num(), e.frame_rate.den());
    let rate = rate.strip_suffix("/1").unwrap_or(&rate).to_owned();
    let picture = match e.picture {
        Some(size) => format!("{}x{} at {rate} frames/s", size.width, size.height),
        None => "audio alone".to_owned(),
    };
    let mut lines = vec![
        format!(
            "mezzanine   {picture}, {} ({})",
            text::duration(e.seconds),
            e.facts
        ),
        format!("deliverable about {}", text::bytes(e.cost.bytes)),
    ];
    if let Some(fleet) = &e.fleet {
        lines.push(format!(
            "chunks      {} in each of {} rung groups: {} work units, {} workers at once",
            e.chunks,
            e.groups.len(),
            fleet.pieces,
            fleet.peak
        ));
        lines.push(format!(
            "time        about {} from delivery to notification; {} of worker time",
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

fn rungs(e: &ManifestEstimate) -> String {
    let row = |rung: &reelsmith_core::cost::RungCost| {
        let group = e.groups.iter().position(|g| g.contains(&rung.rendition));
        [
            rung.rendition.clone(),
            group.map_or_else(String::new, |g| g.to_string()),
            rung.lambda.to_string(),
            rung.mediaconvert.to_string(),
            text::bytes(rung.bytes),
        ]
    };
    text::table(
        ["RUNG", "GROUP", "LAMBDA", "MEDIACONVERT", "SIZE"],
        e.cost.rungs.iter().map(row),
    )
}

fn bill(e: &ManifestEstimate) -> String {
    // Lines below a hundredth of a cent are left out.
    let shown = e.cost.lines.iter().filter(|l| l.cost >= Usd(0.0001));
    let row = |l: &reelsmith_core::cost::Line| {
        let quantity = format!("{:.0}", l.quantity);
        [l.item.meaning().to_owned(), quantity, l.cost.to_string()]
    };
    text::table(["BILLED", "QUANTITY", "COST"], shown.map(row))
}

fn footnote(e: &ManifestEstimate) -> String {
    format!(
        "Prices of {} as of {}, without the free tier. Time and work are from the model of docs/cost.md, not from a run.",
        e.cost.region, e.cost.as_of
    )
}
