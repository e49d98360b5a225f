//! The page: a heading, a bar chart and a table. It loads nothing and runs nothing.

use std::fmt::Write;

use crate::data::{Days, amount};

const HEIGHT: i64 = 160;
const BAR: usize = 40;
const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:45rem;margin:2rem auto;padding:0 1rem}\
rect{fill:#2a6f97}text{font-size:11px;text-anchor:middle;fill:#444}td{padding:.1rem 1rem .1rem 0}\
td:last-child{text-align:right;font-variant-numeric:tabular-nums}";

/// Returns the page of the day `date` about `days`.
pub fn html(date: &str, days: &Days) -> String {
    let total = amount(days.values().sum());
    let date = escaped(date);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Report of {date}</title>\n\
         <style>{STYLE}</style>\n<h1>Report of {date}</h1>\n<p>{} days, {total} in all.</p>\n{}{}</html>\n",
        days.len(),
        chart(days),
        table(days)
    )
}

/// A bar a day; the highest is as high as the chart, and what is below nothing has none.
fn chart(days: &Days) -> String {
    let Some(highest) = days.values().copied().max().filter(|&highest| highest > 0) else {
        return "<p>There is nothing to draw.</p>\n".to_owned();
    };
    let (width, height) = (days.len() * BAR, HEIGHT + 20);
    let mut svg = format!(
        "<svg role=\"img\" aria-label=\"Amount of each day\" viewBox=\"0 0 {width} {height}\" width=\"{width}\">\n"
    );
    for (at, (day, sum)) in days.iter().enumerate() {
        let bar = (*sum).max(0) * HEIGHT / highest;
        let (left, top, middle) = (at * BAR + 4, HEIGHT - bar, at * BAR + BAR / 2);
        let (inner, label) = (BAR - 8, escaped(day.get(5..).unwrap_or(day)));
        writeln!(
            svg,
            "<rect x=\"{left}\" y=\"{top}\" width=\"{inner}\" height=\"{bar}\"><title>{}: {}</title></rect>\
             <text x=\"{middle}\" y=\"{}\">{label}</text>",
            escaped(day),
            amount(*sum),
            HEIGHT + 14
        )
        .expect("a String takes any text");
    }
    svg + "</svg>\n"
}

fn table(days: &Days) -> String {
    let row = |(day, sum): (&String, &i64)| {
        format!("<tr><td>{}</td><td>{}</td></tr>\n", escaped(day), amount(*sum))
    };
    let rows: String = days.iter().map(row).collect();
    format!("<table>\n{rows}</table>\n")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(rows: &[(&str, i64)]) -> Days {
        rows.iter().map(|(day, sum)| ((*day).to_owned(), *sum)).collect()
    }

    #[test]
    fn bars_are_as_high_as_their_shares_of_the_highest() {
        let page = html(
            "2026-01-07",
            &days(&[("2026-01-05", 500), ("2026-01-06", 1000), ("2026-01-07", -5)]),
        );
        let heights: Vec<&str> =
            page.split(" height=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(heights, ["80", "160", "0"]);
        assert!(page.contains("3 days, 14.95 in all"), "{page}");
        assert!(page.contains("<tr><td>2026-01-05</td><td>5.00</td></tr>"), "{page}");
    }

    #[test]
    fn a_page_about_nothing_says_so() {
        let page = html("2026-01-07", &Days::new());
        assert!(page.contains("0 days, 0.00 in all") && !page.contains("<svg"), "{page}");
    }

    #[test]
    fn what_is_written_in_the_data_is_text_on_the_page() {
        let page = html("<script>", &days(&[("<b>\"&", 1)]));
        assert!(!page.contains("<script>") && !page.contains("<b>"), "{page}");
    }
}
