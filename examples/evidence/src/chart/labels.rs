//! Moves labels apart that would overlap.

/// Returns positions near the wanted ones, at least `gap` apart and between `low` and `high` if
/// they fit. Their order is that of the wanted ones.
pub(super) fn spread(wanted: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
    // Each group is a run of labels that touch. It is placed around the mean of its members.
    let mut groups: Vec<Group> = Vec::new();
    for index in order {
        let mut group = Group::of(wanted[index], index);
        group.place(gap, low, high);
        while let Some(above) = groups.pop() {
            if above.end(gap) + gap <= group.start {
                groups.push(above);
                break;
            }
            group = above.followed_by(group);
            group.place(gap, low, high);
        }
        groups.push(group);
    }
    let mut positions = wanted.to_vec();
    for group in groups {
        for (place, index) in group.members.iter().enumerate() {
            positions[*index] = group.start + place as f64 * gap;
        }
    }
    positions
}

/// Labels that touch, from top to bottom.
struct Group {
    members: Vec<usize>,
    /// The sum of the wanted positions.
    sum: f64,
    start: f64,
}

impl Group {
    fn of(wanted: f64, index: usize) -> Self {
        Self {
            members: vec![index],
            sum: wanted,
            start: wanted,
        }
    }

    fn followed_by(mut self, below: Self) -> Self {
        self.members.extend(below.members);
        self.sum += below.sum;
        self
    }

    fn length(&self, gap: f64) -> f64 {
        (self.members.len() - 1) as f64 * gap
    }

    fn end(&self, gap: f64) -> f64 {
        self.start + self.length(gap)
    }

    fn place(&mut self, gap: f64, low: f64, high: f64) {
        let middle = self.sum / self.members.len() as f64;
        let start = middle - self.length(gap) / 2.0;
        self.start = start.min(high - self.length(gap)).max(low);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(wanted: &[f64], expected: &[f64]) {
        assert_eq!(spread(wanted, 10.0, 0.0, 100.0), expected, "{wanted:?}");
    }

    #[test]
    fn labels_that_do_not_overlap_stay() {
        check(&[50.0, 10.0, 30.0], &[50.0, 10.0, 30.0]);
        check(&[], &[]);
    }

    #[test]
    fn labels_that_overlap_move_apart_by_the_same_distance() {
        check(&[50.0, 50.0], &[45.0, 55.0]);
        check(&[50.0, 48.0, 49.0], &[59.0, 39.0, 49.0]);
    }

    #[test]
    fn labels_stay_between_the_ends() {
        check(&[99.0, 98.0, 100.0], &[90.0, 80.0, 100.0]);
        check(&[0.0, 1.0], &[0.0, 10.0]);
    }

    #[test]
    fn a_moved_group_pushes_the_group_before_it() {
        let positions = spread(&[20.0, 31.0, 32.0, 33.0], 10.0, 0.0, 100.0);
        for pair in positions.windows(2) {
            assert!(pair[1] - pair[0] >= 10.0 - 1e-9, "{positions:?}");
        }
    }
}
