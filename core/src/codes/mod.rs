//! Numbers of persons and organisations, with their check characters.
