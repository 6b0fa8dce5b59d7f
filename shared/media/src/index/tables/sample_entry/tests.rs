use proptest::prelude::*;
use reelsmith_contract::ErrorName;
use reelsmith_core::probe::VideoStream;
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
    let probe = probe(&tools(), &proxy.url(), container, None)
        .await
        .unwrap();
    add_movie_facts(store, &pin, probe)
        .await
        .unwrap()
        .video
        .unwrap()
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

/// What validation reports about a file.
async fn validated(container: Container, content: Vec<u8>) -> Result<VideoStream, MediaError> {
    let store = MemoryStore::new(content);
    let pin = store.pin();
    let proxy = serve_store(store.clone()).await;
    let probed = probe(&tools(), &proxy.url(), container, None).await;
    match proxy.check(probed) {
        Ok(probe) => Ok(add_movie_facts(store, &pin, probe).await?.video.unwrap()),
        Err(error) => Err(explain_unreadable(store, &pin, container, error).await),
    }
}

#[tokio::test]
async fn a_file_that_is_cut_off_is_truncated() {
    for (name, expected) in [
        (
            "-movflags +faststart film.mp4",
            "the samples of stream 0, up to byte",
        ),
        ("film.mp4", "the box mdat to end at byte"),
    ] {
        let (_folder, file) = made(&format!("{LINE} {name}"));
        let whole = std::fs::read(file).unwrap();
        assert!(validated(Container::Mov, whole.clone()).await.is_ok());
        let error = validated(Container::Mov, whole[..whole.len() * 3 / 4].to_vec())
            .await
            .unwrap_err();
        assert_eq!(error.name(), ErrorName::MezzanineTruncated, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    for (container, name) in [
        (Container::Matroska, "film.mkv"),
        (Container::Mxf, "-c:v mpeg2video film.mxf"),
    ] {
        let (_folder, file) = made(&format!("{LINE} {name}"));
        let whole = std::fs::read(file).unwrap();
        let end = container.stated_end(&whole[..4_096]).unwrap();
        assert!(
            end <= whole.len() as u64 && end > whole.len() as u64 * 3 / 4,
            "{name} {end}"
        );
    }
}

#[tokio::test]
async fn an_encrypted_track_is_named() {
    let (_folder, file) = made(&format!(
        "{LINE} -encryption_scheme cenc-aes-ctr -encryption_key 00112233445566778899aabbccddeeff \
         -encryption_kid 112233445566778899aabbccddeeff00 film.mp4"
    ));
    match validated(Container::Mov, std::fs::read(file).unwrap()).await {
        Ok(video) => assert!(video.encrypted),
        Err(error) => assert_eq!(error.name(), ErrorName::MezzanineEncrypted, "{error}"),
    }
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
