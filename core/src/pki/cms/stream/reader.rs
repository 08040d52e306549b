//! Reading DER and BER as it comes: headers one after the other, small elements whole, contents of any
//! length by the piece.

use std::io::Read;

use super::PIECE;
use crate::{
    Code, Error,
    limits::BER_DEPTH_MAX,
    pki::{ber, tlv::tag},
};

/// An input with the elements that are open in it.
pub(super) struct Reader<R> {
    input: R,
    buffer: Vec<u8>,
    /// Where in the buffer a line of the cache begins: before it nothing is kept.
    base: usize,
    /// What of the buffer is not consumed yet.
    start: usize,
    end: usize,
    /// How many bytes of the input were consumed.
    position: u64,
    open: Vec<Frame>,
}

/// The bytes of a line of the cache, and of four blocks of the cipher.
const LINE: usize = 64;

/// Where an open element ends.
#[derive(Clone, Copy)]
enum Frame {
    /// At this position.
    At(u64),
    /// At its end of contents.
    Marked,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(input: R) -> Self {
        let buffer = vec![0; PIECE + LINE];
        let base = buffer.as_ptr().align_offset(LINE).min(LINE);
        Self { input, buffer, base, start: base, end: base, position: 0, open: Vec::new() }
    }

    pub(super) fn error(&self, field: &'static str) -> Error {
        let at = usize::try_from(self.position).unwrap_or(usize::MAX);
        Error::new(Code::BadCms).at(at).field(field)
    }

    /// Opens the next element, which must have this identifier octet.
    pub(super) fn enter(&mut self, tag: u8, field: &'static str) -> Result<(), Error> {
        if self.peek()? != Some(tag) {
            return Err(self.error(field));
        }
        let header = self.header(field)?;
        self.push(header, field)
    }

    /// Closes the element that was opened last, of which nothing may be left.
    pub(super) fn leave(&mut self, field: &'static str) -> Result<(), Error> {
        if self.peek()?.is_some() {
            return Err(self.error(field));
        }
        match self.open.pop() {
            Some(Frame::Marked) => self.end(&mut Vec::new(), field),
            Some(Frame::At(_)) | None => Ok(()),
        }
    }

    /// Consumes an end of contents.
    fn end(&mut self, raw: &mut Vec<u8>, field: &'static str) -> Result<(), Error> {
        let header = self.header_into(raw, field)?;
        if !header.is_end() {
            return Err(self.error(field));
        }
        self.within(0, field).map(|_| ())
    }

