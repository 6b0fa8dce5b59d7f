//! Where a cue is shown, as WebVTT cue settings (W3C WebVTT, 4.4).

use std::fmt;

/// A line or position in thousandths of the height or width of the picture.
pub(super) type Permille = u32;

/// Settings of a cue. The default is the bottom centre, which needs no setting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Placement {
    settings: Vec<(&'static str, String)>,
}

/// The settings that are kept; a region would need a block of its own in every segment.
const KEPT: [&str; 5] = ["vertical", "line", "position", "size", "align"];

impl Placement {
    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.settings.push((name, value.into()));
        self
    }

    /// One of the nine places of a numeric keypad, as in `\an8` of ASS: 2 is the bottom centre, 7 the top left.
    pub(super) fn keypad(place: i64) -> Self {
        let mut placement = Self::default();
        match place {
            4..=6 => placement = placement.with("line", "50%"),
            7..=9 => placement = placement.with("line", "0"),
            _ => {}
        }
        match place {
            1 | 4 | 7 => placement.with("align", "left"),
            3 | 6 | 9 => placement.with("align", "right"),
            _ => placement,
        }
    }

    /// The settings behind the times of a WebVTT cue. Unknown and malformed ones are dropped, as players do.
    pub(super) fn webvtt(text: &str) -> Self {
        let mut placement = Self::default();
        for (name, value) in text
            .split_ascii_whitespace()
            .filter_map(|s| s.split_once(':'))
        {
            let kept = KEPT.into_iter().find(|k| *k == name);
            let new = kept.filter(|k| placement.settings.iter().all(|(s, _)| s != k));
            if let Some(name) = new.filter(|name| is_valid(name, value)) {
                placement = placement.with(name, value);
            }
        }
        placement
    }

    /// A box of TTML: its edges, the edge that the text lies at, and the alignment of the lines.
    pub(super) fn in_box(area: &Area) -> Self {
        let mut placement = Self::default();
        let (top, bottom) = (area.top, area.top + area.height);
        match area.block {
            Edge::Start => placement = placement.with("line", percent(top)),
            Edge::Centre => placement = placement.with("line", percent((top + bottom) / 2)),
            // The lowest fifth is the default place, where players also avoid their controls.
            Edge::End if bottom > 800 => {}
            Edge::End => placement = placement.with("line", format!("{},end", percent(bottom))),
        }
        let (left, right) = (area.left, area.left + area.width);
        match area.inline {
            Edge::Start => placement
                .with("position", percent(left))
                .with("align", "left"),
            Edge::End => placement
                .with("position", percent(right))
                .with("align", "right"),
            Edge::Centre if (left + right).abs_diff(1_000) > 20 => {
                placement.with("position", percent((left + right) / 2))
            }
            Edge::Centre => placement,
        }
    }

    /// A row of closed captions and the column of its first character, each from 0 and as a share of the whole.
    pub(super) fn cell(row: Permille, column: Permille) -> Self {
        Self::default()
            .with("line", percent(row))
            .with("position", percent(column))
            .with("align", "left")
    }
}

/// Where text lies along one axis of its box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    Start,
    Centre,
    End,
}

/// A box for text, as shares of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub left: Permille,
    pub top: Permille,
    pub width: Permille,
    pub height: Permille,
    /// From top to bottom.
    pub block: Edge,
    /// From left to right.
    pub inline: Edge,
}

fn percent(permille: Permille) -> String {
    let permille = permille.min(1_000);
    match permille % 10 {
        0 => format!("{}%", permille / 10),
        tenth => format!("{}.{tenth}%", permille / 10),
    }
}

fn is_valid(name: &str, value: &str) -> bool {
    let (number, anchor) = value.split_once(',').unwrap_or((value, "start"));
    let share = |text: &str| {
        let number = text.strip_suffix('%').and_then(|n| n.parse::<f64>().ok());
        let plain = text
            .bytes()
            .all(|b| b.is_ascii_digit() || b".%".contains(&b));
        plain && number.is_some_and(|n| (0.0..=100.0).contains(&n))
    };
    match name {
        "vertical" => matches!(value, "rl" | "lr"),
        "line" => {
            let numbered = number.parse::<i16>().is_ok() && !number.starts_with('+');
            (share(number) || numbered) && matches!(anchor, "start" | "center" | "end")
        }
        "position" => {
            let anchors = ["start", "line-left", "center", "line-right"];
            share(number) && anchors.contains(&anchor)
        }
        "size" => share(value),
        _ => matches!(value, "start" | "center" | "end" | "left" | "right"),
    }
}

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings
            .iter()
            .try_for_each(|(name, value)| write!(f, " {name}:{value}"))
    }
}
