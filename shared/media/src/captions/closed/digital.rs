//! The services of CEA-708.

use std::collections::BTreeMap;

use cea708_types::DTVCCPacket;
use cea708_types::tables::{Anchor, Code, DefineWindowArgs};
use reelsmith_core::caption_service::CaptionService;

use super::{Cell, Cue, Placement, Recorder, payload};

/// Rows of a window at most (CTA-708-E, 8.4.6).
const MAX_ROWS: usize = 15;
const MAX_COLUMNS: usize = 42;

/// Height of a row in thousandths of the picture: fifteen fit in the safe area.
const ROW: u32 = 53;

/// The channel packets of all services.
#[derive(Default)]
pub(super) struct Digital {
    packet: Vec<u8>,
    services: BTreeMap<u8, Display>,
}

impl Digital {
    /// Adds two bytes; `first` if a packet starts with them.
    pub(super) fn push(&mut self, first: bool, pair: [u8; 2], now: i64) {
        if first {
            self.packet.clear();
        } else if self.packet.is_empty() {
            // The start of the packet was lost.
            return;
        }
        self.packet.extend(pair);
        // The header states the size in pairs; 0 means 128 bytes (CTA-708-E, 5).
        let size = match usize::from(self.packet[0] & 0x3F) {
            0 => 128,
            pairs => pairs * 2,
        };
        if self.packet.len() < size {
            return;
        }
        let packet = DTVCCPacket::parse(&self.packet);
        self.packet.clear();
        let Ok(packet) = packet else {
            return;
        };
        for service in packet.services() {
            let number = service.number();
            if (1..=63).contains(&number) {
                let display = self.services.entry(number).or_default();
                service
                    .codes()
                    .iter()
                    .for_each(|code| display.apply(code, now));
            }
        }
    }

    pub(super) fn finish(self, end: i64) -> Vec<(CaptionService, Vec<Cue>)> {
        let services = self.services.into_iter();
        services
            .map(|(number, mut display)| {
                display.changes(end);
                (CaptionService::Cea708(number), display.recorder.cues)
            })
            .collect()
    }
}

/// A window of text.
#[derive(Clone, Debug)]
struct Window {
    arguments: DefineWindowArgs,
    visible: bool,
    rows: Vec<Vec<Cell>>,
    row: usize,
    column: usize,
    italic: bool,
    underlined: bool,
}

impl Window {
    fn new(arguments: DefineWindowArgs) -> Self {
        let rows = (usize::from(arguments.row_count) + 1).min(MAX_ROWS);
        Self {
            arguments,
            visible: arguments.visible,
            rows: vec![Vec::new(); rows],
            row: 0,
            column: 0,
            italic: false,
            underlined: false,
        }
    }

    fn put(&mut self, character: char) {
        let Some(row) = self.rows.get_mut(self.row) else {
            return;
        };
        if row.len() <= self.column {
            row.resize(self.column + 1, Cell::default());
        }
        row[self.column] = Cell {
            character: Some(character),
            italic: self.italic,
            underlined: self.underlined,
        };
        self.column = (self.column + 1).min(MAX_COLUMNS - 1);
    }

    fn clear(&mut self) {
        self.rows.iter_mut().for_each(Vec::clear);
        (self.row, self.column) = (0, 0);
    }

    /// The next row; at the last one the others move up.
    fn next_row(&mut self) {
        self.column = 0;
        if self.row + 1 < self.rows.len() {
            self.row += 1;
        } else {
            self.rows.rotate_left(1);
            self.rows.last_mut().into_iter().for_each(Vec::clear);
        }
    }

    fn is_empty(&self) -> bool {
        self.rows
            .iter()
            .flatten()
            .all(|c| c.character.is_none_or(|c| c == ' '))
    }

    /// The top of the window and the left edge of its text, in thousandths of the picture.
    fn corner(&self) -> (u32, u32) {
        let area = &self.arguments;
        let (x, y) = (
            u32::from(area.anchor_horizontal),
            u32::from(area.anchor_vertical),
        );
        // Relative positions are percentages; others are cells of a grid of 75 by 210 in the safe area of four fifths.
        let (x, y) = if area.relative_positioning {
            (x * 10, y * 10)
        } else {
            (100 + 800 * x / 210, 100 + 800 * y / 75)
        };
        let height = ROW * u32::try_from(self.rows.len()).unwrap_or(1);
        let width = 800 * (u32::from(area.column_count) + 1) / 42;
        let up = match area.anchor_point {
            Anchor::BottomLeft | Anchor::BottomMiddle | Anchor::BottomRight => height,
            Anchor::CenterLeft | Anchor::CenterMiddle | Anchor::CenterRight => height / 2,
            _ => 0,
        };
        let back = match area.anchor_point {
            Anchor::TopRight | Anchor::CenterRight | Anchor::BottomRight => width,
            Anchor::TopMiddle | Anchor::CenterMiddle | Anchor::BottomMiddle => width / 2,
            _ => 0,
        };
        (y.saturating_sub(up), x.saturating_sub(back))
    }
}

