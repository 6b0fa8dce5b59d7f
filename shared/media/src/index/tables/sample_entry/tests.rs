use proptest::prelude::*;
use reelsmith_isobmff::boxed;

use super::*;
use crate::probe::probe;
use crate::testing::{MemoryStore, made, serve_store, tools, with_clean_aperture};

const LINE: &str =
    "-f lavfi -i testsrc2=size=320x180:rate=25 -frames:v 5 -c:v libx264 -preset ultrafast";

async fn completed(container: Container, content: Vec<u8>) -> Option<Crop> {
    let store = MemoryStore::new(content);
    let pin = store.pin();
    let proxy = serve_store(store.clone()).await;
    let probe = probe(&tools(), &proxy.url(), container).await.unwrap();
    add_clean_aperture(store, &pin, probe)
        .await
        .unwrap()
        .video
        .crop
}

#[tokio::test]
async fn the_clean_aperture_is_read_from_the_sample_entry() {
    let (_folder, file) = made(&format!("{LINE} film.mp4"));
    let plain = std::fs::read(file).unwrap();
    assert_eq!(completed(Container::Mov, plain.clone()).await, None);
    let stated = with_clean_aperture(plain.clone(), [300, 1, 160, 1, 0, 1, 0, 1]);
    let crop = completed(Container::Mov, stated).await.unwrap();
    assert_eq!(
        (crop.x, crop.y, crop.size.to_string()),
        (10, 10, "300x160".into())
    );
    let senseless = with_clean_aperture(plain, [300, 0, 160, 1, 0, 1, 0, 1]);
    assert_eq!(completed(Container::Mov, senseless).await, None);

    let (_folder, file) = made(&format!("{LINE} film.mkv"));
    assert_eq!(
        completed(Container::Matroska, std::fs::read(file).unwrap()).await,
        None
    );
}

proptest! {
    #[test]
    fn bytes_of_any_kind_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600), stream in 0u32..3) {
        let coded = Resolution { width: 320, height: 180 };
        let _ = crop(&bytes, stream, coded);
        let stsd = [&[0; 8][..], &bytes].concat();
        let path = [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"];
        let moov = path.iter().rev().fold(stsd, |inner, kind| boxed(kind, &inner));
        let _ = crop(&moov, 0, coded);
    }
}
