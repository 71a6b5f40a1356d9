//! Draws bar charts as SVG. The colors come from the style sheet, so that they fit light and dark mode.

use maud::{Markup, html};

const WIDTH: usize = 720;
const HEIGHT: usize = 120;

/// A bar: its value, its tooltip, and its label on the axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// Height.
    pub value: i64,
    /// Full description.
    pub label: String,
    /// The text below the axis. It is empty for most bars.
    pub tick: String,
}

/// Returns a chart of `bars` with the name `title`. The name includes the maximum, for people who cannot see the chart.
#[must_use]
pub fn bars(title: &str, bars: &[Bar]) -> Markup {
    let largest = bars.iter().map(|bar| bar.value).max().unwrap_or(0).max(0);
    let count = bars.len().max(1);
    let scale = usize::try_from(largest.max(1)).unwrap_or(usize::MAX);
    // Coordinates are in hundredths of a unit, so that no bar is lost by rounding.
    let step = WIDTH * 100 / count;
    let hundredths = |value: usize| format!("{}.{:02}", value / 100, value % 100);
    html! {
        figure.plot {
            figcaption { (title) span.count { " at most " (largest) } }
            svg role="img" aria-label={ (title) ", at most " (largest) } viewBox={ "0 0 " (WIDTH) " " (HEIGHT + 20) }
                preserveAspectRatio="none" {
                line.axis x1="0" y1=(HEIGHT) x2=(WIDTH) y2=(HEIGHT) {}
                @for (place, bar) in bars.iter().enumerate() {
                    @let value = usize::try_from(bar.value).unwrap_or(0);
                    @let height = if value == 0 { 0 } else { (value.saturating_mul(HEIGHT * 100) / scale).max(100) };
                    @if height > 0 {
                        rect.bar x=(hundredths(place * step + step / 10)) y=(hundredths(HEIGHT * 100 - height))
                            width=(hundredths(step * 8 / 10)) height=(hundredths(height)) { title { (bar.label) } }
                    }
                }
            }
            div.ticks aria-hidden="true" {
                @for bar in bars.iter().filter(|bar| !bar.tick.is_empty()) { span { (bar.tick) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(value: i64) -> Bar {
        Bar { value, label: "<&".into(), tick: String::new() }
    }

    #[test]
    fn the_largest_bar_fills_the_plot_and_the_smallest_is_still_seen() {
        let drawn = bars("Runs", &[bar(0), bar(1), bar(100_000)]).into_string();
        assert_eq!(drawn.matches("<rect").count(), 2);
        assert!(drawn.contains("height=\"120.00\""), "{drawn}");
        assert!(drawn.contains("height=\"1.00\""), "{drawn}");
        assert!(drawn.contains("&lt;&amp;"), "{drawn}");
    }

    #[test]
    fn extreme_values_draw_a_plot() {
        for values in [vec![], vec![-1], vec![i64::MAX, 0], vec![0, 0]] {
            let drawn = bars("x", &values.into_iter().map(bar).collect::<Vec<_>>()).into_string();
            assert!(drawn.starts_with("<figure"), "{drawn}");
        }
    }
}
