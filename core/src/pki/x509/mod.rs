//! Certificates: read, issue, judge a path.
