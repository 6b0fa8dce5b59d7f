//! What a compromised program can access, tried by a shell in its place.

use std::net::TcpListener;
use std::path::Path;

use super::*;
use crate::process::{Activity, CompletedRun, Limits, run};

/// Runs a script of shell built-ins and of the programs in `helpers`, in a folder of its own.
async fn attempt(
    script: &str,
    args: &[&str],
    helpers: &[&str],
) -> (Vec<String>, Result<CompletedRun, MediaError>) {
    let folder = tempfile::tempdir().unwrap();
    let mut argv = vec!["-c".to_owned(), script.to_owned(), "bash".to_owned()];
    argv.extend(args.iter().map(|a| (*a).to_owned()));
    let mut command = Command::new("/bin/bash", argv).within(folder.path());
    command.helpers = helpers.iter().map(PathBuf::from).collect();
    let mut seen = Vec::new();
    let keep = |line: &str| {
        seen.push(line.to_owned());
        Ok(Activity::Progress)
    };
    let result = run(&command, &Limits::default(), keep).await;
    (seen, result)
}

/// The layers of this kernel, printed in the output of every test, so that a skipped test is visible.
fn layers() -> Layers {
    let layers = Layers::active();
    println!("confinement here: {layers:?}");
    layers
}

fn secret() -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "canary").unwrap();
    file
}

