//! Promises of the [`EncodeService`] port.

use reelsmith_core::encode::{EncodeOrder, EncodeState};
use reelsmith_core::object::ObjectRef;
use reelsmith_core::ports::{EncodeService, PortErrorKind};
use reelsmith_core::time::UnixMillis;

use super::refused;
use crate::orders::Ordered;

/// Advances the clock of the service by a number of seconds.
pub type Advance<'a> = &'a (dyn Fn(u32) + Sync);

/// Asserts every promise of an [`EncodeService`] without jobs of the sample order, whose jobs stay queued.
pub async fn encode_service(service: &dyn EncodeService, advance: Advance<'_>) {
    let order = Ordered::usual().order().unwrap();
    no_job_is_found_before_one_is_created(service, &order).await;
    let first = a_repeated_order_is_the_same_job_for_a_minute(service, &order, advance).await;
    jobs_are_found_by_input_and_job_key(service, &order, advance).await;
    a_job_can_be_cancelled(service, &first).await;
    a_repeated_order_is_the_same_job_even_if_it_was_cancelled(service, &order).await;
    invalid_orders_and_unknown_jobs_are_errors(service, &order).await;
}

async fn no_job_is_found_before_one_is_created(service: &dyn EncodeService, order: &EncodeOrder) {
    let found = service.find(&order.input, &order.tag.job_key, UnixMillis(0));
    assert_eq!(found.await.unwrap(), []);
}

async fn a_repeated_order_is_the_same_job_for_a_minute(
    service: &dyn EncodeService,
    order: &EncodeOrder,
    advance: Advance<'_>,
) -> String {
    let job = service.create(order).await.unwrap();
    assert_eq!(job.tag, order.tag);
    advance(59);
    assert_eq!(service.create(order).await.unwrap().id, job.id);
    advance(61);
    let later = service.create(order).await.unwrap();
    assert_ne!(later.id, job.id, "a token that lasts for ever");
    assert_eq!(service.job(&job.id).await.unwrap().tag, order.tag);
    job.id
}

async fn jobs_are_found_by_input_and_job_key(
    service: &dyn EncodeService,
    order: &EncodeOrder,
    advance: Advance<'_>,
) {
    // More than the twenty jobs of one page.
    let mut ids = Vec::new();
    for number in 2..=24 {
        let mut order = order.clone();
        order.tag.number = number;
        ids.push(service.create(&order).await.unwrap().id);
        advance(1);
    }
    let mut other = order.clone();
    other.tag.job_key = "cd".repeat(32).parse().unwrap();
    service.create(&other).await.unwrap();
    let key = &order.tag.job_key;
    let found = service
        .find(&order.input, key, UnixMillis(0))
        .await
        .unwrap();
    assert_eq!(found.len(), 2 + ids.len());
    assert!(found.iter().all(|job| job.tag.job_key == *key));
    assert!(found.is_sorted_by_key(|job| std::cmp::Reverse(job.created)));
    let since = found[2].created;
    let recent = service.find(&order.input, key, since).await.unwrap();
    assert_eq!(recent.len(), 3);
    let elsewhere = ObjectRef::new(&order.input.bucket, "mezzanines/another.mov");
    let found = service.find(&elsewhere, key, UnixMillis(0)).await;
    assert_eq!(found.unwrap(), []);
}

async fn a_job_can_be_cancelled(service: &dyn EncodeService, id: &str) {
    assert!(service.job(id).await.unwrap().state.is_open());
    for _ in 0..2 {
        service.cancel(id).await.unwrap();
        let state = service.job(id).await.unwrap().state;
        assert_eq!(state, EncodeState::Cancelled);
    }
}

async fn a_repeated_order_is_the_same_job_even_if_it_was_cancelled(
    service: &dyn EncodeService,
    order: &EncodeOrder,
) {
    let mut order = order.clone();
    order.tag.number = 100;
    let job = service.create(&order).await.unwrap();
    service.cancel(&job.id).await.unwrap();
    let again = service.create(&order).await.unwrap();
    assert_eq!((again.id, again.state), (job.id, EncodeState::Cancelled));
}

async fn invalid_orders_and_unknown_jobs_are_errors(
    service: &dyn EncodeService,
    order: &EncodeOrder,
) {
    let empty = EncodeOrder {
        video: Vec::new(),
        audio: Vec::new(),
        ..order.clone()
    };
    let kind = refused(service.create(&empty).await);
    assert_eq!(kind, PortErrorKind::Invalid);
    let none = "1700000000000-abcdef";
    assert_eq!(refused(service.job(none).await), PortErrorKind::NotFound);
    assert_eq!(refused(service.cancel(none).await), PortErrorKind::NotFound);
}
