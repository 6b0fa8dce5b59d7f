//! Against signatures that botocore's `CloudFrontSigner` with OpenSSL made for the same key, URL and time. The key was made
//! for this test and opens nothing.

use super::*;

const URL: &str = "https://d111111abcdef8.cloudfront.net/outputs/demo-s01e001/aa/master.m3u8";

fn request(url: &str) -> Request {
    Request {
        url: url.to_owned(),
        key: concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src/commands/sign/test-key.pem"
        )
        .into(),
        key_pair_id: "K2JCJMDEHXQW5F".to_owned(),
        expires: "12h".parse().unwrap(),
        cookies: false,
    }
}

fn at_noon() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

#[test]
fn a_url_is_signed_as_botocore_signs_it() {
    let expected = include_str!("url.txt").trim();
    assert_eq!(sign(&request(URL), at_noon()).unwrap(), expected);
    let with_query = include_str!("url-with-query.txt").trim();
    let signed = sign(&request(&format!("{URL}?v=1")), at_noon()).unwrap();
    assert_eq!(signed, with_query);
}

#[test]
fn cookies_open_the_folder_as_botocore_opens_it() {
    let mut request = request(URL);
    request.cookies = true;
    let cookies = sign(&request, at_noon()).unwrap();
    // botocore puts the same three values into a URL.
    let expected = include_str!("url-of-folder.txt").trim();
    let values: Vec<&str> = cookies
        .lines()
        .map(|l| l.split_once('=').unwrap().1)
        .collect();
    let [policy, signature, pair] = values[..] else {
        panic!("{cookies}");
    };
    assert_eq!(
        format!("{URL}?Policy={policy}&Signature={signature}&Key-Pair-Id={pair}"),
        expected
    );
}

#[test]
fn what_cannot_be_signed_is_said() {
    for bad in [
        "http://d1.cloudfront.net/a",
        "https://d1.cloudfront.net",
        "https://d1.cloudfront.net/",
        "https://d1.cloudfront.net/a\"b",
        "https://d1.cloudfront.net/a b",
        "https://d1.cloudfront.net/*",
    ] {
        assert!(sign(&request(bad), at_noon()).is_err(), "{bad}");
    }
    let mut late = request(URL);
    late.expires = "-1s".parse().unwrap();
    assert!(sign(&late, at_noon()).unwrap_err().why.contains("duration"));
    let mut keyless = request(URL);
    keyless.key = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").into();
    assert!(sign(&keyless, at_noon()).unwrap_err().why.contains("PEM"));
}
