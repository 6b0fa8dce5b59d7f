//! Shows what happens: a bar on a terminal, plain lines elsewhere.

use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::progress::Progress;
use crate::outcome::readable;

/// Where progress goes. Always to standard error; standard output is for results.
pub struct Display {
    terminal: bool,
    bar: Option<ProgressBar>,
    plain: Box<dyn Write + Send>,
}

impl Default for Display {
    fn default() -> Self {
        Self {
            terminal: std::io::stderr().is_terminal(),
            bar: None,
            plain: Box::new(std::io::stderr()),
        }
    }
}

impl Display {
    /// Plain lines to a writer.
    #[must_use]
    pub fn plain(to: Box<dyn Write + Send>) -> Self {
        Self {
            terminal: false,
            bar: None,
            plain: to,
        }
    }

    /// A line of its own.
    pub fn line(&mut self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| plainly(&mut self.plain, text)),
            None => plainly(&mut self.plain, text),
        }
    }

    /// A state was entered.
    pub fn entered(&mut self, after_ms: i64, state: &str) {
        self.line(&format!("{} {state}", clock(after_ms)));
    }

    /// A function failed, perhaps not for the last time.
    pub fn failed(&mut self, after_ms: i64, error: &str, cause: &str) {
        let cause = readable(cause);
        let first = cause.lines().next().unwrap_or_default();
        let shown: String = first.chars().take(200).collect();
        self.line(&format!("{}   {error}: {shown}", clock(after_ms)));
    }

    /// The encode got further.
    pub fn progress(&mut self, progress: &Progress) {
        let text = describe(progress);
        if !self.terminal {
            return self.line(&format!("          {text}"));
        }
        // Begun here: a bar that has nothing to show is in the way of the lines.
        let bar = self.bar.get_or_insert_with(bar);
        bar.set_length(progress.total);
        bar.set_position(progress.done);
        bar.set_message(text);
    }

    /// The encode is over.
    pub fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn plainly(to: &mut (dyn Write + Send), text: &str) {
    // A closed pipe must not end a job that is being followed.
    let _ = writeln!(to, "{text}");
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("          {bar:24} {msg}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

fn describe(p: &Progress) -> String {
    format!(
        "chunks {} of {}, {} at once, {:.1} s of {:.1} s, {:.2} × real time",
        p.done,
        p.total,
        p.running,
        p.media_seconds,
        p.media_total,
        p.speed()
    )
}

/// Milliseconds since the start as `  12.3 s`.
fn clock(ms: i64) -> String {
    let tenths = ms.max(0) / 100;
    format!("{:>6}.{} s", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_reads_as_a_line() {
        let progress = Progress {
            done: 3,
            total: 8,
            running: 2,
            media_seconds: 3.0,
            media_total: 8.0,
            wall_seconds: 4.0,
        };
        insta::assert_snapshot!(describe(&progress), @"chunks 3 of 8, 2 at once, 3.0 s of 8.0 s, 0.75 × real time");
        assert_eq!(clock(12_345), "    12.3 s");
    }
}
