//! Shows what happens: a picture that is drawn anew on a terminal, plain lines elsewhere, JSON lines for machines.

use std::io::{IsTerminal, Write};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Event, Picture};

/// How it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Style {
    /// A picture on a terminal, plain lines elsewhere.
    Auto,
    /// Plain lines.
    Plain,
    /// JSON lines.
    Json,
}

/// Where it is shown.
pub struct Display {
    view: View,
    plain: Box<dyn Write + Send>,
}

enum View {
    Tree {
        bar: Option<ProgressBar>,
        target: Option<ProgressDrawTarget>,
        width: Option<usize>,
    },
    Lines,
    Json,
}

impl Default for Display {
    fn default() -> Self {
        Self::new(Style::Auto)
    }
}

impl Display {
    /// The picture and the lines go to standard error, JSON to standard output: that is for results.
    #[must_use]
    pub fn new(style: Style) -> Self {
        let terminal = std::io::stderr().is_terminal();
        match style {
            Style::Json => Self {
                view: View::Json,
                plain: Box::new(std::io::stdout()),
            },
            Style::Auto if terminal => Self::on(ProgressDrawTarget::stderr(), None),
            Style::Auto | Style::Plain => Self::plain(Box::new(std::io::stderr())),
        }
    }

    /// A picture on a terminal, as wide as it is where no width is given.
    #[must_use]
    pub fn on(target: ProgressDrawTarget, width: Option<usize>) -> Self {
        Self {
            view: View::Tree {
                bar: None,
                target: Some(target),
                width,
            },
            plain: Box::new(std::io::stderr()),
        }
    }

    /// Plain lines to a writer.
    #[must_use]
    pub fn plain(to: Box<dyn Write + Send>) -> Self {
        Self {
            view: View::Lines,
            plain: to,
        }
    }

    /// JSON lines to a writer.
    #[must_use]
    pub fn json(to: Box<dyn Write + Send>) -> Self {
        Self {
            view: View::Json,
            plain: to,
        }
    }

    /// A line of its own.
    pub fn line(&mut self, text: &str) {
        match &self.view {
            View::Tree { bar: Some(bar), .. } => bar.println(text),
            View::Tree { .. } | View::Lines => plainly(&mut self.plain, text),
            View::Json => {
                let note = serde_json::json!({"event": "note", "text": text});
                plainly(&mut self.plain, &note.to_string());
            }
        }
    }

    /// Something happened.
    pub fn event(&mut self, event: &Event) {
        match &self.view {
            View::Tree { .. } => {}
            View::Lines => {
                if let Some(line) = event.line() {
                    plainly(&mut self.plain, &line);
                }
            }
            View::Json => plainly(&mut self.plain, &event.json().to_string()),
        }
    }

    /// How all of it looks now.
    pub fn picture(&mut self, picture: &Picture<'_>) {
        let View::Tree { bar, target, width } = &mut self.view else {
            return;
        };
        let width = width.unwrap_or_else(|| usize::from(console::Term::stderr().size().1));
        let lines = picture.draw(width.saturating_sub(1));
        // Begun here: a bar that has nothing to show is in the way of the lines.
        let bar = bar.get_or_insert_with(|| begin(target.take()));
        bar.set_message(lines.join("\n"));
        bar.tick();
    }

    /// It is over; the last picture stays.
    pub fn finish(&mut self) {
        if let View::Tree { bar, target, .. } = &mut self.view
            && let Some(bar) = bar.take()
        {
            bar.abandon();
            *target = Some(ProgressDrawTarget::stderr());
        }
    }
}

fn plainly(to: &mut (dyn Write + Send), text: &str) {
    // A closed pipe must not end a job that is being followed.
    let _ = writeln!(to, "{text}");
}

fn begin(target: Option<ProgressDrawTarget>) -> ProgressBar {
    let target = target.unwrap_or_else(ProgressDrawTarget::stderr);
    let bar = ProgressBar::with_draw_target(None, target);
    if let Ok(style) = ProgressStyle::with_template("{msg}") {
        bar.set_style(style);
    }
    bar
}
