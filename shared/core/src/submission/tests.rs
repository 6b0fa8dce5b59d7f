use super::*;

fn job() -> JobKey {
    "cd".repeat(32).parse().unwrap()
}

fn reserve(owner: &str, force: bool) -> Transition {
    Transition {
        job_key: job(),
        step: Step::Reserve {
            asset: AssetId::of_episode("show", 1, 1),
            manifest_id: "m-1".into(),
            encoder: EncoderKind::Lambda,
            owner: owner.into(),
            lease_seconds: 60,
            force,
        },
        notice: None,
    }
}

fn with(step: Step) -> Transition {
    Transition {
        job_key: job(),
        step,
        notice: None,
    }
}

fn applied(decision: TransitionOutcome) -> Row {
    match decision {
        TransitionOutcome::Applied(row) => row,
        other => panic!("expected Applied, found {other:?}"),
    }
}

fn outputs() -> Outputs {
    Outputs {
        bucket: "out".into(),
        prefix: "outputs/x/".into(),
        hls: "outputs/x/master.m3u8".into(),
        dash: None,
        report: "jobs/x/report.json".into(),
        mock: false,
    }
}

type MakeStep = fn(Fence) -> Step;

fn run_to(state: State) -> Row {
    let mut row = applied(reserve("a", false).decide(None, UnixMillis(0)));
    let steps: [(State, MakeStep); 3] = [
        (State::Submitted, |fence| Step::Commit {
            fence,
            encoder_ref: "r".into(),
            lease_seconds: 60,
        }),
        (State::Validating, |fence| Step::Validate {
            fence,
            lease_seconds: 60,
        }),
        (State::Complete, |fence| Step::Complete {
            fence,
            outputs: outputs(),
        }),
    ];
    for (reached, step) in steps {
        if row.state == state {
            break;
        }
        row = applied(with(step(row.fence())).decide(Some(&row), UnixMillis(1)));
        assert_eq!(row.state, reached);
    }
    row
}

#[test]
fn an_encode_without_faults_leads_to_complete() {
    let row = run_to(State::Complete);
    assert_eq!(row.outputs, Some(outputs()));
    assert_eq!((row.generation, row.attempt), (Generation(1), 1));
}

#[test]
fn a_retry_of_the_same_execution_keeps_its_hold() {
    let row = run_to(State::Reserved);
    let again = reserve("a", false).decide(Some(&row), UnixMillis(1));
    assert_eq!(again, TransitionOutcome::AlreadyApplied(row));
}

#[test]
fn a_live_lease_refuses_another_execution_and_an_expired_one_does_not() {
    for state in [State::Reserved, State::Submitted, State::Validating] {
        let row = run_to(state);
        let live = reserve("b", false).decide(Some(&row), UnixMillis(1_000));
        assert_eq!(
            live,
            TransitionOutcome::Refused(Some(row.clone())),
            "{state:?}"
        );
        let late = applied(reserve("b", false).decide(Some(&row), UnixMillis(61_001)));
        assert_eq!((late.attempt, late.owner.as_str()), (2, "b"), "{state:?}");
    }
}

#[test]
fn a_stale_owner_cannot_write() {
    let row = run_to(State::Validating);
    let stale = row.fence();
    let taken = applied(reserve("b", false).decide(Some(&row), UnixMillis(100_000)));
    for step in [
        Step::Commit {
            fence: stale.clone(),
            encoder_ref: "z".into(),
            lease_seconds: 1,
        },
        Step::Validate {
            fence: stale.clone(),
            lease_seconds: 1,
        },
        Step::Complete {
            fence: stale.clone(),
            outputs: outputs(),
        },
        Step::Fail {
            fence: stale,
            error: "E".into(),
            cause: "c".into(),
        },
    ] {
        let decision = with(step).decide(Some(&taken), UnixMillis(100_001));
        assert_eq!(decision, TransitionOutcome::Refused(Some(taken.clone())));
    }
}

#[test]
fn a_failed_job_can_be_reserved_at_once_and_keeps_its_failures() {
    let row = run_to(State::Submitted);
    let fail = Step::Fail {
        fence: row.fence(),
        error: "EncoderFailed".into(),
        cause: "c".into(),
    };
    let failed = applied(with(fail.clone()).decide(Some(&row), UnixMillis(2)));
    assert_eq!(failed.failures.len(), 1);
    assert_eq!(
        with(fail).decide(Some(&failed), UnixMillis(3)),
        TransitionOutcome::AlreadyApplied(failed.clone())
    );
    let again = applied(reserve("b", false).decide(Some(&failed), UnixMillis(3)));
    assert_eq!(
        (again.attempt, again.state, again.failures.len()),
        (2, State::Reserved, 1)
    );
}

#[test]
fn a_complete_job_is_refused_unless_forced_into_a_new_generation() {
    let row = run_to(State::Complete);
    let refused = reserve("b", false).decide(Some(&row), UnixMillis(i64::MAX));
    assert_eq!(refused, TransitionOutcome::Refused(Some(row.clone())));
    let forced = applied(reserve("b", true).decide(Some(&row), UnixMillis(5)));
    assert_eq!(
        (forced.generation, forced.attempt, forced.outputs),
        (Generation(2), 1, None)
    );
}

#[test]
fn a_forced_execution_that_is_retried_after_it_completed_does_not_force_again() {
    let row = run_to(State::Complete);
    let again = reserve("a", true).decide(Some(&row), UnixMillis(5));
    assert_eq!(again, TransitionOutcome::Refused(Some(row)));
}

