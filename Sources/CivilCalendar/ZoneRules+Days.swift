/// Days of the calendar of a zone, for what recurs by weekday and time of day.
extension ZoneRules {
    /// The day, counted from 1970-01-01, that the calendar of the zone shows at an instant.
    public func localDay(atUTCSeconds time: Int64) -> Int {
        let time = min(max(time, -62_135_596_800), 253_402_300_799)
        let local = time + Int64(offsetSeconds(atUTCSeconds: time))
        return Int(local.dividedDown(by: 86_400))
    }

    /// The instant of a time of day, in seconds since 1970; minute 1440 is the end of the day. A time that the clock skips in spring lies
    /// as far behind the change; of one that it shows twice in autumn the earlier is taken.
    public func instant(localDay day: Int, minute: Int) -> Int64? {
        let date = CivilDate(daysSince1970: day + minute / 1440)
        let minute = minute % 1440
        return utcSeconds(localYear: date.year, month: date.month, day: date.day, hour: minute / 60, minute: minute % 60, second: 0)
            .utcSeconds
    }
}
