//! `reelsmith simulate`: time, work and cost of a title on fleets of different sizes, from a model.

use std::fmt::Write;

use clap::{Args, ValueEnum};
use jiff::SignedDuration;
use reelsmith_core::cost::{CostModel, Source, Title, WorkFigures};
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::ladder::{OutputOptions, Profile, ResolvedRung};
use reelsmith_core::simulate::{self, ChildType, FigureBasis, Fleet, Platform, SimulationResult};
use reelsmith_core::time::FrameRate;
use reelsmith_core::units::{Bytes, Resolution};
use serde_json::json;

use crate::commands::estimate::InstructionSet;
use crate::error::{CliError, CommandResult, Exit};
use crate::view::text::{self, say};

#[derive(Args, Clone, Debug)]
pub struct SimulateArgs {
    /// Duration of the title, for example `10s`, `24m` or `2h`.
    #[arg(long, default_value = "24m", value_name = "DURATION")]
    pub duration: SignedDuration,
    /// Picture size of the mezzanine.
    #[arg(long, default_value = "1920x1080", value_name = "WxH", value_parser = picture)]
    pub picture: Resolution,
    /// Frames per second, for example `24` or `30000/1001`.
    #[arg(long, default_value = "24", value_name = "RATE", value_parser = rate)]
    pub frame_rate: FrameRate,
    /// Bit rate of the mezzanine in Mbit/s, which determines how long it takes to read all of it.
    #[arg(long, default_value_t = 20.0, value_name = "MBPS")]
    pub mezzanine_rate: f64,
    /// Number of audio tracks.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub audio: u64,
    /// Read all of the mezzanine for its sound, as for sound between single frames or in a container other than MP4 and MOV.
    /// Default: sound in pieces of half a second, as editors write it.
    #[arg(long)]
    pub sound_by_frame: bool,
    /// Encoding profile.
    #[arg(long, default_value = "default", value_name = "NAME")]
    pub profile: String,
    /// Leave out the H.265 rungs.
    #[arg(long)]
    pub no_h265: bool,
    /// Use only this rung of the ladder, for example `h264_720p`. Can be repeated.
    #[arg(long = "rung", value_name = "NAME")]
    pub rungs: Vec<String>,
    /// Preset of the encoders, instead of that of the profile.
    #[arg(long, value_name = "NAME", value_parser = PRESETS, hide_possible_values = true)]
    pub preset: Option<String>,
    /// Memory of a worker in MB, which determines its share of processors and the threads of its encoders.
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u32).range(128..=10_240))]
    pub worker_memory: Option<u32>,
    /// Compare with one machine of this many threads that is always busy and has no overhead.
    #[arg(long, value_name = "THREADS", value_parser = clap::value_parser!(u32).range(1..=1_024))]
    pub beside: Option<u32>,
    /// Number of titles that are delivered at the same time.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub titles: u32,
    /// Numbers of workers to simulate.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 10, 100, 1_000, 10_000], value_name = "N,…")]
    pub workers: Vec<u32>,
    /// Type of the Map's child executions.
    #[arg(long, value_enum, default_value_t)]
    pub children: ChildKind,
    /// Instruction set of the functions.
    #[arg(long, value_enum, default_value = "arm64")]
    pub architecture: InstructionSet,
    /// Seed of the random numbers. Equal seeds give equal results.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// Output format.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Bytes of one second of stereo sound as usually delivered: 24 bits at 48 kHz.
const SOUND_PER_SECOND: u64 = 288_000;

/// Presets whose work was measured.
#[rustfmt::skip]
const PRESETS: [&str; 8] = [
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower",
];

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table, and the assumptions below it.
    #[default]
    Text,
    /// A Markdown table.
    Markdown,
    /// One JSON object.
    Json,
}

/// Type of the Map's child executions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ChildKind {
    /// The type that the state machine uses.
    #[default]
    Standard,
    /// Starts faster and runs for at most five minutes.
    Express,
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
        _ => Err("expected WIDTHxHEIGHT from 16 to 16384, for example 1920x1080".into()),
    }
}

fn rate(text: &str) -> Result<FrameRate, String> {
    let parts = match text.split_once('/') {
        Some((num, den)) => num.parse().ok().zip(den.parse().ok()),
        None => text.parse().ok().map(|num| (num, 1)),
    };
    let rate = parts.and_then(|(num, den)| FrameRate::new(num, den));
    rate.ok_or_else(|| "expected frames per second, for example 25 or 30000/1001".into())
}

