//! The expected signatures are from botocore's `CloudFrontSigner` with OpenSSL, for the same key, URL and time. The key is
//! used only in this test.

use super::*;

const URL: &str = "https://d111111abcdef8.cloudfront.net/outputs/demo-s01e001/aa/master.m3u8";

fn args(url: &str) -> SignArgs {
    SignArgs {
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
    assert_eq!(sign(&args(URL), at_noon()).unwrap(), expected);
    let with_query = include_str!("url-with-query.txt").trim();
    let signed = sign(&args(&format!("{URL}?v=1")), at_noon()).unwrap();
    assert_eq!(signed, with_query);
}

#[test]
fn cookies_open_the_folder_as_botocore_opens_it() {
    let mut request = args(URL);
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
fn invalid_arguments_are_refused() {
    for bad in [
        "http://d1.cloudfront.net/a",
        "https://d1.cloudfront.net",
        "https://d1.cloudfront.net/",
        "https://d1.cloudfront.net/a\"b",
        "https://d1.cloudfront.net/a b",
        "https://d1.cloudfront.net/*",
    ] {
        assert!(sign(&args(bad), at_noon()).is_err(), "{bad}");
    }
    let mut late = args(URL);
    late.expires = "-1s".parse().unwrap();
    assert!(sign(&late, at_noon()).unwrap_err().why.contains("duration"));
    let mut keyless = args(URL);
    keyless.key = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").into();
    assert!(sign(&keyless, at_noon()).unwrap_err().why.contains("PEM"));
}
