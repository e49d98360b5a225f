//! Rows of `date,amount` as one sum a day. Amounts are counted in hundredths, which add up exactly.

use std::collections::BTreeMap;

/// A day's sum in hundredths, by its date as it is written (`2026-11-24`), which sorts as days do.
pub type Days = BTreeMap<String, i64>;

/// Returns the sums of the rows of a CSV text, which begins with its headings.
///
/// # Errors
/// The first line that is no row, with its number.
pub fn read(text: &str) -> Result<Days, String> {
    let mut days = Days::new();
    for (number, line) in (1..).zip(text.lines()).skip(1) {
        if line.trim().is_empty() {
            continue;
        }
        let (date, amount) = row(line).ok_or_else(|| {
            format!("line {number} is \"{line}\"; it must be as 2026-11-24,12.50")
        })?;
        *days.entry(date.to_owned()).or_default() += amount;
    }
    Ok(days)
}

fn row(line: &str) -> Option<(&str, i64)> {
    let (date, amount) = line.split_once(',')?;
    let date = day_of(date.trim()).filter(|day| day.len() == date.trim().len())?;
    Some((date, hundredths(amount.trim())?))
}

/// Returns the day at the beginning of a time (`2026-11-24T06:00:00+01:00`).
pub fn day_of(time: &str) -> Option<&str> {
    let day = time.get(..10)?;
    let is_day = day.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    is_day.then_some(day)
}

/// Returns `12.5` as 1250; `None` for what is no amount, or finer than hundredths.
fn hundredths(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(part) || part.len() > 2 {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let part: i64 = format!("{part:0<2}").parse().ok()?;
    Some(sign * whole.checked_mul(100)?.checked_add(part)?)
}

/// Returns the last `count` days that are not after `date`.
pub fn last_days(days: Days, date: &str, count: usize) -> Days {
    let until: Vec<(String, i64)> =
        days.into_iter().filter(|(day, _)| day.as_str() <= date).collect();
    let skipped = until.len().saturating_sub(count);
    until.into_iter().skip(skipped).collect()
}

/// Returns hundredths as `1,234.50`.
pub fn amount(hundredths: i64) -> String {
    let (whole, part) = (hundredths.unsigned_abs() / 100, hundredths.unsigned_abs() % 100);
    let digits = whole.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if hundredths < 0 { "-" } else { "" };
    format!("{sign}{grouped}.{part:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_one_day_add_up() {
        let days = read("date,amount\n2026-01-06,1\n2026-01-05,0.10\n\n2026-01-05, 0.2\n").unwrap();
        let sums: Vec<(&str, i64)> = days.iter().map(|(day, sum)| (day.as_str(), *sum)).collect();
        assert_eq!(sums, [("2026-01-05", 30), ("2026-01-06", 100)]);
    }

    #[test]
    fn a_line_that_is_no_row_is_named() {
        for line in
            ["2026-01-05", "5 January,1", "2026-01-05,1.234", "2026-01-05,ten", "2026-1-5,1"]
        {
            let error = read(&format!("date,amount\n{line}\n")).unwrap_err();
            assert!(error.starts_with(&format!("line 2 is \"{line}\"")), "{error}");
        }
    }

    #[test]
    fn amounts_are_read_and_written_exactly() {
        for (text, number, written) in [
            ("0", 0, "0.00"),
            ("12.5", 1250, "12.50"),
            ("-0.01", -1, "-0.01"),
            ("1234567.89", 123_456_789, "1,234,567.89"),
        ] {
            assert_eq!(hundredths(text), Some(number), "{text}");
            assert_eq!(amount(number), written, "{text}");
        }
    }

    #[test]
    fn days_after_the_report_are_left_out() {
        let days = read("h\n2026-01-01,1\n2026-01-02,2\n2026-01-03,3\n2026-01-04,4\n").unwrap();
        let last: Vec<String> = last_days(days, "2026-01-03", 2).into_keys().collect();
        assert_eq!(last, ["2026-01-02", "2026-01-03"]);
    }
}