pub fn run(args: &SimulateArgs) -> CommandResult {
    say(&simulation(args)?);
    Ok(Exit::Done)
}

fn simulation(args: &SimulateArgs) -> Result<String, CliError> {
    let platform = Platform::built_in()
        .map_err(|e| invalid("the figures of the platform in this build", &e.to_string()))?;
    let rows = rows(args, &platform)?;
    Ok(match args.format {
        Format::Text => table(args, &rows, &platform),
        Format::Markdown => markdown(args, &rows),
        Format::Json => as_json(&rows, &platform),
    })
}

fn invalid(expected: &str, found: &str) -> CliError {
    CliError::new(
        "simulate",
        format!("expected {expected}, found {found}"),
        "see `reelsmith simulate --help`",
    )
}

/// The result for one number of workers.
struct Row {
    workers: u32,
    outcome: SimulationResult,
    /// How many times faster than the one machine of `--beside`.
    times: Option<f64>,
}

fn rows(args: &SimulateArgs, platform: &Platform) -> Result<Vec<Row>, CliError> {
    let profile = Profile::named(&args.profile).map_err(|_| {
        let known = format!("one of the profiles {}", Profile::names().join(", "));
        invalid(&known, &format!("{:?}", args.profile))
    })?;
    let work = work(args);
    let title = title(args, &profile, &work)?;
    let outcome = |workers: &u32| {
        let fleet = Fleet {
            workers: (*workers).max(1),
            children: match args.children {
                ChildKind::Standard => ChildType::Standard,
                ChildKind::Express => ChildType::Express,
            },
            platform: platform.clone(),
            deployment: CostModel {
                work: work.clone(),
                ..CostModel::new(args.architecture.into(), EncoderKind::Lambda)
            },
        };
        let planned = title.clone().scheduled(&profile, fleet.workers);
        let titles = vec![planned; args.titles as usize];
        let outcome = simulate::simulate(&titles, &fleet, args.seed);
        let machine = args
            .beside
            .map(|threads| titles.len() as f64 * single_thread(&title, &work) / f64::from(threads));
        Row {
            workers: fleet.workers,
            times: machine.map(|seconds| seconds / outcome.wall_s),
            outcome,
        }
    };
    Ok(args.workers.iter().map(outcome).collect())
}

/// The measured work, with the requested size of a worker.
fn work(args: &SimulateArgs) -> WorkFigures {
    let mut work = WorkFigures::measured();
    if let (Some(memory), Some(size)) = (
        args.worker_memory,
        work.functions.get_mut("transcode_chunk"),
    ) {
        size.memory_mb = memory;
    }
    work
}

/// Seconds of one thread for all frames of a title: decode once, scale and encode every rung.
fn single_thread(title: &Title, work: &WorkFigures) -> f64 {
    let rungs: f64 = title.rungs.iter().map(|r| work.frame_seconds(r)).sum();
    title.frames.0 as f64 * (work.decode_seconds(title.source) + rungs)
}

/// Applies the requested rungs, preset and threads.
fn customise(args: &SimulateArgs, title: &mut Title, work: &WorkFigures) -> Result<(), CliError> {
    let name = |r: &ResolvedRung| r.path().trim_start_matches("video/").to_owned();
    let known: Vec<String> = title.rungs.iter().map(name).collect();
    if let Some(unknown) = args.rungs.iter().find(|r| !known.contains(r)) {
        return Err(invalid(&known.join(", "), unknown));
    }
    if !args.rungs.is_empty() {
        title.rungs.retain(|r| args.rungs.contains(&name(r)));
    }
    if let Some(preset) = &args.preset {
        for rung in &mut title.rungs {
            rung.settings.preset.clone_from(preset);
        }
    }
    if let Some(memory) = args.worker_memory {
        let threads = (f64::from(memory) / work.mb_per_vcpu).ceil() as u32;
        for rung in &mut title.rungs {
            rung.settings.threads = threads.max(1);
        }
    }
    Ok(())
}

