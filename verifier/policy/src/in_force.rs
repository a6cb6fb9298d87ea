//! The bundle in force, which a newer one can take the place of while requests are under way.

use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use crate::bundle::PolicyBundle;
use crate::decision::Decision;
use crate::error::PolicyError;
use crate::request::Request;
use crate::visitor::VisitorRequest;

/// A bundle in force, with the number that it was published under. Whoever asks is answered by one
/// bundle, the one before or the one after, and never by parts of both.
///
/// It can be told which number there has to be at least. While there is none as new as that, nothing
/// is permitted.
#[derive(Debug)]
pub struct InForce {
    now: RwLock<Numbered>,
    /// No policies: refuses everything.
    nothing: Arc<PolicyBundle>,
}

#[derive(Clone, Debug)]
struct Numbered {
    number: u64,
    bundle: Arc<PolicyBundle>,
    /// The greatest number of a genuine publication that is of no use here.
    set_aside: u64,
    required: u64,
}

impl Numbered {
    fn seen(&self) -> u64 {
        self.number.max(self.set_aside)
    }

    fn is_outdated(&self) -> bool {
        self.seen() < self.required
    }
}

impl InForce {
    /// Begins with the image's own bundle, which has number 0: everything that is published is
    /// newer.
    ///
    /// # Errors
    /// As [`PolicyBundle::parse`] for a bundle of no policies.
    pub fn new(bundle: PolicyBundle) -> Result<Self, PolicyError> {
        let now = Numbered { number: 0, bundle: Arc::new(bundle), set_aside: 0, required: 0 };
        Ok(Self { now: RwLock::new(now), nothing: Arc::new(PolicyBundle::parse(b"")?) })
    }

    /// The bundle that decides now.
    #[must_use]
    pub fn bundle(&self) -> Arc<PolicyBundle> {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(if now.is_outdated() { &self.nothing } else { &now.bundle })
    }

    /// The number that the bundle in force was published under; 0 for the image's own.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.now().number
    }

    /// Whether there has to be a newer one, so that nothing is permitted until it is there.
    #[must_use]
    pub fn is_outdated(&self) -> bool {
        self.now().is_outdated()
    }

    /// What a publication's number has to be greater than.
    #[must_use]
    pub fn floor(&self) -> u64 {
        let now = self.now();
        now.seen().max(now.required.saturating_sub(1))
    }

    /// Whether a publication with `number`, or as new as there has to be, would be of use.
    #[must_use]
    pub fn wants(&self, number: u64) -> bool {
        let now = self.now();
        number.max(now.required) > now.seen()
    }

    /// Nothing older than `number` counts from now on. Returns whether that leaves nothing that
    /// does.
    #[must_use]
    pub fn require(&self, number: u64) -> bool {
        let mut now = self.change();
        now.required = now.required.max(number);
        now.is_outdated()
    }

    /// Puts `bundle` in force, if its number is greater than the present one's. Returns whether it
    /// is: a number never goes down.
    #[must_use]
    pub fn replace(&self, number: u64, bundle: PolicyBundle) -> bool {
        let mut now = self.change();
        let newer = number > now.number;
        if newer {
            now.number = number;
            now.bundle = Arc::new(bundle);
        }
        newer
    }

    /// A genuine publication cannot be used here: the bundle in force stays in its place.
    pub fn set_aside(&self, number: u64) {
        let mut now = self.change();
        now.set_aside = now.set_aside.max(number);
    }

    /// As [`PolicyBundle::decide`].
    pub fn decide(&self, request: &Request<'_>) -> Decision {
        self.bundle().decide(request)
    }

    /// As [`PolicyBundle::decide_visitor`].
    pub fn decide_visitor(&self, request: &VisitorRequest<'_>) -> Decision {
        self.bundle().decide_visitor(request)
    }

    fn now(&self) -> Numbered {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self) -> RwLockWriteGuard<'_, Numbered> {
        self.now.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::InForce;
    use crate::bundle::PolicyBundle;

    const ALL: &str = "permit(principal, action, resource);";

    fn bundle(policies: &str) -> PolicyBundle {
        PolicyBundle::parse(policies.as_bytes()).unwrap()
    }

    fn in_force(policies: &str) -> InForce {
        InForce::new(bundle(policies)).unwrap()
    }

    #[test]
    fn only_a_greater_number_takes_the_place() {
        let in_force = in_force("");
        assert!(in_force.replace(3, bundle(ALL)));
        for older in [0, 2, 3] {
            assert!(!in_force.replace(older, bundle("")));
            assert_eq!((in_force.number(), in_force.bundle().policies()), (3, 1));
        }
        assert!(in_force.replace(4, bundle("")));
        assert_eq!((in_force.number(), in_force.bundle().policies()), (4, 0));
    }

    #[test]
    fn nothing_counts_that_is_older_than_what_there_has_to_be() {
        let in_force = in_force(ALL);
        assert!(!in_force.require(0));
        assert!(in_force.require(5));
        assert!(in_force.require(3), "what is required never goes down");
        assert_eq!((in_force.floor(), in_force.bundle().policies()), (4, 0));
        assert!(in_force.replace(4, bundle(ALL)));
        assert!(in_force.is_outdated());
        assert_eq!(in_force.bundle().policies(), 0);
        assert!(in_force.replace(5, bundle(ALL)));
        assert!(!in_force.is_outdated());
        assert_eq!((in_force.floor(), in_force.bundle().policies()), (5, 1));
    }

    #[test]
    fn what_cannot_be_used_leaves_the_bundle_in_its_place() {
        let in_force = in_force(ALL);
        in_force.set_aside(7);
        assert!(!in_force.require(7));
        assert_eq!((in_force.number(), in_force.bundle().policies()), (0, 1));
        assert_eq!(in_force.floor(), 7, "it is not asked for again");
        assert!(in_force.require(8));
    }
}
