//! The span of time in which everything that was verified is valid.

use crate::check::Check;
use crate::code::Code;
use crate::time::{Period, UnixTime};
use crate::trail::Trail;
use crate::verify::VerifyError;

/// What everything so far has in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window(Period);

impl Window {
    /// No limits yet.
    pub(super) const ALWAYS: Self = Self(Period::ALWAYS);

    /// Between two moments, both included.
    pub(super) const fn between(from: UnixTime, until: UnixTime) -> Self {
        Self(Period::between(from, until))
    }

    /// The span itself.
    pub(super) const fn period(&self) -> Period {
        self.0
    }

    /// The last moment.
    pub(super) const fn until(&self) -> UnixTime {
        self.0.until
    }

    /// Requires that `now` is inside `item`, and narrows this window to it.
    pub(super) fn admit(
        &mut self,
        trail: &mut Trail,
        code: &'static Code,
        item: Self,
        now: UnixTime,
    ) -> Result<(), VerifyError> {
        trail.require(item.check(code, now))?;
        self.0 = self.0.narrowed_by(item.0);
        Ok(())
    }

    /// Whether `now` is inside.
    pub(super) fn check(&self, code: &'static Code, now: UnixTime) -> Check {
        Check::decided(code, self.0.contains(now), self.0, now)
    }
}

#[cfg(test)]
mod tests {
    use super::Window;
    use crate::tdx::codes::COLLATERAL_WINDOW;
    use crate::time::UnixTime;
    use crate::trail::Trail;

    const fn at(secs: u64) -> UnixTime {
        UnixTime::from_secs(secs)
    }

    #[test]
    fn both_ends_are_inside_and_the_seconds_beyond_are_not() {
        let window = Window::between(at(10), at(20));
        for (secs, inside) in [(9, false), (10, true), (20, true), (21, false)] {
            assert_eq!(!window.check(&COLLATERAL_WINDOW, at(secs)).failed(), inside, "{secs}");
        }
    }

    #[test]
    fn every_item_narrows_the_whole() {
        let mut window = Window::ALWAYS;
        let mut trail = Trail::default();
        for item in [Window::between(at(10), at(20)), Window::between(at(5), at(15))] {
            window.admit(&mut trail, &COLLATERAL_WINDOW, item, at(12)).unwrap();
        }
        assert_eq!(window, Window::between(at(10), at(15)));
        let past = Window::between(at(1), at(2));
        assert!(window.admit(&mut trail, &COLLATERAL_WINDOW, past, at(12)).is_err());
    }
}