fn title(args: &SimulateArgs, profile: &Profile, work: &WorkFigures) -> Result<Title, CliError> {
    let millis = u64::try_from(args.duration.as_millis()).unwrap_or(0);
    if !(1..=24 * 3_600_000).contains(&millis) {
        return Err(invalid(
            "a duration of up to 24h",
            &format!("{:#}", args.duration),
        ));
    }
    let options = OutputOptions {
        h265: !args.no_h265,
        dash: true,
        progressive: false,
        max_bitrate: None,
        mock: false,
    };
    let bytes = args.mezzanine_rate.max(0.0) * 1e6 / 8.0 * millis as f64 / 1e3;
    let source = Source {
        picture: Some(args.picture),
        frame_rate: args.frame_rate,
        frames: args.frame_rate.frames_in_millis(millis),
        size: Bytes(bytes as u64),
        sound: Bytes(match args.sound_by_frame {
            true => bytes as u64,
            false => SOUND_PER_SECOND * millis / 1000,
        }),
    };
    let mut title = Title::new(profile, &options, source, args.audio, 0);
    customise(args, &mut title, work)?;
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
    "total",
    "planned",
    "encoded",
    "proven",
    "work units",
    "parallel",
    "worker time",
    "cost",
];

/// The header of the table, with a column for the one machine of `--beside`.
fn head(args: &SimulateArgs) -> Vec<String> {
    let beside = args.beside.map(|n| format!("times {n} threads"));
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

fn table(args: &SimulateArgs, rows: &[Row], platform: &Platform) -> String {
    let mut table = vec![head(args)];
    table.extend(rows.iter().map(cells));
    let width = |i: usize| table.iter().map(|r| r[i].chars().count()).max();
    let widths: Vec<usize> = (0..table[0].len()).filter_map(width).collect();
    let mut out = String::new();
    for row in &table {
        let cells = row.iter().zip(&widths);
        let padded: Vec<String> = cells.map(|(cell, w)| format!("{cell:>w$}")).collect();
        let _ = writeln!(out, "{}", padded.join("  "));
    }
    if args.titles > 1 {
        let _ = writeln!(
            out,
            "\n{} titles delivered at the same time; the times are those of the last one",
            args.titles
        );
    }
    let work = WorkFigures::measured();
    let _ = writeln!(
        out,
        "\nmeasured {}: encoding, decoding, scaling and audio per thread; reading an object at {:.0} MB/s\n\
         modelled: everything else, from the limits that AWS publishes and these assumptions:",
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

fn markdown(args: &SimulateArgs, rows: &[Row]) -> String {
    let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let head = head(args);
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
    text::json(&all)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: SimulateArgs,
    }

    fn parsed(words: &str) -> SimulateArgs {
        Line::try_parse_from(std::iter::once("simulate").chain(words.split_whitespace()))
            .unwrap()
            .args
    }

    #[test]
    fn an_episode_with_increasing_numbers_of_workers() {
        insta::assert_snapshot!(simulation(&parsed("")).unwrap());
    }

    #[test]
    fn json_and_markdown_agree() {
        let json: serde_json::Value =
            serde_json::from_str(&simulation(&parsed("--workers 7 --format json")).unwrap())
                .unwrap();
        assert_eq!(json["rows"][0]["workers"], 7);
        let pieces = json["rows"][0]["outcome"]["pieces"].as_u64().unwrap();
        let table = simulation(&parsed("--workers 7 --format markdown")).unwrap();
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
    fn a_fleet_is_compared_with_one_machine() {
        let of = |words: &str| {
            let args = parsed(&format!(
                "--duration 2h --rung h265_1080p --audio 0 --beside 31 --workers 100 {words}"
            ));
            let platform = Platform::built_in().unwrap();
            rows(&args, &platform).unwrap().remove(0)
        };
        let (small, large) = (of(""), of("--worker-memory 7076"));
        assert!(large.times.unwrap() > small.times.unwrap());
        assert!(large.outcome.worker_s < small.outcome.worker_s);
        // A hundred workers are at most as fast as all of their vCPUs together.
        assert!(small.times.unwrap() < 100.0 * 2_048.0 / 1_769.0 / 31.0);
        assert!(simulation(&parsed("--rung h264_999p")).is_err());
    }

    #[test]
    fn invalid_arguments_are_refused() {
        let refused = simulation(&parsed("--profile nothing")).unwrap_err();
        assert!(refused.why.contains("nothing"), "{refused}");
        assert!(simulation(&parsed("--duration 0s")).is_err());
        assert!(picture("1920").is_err() && rate("0").is_err() && rate("30000/1001").is_ok());
    }
}
