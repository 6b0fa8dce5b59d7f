//! Promises of the [`AdmissionStore`] port.

use std::sync::Arc;

use reelsmith_core::admission::{Admitted, Ticket, TicketState};
use reelsmith_core::ports::AdmissionStore;
use reelsmith_core::time::UnixMillis;

use super::race;

fn ticket(execution: &str, priority: u8, second: i64) -> Ticket {
    Ticket {
        execution: execution.to_owned(),
        input: "{\"source\":{\"key\":\"manifests/進撃.xml\"}}".to_owned(),
        priority,
        arrived: UnixMillis(1_767_225_600_000 + second * 1_000),
    }
}

/// Asserts every promise of an [`AdmissionStore`]. It must be empty.
pub async fn admissions(store: Arc<dyn AdmissionStore>) {
    the_line_is_ordered_and_a_ticket_joins_once(&*store).await;
    no_more_slots_are_taken_than_allowed(&*store).await;
    concurrent_admissions_respect_the_limit(&store).await;
}

async fn the_line_is_ordered_and_a_ticket_joins_once(store: &dyn AdmissionStore) {
    let (late, first, urgent) = (
        ticket("late", 5, 9),
        ticket("first", 5, 0),
        ticket("urgent", 6, 99),
    );
    for _ in 0..2 {
        for t in [&late, &first, &urgent] {
            assert_eq!(store.join(t).await.unwrap(), TicketState::Waiting);
        }
    }
    let line = store.waiting(10).await.unwrap();
    assert_eq!(line, [urgent.clone(), first, late]);
    assert_eq!(store.waiting(1).await.unwrap(), [urgent]);
    assert_eq!(store.holding().await.unwrap(), []);
}

async fn no_more_slots_are_taken_than_allowed(store: &dyn AdmissionStore) {
    let line = store.waiting(10).await.unwrap();
    assert_eq!(store.admit(&line[0], 2).await.unwrap(), Admitted::Yes);
    assert_eq!(store.admit(&line[0], 2).await.unwrap(), Admitted::Gone);
    assert_eq!(store.join(&line[0]).await.unwrap(), TicketState::Holding);
    assert_eq!(store.admit(&line[1], 2).await.unwrap(), Admitted::Yes);
    assert_eq!(store.admit(&line[2], 2).await.unwrap(), Admitted::Full);
    assert_eq!(store.waiting(10).await.unwrap(), line[2..]);
    assert_eq!(store.holding().await.unwrap().len(), 2);
    assert!(store.release("urgent").await.unwrap());
    assert!(
        !store.release("urgent").await.unwrap(),
        "it held none any more"
    );
    assert!(!store.release("nobody").await.unwrap());
    assert_eq!(store.admit(&line[2], 2).await.unwrap(), Admitted::Yes);
    for name in ["first", "late"] {
        assert!(store.release(name).await.unwrap());
    }
}

async fn concurrent_admissions_respect_the_limit(store: &Arc<dyn AdmissionStore>) {
    const SLOTS: u32 = 3;
    for n in 0..6 {
        store
            .join(&ticket(&format!("race-{n}"), 5, n))
            .await
            .unwrap();
    }
    let line = Arc::new(store.waiting(6).await.unwrap());
    let moved = race(12, |n| {
        let (store, line) = (Arc::clone(store), Arc::clone(&line));
        async move { store.admit(&line[n % 6], SLOTS).await }
    })
    .await;
    let admitted = moved.iter().filter(|m| matches!(m, Ok(Admitted::Yes)));
    // A call with too many conflicts reports `Unavailable` and is repeated.
    assert!(admitted.count() <= SLOTS as usize);
    while let Some(next) = store.waiting(1).await.unwrap().pop() {
        if store.admit(&next, SLOTS).await.unwrap() == Admitted::Full {
            break;
        }
    }
    assert_eq!(store.holding().await.unwrap().len(), SLOTS as usize);
    let released = race(12, |n| {
        let store = Arc::clone(store);
        async move { store.release(&format!("race-{}", n % 6)).await }
    })
    .await;
    let released = released.iter().filter(|r| matches!(r, Ok(true))).count();
    let left = store.holding().await.unwrap();
    assert_eq!(released + left.len(), SLOTS as usize);
    for ticket in left {
        assert!(store.release(&ticket.execution).await.unwrap());
    }
    let next = store.waiting(1).await.unwrap().remove(0);
    assert_eq!(
        store.admit(&next, 1).await.unwrap(),
        Admitted::Yes,
        "the count is exact"
    );
}
