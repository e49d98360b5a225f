//! The wire format of protobuf: fields of a number and a value, one after the other.

use super::ProtobufError;

/// A field's value, before its type is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Raw<'b> {
    /// A whole number or a boolean.
    Varint(u64),
    /// Eight bytes: a floating-point number.
    Fixed(u64),
    /// Text, bytes or a message.
    Bytes(&'b [u8]),
}

/// The fields of a message that are still to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'b>(&'b [u8]);

impl<'b> Fields<'b> {
    /// Returns the fields of the message in `bytes`.
    pub(super) const fn of(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    /// Returns the next field's number and value; `None` at the end.
    ///
    /// # Errors
    /// Where what comes is no field.
    pub(super) fn next(&mut self) -> Result<Option<(u32, Raw<'b>)>, ProtobufError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).map_err(|_| ProtobufError::Number)?;
        let raw = match tag & 7 {
            0 => Raw::Varint(self.varint()?),
            1 => Raw::Fixed(self.fixed()?),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| ProtobufError::Cut)?;
                Raw::Bytes(self.take(length)?)
            }
            other => {
                let wire_type = u8::try_from(other).unwrap_or(u8::MAX);
                return Err(ProtobufError::WireType { field: number, wire_type });
            }
        };
        Ok(Some((number, raw)))
    }

    /// Returns the next number of a packed list; `None` at the end.
    ///
    /// # Errors
    /// As [`Fields::next`].
    pub(super) fn next_packed(&mut self) -> Result<Option<u64>, ProtobufError> {
        if self.0.is_empty() { Ok(None) } else { self.varint().map(Some) }
    }

    fn varint(&mut self) -> Result<u64, ProtobufError> {
        let mut value = 0_u64;
        for place in 0..10 {
            let (&byte, rest) = self.0.split_first().ok_or(ProtobufError::Cut)?;
            self.0 = rest;
            if place == 9 && byte > 1 {
                return Err(ProtobufError::Number);
            }
            value |= u64::from(byte & 0x7f) << (place * 7);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(ProtobufError::Number)
    }

    fn fixed(&mut self) -> Result<u64, ProtobufError> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(ProtobufError::Cut)?;
        self.0 = rest;
        Ok(u64::from_le_bytes(*bytes))
    }

    fn take(&mut self, length: usize) -> Result<&'b [u8], ProtobufError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(ProtobufError::Cut)?;
        self.0 = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_until_the_bytes_end_or_are_none() {
        for (bytes, expected) in [
            (&[][..], Ok(vec![])),
            (&[0x08, 0x96, 0x01], Ok(vec![(1, Raw::Varint(150))])),
            (&[0x12, 0x01, b'a', 0x18, 0x00], {
                Ok(vec![(2, Raw::Bytes(b"a")), (3, Raw::Varint(0))])
            }),
            (&[0x09, 1, 0, 0, 0, 0, 0, 0, 0], Ok(vec![(1, Raw::Fixed(1))])),
            (&[0x12, 0x02, b'a'], Err(ProtobufError::Cut)),
            (&[0x08, 0x80], Err(ProtobufError::Cut)),
            (&[0x08], Err(ProtobufError::Cut)),
            (&[0x09, 1, 2], Err(ProtobufError::Cut)),
            (&[0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2], Err(ProtobufError::Number)),
            (&[0x0b], Err(ProtobufError::WireType { field: 1, wire_type: 3 })),
        ] {
            assert_eq!(all(bytes), expected, "{bytes:?}");
        }
    }

    fn all(bytes: &[u8]) -> Result<Vec<(u32, Raw<'_>)>, ProtobufError> {
        let mut fields = Fields::of(bytes);
        let mut found = Vec::new();
        while let Some(field) = fields.next()? {
            found.push(field);
        }
        Ok(found)
    }
}
