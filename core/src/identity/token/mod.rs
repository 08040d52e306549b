//! Login tokens by GM/T 0125.
