use reelsmith_isobmff::{Init, boxes, fragments};

use super::*;
use crate::testing::{ffmpeg, tools};

/// A film of 24 s: eight seconds of black, then a picture whose colour changes every second.
fn film(folder: &Path) -> (Vec<u8>, Vec<Bytes>) {
    let line = "-f lavfi -i color=black:s=320x180:r=24:d=8 -f lavfi -i testsrc2=s=320x180:r=24:d=16 \
        -filter_complex [0:v][1:v]concat=n=2:v=1 -c:v libx264 -preset ultrafast -bf 2 -g 24 -keyint_min 24 -sc_threshold 0 \
        -pix_fmt yuv420p -movflags +frag_keyframe+default_base_moof+delay_moov+empty_moov film.mp4";
    ffmpeg(folder, line);
    let file = std::fs::read(folder.join("film.mp4")).unwrap();
    let head = boxes(&file).find(|b| &b.kind == b"moov").unwrap().end as usize;
    let init = Init::read(&file).unwrap();
    let (found, faults) = fragments(&file, &init.defaults);
    assert!(faults.is_empty());
    let pictures = found.iter().map(|f| {
        let first = &f.samples[0];
        let end = (first.offset + u64::from(first.size)) as usize;
        Bytes::copy_from_slice(&file[f.moof.start as usize..end])
    });
    (file[..head].to_vec(), pictures.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_key_picture_is_drawn_once_and_the_poster_is_bright() {
    let folder = tempfile::tempdir().unwrap();
    let (init, pictures) = film(folder.path());
    assert_eq!(pictures.len(), 24);
    let stills = KeyPictures {
        init: &init,
        pictures: &pictures,
        directory: folder.path(),
    };
    let limits = Limits::default();
    let (levels, _) = measure_brightness(&tools(), &stills, &limits)
        .await
        .unwrap();
    assert!(levels[..8].iter().all(|l| l.mean < 20.0), "{levels:?}");
    assert!(levels[8..].iter().all(|l| l.mean > 60.0), "{levels:?}");
    let chosen = choose_poster(&levels);
    assert!((8..12).contains(&chosen), "{chosen}");

    let size = Resolution {
        width: 320,
        height: 180,
    };
    let grid = SheetGrid {
        rows: 2,
        ..SheetGrid::new(size, 24)
    };
    assert_eq!((grid.tile.width, grid.columns), (160, 10));
    let (made, _) = draw_sheets(&tools(), &stills, grid, &limits).await.unwrap();
    assert_eq!(made.len(), 2);
    let again = draw_sheets(&tools(), &stills, grid, &limits)
        .await
        .unwrap()
        .0;
    assert!(made == again, "equal pictures make equal bytes");
    // Each tile has the brightness of its picture.
    for (n, sheet) in made.iter().enumerate() {
        std::fs::write(folder.path().join("sheet.jpg"), sheet).unwrap();
        for place in 0..20 {
            let (x, y) = (place % 10 * 160, place / 10 * 90);
            let line = format!(
                "-i sheet.jpg -vf crop=160:90:{x}:{y},scale=1:1:flags=area,format=gray -f rawvideo gray.raw"
            );
            ffmpeg(folder.path(), &line);
            let grey = f64::from(std::fs::read(folder.path().join("gray.raw")).unwrap()[0]);
            let expected = levels
                .get(n * 20 + place)
                .map_or(0.0, |l| (l.mean - 16.0) * 255.0 / 219.0);
            assert!(
                (grey - expected).abs() < 12.0,
                "{n} {place}: {grey} {expected}"
            );
        }
    }

    let one = [pictures[chosen].clone()];
    let stills = KeyPictures {
        pictures: &one,
        ..stills
    };
    let (jpeg, _) = draw_poster(&tools(), &stills, &limits).await.unwrap();
    assert_eq!(jpeg[..3], [0xFF, 0xD8, 0xFF]);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_without_a_picture_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (init, mut pictures) = film(folder.path());
    pictures[3] = Bytes::from_static(b"no fragment");
    let stills = KeyPictures {
        init: &init,
        pictures: &pictures,
        directory: folder.path(),
    };
    let error = measure_brightness(&tools(), &stills, &Limits::default()).await;
    assert!(matches!(error, Err(MediaError::Output { .. })), "{error:?}");
}

#[test]
fn grids_fit_the_number_of_pictures() {
    let size = |width, height| Resolution { width, height };
    let grid = SheetGrid::new(size(640, 360), 3);
    assert_eq!((grid.tile, grid.columns, grid.rows), (size(160, 90), 3, 1));
    let grid = SheetGrid::new(size(202, 360), 360);
    assert_eq!((grid.tile, grid.columns, grid.rows), (size(50, 90), 10, 10));
}