    /// Demands that nothing follows.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        if self.fill()? { Err(self.error("ContentInfo")) } else { Ok(()) }
    }

    /// The identifier octet of the next element; `None` at the end of the element that is open.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, Error> {
        if let Some(Frame::At(end)) = self.open.last()
            && self.position >= *end
        {
            return Ok(None);
        }
        if !self.fill()? {
            return Err(self.error("end of input"));
        }
        let next = self.buffer.get(self.start).copied();
        let marked = matches!(self.open.last(), Some(Frame::Marked));
        Ok(next.filter(|&tag| !(marked && tag == 0)))
    }

    /// The next element, whole and in DER, of at most `most` bytes.
    pub(super) fn element(
        &mut self,
        field: &'static str,
        most: usize,
        limit: &'static str,
    ) -> Result<Vec<u8>, Error> {
        let mut raw = Vec::new();
        self.copy(&mut raw, field, most, limit)?;
        ber::to_der(&raw, Code::BadCms).map(std::borrow::Cow::into_owned)
    }

    /// Everything up to the end of the element that is open, in DER.
    pub(super) fn rest(
        &mut self,
        field: &'static str,
        most: usize,
        limit: &'static str,
    ) -> Result<Vec<u8>, Error> {
        let mut all = Vec::new();
        while self.peek()?.is_some() {
            let left = most.saturating_sub(all.len());
            all.extend(self.element(field, left, limit)?);
        }
        Ok(all)
    }

    /// Gives the contents of the next element to `take` by the piece, whether it is in one piece, under
    /// `primitive`, or in several, under `constructed`.
    pub(super) fn octets(
        &mut self,
        [primitive, constructed]: [u8; 2],
        field: &'static str,
        take: &mut dyn FnMut(&mut [u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match self.peek()? {
            Some(tag) if tag == primitive => {
                let header = self.header(field)?;
                let length = header.length.ok_or_else(|| self.error(field))?;
                self.within(length, field)?;
                self.pieces(length, field, take)
            }
            Some(tag) if tag == constructed => {
                let header = self.header(field)?;
                self.push(header, field)?;
                let inner = [tag::OCTET_STRING, ber::CONSTRUCTED_OCTET_STRING];
                while self.peek()?.is_some() {
                    self.octets(inner, field, take)?;
                }
                self.leave(field)
            }
            _ => Err(self.error(field)),
        }
    }

    fn pieces(
        &mut self,
        mut left: u64,
        field: &'static str,
        take: &mut dyn FnMut(&mut [u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        while left > 0 {
            let line = usize::try_from(left).map_or(LINE, |left| left.min(LINE));
            if !self.fill_to(line)? {
                return Err(self.error(field));
            }
            let have = self.end.saturating_sub(self.start);
            // Whole lines, so that the next piece begins with a block of the cipher, too.
            let count = usize::try_from(left)
                .ok()
                .filter(|left| *left <= have)
                .unwrap_or_else(|| have.saturating_sub(have % LINE));
            let end = self.start.saturating_add(count);
            if let Some(piece) = self.buffer.get_mut(self.start..end) {
                take(piece)?;
            }
            self.consume(count);
            left = left.saturating_sub(super::length_of(count));
        }
        Ok(())
    }

    /// Appends the next element as it stands to `raw`, which may have `most` bytes.
    fn copy(
        &mut self,
        raw: &mut Vec<u8>,
        field: &'static str,
        most: usize,
        limit: &'static str,
    ) -> Result<(), Error> {
        let header = self.header_into(raw, field)?;
        // Without this, elements that hold nothing would be collected without end.
        if raw.len() > most {
            return Err(Error::limit(limit));
        }
        match header.length {
            Some(length) => {
                self.within(length, field)?;
                let fits = usize::try_from(length)
                    .ok()
                    .filter(|length| raw.len().checked_add(*length).is_some_and(|sum| sum <= most));
                if fits.is_none() {
                    return Err(Error::limit(limit));
                }
                self.pieces(length, field, &mut |piece| {
                    raw.extend_from_slice(piece);
                    Ok(())
                })
            }
            None => {
                self.push(header, field)?;
                while self.peek()?.is_some() {
                    self.copy(raw, field, most, limit)?;
                }
                self.open.pop();
                self.end(raw, field)
            }
        }
    }

    fn push(&mut self, header: ber::Header, field: &'static str) -> Result<(), Error> {
        if self.open.len() > BER_DEPTH_MAX {
            return Err(Error::limit("BER_DEPTH_MAX"));
        }
        let frame = match header.length {
            None => Frame::Marked,
            Some(length) => Frame::At(self.within(length, field)?),
        };
        self.open.push(frame);
        Ok(())
    }

    /// Where contents of `length` bytes end, which must lie in every element that is open.
    fn within(&self, length: u64, field: &'static str) -> Result<u64, Error> {
        let end = self.position.checked_add(length).ok_or_else(|| self.error(field))?;
        let outer = self.open.iter().rev().find_map(|frame| match frame {
            Frame::At(end) => Some(*end),
            Frame::Marked => None,
        });
        if outer.is_some_and(|outer| end > outer) { Err(self.error(field)) } else { Ok(end) }
    }

    fn header(&mut self, field: &'static str) -> Result<ber::Header, Error> {
        self.header_into(&mut Vec::new(), field)
    }

    fn header_into(
        &mut self,
        raw: &mut Vec<u8>,
        field: &'static str,
    ) -> Result<ber::Header, Error> {
        let header = ber::Header::read(|| {
            if !self.fill()? {
                return Err(self.error(field));
            }
            let byte = self.buffer.get(self.start).copied().ok_or_else(|| self.error(field))?;
            self.consume(1);
            raw.push(byte);
            Ok(byte)
        })?;
        header.ok_or_else(|| self.error(field))
    }

    fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count);
        self.position = self.position.saturating_add(super::length_of(count));
    }

    /// Whether there is a byte to consume; reads on if the buffer is empty.
    fn fill(&mut self) -> Result<bool, Error> {
        self.fill_to(1)
    }

    /// Whether there are `wanted` bytes to consume, at most a line; reads on behind what the buffer holds.
    fn fill_to(&mut self, wanted: usize) -> Result<bool, Error> {
        while self.end.saturating_sub(self.start) < wanted {
            self.buffer.copy_within(self.start..self.end, self.base);
            self.end = self.end.saturating_sub(self.start).saturating_add(self.base);
            self.start = self.base;
            let full = self.base.saturating_add(PIECE);
            let place = self.buffer.get_mut(self.end..full).unwrap_or_default();
            match self.input.read(place) {
                Ok(0) => return Ok(false),
                Ok(count) => self.end = self.end.saturating_add(count),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return Err(Error::new(Code::StreamFailed).field("read")),
            }
        }
        Ok(true)
    }
}

impl<R> Drop for Reader<R> {
    fn drop(&mut self) {
        use zeroize::Zeroize as _;
        // Ciphertext was decrypted in place.
        self.buffer.zeroize();
    }
}
