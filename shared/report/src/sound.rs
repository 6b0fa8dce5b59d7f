//! Loudness by EBU R 128.

use maud::{Markup, html};
use reelsmith_core::record::Loudness;

use crate::Facts;

pub fn section(facts: &Facts<'_>) -> Option<Markup> {
    let levels: Vec<(&str, &Loudness)> = facts
        .tracks
        .iter()
        .filter_map(|t| Some((t.output.rendition.as_str(), t.loudness.as_ref()?)))
        .collect();
    if levels.is_empty() {
        return None;
    }
    let target = facts.job.profile.audio.loudness_lufs;
    Some(html! {
        section.card id="loudness" {
            h2 { "Loudness" }
            p.soft { "EBU R 128 over the whole programme. Target " (format!("{target:.1}")) " LUFS, true peak at most "
                (format!("{:.1}", facts.job.profile.audio.true_peak_dbtp)) " dBTP." }
            div.wide { table {
                thead { tr { th { "Track" } th.r { "Source" } th.r { "Source true peak" } th.r { "Gain" } th.r { "Result" } th.r { "Result's true peak" } } }
                tbody { @for (name, level) in levels { (row(name, level)) } }
            } }
        }
    })
}

fn row(name: &str, level: &Loudness) -> Markup {
    let shown = |value: Option<f64>, unit: &str| {
        value.map_or_else(|| "silent".to_owned(), |v| format!("{v:.1} {unit}"))
    };
    // A record of an older build has no measured result; then what the gain makes of the source.
    let computed = level.source_lufs.map(|l| l + level.gain_db);
    let after = level.result_lufs.or(computed);
    html! {
        tr {
            td { b { (name) } }
            td.r.num { (shown(level.source_lufs, "LUFS")) }
            td.r.num { (shown(level.source_peak_dbtp, "dBTP")) }
            td.r.num { (format!("{:+.1} dB", level.gain_db)) }
            td.r.num { (shown(after, "LUFS")) }
            td.r.num { @match level.result_peak_dbtp { Some(peak) => (format!("{peak:.1} dBTP")), None => "–" } }
        }
    }
}
