use proptest::prelude::*;
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::keys::{AssetId, Generation};
use reelsmith_core::submission::{NoticeKind, Outputs, RecordedFailure};

use super::*;

fn stored(state: State) -> Stored {
    Stored {
        row: Row {
            job_key: "ab".repeat(32).parse().unwrap(),
            asset: AssetId::of_episode("Attack on Titan", 1, 2),
            manifest_id: "m-1".into(),
            state,
            generation: Generation(2),
            attempt: 3,
            owner: "arn:run".into(),
            lease_until: UnixMillis(1_767_225_660_000),
            encoder: EncoderKind::MediaConvert,
            intended: None,
            encoder_ref: Some("ref".into()),
            outputs: None,
            failures: vec![RecordedFailure {
                error: "EncoderFailed".into(),
                cause: "because".into(),
                at: UnixMillis(5),
                attempt: 2,
                generation: Generation(2),
                owner: "arn:other".into(),
            }],
            created: UnixMillis(1_767_225_600_000),
            updated: UnixMillis(1_767_225_600_999),
        },
        revision: 7,
        write: "token".into(),
    }
}

fn text(item: &Item, name: &str) -> String {
    item[name].as_s().unwrap().clone()
}

fn count(item: &Item, name: &str) -> i64 {
    item[name].as_n().unwrap().parse().unwrap()
}

#[test]
fn a_row_becomes_a_flat_item() {
    let item = stored(State::Submitted).to_item().unwrap();
    assert_eq!(text(&item, "pk"), format!("job#{}", "ab".repeat(32)));
    assert_eq!(text(&item, "sk"), "row");
    assert_eq!(text(&item, "state"), "SUBMITTED");
    assert_eq!(text(&item, "gsi_status"), "SUBMITTED");
    assert_eq!(text(&item, "asset"), "attack-on-titan-s01e02");
    assert_eq!(text(&item, "encoder"), "mediaconvert");
    assert_eq!(text(&item, "encoder_ref"), "ref");
    assert_eq!(count(&item, "generation"), 2);
    assert_eq!(count(&item, "attempt"), 3);
    assert_eq!(count(&item, "lease_until"), 1_767_225_660_000);
    assert_eq!(count(&item, "updated"), 1_767_225_600_999);
    assert_eq!(count(&item, "revision"), 7);
    assert!(item["failures"].as_l().unwrap()[0].is_m());
    assert!(!item.contains_key("outputs"), "no null attributes");
}

#[test]
fn an_index_key_is_never_null() {
    let mut reserved = stored(State::Reserved);
    reserved.row.encoder_ref = None;
    let item = reserved.to_item().unwrap();
    assert!(!item.contains_key("encoder_ref"));
    assert!(item.values().all(|value| !value.is_null()));
}

#[test]
fn only_rows_of_ended_jobs_expire() {
    for state in [State::Reserved, State::Submitted, State::Validating] {
        assert!(!stored(state).to_item().unwrap().contains_key("expires"));
    }
    for state in [State::Complete, State::Failed] {
        let item = stored(state).to_item().unwrap();
        assert_eq!(count(&item, "expires"), 1_767_225_600 + 90 * 86_400);
    }
}

#[test]
fn an_unreadable_attribute_is_named() {
    let good = stored(State::Reserved).to_item().unwrap();
    for (name, value, needle) in [
        ("state", AttributeValue::S("NEW".into()), "NEW"),
        (
            "attempt",
            AttributeValue::S("3".into()),
            "invalid type: string",
        ),
        (
            "attempt",
            AttributeValue::N("three".into()),
            "attempt: expected a number",
        ),
        ("lease_until", AttributeValue::Null(true), "null"),
        ("job_key", AttributeValue::S("xyz".into()), "job key"),
        (
            "failures",
            AttributeValue::Ss(vec!["x".into()]),
            "failures: expected",
        ),
    ] {
        let mut item = good.clone();
        item.insert(name.to_owned(), value);
        let error = Stored::from_item("table t job j", item).unwrap_err();
        assert_eq!(error.kind(), PortErrorKind::Invalid);
        assert!(error.detail().starts_with("table t job j: "), "{error}");
        assert!(error.detail().contains(needle), "{error}");
    }
    let mut item = good;
    item.remove("revision");
    let error = Stored::from_item("table t job j", item).unwrap_err();
    assert!(error.detail().contains("revision"), "{error}");
}

fn any_state() -> impl Strategy<Value = State> {
    prop::sample::select(vec![
        State::Reserved,
        State::Submitted,
        State::Validating,
        State::Complete,
        State::Failed,
    ])
}

fn any_outputs() -> impl Strategy<Value = Option<Outputs>> {
    prop::option::of(
        ("\\PC{0,20}", prop::option::of("\\PC{0,20}")).prop_map(|(hls, dash)| Outputs {
            bucket: "b".into(),
            prefix: "p/".into(),
            hls,
            dash,
            report: "r".into(),
            mock: false,
        }),
    )
}

proptest! {
    #[test]
    fn a_row_survives_the_round_trip(
        state in any_state(),
        outputs in any_outputs(),
        encoder_ref in prop::option::of("\\PC{1,20}"),
        manifest_id in "\\PC{0,40}",
        cause in any::<String>(),
        times in any::<[i64; 3]>(),
        counts in any::<[u32; 2]>(),
        revision in any::<u64>(),
    ) {
        let mut stored = stored(state);
        stored.revision = revision;
        let row = &mut stored.row;
        row.outputs = outputs;
        row.encoder_ref = encoder_ref;
        row.manifest_id = manifest_id;
        row.failures[0].cause = cause;
        [row.lease_until.0, row.created.0, row.updated.0] = times;
        [row.generation.0, row.attempt] = counts;
        let item = stored.to_item().unwrap();
        prop_assert_eq!(Stored::from_item("t", item).unwrap(), stored);
    }

    #[test]
    fn an_outbox_entry_survives_the_round_trip(body in any::<String>(), created in any::<i64>()) {
        let entry = OutboxEntry {
            outbox: "execution#x".into(),
            id: "failure".into(),
            kind: NoticeKind::Failure,
            subject: "s".into(),
            body,
            created: UnixMillis(created),
        };
        let mut item = entry_attributes(&entry).unwrap();
        item.extend(entry_key(&entry));
        prop_assert_eq!(value_of::<OutboxEntry>("t", item).unwrap(), entry);
    }
}
