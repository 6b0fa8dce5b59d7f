use std::time::Duration;

use super::*;

/// A shell that may start system programs, unlike ffmpeg.
fn shell(script: &str) -> Command {
    let mut command = Command::new("/bin/sh", vec!["-c".into(), script.into()]);
    command.helpers = ["/bin", "/usr/bin"].map(Into::into).to_vec();
    command
}

fn within(stall_ms: u64, wall_ms: u64) -> Limits {
    Limits {
        wall: Duration::from_millis(wall_ms),
        stall: Duration::from_millis(stall_ms),
        ..Limits::default()
    }
}

fn failure(result: Result<CompletedRun, MediaError>) -> ProgramFailure {
    match result {
        Err(MediaError::Program { failure, .. }) => failure,
        other => panic!("expected a failed program, found {other:?}"),
    }
}

async fn lines(script: &str, limits: &Limits) -> (Vec<String>, Result<CompletedRun, MediaError>) {
    let mut seen = Vec::new();
    let command = shell(script);
    let keep = |line: &str| {
        seen.push(line.to_owned());
        Ok(Activity::Progress)
    };
    let result = run(&command, limits, keep).await;
    (seen, result)
}

#[tokio::test]
async fn a_child_sees_no_environment_and_no_input() {
    let (seen, result) = lines("/usr/bin/env; /bin/cat; echo end", &Limits::default()).await;
    result.unwrap();
    // The shell itself sets these variables.
    let own = |l: &&String| {
        !["PWD=", "_=", "SHLVL=", "OLDPWD="]
            .iter()
            .any(|p| l.starts_with(p))
    };
    assert_eq!(seen.iter().filter(own).collect::<Vec<_>>(), ["end"]);
}

#[tokio::test]
async fn an_error_keeps_the_end_of_stderr() {
    let script = "i=0; while [ $i -lt 2000 ]; do echo line $i >&2; i=$((i+1)); done; exit 3";
    let (_, result) = lines(script, &Limits::default()).await;
    let ProgramFailure::Exit { status, stderr } = failure(result) else {
        panic!("expected an exit with an error");
    };
    assert_eq!(status.code(), Some(3));
    assert!(
        stderr.ends_with("line 1999") && stderr.len() <= STDERR_TAIL,
        "{}",
        stderr.len()
    );
}

#[tokio::test]
async fn silence_and_output_without_progress_are_stalls() {
    let (_, result) = lines("exec /bin/sleep 60", &within(200, 60_000)).await;
    assert!(matches!(failure(result), ProgramFailure::Stalled { .. }));
    let chatter = shell("while :; do echo frame=7; /bin/sleep 0.02; done");
    let result = run_with_progress(&chatter, &within(300, 60_000)).await;
    assert!(matches!(failure(result), ProgramFailure::Stalled { .. }));
}

#[tokio::test]
async fn a_run_ends_at_its_wall_clock_limit_despite_progress() {
    let script = "while :; do echo on; /bin/sleep 0.02; done";
    let (_, result) = lines(script, &within(10_000, 300)).await;
    assert!(matches!(failure(result), ProgramFailure::TimedOut { .. }));
}

#[tokio::test]
async fn processor_time_is_that_of_the_child_alone() {
    let busy = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
    let (_, result) = lines(busy, &Limits::default()).await;
    let busy = result.unwrap().cpu_ms;
    let (_, result) = lines("/bin/true", &Limits::default()).await;
    let idle = result.unwrap().cpu_ms;
    assert!(busy >= 50 && idle < busy, "busy {busy} ms, idle {idle} ms");
}

#[tokio::test]
async fn dropping_a_run_kills_the_whole_group() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("pid");
    let script = format!(
        "/bin/sleep 300 & echo $! > {0}.new; mv {0}.new {0}; wait",
        mark.display()
    );
    // The shell has no PATH, so `mv` needs its full name.
    let script = script.replace("mv ", "/bin/mv ");
    let command = shell(&script).within(folder.path());
    let limits = Limits::default();
    let mut running = Box::pin(run(&command, &limits, |_| Ok(Activity::Idle)));
    let pid = loop {
        let pause = tokio::time::timeout(Duration::from_millis(10), &mut running).await;
        assert!(pause.is_err(), "the shell waits for its child");
        if let Ok(text) = std::fs::read_to_string(&mark) {
            break Pid::from_raw(text.trim().parse().unwrap()).unwrap();
        }
    };
    drop(running);
    let gone = async {
        while is_running(pid) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let gone = tokio::time::timeout(Duration::from_secs(10), gone).await;
    assert!(gone.is_ok(), "the grandchild outlived the run");
}

/// Whether a process runs, that is, exists and is not a zombie.
fn is_running(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    stat.is_ok_and(|s| {
        s.rsplit_once(") ")
            .is_some_and(|(_, state)| !state.starts_with('Z'))
    })
}

#[tokio::test]
async fn an_endless_line_is_refused() {
    let script = "exec /usr/bin/head -c 300000 /dev/zero";
    let (_, result) = lines(script, &Limits::default()).await;
    assert!(matches!(
        failure(result),
        ProgramFailure::LineTooLong { .. }
    ));
}

#[tokio::test]
async fn a_file_cannot_exceed_its_size_limit() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits {
        file_size: 4_096,
        ..Limits::default()
    };
    // The shell waits until its limits have been set from outside.
    let script = "/bin/sleep 0.3; exec /bin/dd if=/dev/zero of=big bs=1024 count=64";
    let command = shell(script).within(folder.path());
    let result = run(&command, &limits, |_| Ok(Activity::Progress)).await;
    assert!(matches!(failure(result), ProgramFailure::Exit { .. }));
    assert_eq!(folder.path().join("big").metadata().unwrap().len(), 4_096);
}

#[test]
fn a_process_name_with_brackets_is_parsed() {
    let stat = "42 (ff) S (x) R 1 42 42 0 -1 4194304 1 0 0 0 250 50 0 0 20 0";
    assert_eq!(cpu_ms(stat, 100), Some(3_000));
    assert_eq!(cpu_ms("garbage", 100), None);
}