#[test]
fn no_step_skips_a_state() {
    let row = run_to(State::Reserved);
    let complete = with(Step::Complete {
        fence: row.fence(),
        outputs: outputs(),
    });
    assert_eq!(
        complete.decide(Some(&row), UnixMillis(1)),
        TransitionOutcome::Refused(Some(row.clone()))
    );
    assert_eq!(
        complete.decide(None, UnixMillis(1)),
        TransitionOutcome::Refused(None)
    );
}

#[test]
fn a_row_keeps_a_bounded_number_of_failures() {
    let mut row = run_to(State::Reserved);
    for n in 0..50 {
        let fail = Step::Fail {
            fence: row.fence(),
            error: format!("E{n}"),
            cause: String::new(),
        };
        row = applied(with(fail).decide(Some(&row), UnixMillis(n)));
        row = applied(reserve(&format!("o{n}"), false).decide(Some(&row), UnixMillis(n)));
    }
    assert_eq!(row.failures.len(), MAX_FAILURES);
    assert_eq!(row.failures.last().map(|f| f.error.as_str()), Some("E49"));
}

#[test]
fn an_execution_that_failed_never_takes_the_job_again() {
    let row = run_to(State::Reserved);
    let fail = with(Step::Fail {
        fence: row.fence(),
        error: "E".into(),
        cause: "c".into(),
    });
    let failed = applied(fail.decide(Some(&row), UnixMillis(2)));
    for force in [false, true] {
        let late = reserve("a", force).decide(Some(&failed), UnixMillis(3));
        assert_eq!(late, TransitionOutcome::Refused(Some(failed.clone())));
    }
    let taken = applied(reserve("b", false).decide(Some(&failed), UnixMillis(3)));
    let later = reserve("a", false).decide(Some(&taken), UnixMillis(1_000_000));
    assert_eq!(later, TransitionOutcome::Refused(Some(taken)));
}

#[test]
fn force_starts_a_new_generation_and_a_plain_retry_stays_in_the_failed_one() {
    let row = run_to(State::Validating);
    let fail = with(Step::Fail {
        fence: row.fence(),
        error: "OutputConflict".into(),
        cause: "c".into(),
    });
    let failed = applied(fail.decide(Some(&row), UnixMillis(2)));
    let plain = applied(reserve("b", false).decide(Some(&failed), UnixMillis(3)));
    assert_eq!((plain.generation, plain.attempt), (Generation(1), 2));
    let forced = applied(reserve("b", true).decide(Some(&failed), UnixMillis(3)));
    assert_eq!((forced.generation, forced.attempt), (Generation(2), 1));
}

#[test]
fn a_clock_that_is_behind_never_shortens_a_lease() {
    let row = applied(reserve("a", false).decide(None, UnixMillis(50_000)));
    let commit = with(Step::Commit {
        fence: row.fence(),
        encoder_ref: "r".into(),
        lease_seconds: 60,
    });
    let behind = applied(commit.decide(Some(&row), UnixMillis(0)));
    assert_eq!(behind.lease_until, row.lease_until);
    let ahead = applied(commit.decide(Some(&row), UnixMillis(60_000)));
    assert_eq!(ahead.lease_until, UnixMillis(120_000));
}

#[test]
fn the_generation_counter_saturates() {
    let mut row = run_to(State::Complete);
    row.generation = Generation(u32::MAX);
    let forced = applied(reserve("b", true).decide(Some(&row), UnixMillis(5)));
    assert_eq!(forced.generation, Generation(u32::MAX));
}

#[test]
fn an_intent_is_written_once_by_the_holder_and_belongs_to_its_attempt() {
    let row = applied(reserve("a", false).decide(None, UnixMillis(0)));
    let intend = |row: &Row| {
        with(Step::Intend {
            fence: row.fence(),
            lease_seconds: 60,
        })
    };
    let first = intend(&row);
    let intended = applied(first.decide(Some(&row), UnixMillis(7)));
    assert_eq!(intended.state, State::Reserved);
    assert_eq!(intended.intended, Some(UnixMillis(7)));
    assert!(intended.lease_until > row.lease_until);
    let again = first.decide(Some(&intended), UnixMillis(9));
    assert_eq!(again, TransitionOutcome::AlreadyApplied(intended.clone()));
    let expired = first.decide(Some(&intended), intended.lease_until);
    assert_eq!(
        expired,
        TransitionOutcome::Refused(Some(intended.clone())),
        "no search and order under an expired lease"
    );
    let submitted = run_to(State::Submitted);
    let late = intend(&submitted).decide(Some(&submitted), UnixMillis(9));
    assert_eq!(late, TransitionOutcome::AlreadyApplied(submitted.clone()));
    let validating = run_to(State::Validating);
    let after = intend(&validating).decide(Some(&validating), UnixMillis(9));
    assert_eq!(after, TransitionOutcome::Refused(Some(validating.clone())));
    let expired = UnixMillis(intended.lease_until.0 + 1);
    let taken = applied(reserve("b", false).decide(Some(&intended), expired));
    assert_eq!(
        taken.intended, None,
        "another attempt starts without an intent"
    );
    let stale = first.decide(Some(&taken), expired);
    assert_eq!(stale, TransitionOutcome::Refused(Some(taken.clone())));
}
