//! `reelsmith simulate`: what a fleet would do with a title, before there is a fleet.

use std::fmt::Write;

use clap::{Args, ValueEnum};
use jiff::SignedDuration;
use reelsmith_core::cost::{Architecture, CostModel, Source, Title, WorkFigures};
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::ladder::{OutputOptions, Profile, ResolvedRung};
use reelsmith_core::simulate::{self, ChildType, FigureBasis, Fleet, Platform, SimulationResult};
use reelsmith_core::time::FrameRate;
use reelsmith_core::units::{Bytes, Resolution};
use serde_json::json;

use crate::error::Trouble;

/// Which titles on which fleet.
#[derive(Args, Clone, Debug)]
pub struct Request {
    /// Duration of the title, as `10s`, `24m` or `2h`.
    #[arg(long, default_value = "24m", value_name = "DURATION")]
    pub duration: SignedDuration,
    /// Picture of the mezzanine.
    #[arg(long, default_value = "1920x1080", value_name = "WxH", value_parser = picture)]
    pub picture: Resolution,
    /// Frames per second, as `24` or `30000/1001`.
    #[arg(long, default_value = "24", value_name = "RATE", value_parser = rate)]
    pub frame_rate: FrameRate,
    /// Rate of the mezzanine in megabits per second: how long it takes to read it whole.
    #[arg(long, default_value_t = 20.0, value_name = "MBPS")]
    pub mezzanine_rate: f64,
    /// Audio tracks.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub audio: u64,
    /// All of the mezzanine is read for its sound, which lies between single frames, or in another container than MP4 and MOV;
    /// otherwise it lies in pieces of half a second, as editors write them.
    #[arg(long)]
    pub sound_by_frame: bool,
    /// Encoding profile.
    #[arg(long, default_value = "default", value_name = "NAME")]
    pub profile: String,
    /// Leave the H.265 rungs out.
    #[arg(long)]
    pub no_h265: bool,
    /// Only these rungs of the ladder, as `h264_720p`.
    #[arg(long = "rung", value_name = "NAME")]
    pub rungs: Vec<String>,
    /// Preset of the encoders in place of the profile's.
    #[arg(long, value_name = "NAME", value_parser = PRESETS, hide_possible_values = true)]
    pub preset: Option<String>,
    /// Memory of a worker in MB, which brings its share of a processor; its encoders get as many threads.
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u32).range(128..=10_240))]
    pub worker_memory: Option<u32>,
    /// Also say how many times as fast it is as one machine of so many threads that encodes without a pause and loses
    /// nothing between them.
    #[arg(long, value_name = "THREADS", value_parser = clap::value_parser!(u32).range(1..=1_024))]
    pub beside: Option<u32>,
    /// Titles dropped at the same moment.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub titles: u32,
    /// Numbers of workers to try.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 10, 100, 1_000, 10_000], value_name = "N,…")]
    pub workers: Vec<u32>,
    /// Type of the Map's child executions.
    #[arg(long, value_enum, default_value_t)]
    pub children: Kind,
    /// Instruction set of the functions.
    #[arg(long, value_enum, default_value_t)]
    pub architecture: Machine,
    /// Seed of what chance decides: the same seed, the same answer.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// How it is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Bytes of a second of stereo as studios deliver it: 24 bits at 48 kHz.
const SOUND_PER_SECOND: u64 = 288_000;

/// Presets whose work was measured.
const PRESETS: [&str; 8] = [
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
];

/// How the answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table for people, with what is assumed below it.
    #[default]
    Text,
    /// Rows of a Markdown table, for docs.
    Markdown,
    /// One object.
    Json,
}

/// Type of the Map's child executions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// What the state machine uses.
    #[default]
    Standard,
    /// Start faster, last five minutes at most.
    Express,
}

/// Instruction set of the functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Machine {
    /// Graviton.
    #[default]
    Arm64,
    /// Intel and AMD.
    X86_64,
}

impl From<Machine> for Architecture {
    fn from(machine: Machine) -> Self {
        match machine {
            Machine::Arm64 => Self::Arm64,
            Machine::X86_64 => Self::X86,
        }
    }
}

fn picture(text: &str) -> Result<Resolution, String> {
    let sides = text.split_once('x');
    let sides = sides.and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    match sides {
        Some((width, height))
            if (16..=16_384).contains(&width) && (16..=16_384).contains(&height) =>
        {
            Ok(Resolution { width, height })
        }
        _ => Err("expected WIDTHxHEIGHT with sides from 16 to 16384, as 1920x1080".into()),
    }
}

fn rate(text: &str) -> Result<FrameRate, String> {
    let parts = match text.split_once('/') {
        Some((num, den)) => num.parse().ok().zip(den.parse().ok()),
        None => text.parse().ok().map(|num| (num, 1)),
    };
    let rate = parts.and_then(|(num, den)| FrameRate::new(num, den));
    rate.ok_or_else(|| "expected frames per second as 25 or 30000/1001".into())
}

