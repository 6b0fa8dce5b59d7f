//! An execution as a tree of text: its states and, below Encode, a bar for each rung and a grid of the chunks.

use console::{Style, measure_text_width, style, truncate_str};
use reelsmith_aws::operate::{ExecutionStatus, ExecutionSummary, MapRun};
use reelsmith_contract::step::STEPS;

use super::ENCODE;
use super::progress::{ChunkState, Progress, RungProgress};
use crate::view::text;
use crate::view::timeline::{Timeline, Visit};

/// The states of a job that succeeds and is encoded by the functions. Pending states are shown only on this path.
const PATH: [&str; 12] = [
    "ParseManifest",
    "ValidateInput",
    "SubmitJob",
    "PlanChunks",
    ENCODE,
    "AssembleRenditions",
    "MakeImages",
    "PackageOutputs",
    "ValidateOutput",
    "PublishJob",
    "CleanupJob",
    "NotifySuccess",
];
/// Width of a bar in columns.
const BAR: usize = 24;
/// Most chunks in a line of the grid.
const GRID: usize = 60;
/// Most lines of the grid for one group. If there are more chunks, each symbol represents several.
const GRID_LINES: usize = 4;

/// What is known of an execution at one moment.
#[derive(Clone, Copy, Debug)]
pub struct ExecutionTree<'a> {
    pub execution: &'a ExecutionSummary,
    /// The moment, in milliseconds since the epoch.
    pub now_ms: i64,
    pub timeline: &'a Timeline,
    /// The progress of the encode, once it has begun.
    pub progress: Option<&'a Progress>,
    /// The Maps of the encode.
    pub maps: &'a [MapRun],
}

impl ExecutionTree<'_> {
    /// The lines of the tree, none wider than `width` columns.
    pub fn draw(&self, width: usize) -> Vec<String> {
        let mut lines = vec![self.heading()];
        for visit in self.timeline.visits.iter().filter(|v| self.is_shown(v)) {
            lines.push(self.visit(visit));
            if self.execution.status == ExecutionStatus::Running {
                let parts = visit.awaited().into_iter().flatten();
                lines.extend(parts.map(|part| format!("      {part}")));
            }
            if let (true, Some(progress)) = (visit.state == ENCODE, self.progress) {
                lines.extend(encode(progress, self.execution.status));
            }
        }
        if self.execution.status == ExecutionStatus::Running {
            let pending = self
                .pending()
                .map(|s| dim().apply_to(format!("  · {s}")).to_string());
            lines.extend(pending);
        }
        lines
            .iter()
            .map(|l| truncate_str(l, width, "…").into_owned())
            .collect()
    }

    fn ended_ms(&self) -> i64 {
        self.execution.stopped_ms.unwrap_or(self.now_ms)
    }

    fn heading(&self) -> String {
        let took = text::seconds(self.ended_ms() - self.execution.started_ms);
        let status = self.execution.status.as_str();
        let status = match self.execution.status {
            ExecutionStatus::Running => style(status).for_stderr().cyan(),
            ExecutionStatus::Succeeded => style(status).for_stderr().green(),
            _ => style(status).for_stderr().red(),
        };
        format!(
            "{}  {status}  {}",
            self.execution.name,
            text::duration(took)
        )
    }

    /// Choice and Pass states take no time and are hidden.
    fn is_shown(&self, visit: &Visit) -> bool {
        let works = |state: &str| STEPS.iter().any(|s| s.states.contains(&state));
        let is_map = self.maps.iter().any(|m| m.label == visit.state);
        works(&visit.state)
            || is_map
            || PATH.contains(&visit.state.as_str())
            || !visit.failures.is_empty()
    }

    fn visit(&self, visit: &Visit) -> String {
        let open = visit.left_ms.is_none();
        let mark = match (open, self.execution.status) {
            (true, ExecutionStatus::Running) => style("●").for_stderr().cyan(),
            (true, _) => style("✗").for_stderr().red(),
            (false, _) => style("✓").for_stderr().green(),
        };
        let indent = "  ".repeat(visit.depth + 1);
        let name = format!("{indent}{mark} {}", visit.state);
        let gap = 30usize.saturating_sub(measure_text_width(&name));
        let took = text::duration(visit.seconds(self.ended_ms()));
        format!("{name}{:gap$} {took:>11}{}", "", self.note(visit))
    }

    fn note(&self, visit: &Visit) -> String {
        let map = self.maps.iter().find(|m| m.label == visit.state);
        let items = map.map(|m| format!("  {} of {}", m.succeeded, m.total));
        let failed = visit.failures.last().map(|f| {
            let times = match visit.failures.len() {
                1 => String::new(),
                n => format!(" × {n}"),
            };
            format!("  {}{times}", style(&f.error).for_stderr().yellow())
        });
        format!(
            "{}{}",
            items.unwrap_or_default(),
            failed.unwrap_or_default()
        )
    }

    fn pending(&self) -> impl Iterator<Item = &'static str> {
        let on_path = |v: &&Visit| PATH.contains(&v.state.as_str());
        let left_path = |v: &&Visit| {
            v.depth == 0 && (v.state.starts_with("Fail") || v.state.contains("Duplicate"))
        };
        let last = match self.timeline.visits.iter().find(left_path) {
            Some(_) => Some(PATH.len()),
            None => self.timeline.visits.iter().rfind(on_path).and_then(|v| {
                let at = PATH.iter().position(|s| *s == v.state)?;
                Some(at + 1)
            }),
        };
        PATH.into_iter().skip(last.unwrap_or(0))
    }
}

