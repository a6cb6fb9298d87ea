//! Where a test reaches in, just before something is signed.

use core::fmt;
use std::sync::Arc;

type Change<T> = Arc<dyn Fn(&mut T) + Send + Sync>;

/// Changes to make to a value, in the order in which they were added.
pub(crate) struct Hook<T> {
    changes: Vec<Change<T>>,
}

impl<T> Hook<T> {
    pub(crate) fn push(&mut self, change: impl Fn(&mut T) + Send + Sync + 'static) {
        self.changes.push(Arc::new(change));
    }

    pub(crate) fn apply(&self, mut value: T) -> T {
        self.changes.iter().for_each(|change| change(&mut value));
        value
    }
}

impl<T> Default for Hook<T> {
    fn default() -> Self {
        Self { changes: Vec::new() }
    }
}

impl<T> Clone for Hook<T> {
    fn clone(&self) -> Self {
        Self { changes: self.changes.clone() }
    }
}

impl<T> fmt::Debug for Hook<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} changes", self.changes.len())
    }
}

/// Declares one builder method of a guest for each of its hooks.
macro_rules! hooks {
    ($guest:ident, $($(#[$doc:meta])* $method:ident => $hook:ident: $value:ty;)+) => {
        impl $guest {$(
            $(#[$doc])*
            #[must_use]
            pub fn $method(mut self, change: impl Fn(&mut $value) + Send + Sync + 'static) -> Self {
                self.hooks.$hook.push(change);
                self
            }
        )+}
    };
}

pub(crate) use hooks;
