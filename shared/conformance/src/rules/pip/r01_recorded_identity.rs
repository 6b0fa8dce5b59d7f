use crate::evidence::Identity;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "PIP-01",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
    parts: &[],
    title: "the recorded mezzanine, profile hash and encoder build are those of the job",
    doc: "Every record states the job it was made for, records of encoders also the encoder build, and the probe \
          the mezzanine that was read. A record that differs belongs to another encode.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(provenance) = view.evidence().and_then(|e| e.provenance.as_ref()) else {
        return out.not_judged("the records of the job are not given");
    };
    out.seen();
    if provenance.records.is_empty() {
        out.output("records that state who made the output", "none");
    }
    for (record, stated) in &provenance.records {
        for (name, of) in FACTS {
            if let (Some(expected), Some(found)) = (of(&provenance.job), of(stated))
                && expected != found
            {
                let expected = format!("the {name} {expected}");
                out.output(expected, format!("{found} in {record}"));
            }
        }
    }
}

/// A fact that a record may state.
type Fact = fn(&Identity) -> Option<String>;

const FACTS: [(&str, Fact); 5] = [
    ("job", |i| i.job_key.clone()),
    ("generation", |i| i.generation.map(|g| g.to_string())),
    ("mezzanine", |i| i.mezzanine.clone()),
    ("profile", |i| i.profile.clone()),
    ("encoder build", |i| i.encoder_build.clone()),
];
