//! Issue a licence: fill the template, add the metadata, seal it.
