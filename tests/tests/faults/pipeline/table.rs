//! The rows: every function with every fault, and random schedules generated from a seed.

use reelsmith_tests::chaos::{Effect, Rule, Service};

/// A fault of a run.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// Requests of functions fail.
    Requests(Vec<Rule>),
    /// The function's encoder process is killed.
    Encoder(&'static str),
    /// The encoder process of a chunk is suspended, so that it makes no progress and does not end.
    Stall,
    /// Every encoder process of a chunk is killed until the execution has ended.
    EveryEncoder,
    /// The file system for temporary files is full until the function has failed.
    FullDisk(&'static str),
    /// The execution is stopped at the function's first request.
    Stop(&'static str),
}

/// One row of the fault table.
#[derive(Clone, Debug)]
pub struct Case {
    pub function: &'static str,
    pub fault: String,
    pub trouble: Trouble,
    /// Whether the ordinary run includes the row.
    pub in_slice: bool,
}

impl Case {
    pub fn name(&self) -> String {
        format!("{}: {}", self.function, self.fault)
    }
}

use Service::{Delete, Read, TableRead, TableWrite, Topic, Workflow, Write};

/// The requests of each function.
const FUNCTIONS: &[(&str, &[Service])] = &[
    ("start-execution", &[Read, TableRead, TableWrite, Workflow]),
    ("parse-manifest", &[Read, Write]),
    ("validate-input", &[Read, Write]),
    ("submit-job", &[Read, TableRead, TableWrite]),
    ("plan-chunks", &[Read, Write]),
    ("verify-mezzanine", &[Read, Write]),
    ("transcode-chunk", &[Read, Write]),
    ("encode-audio", &[Read, Write]),
    ("convert-captions", &[Read, Write]),
    ("assemble-rendition", &[Read, Write]),
    ("make-images", &[Read, Write]),
    ("package-outputs", &[Read, Write]),
    ("validate-output", &[Read, Write, TableRead, TableWrite]),
    ("publish-job", &[Read, Write, TableWrite]),
    ("cleanup-job", &[Read, Delete]),
    ("notify", &[TableRead, TableWrite, Topic]),
];

/// More failures than the SDK retries, so that the function fails and the state machine retries it.
const PAST_THE_SDK: usize = 5;

/// The faults of a request: how many in a row, the effect, and its description.
fn befalls(service: Service) -> Vec<(usize, Effect, &'static str)> {
    let busy = (
        PAST_THE_SDK,
        Effect::Answer(503, "SlowDown"),
        "S3 answers SlowDown",
    );
    let lost = (1, Effect::LoseAnswer, "done, response lost");
    let all_lost = (
        4,
        Effect::LoseAnswer,
        "done four times, every response lost",
    );
    match service {
        Read | Service::Pinned => vec![
            busy,
            (1, Effect::CutBody, "a truncated body"),
            (
                PAST_THE_SDK,
                Effect::CutBody,
                "truncated bodies, five in a row",
            ),
        ],
        Write => vec![
            busy,
            (
                3,
                Effect::Answer(409, "ConditionalRequestConflict"),
                "conditional write conflicts",
            ),
            lost,
            all_lost,
        ],
        Delete => vec![busy, lost],
        TableRead => vec![(
            PAST_THE_SDK,
            Effect::Answer(400, "ProvisionedThroughputExceededException"),
            "DynamoDB throttles reads",
        )],
        TableWrite => vec![
            (
                PAST_THE_SDK,
                Effect::Answer(400, "ProvisionedThroughputExceededException"),
                "DynamoDB throttles writes",
            ),
            (
                3,
                Effect::Answer(400, "TransactionConflictException"),
                "transaction conflicts",
            ),
            lost,
            all_lost,
        ],
        Topic => vec![
            (
                PAST_THE_SDK,
                Effect::Answer(500, "InternalFailure"),
                "SNS is down",
            ),
            lost,
        ],
        Workflow => vec![
            (
                PAST_THE_SDK,
                Effect::Answer(500, "InternalFailure"),
                "Step Functions is down",
            ),
            lost,
        ],
    }
}

/// Every row.
pub fn whole() -> Vec<Case> {
    let mut cases = Vec::new();
    for (function, services) in FUNCTIONS {
        for service in *services {
            for (times, effect, fault) in befalls(*service) {
                let rule = rule(function, Some(*service), 1, times, effect);
                cases.push(case(
                    function,
                    format!("{service:?}: {fault}"),
                    Trouble::Requests(vec![rule]),
                ));
            }
        }
        for (nth, effect, fault) in [
            (1, Effect::KillBefore, "SIGKILL before its first request"),
            (1, Effect::KillAfter, "SIGKILL after its first request"),
            (2, Effect::KillAfter, "SIGKILL after its second request"),
            (1, Effect::Freeze, "hangs until its timeout"),
        ] {
            let rule = rule(function, None, nth, 1, effect);
            cases.push(case(
                function,
                fault.to_owned(),
                Trouble::Requests(vec![rule]),
            ));
        }
        if let Some(changes) = services
            .iter()
            .find(|s| matches!(s, Write | TableWrite | Delete))
        {
            let rule = rule(function, Some(*changes), 1, 1, Effect::KillAfter);
            cases.push(case(
                function,
                format!("SIGKILL after its first {changes:?}"),
                Trouble::Requests(vec![rule]),
            ));
        }
        if *function != "start-execution" {
            let denied = rule(
                function,
                Some(services[0]),
                1,
                1,
                Effect::Answer(403, "AccessDenied"),
            );
            cases.push(case(
                function,
                "a final error (AccessDenied)".to_owned(),
                Trouble::Requests(vec![denied]),
            ));
            cases.push(case(
                function,
                "StopExecution".to_owned(),
                Trouble::Stop(function),
            ));
        }
    }
    for function in ["transcode-chunk", "encode-audio", "make-images"] {
        cases.push(case(
            function,
            "its encoder is killed".to_owned(),
            Trouble::Encoder(function),
        ));
        cases.push(case(
            function,
            "/tmp is full".to_owned(),
            Trouble::FullDisk(function),
        ));
    }
    for (fault, trouble) in [
        ("its encoder makes no progress", Trouble::Stall),
        (
            "its encoder is killed on every attempt",
            Trouble::EveryEncoder,
        ),
    ] {
        cases.push(case("transcode-chunk", fault.to_owned(), trouble));
    }
    cases.extend(while_failing());
    cases
}

/// The faults of the function that reports why a job failed.
fn while_failing() -> Vec<Case> {
    let fails = rule(
        "assemble-rendition",
        Some(Read),
        1,
        1,
        Effect::Answer(403, "AccessDenied"),
    );
    let of_table = befalls(TableWrite)
        .into_iter()
        .map(|(times, effect, fault)| (Some(TableWrite), times, effect, fault));
    let killed = [
        (
            None,
            1,
            Effect::KillBefore,
            "SIGKILL before its first request",
        ),
        (
            Some(TableWrite),
            1,
            Effect::KillAfter,
            "SIGKILL after its first TableWrite",
        ),
        (None, 1, Effect::Freeze, "hangs until its timeout"),
    ];
    of_table
        .chain(killed)
        .map(|(service, times, effect, fault)| {
            let rules = vec![fails, rule("fail-job", service, 1, times, effect)];
            let fault = match service {
                Some(service) if !fault.starts_with("SIGKILL") => format!("{service:?}: {fault}"),
                _ => fault.to_owned(),
            };
            case("fail-job", fault, Trouble::Requests(rules))
        })
        .collect()
}

/// The rows of the ordinary run: one of each kind, at the most critical place.
const SLICE: &[&str] = &[
    "start-execution: TableWrite: done, response lost",
    "submit-job: SIGKILL after its first TableWrite",
    "transcode-chunk: its encoder is killed",
    "transcode-chunk: SIGKILL after its first Write",
    "transcode-chunk: StopExecution",
    "assemble-rendition: a final error (AccessDenied)",
    "publish-job: TableWrite: done four times, every response lost",
    "notify: Topic: SNS is down",
];

fn case(function: &'static str, fault: String, trouble: Trouble) -> Case {
    let mut case = Case {
        function,
        fault,
        trouble,
        in_slice: false,
    };
    case.in_slice = SLICE.contains(&case.name().as_str());
    case
}

fn rule(
    function: &'static str,
    service: Option<Service>,
    nth: usize,
    times: usize,
    effect: Effect,
) -> Rule {
    Rule {
        function,
        service,
        nth,
        times,
        effect,
    }
}

/// One to three faults of a schedule. The generator must not change, because a seed identifies a schedule.
pub fn drawn(seed: u64) -> Vec<Rule> {
    let mut state = seed;
    let mut below = |limit: usize| {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % limit as u64).unwrap_or(0)
    };
    let effects = [
        (1, Effect::KillBefore),
        (1, Effect::KillAfter),
        (1, Effect::LoseAnswer),
        (PAST_THE_SDK, Effect::Answer(503, "SlowDown")),
    ];
    (0..=below(3))
        .map(|_| {
            let (function, _) = FUNCTIONS[below(FUNCTIONS.len())];
            let (times, effect) = effects[below(effects.len())];
            rule(function, None, 1 + below(6), times, effect)
        })
        .collect()
}
