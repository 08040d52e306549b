//! The OFD container of GB/T 33190-2016.
