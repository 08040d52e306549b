//! Verify a sealed licence: every check named, one report.