/// The answer as text.
///
/// # Errors
/// Where there is no such profile, or the title has no duration.
pub fn show(request: &Request) -> Result<String, Trouble> {
    let platform = Platform::built_in()
        .map_err(|e| trouble("the figures of the platform in this build", &e.to_string()))?;
    let rows = rows(request, &platform)?;
    Ok(match request.format {
        Format::Text => text(request, &rows, &platform),
        Format::Markdown => markdown(request, &rows),
        Format::Json => as_json(&rows, &platform),
    })
}

fn trouble(expected: &str, found: &str) -> Trouble {
    Trouble::new(
        "simulate",
        format!("expected {expected}, found {found}"),
        "`reelsmith simulate --help` shows what can be asked",
    )
}

/// An answer for one number of workers.
struct Row {
    workers: u32,
    outcome: SimulationResult,
    /// How many times as fast as the machine beside it.
    times: Option<f64>,
}

fn rows(request: &Request, platform: &Platform) -> Result<Vec<Row>, Trouble> {
    let profile = Profile::named(&request.profile)
        .map_err(|e| trouble("the name of a profile", &e.to_string()))?;
    let work = work(request);
    let title = title(request, &profile, &work)?;
    let outcome = |workers: &u32| {
        let fleet = Fleet {
            workers: (*workers).max(1),
            children: match request.children {
                Kind::Standard => ChildType::Standard,
                Kind::Express => ChildType::Express,
            },
            platform: platform.clone(),
            deployment: CostModel {
                work: work.clone(),
                ..CostModel::new(request.architecture.into(), EncoderKind::Lambda)
            },
        };
        let planned = title.clone().scheduled(&profile, fleet.workers);
        let titles = vec![planned; request.titles as usize];
        let outcome = simulate::simulate(&titles, &fleet, request.seed);
        let machine = request
            .beside
            .map(|threads| titles.len() as f64 * alone(&title, &work) / f64::from(threads));
        Row {
            workers: fleet.workers,
            times: machine.map(|seconds| seconds / outcome.wall_s),
            outcome,
        }
    };
    Ok(request.workers.iter().map(outcome).collect())
}

/// What the work takes, with workers of the size that is asked for.
fn work(request: &Request) -> WorkFigures {
    let mut work = WorkFigures::measured();
    if let (Some(memory), Some(size)) = (
        request.worker_memory,
        work.functions.get_mut("transcode_chunk"),
    ) {
        size.memory_mb = memory;
    }
    work
}

/// Seconds of one thread for all frames of a title: decoded once, every rung scaled and encoded.
fn alone(title: &Title, work: &WorkFigures) -> f64 {
    let rungs: f64 = title.rungs.iter().map(|r| work.frame_seconds(r)).sum();
    title.frames.0 as f64 * (work.decode_seconds(title.source) + rungs)
}

/// Rungs whose names are asked for, with as many threads as their workers have.
fn choose(request: &Request, title: &mut Title, work: &WorkFigures) -> Result<(), Trouble> {
    let name = |r: &ResolvedRung| r.path().trim_start_matches("video/").to_owned();
    let known: Vec<String> = title.rungs.iter().map(name).collect();
    if let Some(unknown) = request.rungs.iter().find(|r| !known.contains(r)) {
        return Err(trouble(&known.join(", "), unknown));
    }
    if !request.rungs.is_empty() {
        title.rungs.retain(|r| request.rungs.contains(&name(r)));
    }
    if let Some(preset) = &request.preset {
        for rung in &mut title.rungs {
            rung.settings.preset.clone_from(preset);
        }
    }
    if let Some(memory) = request.worker_memory {
        let threads = (f64::from(memory) / work.mb_per_vcpu).ceil() as u32;
        for rung in &mut title.rungs {
            rung.settings.threads = threads.max(1);
        }
    }
    Ok(())
}

fn title(request: &Request, profile: &Profile, work: &WorkFigures) -> Result<Title, Trouble> {
    let millis = u64::try_from(request.duration.as_millis()).unwrap_or(0);
    if !(1..=24 * 3_600_000).contains(&millis) {
        return Err(trouble(
            "a duration of up to 24h",
            &format!("{:#}", request.duration),
        ));
    }
    let options = OutputOptions {
        h265: !request.no_h265,
        dash: true,
        progressive: false,
        max_bitrate: None,
        mock: false,
    };
    let bytes = request.mezzanine_rate.max(0.0) * 1e6 / 8.0 * millis as f64 / 1e3;
    let source = Source {
        picture: request.picture,
        frame_rate: request.frame_rate,
        frames: request.frame_rate.frames_in_millis(millis),
        size: Bytes(bytes as u64),
        sound: Bytes(match request.sound_by_frame {
            true => bytes as u64,
            false => SOUND_PER_SECOND * millis / 1000,
        }),
    };
    let mut title = Title::new(profile, &options, source, request.audio, 0);
    choose(request, &mut title, work)?;
    Ok(title)
}

fn seconds(s: f64) -> String {
    match s {
        s if s < 120.0 => format!("{s:.1} s"),
        s if s < 7_200.0 => format!("{:.1} min", s / 60.0),
        s => format!("{:.1} h", s / 3_600.0),
    }
}

