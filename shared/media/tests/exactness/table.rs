//! Comparing the output with the source, and the table of the results.

use std::collections::BTreeMap;

use reelsmith_core::probe::IndexRead;
use reelsmith_media::ChunkMedia;

use crate::film::Film;
use crate::judge;
use crate::kinds::Kind;

/// The output at one chunk length compared with the source.
#[derive(Clone, Copy, Debug, Default)]
pub struct Comparison {
    pub chunks: usize,
    /// Frames that differ from the source's frame at the same position.
    pub differing: usize,
    /// Frames of the source that are missing.
    pub lost: usize,
    /// Frames that occur too often.
    pub doubled: usize,
    /// Frames that are not on the grid.
    pub moved: usize,
}

impl Comparison {
    pub fn compare(film: &Film, expected: &[String], chunks: &[ChunkMedia]) -> Self {
        let rate = film.timeline.frame_rate;
        let filters = format!("format={}", film.format());
        let file = film.joined(chunks, 0);
        let shown = judge::pictures(&file, &filters, i128::from(rate.timescale().0));
        let tick = rate.ticks_per_frame().0;
        let counted = |hashes: &mut dyn Iterator<Item = &String>| {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            hashes.for_each(|h| *counts.entry(h.clone()).or_default() += 1);
            counts
        };
        let wanted = counted(&mut expected.iter());
        let found = counted(&mut shown.iter().map(|(_, h)| h));
        let surplus = |of: &BTreeMap<String, usize>, over: &BTreeMap<String, usize>| {
            let more = |(hash, n): (&String, &usize)| {
                n.saturating_sub(over.get(hash).copied().unwrap_or_default())
            };
            of.iter().map(more).sum::<usize>()
        };
        Self {
            chunks: chunks.len(),
            differing: expected
                .iter()
                .zip(&shown)
                .filter(|(a, b)| **a != b.1)
                .count(),
            lost: surplus(&wanted, &found),
            doubled: surplus(&found, &wanted),
            moved: (0i64..)
                .zip(&shown)
                .filter(|(n, s)| s.0 != n * tick)
                .count(),
        }
    }

    fn is_exact(self) -> bool {
        self.differing + self.lost + self.doubled + self.moved == 0
    }
}

/// The row of one kind.
#[derive(Debug)]
pub struct Row {
    name: &'static str,
    frames: u64,
    rate: String,
    index: String,
    how: String,
    compared: Vec<(u64, Comparison)>,
    broken: Option<String>,
}

impl Row {
    pub fn of(kind: &Kind, film: &Film) -> Self {
        Self {
            name: kind.name,
            frames: film.timeline.frames.0,
            rate: film.timeline.frame_rate.to_string(),
            index: match film.indexed.index.read {
                IndexRead::Tables => "tables".to_owned(),
                IndexRead::Scan => "scan".to_owned(),
            },
            how: match (film.whole(), film.resampled()) {
                (Some(reason), _) => format!("one worker: {reason}"),
                (None, true) => "resampled".to_owned(),
                (None, false) => "every frame".to_owned(),
            },
            compared: Vec::new(),
            broken: None,
        }
    }

    /// The row of a kind that could not be measured.
    pub fn broken(kind: &Kind, why: String) -> Self {
        Self {
            name: kind.name,
            frames: 0,
            rate: String::new(),
            index: String::new(),
            how: String::new(),
            compared: Vec::new(),
            broken: Some(why),
        }
    }

    pub fn add(&mut self, length: u64, compared: Comparison) {
        self.compared.push((length, compared));
    }

    /// The columns after the kind.
    fn columns(&self) -> String {
        if let Some(why) = &self.broken {
            return format!("broken: {why} | | | | |");
        }
        let chunks: Vec<String> = self
            .compared
            .iter()
            .map(|(_, s)| s.chunks.to_string())
            .collect();
        let sum =
            |of: fn(&Comparison) -> usize| self.compared.iter().map(|(_, s)| of(s)).sum::<usize>();
        let faults = if self.is_exact() {
            "0".to_owned()
        } else {
            format!(
                "{} differing, {} lost, {} doubled, {} moved",
                sum(|s| s.differing),
                sum(|s| s.lost),
                sum(|s| s.doubled),
                sum(|s| s.moved),
            )
        };
        format!(
            "{} | {} | {} | {} | {} | {faults}",
            self.frames,
            self.rate,
            self.index,
            self.how,
            chunks.join(", "),
        )
    }

    /// The row in Markdown.
    pub fn line(&self) -> String {
        format!("| {} | {} |", self.name, self.columns())
    }

    pub fn is_exact(&self) -> bool {
        self.broken.is_none()
            && self
                .compared
                .iter()
                .all(|(_, compared)| compared.is_exact())
    }
}

/// Replaces the text between the marks `name` in docs/exactness.md.
pub fn document(name: &str, text: &str) {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/exactness.md");
    let page = std::fs::read_to_string(file).unwrap();
    let begin = format!("<!-- {name}: begin -->\n");
    let (before, rest) = page.split_once(&begin).unwrap();
    let end = format!("<!-- {name}: end -->");
    let (_, after) = rest.split_once(&end).unwrap();
    std::fs::write(file, format!("{before}{begin}{text}{end}{after}")).unwrap();
}

/// The table as Markdown: one line for all kinds with the same columns.
pub fn markdown(rows: &[Row], lengths: &[u64]) -> String {
    let lengths: Vec<String> = lengths.iter().map(u64::to_string).collect();
    let mut lines: Vec<(String, Vec<&str>)> = Vec::new();
    for row in rows {
        let columns = row.columns();
        match lines.iter_mut().find(|line| line.0 == columns) {
            Some(line) => line.1.push(row.name),
            None => lines.push((columns, vec![row.name])),
        }
    }
    let mut text = format!(
        "| kinds | frames | rate | index | mapping | chunks at lengths {} | faulty frames |\n\
         |---|---|---|---|---|---|---|\n",
        lengths.join(", ")
    );
    for (columns, kinds) in lines {
        text.push_str(&format!("| {} | {columns} |\n", kinds.join("; ")));
    }
    text
}