fn name(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn only_the_working_folder_is_accessible() {
    if !layers().files {
        return;
    }
    let secret = secret();
    let script = r#"
        echo mine > own && read -r own < own && echo "$own"
        read -r stolen < "$1" && echo "$stolen"
        echo spoilt > "$1" && echo written
        read -r passwd < /etc/passwd && echo "$passwd"
        echo x > /tmp/reelsmith-escape && echo escaped
        echo end"#;
    let (seen, result) = attempt(script, &[name(secret.path())], &[]).await;
    result.unwrap();
    assert_eq!(seen, ["mine", "end"]);
    assert_eq!(std::fs::read_to_string(secret.path()).unwrap(), "canary");
}

#[tokio::test]
async fn the_environment_of_the_function_cannot_be_read() {
    if !layers().files {
        return;
    }
    let script = r#"
        for file in environ cmdline maps mem status; do
          read -r -n 1 stolen < /proc/$1/$file && echo "$file"
        done
        for file in /proc/self/environ /proc/1/environ; do read -r stolen < $file && echo $file; done
        echo end"#;
    let own = std::process::id().to_string();
    let (seen, result) = attempt(script, &[&own], &[]).await;
    result.unwrap();
    assert_eq!(seen, ["end"]);
}

#[tokio::test]
async fn only_listed_helper_programs_can_be_started() {
    if !layers().files {
        return;
    }
    let script = "/bin/true && echo helper; /bin/ls / && echo other; echo end";
    let (seen, result) = attempt(script, &[], &["/bin/true"]).await;
    result.unwrap();
    assert_eq!(seen, ["helper", "end"]);
}

#[tokio::test]
async fn only_the_port_of_the_proxy_is_reachable() {
    let layers = layers();
    let [proxy, other] = [0, 0].map(|_| TcpListener::bind(("127.0.0.1", 0)).unwrap());
    let port = |l: &TcpListener| l.local_addr().unwrap().port().to_string();
    let url = format!("{LOOPBACK}{}/token/mezzanine", port(&proxy));
    let script = r#"
        exec 3<>/dev/tcp/127.0.0.1/$2 && echo proxy
        exec 4<>/dev/tcp/127.0.0.1/$3 && echo other
        exec 5<>/dev/tcp/169.254.169.254/80 && echo metadata
        exec 6<>/dev/udp/127.0.0.1/$3 && echo datagram
        exec 7<>/dev/tcp/::1/$3 && echo six
        echo end"#;
    if layers.ports {
        let (seen, result) = attempt(script, &[&url, &port(&proxy), &port(&other)], &[]).await;
        result.unwrap();
        assert_eq!(seen, ["proxy", "end"]);
        other.set_nonblocking(true).unwrap();
        assert!(other.accept().is_err(), "the sentinel saw a connection");
    } else if layers.calls {
        let script = "exec 6<>/dev/udp/127.0.0.1/9 && echo datagram; echo end";
        let (seen, result) = attempt(script, &[], &[]).await;
        result.unwrap();
        assert_eq!(seen, ["end"]);
    }
}

#[tokio::test]
async fn no_signal_can_be_sent() {
    if !layers().calls {
        return;
    }
    let script = "kill -0 $1 && echo parent; kill -0 $$ && echo self; echo end";
    let own = std::process::id().to_string();
    let (seen, result) = attempt(script, &[&own], &[]).await;
    result.unwrap();
    assert_eq!(seen, ["end"]);
}

#[tokio::test]
async fn no_privileges_are_gained_and_the_limits_hold() {
    let folder = tempfile::tempdir().unwrap();
    let mut seen = String::new();
    let limits = Limits {
        memory: 1 << 30,
        cpu: Some(7),
        file_size: 4_096,
        ..Limits::default()
    };
    // The limits are set from outside, so the shell must not finish before.
    let slow = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; ulimit -a";
    let command = Command::new("/bin/bash", vec!["-c".into(), slow.into()]).within(folder.path());
    let result = run(&command, &limits, |line| {
        seen.push_str(&format!("{line}\n"));
        Ok(Activity::Progress)
    });
    result.await.unwrap();
    let has = |start: &str, end: &str| {
        let found = seen
            .lines()
            .any(|l| l.starts_with(start) && l.ends_with(end));
        assert!(found, "{start} {end}: {seen}");
    };
    has("virtual memory", " 1048576");
    has("cpu time", " 7");
    has("file size", " 4");
    has("open files", " 256");
    has("core file size", " 0");
    let processes = seen.lines().find(|l| l.starts_with("max user processes"));
    let processes: u64 = processes
        .unwrap()
        .rsplit(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!((512..1_000_000).contains(&processes), "{processes}");
    let layers = Layers {
        files: false,
        ..layers()
    };
    // The same kind of thread as starts a program: no new privileges, and filters if the kernel has them.
    let status = std::thread::spawn(move || {
        confine(&AccessRules::of(&command), layers).unwrap();
        std::fs::read_to_string("/proc/thread-self/status").unwrap()
    });
    let status = status.join().unwrap();
    assert!(status.contains("NoNewPrivs:\t1"), "{status}");
    assert_eq!(status.contains("Seccomp:\t2"), layers.calls, "{status}");
}

#[tokio::test]
async fn the_parent_of_a_confined_program_stays_unconfined() {
    let (_, result) = attempt("echo end", &[], &[]).await;
    result.unwrap();
    let secret = secret();
    assert_eq!(std::fs::read_to_string(secret.path()).unwrap(), "canary");
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    assert!(status.contains("NoNewPrivs:\t0"), "{status}");
}

#[tokio::test]
async fn ffmpeg_cannot_open_files_even_if_its_protocol_whitelist_allows_them() {
    if !layers().files {
        return;
    }
    let tools = crate::testing::tools();
    let (folder, file) = crate::testing::made("-f lavfi -i testsrc=duration=1 -y film.mov");
    let argv =
        |file: &str| crate::command::words(&format!("-v error -protocol_whitelist file -i {file}"));
    let within = Command::new(&tools.ffprobe, argv("film.mov")).within(folder.path());
    run(&within, &Limits::probing(), |_| Ok(Activity::Progress))
        .await
        .unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let outside = Command::new(&tools.ffprobe, argv(name(&file))).within(elsewhere.path());
    let refused = run(&outside, &Limits::probing(), |_| Ok(Activity::Progress)).await;
    let error = refused.unwrap_err().to_string();
    assert!(error.contains("Permission denied"), "{error}");
}

#[test]
fn only_an_address_of_the_proxy_gives_a_port() {
    assert_eq!(proxy_port("http://127.0.0.1:4242/t/mezzanine"), Some(4_242));
    for other in [
        "http://127.0.0.1:99999/t",
        "http://10.0.0.1:80/",
        "film.mov",
        "http://127.0.0.1:x/",
    ] {
        assert_eq!(proxy_port(other), None, "{other}");
    }
}