const HEAD: [&str; 9] = [
    "workers",
    "drop to published",
    "admitted",
    "encoded",
    "proven",
    "pieces",
    "at once",
    "worker time",
    "cost",
];

/// The head of the table, with a column for the machine beside where there is one.
fn head(request: &Request) -> Vec<String> {
    let beside = request.beside.map(|n| format!("times {n} threads"));
    HEAD.map(str::to_owned).into_iter().chain(beside).collect()
}

fn cells(row: &Row) -> Vec<String> {
    let o = &row.outcome;
    let times = row.times.map(|times| format!("{times:.1}"));
    let cells = [
        row.workers.to_string(),
        seconds(o.wall_s),
        seconds(o.stages.admit + o.stages.plan),
        seconds(o.stages.encode),
        seconds(o.stages.package + o.stages.prove + o.stages.publish),
        o.pieces.to_string(),
        o.peak.to_string(),
        seconds(o.worker_s),
        format!("{} ({} a minute)", o.cost, o.cost_minute),
    ];
    cells.into_iter().chain(times).collect()
}

fn text(request: &Request, rows: &[Row], platform: &Platform) -> String {
    let mut table = vec![head(request)];
    table.extend(rows.iter().map(cells));
    let width = |i: usize| {
        table
            .iter()
            .map(|r| r[i].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..table[0].len()).map(width).collect();
    let mut out = String::new();
    for row in &table {
        let padded = row
            .iter()
            .zip(&widths)
            .map(|(cell, w)| format!("{cell:>w$}"));
        let _ = writeln!(out, "{}", padded.collect::<Vec<_>>().join("  "));
    }
    if request.titles > 1 {
        let _ = writeln!(
            out,
            "\n{} titles dropped at once; times are those of the last one",
            request.titles
        );
    }
    let work = WorkFigures::measured();
    let _ = writeln!(
        out,
        "\nmeasured {}: encoding, decoding, scaling and audio per thread; one pass over an object at {:.0} MB/s\n\
         modelled: everything else, by limits AWS publishes and these assumptions",
        work.measured,
        work.bytes_per_second / 1e6
    );
    for (name, figure) in platform.figures() {
        if figure.standing == FigureBasis::Assumed {
            let _ = writeln!(
                out,
                "  {name:<17} {:<7} {}: {}",
                figure.value, figure.unit, figure.source
            );
        }
    }
    out.trim_end().to_owned()
}

fn markdown(request: &Request, rows: &[Row]) -> String {
    let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let head = head(request);
    let mut out = vec![line(&head), format!("|{}", "---|".repeat(head.len()))];
    out.extend(rows.iter().map(|row| line(&cells(row))));
    out.join("\n")
}

fn as_json(rows: &[Row], platform: &Platform) -> String {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| json!({ "workers": row.workers, "outcome": row.outcome, "times": row.times }))
        .collect();
    let all = json!({ "rows": rows, "platform": platform });
    serde_json::to_string_pretty(&all).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        request: Request,
    }

    fn asked(words: &str) -> Request {
        Line::try_parse_from(std::iter::once("simulate").chain(words.split_whitespace()))
            .unwrap()
            .request
    }

    #[test]
    fn an_episode_on_more_and_more_workers() {
        insta::assert_snapshot!(show(&asked("")).unwrap());
    }

    #[test]
    fn json_and_markdown_say_the_same() {
        let json: serde_json::Value =
            serde_json::from_str(&show(&asked("--workers 7 --format json")).unwrap()).unwrap();
        assert_eq!(json["rows"][0]["workers"], 7);
        let pieces = json["rows"][0]["outcome"]["pieces"].as_u64().unwrap();
        let table = show(&asked("--workers 7 --format markdown")).unwrap();
        assert!(
            table
                .lines()
                .nth(2)
                .unwrap()
                .contains(&format!("| {pieces} |")),
            "{table}"
        );
    }

    #[test]
    fn one_rung_beside_one_machine() {
        let of = |words: &str| {
            let request = asked(&format!(
                "--duration 2h --rung h265_1080p --audio 0 --beside 31 --workers 100 {words}"
            ));
            let platform = Platform::built_in().unwrap();
            rows(&request, &platform).unwrap().remove(0)
        };
        let (small, large) = (of(""), of("--worker-memory 7076"));
        assert!(large.times.unwrap() > small.times.unwrap());
        assert!(large.outcome.worker_s < small.outcome.worker_s);
        // A hundred workers with so many vCPUs each cannot do more than their sum.
        assert!(small.times.unwrap() < 100.0 * 2_048.0 / 1_769.0 / 31.0);
        assert!(show(&asked("--rung h264_999p")).is_err());
    }

    #[test]
    fn what_cannot_be_simulated_is_said() {
        let refused = show(&asked("--profile nothing")).unwrap_err();
        assert!(refused.why.contains("nothing"), "{refused}");
        assert!(show(&asked("--duration 0s")).is_err());
        assert!(picture("1920").is_err() && rate("0").is_err() && rate("30000/1001").is_ok());
    }
}
