//! Common encryption as an init segment declares it: `sinf` (ISO/IEC 23001-7, 8 and 9).

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::reader::Reader;
use super::{Fault, fourcc};

/// How the samples of a track are encrypted: `schm` and `tenc`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protection {
    /// `scheme_type`, for example `cbcs`.
    pub scheme: String,
    /// `default_crypt_byte_block`: blocks of 16 bytes that are encrypted, of each run.
    pub crypt: u8,
    /// `default_skip_byte_block`: blocks that follow in the clear.
    pub skip: u8,
    /// Whether samples are encrypted unless said otherwise (`default_isProtected`).
    pub protected: bool,
    /// `default_Per_Sample_IV_Size` in bytes; 0 where the vector is constant.
    pub iv_size: u8,
    /// `default_KID` as 32 lower-case hexadecimal digits.
    pub key_id: String,
    /// `default_constant_IV`; empty where samples have vectors of their own.
    pub constant_iv: Vec<u8>,
}

impl Protection {
    /// Reads `sinf`. `None` where it does not say how: no `schm`, or no `tenc`.
    pub(super) fn read(sinf: &Reader<'_>) -> Result<Option<Self>, Fault> {
        let tenc = sinf.child(b"schi").and_then(|schi| schi.child(b"tenc"));
        let (Some(mut schm), Some(mut tenc)) = (sinf.child(b"schm"), tenc) else {
            return Ok(None);
        };
        schm.full()?;
        let scheme = fourcc(schm.fourcc()?);
        let (version, _) = tenc.full()?;
        tenc.u8()?;
        let pattern = tenc.u8()?;
        let (crypt, skip) = if version == 0 {
            (0, 0)
        } else {
            (pattern >> 4, pattern & 15)
        };
        let protected = tenc.u8()? != 0;
        let iv_size = tenc.u8()?;
        let key_id = hex(tenc.take(16)?);
        let constant_iv = if protected && iv_size == 0 {
            let length = tenc.u8()?;
            tenc.take(usize::from(length))?.to_vec()
        } else {
            Vec::new()
        };
        Ok(Some(Self {
            scheme,
            crypt,
            skip,
            protected,
            iv_size,
            key_id,
            constant_iv,
        }))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
