//! Durations as a person reads them.

use std::time::Duration;

/// `7 s`, `3 min 05 s` or `2 h 10 min`.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_keep_two_units() {
        let text = |seconds| duration(Duration::from_secs_f64(seconds));
        assert_eq!(text(0.4), "0 s", "below a second");
        assert_eq!(text(59.6), "1 min 00 s", "rounded up to a minute");
        assert_eq!(text(185.0), "3 min 05 s", "minutes");
        assert_eq!(text(7800.0), "2 h 10 min", "hours");
    }
}
