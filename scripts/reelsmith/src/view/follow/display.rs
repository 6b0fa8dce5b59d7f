//! The three forms of output while an execution is followed: a tree on a terminal, lines of text, and JSON lines.

use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Event, ExecutionTree};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A tree on a terminal, lines of text elsewhere.
    Auto,
    /// Lines of text.
    Plain,
    /// JSON lines.
    Json,
}

pub struct Display {
    form: Form,
    lines: Box<dyn Write + Send>,
}

enum Form {
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
    /// Tree and text go to standard error. JSON goes to standard output, because it is the result.
    pub fn new(style: Style) -> Self {
        let terminal = std::io::stderr().is_terminal();
        match style {
            Style::Json => Self {
                form: Form::Json,
                lines: Box::new(std::io::stdout()),
            },
            Style::Auto if terminal => Self::on(ProgressDrawTarget::stderr(), None),
            Style::Auto | Style::Plain => Self::plain(Box::new(std::io::stderr())),
        }
    }

    /// A tree, as wide as the terminal if no width is given.
    pub fn on(target: ProgressDrawTarget, width: Option<usize>) -> Self {
        Self {
            form: Form::Tree {
                bar: None,
                target: Some(target),
                width,
            },
            lines: Box::new(std::io::stderr()),
        }
    }

    pub fn plain(to: Box<dyn Write + Send>) -> Self {
        Self {
            form: Form::Lines,
            lines: to,
        }
    }

    pub fn json(to: Box<dyn Write + Send>) -> Self {
        Self {
            form: Form::Json,
            lines: to,
        }
    }

    pub fn line(&mut self, text: &str) {
        match &self.form {
            Form::Tree { bar: Some(bar), .. } => bar.println(text),
            Form::Tree { .. } | Form::Lines => write_line(&mut self.lines, text),
            Form::Json => {
                let note = serde_json::json!({"event": "note", "text": text});
                write_line(&mut self.lines, &note.to_string());
            }
        }
    }

    pub fn event(&mut self, event: &Event) {
        match &self.form {
            Form::Tree { .. } => {}
            Form::Lines => {
                if let Some(line) = event.line() {
                    write_line(&mut self.lines, &line);
                }
            }
            Form::Json => write_line(&mut self.lines, &event.json().to_string()),
        }
    }

    pub fn tree(&mut self, tree: &ExecutionTree<'_>) {
        let Form::Tree { bar, target, width } = &mut self.form else {
            return;
        };
        let width = width.unwrap_or_else(|| usize::from(console::Term::stderr().size().1));
        let lines = tree.draw(width.saturating_sub(1));
        // Created only now, because an empty bar would disturb the lines before it.
        let bar = bar.get_or_insert_with(|| begin(target.take()));
        bar.set_message(lines.join("\n"));
        bar.tick();
    }

    /// Ends the redrawing; the last tree stays visible.
    pub fn finish(&mut self) {
        if let Form::Tree { bar, target, .. } = &mut self.form
            && let Some(bar) = bar.take()
        {
            bar.abandon();
            *target = Some(ProgressDrawTarget::stderr());
        }
    }
}

fn write_line(to: &mut (dyn Write + Send), text: &str) {
    // A closed pipe is not an error.
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
