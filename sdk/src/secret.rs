//! A value that does not get into logs by accident.

use std::fmt;

/// A secret: shown only where [`Secret::expose`] is written.
///
/// ```
/// use jobling_sdk::testing::Host;
///
/// let task = Host::new().var("API_KEY", "s3cret").task();
/// let key = task.secret::<String>("API_KEY")?;
/// assert_eq!(format!("{key:?}"), "Secret");
/// assert_eq!(key.expose(), "s3cret");
/// # Ok::<(), jobling_sdk::VariableError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(value)
    }

    /// Returns the value itself.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// let task = Host::new().var("PIN", "1234").task();
    /// assert_eq!(*task.secret::<u16>("PIN")?.expose(), 1234);
    /// # Ok::<(), jobling_sdk::VariableError>(())
    /// ```
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}
