//! The results of the corpus, and their tables in docs/security.md.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::time::Duration;

use reelsmith_contract::ErrorName;
use reelsmith_tests::hostile::{Case, Damage};

use crate::hostile::line::{Outcome, Stage};

/// The cases with the same result.
#[derive(Default)]
struct Cases {
    count: BTreeMap<Damage, usize>,
    slowest: Duration,
}

/// The results by kind.
#[derive(Default)]
pub struct Tally {
    ends: BTreeMap<(Stage, Option<ErrorName>), Cases>,
    wrong: Vec<String>,
}

impl Tally {
    /// Counts a case, and keeps the reason if its result is wrong.
    pub fn count(&mut self, case: &Case, outcome: &Outcome, wrong: Option<String>) {
        let end = (outcome.stage, outcome.failure.as_ref().map(|f| f.name));
        let cases = self.ends.entry(end).or_default();
        *cases.count.entry(case.damage).or_default() += 1;
        cases.slowest = cases.slowest.max(outcome.took);
        let wrong = wrong.map(|why| format!("{}: {why}: {outcome:?}", case.name));
        self.wrong.extend(wrong);
    }

    /// Fails if a result is wrong, and lists all wrong results, because a whole corpus takes minutes.
    pub fn assert_right(&self) {
        assert!(self.wrong.is_empty(), "{}", self.wrong.join("\n"));
    }

    /// The number of cases with one kind of damage.
    pub fn of(&self, damage: Damage) -> usize {
        let counts = self.ends.values().filter_map(|c| c.count.get(&damage));
        counts.sum()
    }

    /// The duration of the slowest case that ended with an error.
    pub fn slowest(&self) -> Duration {
        let failed = self.ends.iter().filter(|((_, name), _)| name.is_some());
        let times = failed.map(|(_, cases)| cases.slowest);
        times.max().unwrap_or_default()
    }

    /// The Markdown table: one row for each result.
    pub fn table(&self) -> String {
        let mut table = String::from(
            "| ended in | error | special | truncated | bits flipped | slowest |\n|---|---|---|---|---|---|\n",
        );
        for ((stage, name), cases) in &self.ends {
            let of = |damage| cases.count.get(&damage).copied().unwrap_or_default();
            let (special, cut) = (of(Damage::None), of(Damage::Cut));
            let flipped = of(Damage::Flipped);
            let slowest = cases.slowest.as_secs_f64();
            let end = match stage {
                Stage::Done => "accepted".to_owned(),
                stage => format!("{stage:?}").to_lowercase(),
            };
            let name = name.map_or(String::new(), |n| format!("`{n}`"));
            let _ = writeln!(
                table,
                "| {end} | {name} | {special} | {cut} | {flipped} | {slowest:.1} s |"
            );
        }
        table
    }
}

/// Serialises the tests of this program that write the page.
static PAGE: Mutex<()> = Mutex::new(());

/// Replaces a generated part of docs/security.md if the whole corpus ran and `UPDATE_DOCS=1` is set. It is not compared
/// otherwise, because times depend on the machine and encoder errors on the build.
pub fn document(name: &str, text: &str) {
    if !crate::hostile::full() || std::env::var_os("UPDATE_DOCS").is_none() {
        return;
    }
    let _alone = PAGE.lock().unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/security.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (begin, end) = (
        format!("<!-- {name}: begin -->\n"),
        format!("<!-- {name}: end -->"),
    );
    let (before, rest) = page.split_once(&begin).unwrap();
    let (_, after) = rest.split_once(&end).unwrap();
    std::fs::write(path, format!("{before}{begin}{text}{end}{after}")).unwrap();
}
