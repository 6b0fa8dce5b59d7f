use reelsmith_core::ports::SubmissionStore as _;
use reelsmith_core::submission::{NoticeKind, OutboxEntry};
use reelsmith_core::time::UnixMillis;
use reelsmith_testkit::fakes::{ManualClock, MemoryAnnouncer, MemorySubmissions};

use super::*;

fn entry(id: &str, created: i64) -> OutboxEntry {
    OutboxEntry {
        outbox: "job".into(),
        id: id.into(),
        kind: NoticeKind::Success,
        subject: "s".into(),
        body: "{}".into(),
        created: UnixMillis(created),
    }
}

#[tokio::test]
async fn entries_are_sent_once_in_order_and_then_marked() {
    let submissions = Arc::new(MemorySubmissions::default());
    for entry in [entry("b", 2), entry("a", 1)] {
        submissions.enqueue(&entry).await.unwrap();
    }
    let announcer = Arc::new(MemoryAnnouncer::default());
    let ports = Arc::new(Ports {
        submissions: Submissions::new(submissions, Arc::new(ManualClock::at(UnixMillis(5)))),
        announcer: announcer.clone(),
    });
    let input = NotifyInput {
        outbox: "job".into(),
    };
    for expected in [2, 0] {
        let output = handle(ports.clone(), input.clone(), Invocation::of_test("r"))
            .await
            .unwrap();
        assert_eq!(output.sent, expected);
    }
    let ids: Vec<_> = announcer.messages().into_iter().map(|m| m.id).collect();
    assert_eq!(ids, ["job#a", "job#b"]);
}
