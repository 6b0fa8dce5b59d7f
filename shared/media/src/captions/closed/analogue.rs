//! The two channels of one field of CEA-608.

use cea608_types::tables::Channel;
use cea608_types::{Cea608, Cea608State, Mode};
use reelsmith_core::caption_service::CaptionService;

use super::{Cell, Cue, Placement, Recorder, payload};

const ROWS: usize = 15;
const COLUMNS: usize = 32;

type Grid = [[Cell; COLUMNS]; ROWS];

/// The pairs of bytes of a field, distributed to its channels.
pub(super) struct Field {
    /// 1 or 2.
    number: u8,
    state: Cea608State,
    /// Extended data services share the field: their bytes are no captions.
    extended_data: bool,
    channels: [Display; 2],
}

impl Field {
    pub(super) fn new(number: u8) -> Self {
        Self {
            number,
            state: Cea608State::default(),
            extended_data: false,
            channels: [Display::default(), Display::default()],
        }
    }

    pub(super) fn push(&mut self, pair: [u8; 2], now: i64) {
        let [first, second] = pair.map(|b| b & 0x7F);
        match first {
            0x01..=0x0F => {
                // A packet begins or is continued, and 0x0F ends it (CTA-608-E, 9.2).
                self.extended_data = first != 0x0F;
                return;
            }
            0x10..=0x1F => self.extended_data = false,
            _ if self.extended_data => return,
            _ => {}
        }
        self.select_mode(first, second);
        // A pair with a wrong parity is lost; the next ones are not.
        let Ok(Some(command)) = self.state.decode(pair) else {
            return;
        };
        let second_channel = command.channel() == Channel::TWO;
        self.channels[usize::from(second_channel)].apply(command, now);
    }

    /// Text mode is a service of its own, for pages of text: it is not part of the captions.
    fn select_mode(&mut self, first: u8, second: u8) {
        if first & 0x76 != 0x14 {
            return;
        }
        let channel = &mut self.channels[usize::from(first & 0x08 != 0)];
        match second {
            0x2A | 0x2B => channel.text_mode = true,
            0x20 | 0x25..=0x27 | 0x29 => channel.text_mode = false,
            _ => {}
        }
    }

    pub(super) fn finish(self, end: i64) -> Vec<(CaptionService, Vec<Cue>)> {
        let first = (self.number - 1) * 2 + 1;
        let channels = (first..).zip(self.channels);
        channels
            .map(|(number, mut channel)| {
                channel.changes(end);
                (CaptionService::Cea608(number), channel.recorder.cues)
            })
            .collect()
    }
}

/// A caption display: what is shown, and what is loaded for the next caption.
struct Display {
    recorder: Recorder,
    shown: Grid,
    loaded: Grid,
    mode: Option<Mode>,
    text_mode: bool,
    row: usize,
    column: usize,
    italic: bool,
    underlined: bool,
}

impl Default for Display {
    fn default() -> Self {
        Self {
            recorder: Recorder::default(),
            shown: Grid::default(),
            loaded: Grid::default(),
            mode: None,
            text_mode: false,
            row: ROWS - 1,
            column: 0,
            italic: false,
            underlined: false,
        }
    }
}

impl Display {
    fn apply(&mut self, command: Cea608, now: i64) {
        if self.text_mode {
            return;
        }
        match command {
            Cea608::Text(text) => {
                if text.needs_backspace {
                    self.backspace();
                }
                for character in [text.char1, text.char2].into_iter().flatten() {
                    self.put(Some(character), now);
                }
            }
            Cea608::NewMode(_, mode) => self.enter(mode, now),
            Cea608::EraseDisplay(_) => {
                self.changes(now);
                self.shown = Grid::default();
            }
            Cea608::EraseNonDisplay(_) => self.loaded = Grid::default(),
            Cea608::EndOfCaption(_) => {
                self.changes(now);
                std::mem::swap(&mut self.shown, &mut self.loaded);
                self.mode = Some(Mode::PopOn);
                self.recorder.written(now);
            }
            Cea608::CarriageReturn(_) => self.roll_up(now),
            Cea608::Backspace(_) => self.backspace(),
            Cea608::TabOffset(_, columns) => {
                self.column = (self.column + usize::from(columns)).min(COLUMNS - 1);
            }
            Cea608::DeleteToEndOfRow(_) => {
                let (row, column) = (self.row, self.column);
                self.grid()[row][column..].fill(Cell::default());
            }
            Cea608::Preamble(_, preamble) => {
                let row = usize::from(preamble.row()).min(ROWS - 1);
                if self.rows() > 0 && row != self.row {
                    self.move_base(row, now);
                }
                self.row = row;
                self.column = usize::from(preamble.column()).min(COLUMNS - 1);
                (self.italic, self.underlined) = (preamble.italics(), preamble.underline());
            }
            Cea608::MidRowChange(_, change) => {
                (self.italic, self.underlined) = (change.italics(), change.underline());
                self.put(None, now);
            }
        }
    }

