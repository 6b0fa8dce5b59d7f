//! Compares docs/cost.md with the cost model; with UPDATE_DOCS=1 it writes the document.

#![allow(
    clippy::disallowed_methods,
    reason = "a test reads its options from the environment and starts programs"
)]
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::fmt::Write as _;
use std::path::Path;

use reelsmith_core::cost::{
    Architecture, CostModel, Estimate, Item, PriceBasis, PriceList, Source, Title, Usd,
    WorkFigures, estimate,
};
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::ladder::{OutputOptions, Profile};
use reelsmith_core::time::{FrameCount, FrameRate};
use reelsmith_core::units::{Bytes, Resolution};

const BEGIN: &str = "<!-- made from the model: begin -->\n";
const END: &str = "<!-- made from the model: end -->";

fn title(seconds: u64, profile: &str) -> Title {
    let source = Source {
        picture: Some(Resolution {
            width: 1920,
            height: 1080,
        }),
        frame_rate: FrameRate::new(24, 1).unwrap(),
        frames: FrameCount(24 * seconds),
        // ProRes 422 at 1080p24: about 14 MB a second.
        size: Bytes(14_000_000 * seconds),
        sound: Bytes(288_000 * seconds),
    };
    let options = OutputOptions {
        mock: false,
        h265: true,
        dash: true,
        progressive: false,
        max_bitrate: None,
    };
    Title::new(&Profile::named(profile).unwrap(), &options, source, 1, 1)
}

fn of(title: &Title, architecture: Architecture, encoder: EncoderKind) -> Estimate {
    estimate(title, &CostModel::new(architecture, encoder))
}

fn rungs(out: &mut String) {
    let x86 = of(
        &title(1440, "default"),
        Architecture::X86,
        EncoderKind::Lambda,
    );
    let arm = of(
        &title(1440, "default"),
        Architecture::Arm64,
        EncoderKind::Lambda,
    );
    out.push_str("## A minute of each rung\n\nThe profile `default`, from 1080p at 24 frames per second.\n\n");
    out.push_str("| rung | Lambda x86_64 | Lambda arm64 | MediaConvert, list | an hour of it stored for a month | a viewer's hour |\n|---|---|---|---|---|---|\n");
    for (x, a) in x86.rungs.iter().zip(&arm.rungs) {
        let hour = Usd(x.storage_month.0 / x86.minutes * 60.0);
        writeln!(
            out,
            "| `{}` | {} | {} | {} | {hour} | {} |",
            x.rendition, x.lambda_minute, a.lambda_minute, x.mediaconvert_minute, x.viewer_hour
        )
        .unwrap();
    }
    out.push('\n');
}

fn titles(out: &mut String) {
    out.push_str("## Whole titles\n\nEverything that is billed once: encode, states, requests, hashing and proving, logs. Storage is for the deliverables.\n\n");
    out.push_str("| title | Lambda x86_64 | Lambda arm64 | MediaConvert | MediaConvert is | storage a month |\n|---|---|---|---|---|---|\n");
    for (name, seconds) in [
        ("30 s trailer", 30),
        ("24 min episode", 1440),
        ("2 h film", 7200),
    ] {
        let title = title(seconds, "default");
        let x86 = of(&title, Architecture::X86, EncoderKind::Lambda);
        let arm = of(&title, Architecture::Arm64, EncoderKind::Lambda);
        let managed = of(&title, Architecture::X86, EncoderKind::MediaConvert);
        writeln!(
            out,
            "| {name} | {} | {} | {} | {:.1} times x86_64 | {} |",
            x86.total,
            arm.total,
            managed.total,
            managed.total.0 / x86.total.0,
            x86.storage_month
        )
        .unwrap();
    }
    out.push('\n');
}

fn bill(out: &mut String) {
    out.push_str("## The bill of a 24 min episode\n\nLambda x86_64, profile `default`.\n\n| item | quantity | unit | cost |\n|---|---|---|---|\n");
    let prices = PriceList::us_east_1();
    let estimate = of(
        &title(1440, "default"),
        Architecture::X86,
        EncoderKind::Lambda,
    );
    for line in &estimate.lines {
        let unit = &prices.prices[&line.item].unit;
        let (meaning, cost) = (line.item.meaning(), line.cost.0);
        writeln!(
            out,
            "| {meaning} | {:.4} | {unit} | ${cost:.6} |",
            line.quantity
        )
        .unwrap();
    }
    writeln!(
        out,
        "| **all** | | | **{}**, {} a minute |\n\nWorkers run {:.0} s in all.\n",
        estimate.total, estimate.total_minute, estimate.worker_seconds
    )
    .unwrap();
}

fn sources(out: &mut String) {
    let list = PriceList::us_east_1();
    let items = Item::ALL
        .iter()
        .filter(|item| list.prices[*item].standing == PriceBasis::Recalled)
        .map(|item| item.meaning().to_owned());
    let m = &list.mediaconvert;
    let size = m
        .resolution
        .iter()
        .map(|(k, f)| (format!("{k:?} picture"), *f));
    let codec = m.codec.iter().map(|(k, f)| (k.as_str().to_owned(), *f));
    let rate = m
        .frame_rate
        .iter()
        .map(|(k, f)| (format!("frame rate {k:?}"), *f));
    let audio = std::iter::once(("audio alone".to_owned(), m.audio));
    let factors = size
        .chain(codec)
        .chain(rate)
        .chain(audio)
        .filter(|(_, f)| f.standing == PriceBasis::Recalled)
        .map(|(what, _)| what);
    let (items, factors): (Vec<_>, Vec<_>) = (items.collect(), factors.collect());
    writeln!(
        out,
        "## Sources\n\n[us-east-1.yaml](../shared/core/prices/us-east-1.yaml) has each price with AWS's page: first tier, gathered {}. Recalled prices: {}.\nA minute of MediaConvert's output counts as the product of several factors; recalled ones: {}.\n",
        list.as_of,
        items.join("; "),
        factors.join("; ")
    )
    .unwrap();
    writeln!(
        out,
        "[work.yaml](../shared/core/prices/work.yaml) has the measured work of {}: processor time by codec and preset, decoding, scaling, audio and overhead.",
        WorkFigures::measured().measured
    )
    .unwrap();
}

#[test]
fn the_document_matches_the_model() {
    let mut made = String::from("\n");
    rungs(&mut made);
    titles(&mut made);
    bill(&mut made);
    sources(&mut made);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cost.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (old, after) = rest.split_once(END).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{made}\n{END}{after}")).unwrap();
        return;
    }
    assert!(
        old.trim() == made.trim(),
        "docs/cost.md is not what the model says; run: UPDATE_DOCS=1 cargo test -p reelsmith-core --test cost_document"
    );
}
