import CivilCalendar
import Documents

/// How the use of one counter spreads over the week and the day.
///
/// Times and day numbers are of local time, by which people live: in Sydney, Monday's morning is Sunday in UTC.
struct UseCalendar: Equatable, Sendable {
    static let millisecondsPerDay: Int64 = 86_400_000
    /// Days that the fleet's profile weighs against the device's own.
    static let fleetDays = 4.0
    /// Share by which a whole day's use moves the profile of the day.
    static let hourLearning: Float = 0.06

    /// Sums of pages relative to the rate of their day, and counts, by weekday; both fade.
    private var sums = SIMD8<Float>(repeating: 0)
    private var counts = SIMD8<Float>(repeating: 0)
    /// Weights of the seven days with a mean of 1.
    private(set) var weights = SIMD8<Double>(repeating: 1)
    /// Share of a day's use by eighths of the day.
    private(set) var shares = SIMD8<Float>(repeating: 0.125)

    /// Day number since 1970, rounded down also before that, and how much of it has gone.
    static func day(_ milliseconds: Int64) -> (number: Int64, part: Double) {
        let day = milliseconds.dividedDown(by: millisecondsPerDay)
        return (day, Double(milliseconds &- day &* millisecondsPerDay) / Double(millisecondsPerDay))
    }

    /// How much fewer days carry the use than there are: 1 when all are alike, 1.4 when a week has five.
    var unevenness: Double { (weights * weights).sum() / 7 }

    static func weekday(_ day: Int64) -> Weekday { Weekday(daysSince1970: Int(day)) }

    /// Sum of the weights of `days` whole days from `first` on.
    func weight(from first: Int64, days: Int64) -> Double {
        let whole = days / 7
        var sum = Double(whole) * 7
        for offset in 0..<Int(days % 7) { sum += weights[Self.weekday(first + Int64(offset))] }
        return sum
    }

    /// Takes one completed day: units relative to the rate that was expected of a day of weight 1.
    mutating func learn(weekday: Weekday, ratio: Double, fleet: SIMD8<Double>) {
        let fade: Float = 0.93
        sums[weekday] = sums[weekday] * fade + Float(min(ratio, 4))
        counts[weekday] = counts[weekday] * fade + 1
        var weights = fleet
        var total = 0.0
        for day in 0..<7 {
            weights[day] = (Self.fleetDays * fleet[day] + Double(sums[day])) / (Self.fleetDays + Double(counts[day]))
            total += weights[day]
        }
        guard total > 0 else { return }
        weights *= 7 / total
        weights[7] = 0
        self.weights = weights
    }

    /// Spreads the units of one gap between readings over the eighths of the day that it covered, in proportion to what is believed
    /// of them already: what was printed between 18 and 12 o'clock was printed in the morning, once other gaps have shown so.
    mutating func learnHours(from start: Int64, to end: Int64, units: Double, typicalDay: Double) {
        let span = Double(end) - Double(start)
        guard span > 0, span < 72_000_000, units > 0, typicalDay > 0 else { return }
        let amount = Float(min(units / typicalDay, 0.5)) * Self.hourLearning
        let first = Self.day(start).part * 8
        let length = span / Double(Self.millisecondsPerDay) * 8
        var covered = SIMD8<Float>(repeating: 0)
        var at = first
        while at < first + length {
            let next = min(Double(Int(at)) + 1, first + length)
            covered[Int(at) & 7] += Float(next - at)
            at = max(next, at + 1e-6)
        }
        covered *= shares + 0.002
        let sum = covered.sum()
        guard sum > 0 else { return }
        shares = shares * (1 - amount) + covered * (amount / sum)
    }

    /// Weighted days since 1970-01-01: use between two times is the rate times the difference.
    func activity(_ day: Int64, _ part: Double) -> Double {
        assert((0...1).contains(part), "a part of a day")
        // Weeks from Thursday to Wednesday, as day numbers count.
        let week = day.dividedDown(by: 7)
        let weekday = Int(day - week * 7)
        var sum = Double(week) * 7
        for index in 0..<weekday { sum += weights[index] }
        let eighth = min(Int(part * 8), 7)
        var share = 0.0
        for index in 0..<eighth { share += Double(shares[index]) }
        share += Double(shares[eighth]) * (part * 8 - Double(eighth))
        return sum + weights[weekday] * share
    }

    enum CodingKeys: String, CodingKey { case sums, counts, weights, shares, gaps }

    /// Beside what else the container says.
    func encode(into container: inout KeyedEncodingContainer<CodingKeys>) throws {
        try container.encode(sums, forKey: .sums)
        try container.encode(counts, forKey: .counts)
        try container.encode(weights, forKey: .weights)
        try container.encode(shares, forKey: .shares)
    }

    mutating func code(by coder: inout FieldCoder) throws(ByteCodingError) {
        try coder.code(&sums, &counts, &weights, &shares)
    }
}
