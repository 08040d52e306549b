//! Where a signature gets its time stamp.

use super::{Authority, Imprint, TimeStampRequest, TimeStampResponse, Token};
use crate::Error;

/// Something that has an imprint stamped: an authority at hand, or one behind a network.
///
/// What it gives is put into the signature as it is. Whether it holds is judged when the signature is
/// verified, by trust and policy.
pub trait TimeStampSource: Send + Sync {
    /// A token over `imprint`.
    ///
    /// # Errors
    /// [`Code::TimeStampRefused`](crate::Code::TimeStampRefused),
    /// [`Code::TimeStampMismatch`](crate::Code::TimeStampMismatch); whatever keeps the authority from
    /// being asked.
    fn stamp(&self, imprint: &Imprint) -> Result<Token, Error>;
}

impl TimeStampSource for Authority<'_> {
    fn stamp(&self, imprint: &Imprint) -> Result<Token, Error> {
        let request = TimeStampRequest::new(imprint.clone())?;
        let answered = self.answer_request(&request);
        match answered.cause {
            Some(cause) => Err(cause),
            None => answered.response.token_for(&request),
        }
    }
}

/// An authority behind a network: the request is made and the answer read here, and the caller's
/// function carries them, as a rule by HTTP POST (RFC 3161, 3.4) of type `application/timestamp-query`.
pub struct RemoteAuthority<F> {
    send: F,
    policy: Option<String>,
}

impl<F: Fn(&[u8]) -> Result<Vec<u8>, Error>> RemoteAuthority<F> {
    /// `send` takes a request to the authority and brings its answer, both DER.
    #[must_use]
    pub const fn new(send: F) -> Self {
        Self { send, policy: None }
    }

    /// Asks for a policy, dotted.
    #[must_use]
    pub fn under_policy(mut self, policy: &str) -> Self {
        self.policy = Some(policy.to_owned());
        self
    }
}

impl<F: Fn(&[u8]) -> Result<Vec<u8>, Error> + Send + Sync> TimeStampSource for RemoteAuthority<F> {
    fn stamp(&self, imprint: &Imprint) -> Result<Token, Error> {
        let mut request = TimeStampRequest::new(imprint.clone())?;
        request.policy.clone_from(&self.policy);
        let answer = (self.send)(&request.to_der()?)?;
        TimeStampResponse::parse(&answer)?.token_for(&request)
    }
}
