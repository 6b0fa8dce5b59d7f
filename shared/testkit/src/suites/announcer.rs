//! Promises of the [`Announcer`] port.

use reelsmith_core::ports::{Announcer, Message, PortErrorKind};

use super::refused;

/// Asserts every promise of an [`Announcer`]. Whether messages arrive is for the caller to see: a port only sends.
///
/// The messages that were announced are given back, in order.
pub async fn announcer(announcer: &dyn Announcer) -> Vec<Message> {
    let message = Message {
        id: "execution#run-1#failure".to_owned(),
        subject: "s".repeat(100),
        kind: "failure".to_owned(),
        body: "{\"title\":\"進撃の巨人 & \\\"friends\\\"\"}".to_owned(),
    };
    announcer.announce(&message).await.unwrap();
    announcer
        .announce(&message)
        .await
        .expect("a repeat is the subscriber's to drop, not an error");
    for subject in ["s".repeat(101), "über".to_owned(), "two\nlines".to_owned()] {
        let bad = Message {
            subject: subject.clone(),
            ..message.clone()
        };
        let kind = refused(announcer.announce(&bad).await);
        assert_eq!(kind, PortErrorKind::Invalid, "{subject:?}");
    }
    vec![message.clone(), message]
}
