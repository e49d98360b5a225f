//! Takes a number apart.

/// Returns the prime factors of `number` as a product; 0 and 1 are themselves.
pub fn factors(number: u64) -> String {
    let (mut rest, mut divisor, mut found) = (number, 2, Vec::new());
    while divisor * divisor <= rest {
        while rest.is_multiple_of(divisor) {
            found.push(divisor.to_string());
            rest /= divisor;
        }
        divisor += 1;
    }
    if rest > 1 || found.is_empty() {
        found.push(rest.to_string());
    }
    found.join(" * ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_product_of_its_factors() {
        for (number, expected) in [(0, "0"), (1, "1"), (2, "2"), (12, "2 * 2 * 3"), (91, "7 * 13")] {
            assert_eq!(factors(number), expected);
        }
    }
}
