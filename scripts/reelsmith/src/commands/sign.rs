//! `reelsmith sign`: CloudFront signed URLs, and signed cookies for players, which ask for hundreds of files.
//!
//! The format is Amazon's ("Serve private content with signed URLs and signed cookies"): an RSA signature over SHA-1 of a
//! policy, in Base64 with three characters replaced. SHA-1 is what CloudFront demands; it signs what we write ourselves.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use jiff::{SignedDuration, Timestamp};

use crate::error::Trouble;

/// What to sign.
#[derive(Args, Clone, Debug)]
pub struct Request {
    /// The URL at the distribution, for example https://d111.cloudfront.net/outputs/demo/KEY/master.m3u8.
    pub url: String,
    /// Private key in PEM, whose public half is `delivery_public_key` of the deployment.
    #[arg(long, value_name = "FILE", env = "REELSMITH_SIGNING_KEY")]
    pub key: PathBuf,
    /// Id of the public key: the output `delivery_key_pair_id`.
    #[arg(long, value_name = "ID", env = "REELSMITH_KEY_PAIR_ID")]
    pub key_pair_id: String,
    /// For how long, as 90m, 12h or 168h.
    #[arg(long, value_name = "DURATION", default_value = "12h")]
    pub expires: SignedDuration,
    /// Prints cookies for everything in the URL's folder and below, which is what players need: only the first of their
    /// requests has the query of a signed URL.
    #[arg(long)]
    pub cookies: bool,
}

/// The signed URL, or three cookies, one a line.
///
/// # Errors
/// Where the URL is none of a distribution, the key cannot be read, or the duration is not positive.
pub fn sign(request: &Request, now: Timestamp) -> Result<String, Trouble> {
    let key = request.key.as_path();
    let until = expiry(request.expires, now)?;
    check(&request.url)?;
    let pair = &request.key_pair_id;
    if request.cookies {
        let policy = policy(&folder(&request.url), until);
        let signature = signature(key, &policy)?;
        return Ok(format!(
            "CloudFront-Policy={}\nCloudFront-Signature={signature}\nCloudFront-Key-Pair-Id={pair}",
            encoded(policy.as_bytes())
        ));
    }
    let signature = signature(key, &policy(&request.url, until))?;
    let joint = if request.url.contains('?') { '&' } else { '?' };
    Ok(format!(
        "{}{joint}Expires={until}&Signature={signature}&Key-Pair-Id={pair}",
        request.url
    ))
}

/// The policy that says so, to the letter: CloudFront makes the same text of a canned one and compares signatures.
fn policy(resource: &str, until: i64) -> String {
    format!(
        r#"{{"Statement":[{{"Resource":"{resource}","Condition":{{"DateLessThan":{{"AWS:EpochTime":{until}}}}}}}]}}"#
    )
}

fn folder(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let end = path.rfind('/').map_or(path.len(), |at| at + 1);
    format!("{}*", &path[..end])
}

fn encoded(bytes: &[u8]) -> String {
    let safe = |c| match c {
        '+' => '-',
        '=' => '_',
        '/' => '~',
        other => other,
    };
    STANDARD.encode(bytes).chars().map(safe).collect()
}

/// RSA over SHA-1 by OpenSSL: SHA-1 has no place among this program's own dependencies.
fn signature(key: &Path, policy: &str) -> Result<String, Trouble> {
    let mut openssl = Command::new("openssl")
        .args(["dgst", "-sha1", "-sign"])
        .arg(key)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| unsigned(format!("openssl cannot be started: {e}")))?;
    // A key that cannot be read ends openssl before it reads: what it says of that is the answer, not the broken pipe.
    if let Some(mut input) = openssl.stdin.take() {
        let _ = input.write_all(policy.as_bytes());
    }
    let done = openssl.wait_with_output();
    let done = done.map_err(|e| unsigned(format!("openssl: {e}")))?;
    if done.status.success() && !done.stdout.is_empty() {
        return Ok(encoded(&done.stdout));
    }
    let said = String::from_utf8_lossy(&done.stderr);
    let said = said.lines().next().unwrap_or_default();
    Err(unsigned(format!(
        "expected an RSA private key in PEM at {}, found none that openssl can use ({said})",
        key.display()
    )))
}

fn unsigned(why: String) -> Trouble {
    let remedy = "install openssl, and make a key with: openssl genrsa -out private.pem 2048";
    Trouble::new("sign the URL", why, remedy)
}

fn expiry(after: SignedDuration, now: Timestamp) -> Result<i64, Trouble> {
    let until = now.checked_add(after).ok().filter(|_| after.is_positive());
    until.map(Timestamp::as_second).ok_or_else(|| {
        Trouble::new(
            "sign the URL",
            format!("expected a duration above nothing, found {after}"),
            "give it as --expires 12h",
        )
    })
}

fn check(url: &str) -> Result<(), Trouble> {
    let rest = url.strip_prefix("https://").unwrap_or_default();
    let (host, path) = rest.split_once('/').unwrap_or_default();
    // A quote would end the policy's text, a star would widen it.
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '*');
    if !host.is_empty() && !path.is_empty() && url.chars().all(plain) {
        return Ok(());
    }
    Err(Trouble::new(
        "sign the URL",
        format!("expected https://HOST/PATH without spaces, quotes and stars, found {url:?}"),
        "take the domain from the output distribution_domain and the path from the job's outputs; percent-encode the rest",
    ))
}

#[cfg(test)]
mod tests;