fn dim() -> Style {
    Style::new().for_stderr().dim()
}

fn encode(progress: &Progress, status: ExecutionStatus) -> Vec<String> {
    let over = status != ExecutionStatus::Running;
    let progress = &if over {
        progress.stopped()
    } else {
        progress.clone()
    };
    let widest = progress
        .rungs
        .iter()
        .map(|r| r.rendition.len())
        .max()
        .unwrap_or(0);
    let mut lines: Vec<String> = progress.rungs.iter().map(|r| bar(r, widest)).collect();
    for (group, cells) in progress.grid.iter().enumerate() {
        for (n, line) in grid(cells).into_iter().enumerate() {
            let label = if n == 0 {
                format!("group {group}")
            } else {
                String::new()
            };
            lines.push(format!("      {label:<widest$}  {line}"));
        }
    }
    lines.push(format!("      {}", progress.describe()));
    lines
}

fn bar(rung: &RungProgress, widest: usize) -> String {
    let filled = usize::try_from(rung.done * BAR as u64 / rung.total.max(1)).unwrap_or(BAR);
    let (full, rest) = (
        "█".repeat(filled.min(BAR)),
        "░".repeat(BAR - filled.min(BAR)),
    );
    let (name, full) = (&rung.rendition, style(full).for_stderr().green());
    format!(
        "      {name:<widest$}  {full}{rest}  {} of {}",
        rung.done, rung.total
    )
}

/// The chunks in lines. If there are too many, each symbol represents several chunks and shows the least complete of
/// them; a failure is always visible.
fn grid(cells: &[ChunkState]) -> Vec<String> {
    let per_cell = cells.len().div_ceil(GRID * GRID_LINES).max(1);
    let merged: Vec<ChunkState> = cells
        .chunks(per_cell)
        .filter_map(|few| few.iter().min().copied())
        .collect();
    merged
        .chunks(GRID)
        .map(|line| line.iter().map(|c| symbol(*c)).collect())
        .collect()
}

fn symbol(cell: ChunkState) -> char {
    match cell {
        ChunkState::Waiting => '·',
        ChunkState::Running => '▣',
        ChunkState::Failed => '✗',
        ChunkState::Done => '■',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_consists_of_states_of_the_state_machine() {
        let asl = crate::Project::find()
            .unwrap()
            .path("statemachine/transcode.asl.json");
        // Apart from this placeholder, the template is JSON.
        let text = std::fs::read_to_string(asl)
            .unwrap()
            .replace("${max_concurrency}", "1");
        let asl: serde_json::Value = serde_json::from_str(&text).unwrap();
        for state in PATH {
            assert!(asl["States"][state].is_object(), "{state}");
        }
        assert_eq!(asl["StartAt"], PATH[0]);
    }

    #[test]
    fn a_grid_of_ten_thousand_chunks_is_small_and_shows_the_failure() {
        let mut cells = vec![ChunkState::Done; 10_000];
        cells[7_777] = ChunkState::Failed;
        let lines = grid(&cells);
        assert!(lines.len() <= GRID_LINES, "{lines:?}");
        assert_eq!(lines.concat().matches('✗').count(), 1);
        assert_eq!(
            grid(&[ChunkState::Done, ChunkState::Running, ChunkState::Waiting]),
            ["■▣·"]
        );
    }
}
