//! Equal chunks give equal bytes, whatever the machine: a profile states how many threads each encoder has, and everything
//! else (decoder, scaler) may have as many as there are processors.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use super::*;

/// Encodes by children that may use these processors only: what a thread starts inherits its set.
async fn on(film: &Film, rungs: &[VideoRendition], processors: &CpuSet) -> Vec<ChunkMedia> {
    sched_setaffinity(None, processors).unwrap();
    let mut chunks = film.encode(48, rungs).await;
    chunks.iter_mut().for_each(|c| c.cpu_ms = 0);
    chunks
}

/// One thread runs this test and starts the children, so that its processors are theirs.
#[tokio::test]
async fn one_processor_or_many_give_the_same_bytes_at_every_number_of_encoder_threads() {
    let all = sched_getaffinity(None).unwrap();
    let first = (0..CpuSet::MAX_CPU).find(|n| all.is_set(*n)).unwrap();
    let mut one = CpuSet::new();
    one.set(first);
    let line = format!("{LAVFI}:rate=25 -frames:v 97 {B_FRAMES} film.mp4");
    let film = Film::made(Container::Mov, &line).await;
    for threads in [1, 2, 4] {
        let mut rungs = [
            rung(VideoCodec::H264, "veryfast", "main", 23.0),
            rung(VideoCodec::H265, "ultrafast", "main", 28.0),
        ];
        rungs
            .iter_mut()
            .for_each(|r| r.rung.settings.threads = threads);
        let alone = on(&film, &rungs, &one).await;
        let many = on(&film, &rungs, &all).await;
        let again = on(&film, &rungs, &all).await;
        assert!(
            alone == many,
            "{threads} threads: one processor gives other bytes"
        );
        assert!(many == again, "{threads} threads: again gives other bytes");
    }
}
