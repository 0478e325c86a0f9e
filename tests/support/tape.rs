//! Scripts drawn from a tape of numbers: random ones from a seeded sequence, and of one that fails
//! the smallest, which is found on the tape itself. 0 is the simplest choice everywhere, and what
//! lies behind the tape's end is 0.

use crate::random::Random;

#[derive(Debug)]
pub(crate) struct Tape {
    choices: Vec<usize>,
    at: usize,
    more: Option<Random>,
}

impl Tape {
    pub(crate) fn random(seed: u64) -> Self {
        Self {
            choices: Vec::new(),
            at: 0,
            more: Some(Random::new(seed)),
        }
    }

    pub(crate) fn of(choices: &[usize]) -> Self {
        Self {
            choices: choices.to_vec(),
            at: 0,
            more: None,
        }
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let place = self.at;
        self.at += 1;
        if let (true, Some(random)) = (place == self.choices.len(), &mut self.more) {
            self.choices.push(random.below(limit));
        }
        self.choices.get(place).map_or(0, |choice| choice % limit)
    }

    pub(crate) fn choose<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// Whether one of so many cases is at hand.
    pub(crate) fn once_in(&mut self, cases: usize) -> bool {
        self.below(cases) == cases - 1
    }

    pub(crate) fn choices(&self) -> &[usize] {
        &self.choices
    }
}

/// The smallest tape that fails: parts are left out and choices made simpler while it still does.
pub(crate) fn smallest(choices: &[usize], fails: impl Fn(&[usize]) -> bool) -> Vec<usize> {
    let mut best = choices.to_vec();
    loop {
        let simpler = simpler(&best).find(|candidate| fails(candidate));
        match simpler {
            Some(candidate) => best = candidate,
            None => return best,
        }
    }
}

/// Tapes that are shorter, or as long with one smaller choice.
fn simpler(choices: &[usize]) -> impl Iterator<Item = Vec<usize>> {
    let shorter = [16, 8, 5, 4, 3, 2, 1].into_iter().flat_map(move |count| {
        (0..(choices.len() + 1).saturating_sub(count)).map(move |at| {
            let mut shorter = choices.to_vec();
            shorter.drain(at..at + count);
            shorter
        })
    });
    let smaller = (0..choices.len())
        .flat_map(move |at| [0, choices[at] / 2, choices[at].saturating_sub(1)].map(|to| (at, to)))
        .filter(move |(at, to)| *to < choices[*at])
        .map(move |(at, to)| {
            let mut smaller = choices.to_vec();
            smaller[at] = to;
            smaller
        });
    shorter.chain(smaller)
}
