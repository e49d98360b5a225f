//! The certificate authority of this host: what its clients trust, kept below the data directory.

use std::path::Path;

use jobling_core::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use super::{AccessError, file};

const YEAR_SECONDS: i64 = 365 * 86_400;
const LIFE_YEARS: i64 = 10;
/// Renewed at a start so long before its end that no daemon outlives it unnoticed.
const RENEW_BEFORE_SECONDS: i64 = YEAR_SECONDS;
/// 2026-01-01. Small hosts start without a clock; what is made before it is set must not have ended when
/// it is.
const EARLIEST_NOW: Timestamp = Timestamp::from_unix_seconds(1_767_225_600);
/// The line before the certificate that says when it ends, in seconds since 1970: text outside of the
/// armour is passed over by whoever reads PEM.
const EXPIRES: &str = "expires ";

/// The authority that signs this host's certificates.
pub struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Returns the authority kept in `directory` (`ca.crt`, `ca.key`); where there is none, or it is about
    /// to end, a new one, and keeps it there.
    ///
    /// # Errors
    /// Where a file cannot be read or written, or holds no key.
    pub fn load_or_create(directory: &Path, now: Timestamp) -> Result<Self, AccessError> {
        file::directory(directory)?;
        let (certificate, key) = (directory.join("ca.crt"), directory.join("ca.key"));
        let now = now.max(EARLIEST_NOW);
        if let (Some(text), Some(key_pem)) = (file::read(&certificate)?, file::read(&key)?)
            && let Some((end, pem)) = read_certificate(&text)
            && now.unix_seconds() + RENEW_BEFORE_SECONDS < end.unix_seconds()
        {
            let key = KeyPair::from_pem(&key_pem)
                .map_err(|_| AccessError::Content { path: key, expected: "a private key" })?;
            return Ok(Self { pem, issuer: Issuer::new(params(now, end), key) });
        }
        let end = later(now, LIFE_YEARS * YEAR_SECONDS);
        let pair = KeyPair::generate()?;
        let pem = params(now, end).self_signed(&pair)?.pem();
        // The key first: a certificate is only ever found with its own.
        file::write(&key, &pair.serialize_pem())?;
        file::write(&certificate, &format!("{EXPIRES}{}\n{pem}", end.unix_seconds()))?;
        Ok(Self { pem, issuer: Issuer::new(params(now, end), pair) })
    }

    /// Returns the certificate that clients trust, as PEM.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    pub(super) const fn issuer(&self) -> &Issuer<'static, KeyPair> {
        &self.issuer
    }
}

fn read_certificate(text: &str) -> Option<(Timestamp, String)> {
    let (line, pem) = text.split_once('\n')?;
    let seconds = line.strip_prefix(EXPIRES)?.trim().parse().ok()?;
    Some((Timestamp::from_unix_seconds(seconds), pem.to_owned()))
}

fn params(now: Timestamp, end: Timestamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "jobling-ca");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    set_life(&mut params, now, end);
    params
}

pub(super) fn later(moment: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(moment.unix_seconds() + seconds)
}

/// Returns the moment a certificate's life is counted from: never before this program was written.
pub(super) fn base(now: Timestamp) -> Timestamp {
    now.max(EARLIEST_NOW)
}

/// Dates a certificate: whole days, from the one before `now` on.
pub(super) fn set_life(params: &mut CertificateParams, now: Timestamp, end: Timestamp) {
    let (year, month, day) = civil(later(now, -86_400));
    params.not_before = rcgen::date_time_ymd(year, month, day);
    let (year, month, day) = civil(end);
    params.not_after = rcgen::date_time_ymd(year, month, day);
}

fn civil(moment: Timestamp) -> (i32, u8, u8) {
    let day = moment.to_time().0.to_zoned(jiff::tz::TimeZone::UTC).date();
    (i32::from(day.year()), day.month().unsigned_abs(), day.day().unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_428_000);

    #[test]
    fn an_authority_is_kept_until_it_is_about_to_end() {
        let folder = tempfile::tempdir().unwrap();
        let tls = folder.path().join("tls");
        let made = Authority::load_or_create(&tls, NOW).unwrap();
        for (years, kept) in [(0, true), (8, true), (9, false)] {
            let then = later(NOW, years * YEAR_SECONDS + 1);
            let found = Authority::load_or_create(&tls, then).unwrap();
            assert_eq!(found.pem() == made.pem(), kept, "after {years} years");
        }
    }

    #[test]
    fn an_authority_made_before_the_clock_was_set_is_good_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let made = Authority::load_or_create(folder.path(), Timestamp::default()).unwrap();
        let found = Authority::load_or_create(folder.path(), NOW).unwrap();
        assert_eq!(found.pem(), made.pem());
    }
}