    /// The memory that text is written to.
    fn grid(&mut self) -> &mut Grid {
        match self.mode {
            Some(Mode::PopOn) | None => &mut self.loaded,
            _ => &mut self.shown,
        }
    }

    fn put(&mut self, character: Option<char>, now: i64) {
        let Some(mode) = self.mode else {
            return;
        };
        let (row, column) = (self.row, self.column);
        let cell = Cell {
            character,
            italic: self.italic,
            underlined: self.underlined,
        };
        self.grid()[row][column] = cell;
        self.column = (column + 1).min(COLUMNS - 1);
        if mode != Mode::PopOn && character.is_some() {
            self.recorder.written(now);
        }
    }

    fn backspace(&mut self) {
        self.column = self.column.saturating_sub(1);
        let (row, column) = (self.row, self.column);
        self.grid()[row][column] = Cell::default();
    }

    /// Rows of the roll-up window; 0 in another mode.
    fn rows(&self) -> usize {
        self.mode
            .and_then(|m| m.rollup_rows())
            .map_or(0, usize::from)
    }

    fn enter(&mut self, mode: Mode, now: i64) {
        if mode.is_rollup() && self.rows() == 0 {
            // From pop-on or paint-on, roll-up starts on an empty display at the lowest row.
            self.changes(now);
            self.shown = Grid::default();
            self.loaded = Grid::default();
            (self.row, self.column) = (ROWS - 1, 0);
        }
        self.mode = Some(mode);
    }

    /// Moves the rows of the roll-up window, of which `row` becomes the lowest.
    fn move_base(&mut self, row: usize, now: i64) {
        self.changes(now);
        let mut moved = Grid::default();
        for above in 0..self.rows().min(self.row + 1).min(row + 1) {
            moved[row - above] = self.shown[self.row - above];
        }
        self.shown = moved;
        self.recorder.written(now);
    }

    fn roll_up(&mut self, now: i64) {
        let rows = self.rows();
        if rows == 0 {
            return;
        }
        self.changes(now);
        let top = (self.row + 1).saturating_sub(rows);
        for row in 0..ROWS {
            self.shown[row] = match row {
                row if row >= top && row < self.row => self.shown[row + 1],
                _ => [Cell::default(); COLUMNS],
            };
        }
        self.column = 0;
        if !self.is_empty() {
            self.recorder.written(now);
        }
    }

    fn is_empty(&self) -> bool {
        self.shown.iter().flatten().all(|c| c.character.is_none())
    }

    /// Records what is shown until now.
    fn changes(&mut self, now: i64) {
        let shown = self.recorder.since.and_then(|_| self.text());
        self.recorder.change(now, shown);
    }

    /// The text that is shown, at its first row and leftmost column within the safe area of four fifths.
    fn text(&self) -> Option<(String, Placement)> {
        let filled = |row: &[Cell; COLUMNS]| {
            row.iter()
                .position(|c| c.character.is_some_and(|c| c != ' '))
        };
        let top = self.shown.iter().position(|row| filled(row).is_some())?;
        let left = self.shown.iter().filter_map(filled).min()?;
        let share = |at: usize, of: usize| u32::try_from(100 + 800 * at / of).unwrap_or(0);
        let placement = Placement::cell(share(top, ROWS), share(left, COLUMNS));
        let text = payload(self.shown.iter().map(<[Cell; COLUMNS]>::as_slice));
        Some((text, placement))
    }
}