/// The windows of one service.
#[derive(Default)]
struct Display {
    recorder: Recorder,
    windows: [Option<Window>; 8],
    current: usize,
}

impl Display {
    fn apply(&mut self, code: &Code, now: i64) {
        let of = |bits| {
            let bits = u8::from(bits);
            (0..8usize).filter(move |n| bits & (1 << n) != 0)
        };
        match code {
            Code::SetCurrentWindow0 => self.current = 0,
            Code::SetCurrentWindow1 => self.current = 1,
            Code::SetCurrentWindow2 => self.current = 2,
            Code::SetCurrentWindow3 => self.current = 3,
            Code::SetCurrentWindow4 => self.current = 4,
            Code::SetCurrentWindow5 => self.current = 5,
            Code::SetCurrentWindow6 => self.current = 6,
            Code::SetCurrentWindow7 => self.current = 7,
            Code::DefineWindow(arguments) => self.define(*arguments, now),
            Code::ClearWindows(bits) => self.each(of(*bits), now, |w| {
                w.as_mut().into_iter().for_each(Window::clear);
            }),
            Code::DisplayWindows(bits) => self.show(of(*bits), now, |_| true),
            Code::HideWindows(bits) => self.show(of(*bits), now, |_| false),
            Code::ToggleWindows(bits) => self.show(of(*bits), now, |visible| !visible),
            Code::DeleteWindows(bits) => self.each(of(*bits), now, |w| *w = None),
            Code::Reset => self.each(0..8, now, |w| *w = None),
            Code::CR => self.within_current(now, Window::next_row),
            Code::FF => self.within_current(now, Window::clear),
            Code::HCR => self.within_current(now, |w| {
                let row = w.rows.get_mut(w.row);
                row.into_iter().for_each(Vec::clear);
                w.column = 0;
            }),
            other => self.write(other, now),
        }
    }

    /// Commands and characters that change the current window without ending what is shown.
    fn write(&mut self, code: &Code, now: i64) {
        let Some(window) = self.windows[self.current].as_mut() else {
            return;
        };
        match code {
            Code::SetPenLocation(pen) => {
                window.row = usize::from(pen.row).min(window.rows.len().saturating_sub(1));
                window.column = usize::from(pen.column).min(MAX_COLUMNS - 1);
            }
            Code::SetPenAttributes(pen) => {
                (window.italic, window.underlined) = (pen.italics, pen.underline);
            }
            Code::BS => {
                window.column = window.column.saturating_sub(1);
                let cell = window
                    .rows
                    .get_mut(window.row)
                    .and_then(|r| r.get_mut(window.column));
                cell.into_iter().for_each(|c| *c = Cell::default());
            }
            other => {
                if let Some(character) = other.char().filter(|c| !c.is_control()) {
                    window.put(character);
                    if window.visible {
                        self.recorder.written(now);
                    }
                }
            }
        }
    }

    /// Defines a window, or moves it if it exists: then it keeps its text.
    fn define(&mut self, arguments: DefineWindowArgs, now: i64) {
        let at = usize::from(arguments.window_id & 7);
        self.each([at].into_iter(), now, |slot| {
            let mut window = Window::new(arguments);
            if let Some(old) = slot.take() {
                for (row, text) in window.rows.iter_mut().zip(old.rows) {
                    *row = text;
                }
                (window.row, window.column) = (old.row.min(window.rows.len() - 1), old.column);
            }
            *slot = Some(window);
        });
        self.current = at;
    }

    fn show(&mut self, windows: impl Iterator<Item = usize>, now: i64, visible: fn(bool) -> bool) {
        self.each(windows, now, |slot| {
            if let Some(window) = slot {
                window.visible = visible(window.visible);
            }
        });
    }

    fn within_current(&mut self, now: i64, change: impl Fn(&mut Window)) {
        let current = self.current;
        self.each([current].into_iter(), now, |slot| {
            slot.as_mut().into_iter().for_each(&change);
        });
    }

    /// Changes windows. If one of them is or becomes visible, what was shown ends.
    fn each(
        &mut self,
        windows: impl Iterator<Item = usize>,
        now: i64,
        mut change: impl FnMut(&mut Option<Window>),
    ) {
        let before = self.text();
        let since = self.recorder.since;
        windows.for_each(|n| change(&mut self.windows[n]));
        let after = self.text();
        if before != after {
            self.recorder.since = since;
            self.recorder.change(now, before);
            if after.is_some() {
                self.recorder.written(now);
            }
        }
    }

    fn changes(&mut self, now: i64) {
        let shown = self.text();
        self.recorder.change(now, shown);
    }

    /// The text of the visible windows from top to bottom, at the place of the first.
    fn text(&self) -> Option<(String, Placement)> {
        let visible = self
            .windows
            .iter()
            .flatten()
            .filter(|w| w.visible && !w.is_empty());
        let mut windows: Vec<&Window> = visible.collect();
        windows.sort_by_key(|w| w.corner());
        let (top, left) = windows.first()?.corner();
        let rows = windows.iter().flat_map(|w| &w.rows).map(Vec::as_slice);
        Some((payload(rows), Placement::cell(top, left)))
    }
}
