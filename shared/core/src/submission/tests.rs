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

fn fence(row: &Row) -> Fence {
    Fence {
        generation: row.generation,
        attempt: row.attempt,
        owner: row.owner.clone(),
    }
}

fn applied(outcome: Outcome) -> Row {
    match outcome {
        Outcome::Applied(row) => row,
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
        row = applied(with(step(fence(&row))).decide(Some(&row), UnixMillis(1)));
        assert_eq!(row.state, reached);
    }
    row
}

#[test]
fn the_happy_way_leads_to_complete() {
    let row = run_to(State::Complete);
    assert_eq!(row.outputs, Some(outputs()));
    assert_eq!((row.generation, row.attempt), (Generation(1), 1));
}

#[test]
fn a_retry_of_the_same_execution_goes_on() {
    let row = run_to(State::Reserved);
    let again = reserve("a", false).decide(Some(&row), UnixMillis(1));
    assert_eq!(again, Outcome::AlreadyApplied(row));
}

#[test]
fn a_live_lease_refuses_another_execution_and_a_lapsed_one_does_not() {
    for state in [State::Reserved, State::Submitted, State::Validating] {
        let row = run_to(state);
        let live = reserve("b", false).decide(Some(&row), UnixMillis(1_000));
        assert_eq!(live, Outcome::Refused(Some(row.clone())), "{state:?}");
        let late = applied(reserve("b", false).decide(Some(&row), UnixMillis(61_001)));
        assert_eq!((late.attempt, late.owner.as_str()), (2, "b"), "{state:?}");
    }
}

#[test]
fn a_zombie_cannot_write_after_it_lost_the_job() {
    let row = run_to(State::Validating);
    let zombie = fence(&row);
    let taken = applied(reserve("b", false).decide(Some(&row), UnixMillis(100_000)));
    for step in [
        Step::Commit {
            fence: zombie.clone(),
            encoder_ref: "z".into(),
            lease_seconds: 1,
        },
        Step::Validate {
            fence: zombie.clone(),
            lease_seconds: 1,
        },
        Step::Complete {
            fence: zombie.clone(),
            outputs: outputs(),
        },
        Step::Fail {
            fence: zombie,
            error: "E".into(),
            cause: "c".into(),
        },
    ] {
        let outcome = with(step).decide(Some(&taken), UnixMillis(100_001));
        assert_eq!(outcome, Outcome::Refused(Some(taken.clone())));
    }
}

#[test]
fn a_failed_job_can_be_reserved_at_once_and_remembers_why() {
    let row = run_to(State::Submitted);
    let fail = Step::Fail {
        fence: fence(&row),
        error: "EncoderFailed".into(),
        cause: "c".into(),
    };
    let failed = applied(with(fail.clone()).decide(Some(&row), UnixMillis(2)));
    assert_eq!(failed.failures.len(), 1);
    assert_eq!(
        with(fail).decide(Some(&failed), UnixMillis(3)),
        Outcome::AlreadyApplied(failed.clone())
    );
    let again = applied(reserve("b", false).decide(Some(&failed), UnixMillis(3)));
    assert_eq!(
        (again.attempt, again.state, again.failures.len()),
        (2, State::Reserved, 1)
    );
}

#[test]
fn complete_refuses_unless_forced_and_force_is_a_new_generation() {
    let row = run_to(State::Complete);
    let refused = reserve("b", false).decide(Some(&row), UnixMillis(i64::MAX));
    assert_eq!(refused, Outcome::Refused(Some(row.clone())));
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
    assert_eq!(again, Outcome::Refused(Some(row)));
}

#[test]
fn no_step_skips_a_state() {
    let row = run_to(State::Reserved);
    let complete = with(Step::Complete {
        fence: fence(&row),
        outputs: outputs(),
    });
    assert_eq!(
        complete.decide(Some(&row), UnixMillis(1)),
        Outcome::Refused(Some(row.clone()))
    );
    assert_eq!(complete.decide(None, UnixMillis(1)), Outcome::Refused(None));
}

#[test]
fn failures_are_bounded() {
    let mut row = run_to(State::Reserved);
    for n in 0..50 {
        let fail = Step::Fail {
            fence: fence(&row),
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
fn an_execution_that_gave_up_never_takes_the_job_again() {
    let row = run_to(State::Reserved);
    let fail = with(Step::Fail {
        fence: fence(&row),
        error: "E".into(),
        cause: "c".into(),
    });
    let failed = applied(fail.decide(Some(&row), UnixMillis(2)));
    for force in [false, true] {
        let late = reserve("a", force).decide(Some(&failed), UnixMillis(3));
        assert_eq!(late, Outcome::Refused(Some(failed.clone())));
    }
    let taken = applied(reserve("b", false).decide(Some(&failed), UnixMillis(3)));
    let later = reserve("a", false).decide(Some(&taken), UnixMillis(1_000_000));
    assert_eq!(later, Outcome::Refused(Some(taken)));
}

#[test]
fn force_leaves_a_failed_generation_behind_and_a_plain_retry_goes_on_in_it() {
    let row = run_to(State::Validating);
    let fail = with(Step::Fail {
        fence: fence(&row),
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
        fence: fence(&row),
        encoder_ref: "r".into(),
        lease_seconds: 60,
    });
    let behind = applied(commit.decide(Some(&row), UnixMillis(0)));
    assert_eq!(behind.lease_until, row.lease_until);
    let ahead = applied(commit.decide(Some(&row), UnixMillis(60_000)));
    assert_eq!(ahead.lease_until, UnixMillis(120_000));
}

#[test]
fn counters_stop_at_their_end() {
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
            fence: fence(row),
            lease_seconds: 60,
        })
    };
    let first = intend(&row);
    let intended = applied(first.decide(Some(&row), UnixMillis(7)));
    assert_eq!(intended.state, State::Reserved);
    assert_eq!(intended.intended, Some(UnixMillis(7)));
    assert!(intended.lease_until > row.lease_until);
    let again = first.decide(Some(&intended), UnixMillis(9));
    assert_eq!(again, Outcome::AlreadyApplied(intended.clone()));
    let lapsed = first.decide(Some(&intended), intended.lease_until);
    assert_eq!(
        lapsed,
        Outcome::Refused(Some(intended.clone())),
        "nobody searches and orders under a lease that has lapsed"
    );
    let submitted = run_to(State::Submitted);
    let late = intend(&submitted).decide(Some(&submitted), UnixMillis(9));
    assert_eq!(late, Outcome::AlreadyApplied(submitted.clone()));
    let validating = run_to(State::Validating);
    let after = intend(&validating).decide(Some(&validating), UnixMillis(9));
    assert_eq!(after, Outcome::Refused(Some(validating.clone())));
    let lapsed = UnixMillis(intended.lease_until.0 + 1);
    let taken = applied(reserve("b", false).decide(Some(&intended), lapsed));
    assert_eq!(taken.intended, None, "another attempt has intended nothing");
    let zombie = first.decide(Some(&taken), lapsed);
    assert_eq!(zombie, Outcome::Refused(Some(taken.clone())));
}
