import CivilCalendar
import Replenishment

/// Numbers, times and names of the API in the words that people read, the same on the status page and on the terminal.
public enum HumanText {
    /// `2026-11-21 22:04:05`, in UTC wherever it is read.
    public static func time(_ milliseconds: Int64) -> String {
        let text = UTCText.rfc3339(milliseconds) ?? String(milliseconds)
        guard text.utf8.count == 24 else { return text }
        return String(text.prefix(10)) + " " + text.dropFirst(11).prefix(8)
    }

    /// `3 min ago`, `in 2 h`, `now`; in the largest unit only.
    public static func age(_ milliseconds: Int64, nowMilliseconds: Int64) -> String {
        let (difference, overflow) = nowMilliseconds.subtractingReportingOverflow(milliseconds)
        guard !overflow, difference != .min else { return "at an impossible time" }
        let text = largestUnit(difference.magnitude)
        guard !text.isEmpty else { return "now" }
        return difference > 0 ? "\(text) ago" : "in \(text)"
    }

    private static func largestUnit(_ milliseconds: UInt64) -> String {
        switch milliseconds {
        case ..<1000: ""
        case ..<60_000: "\(milliseconds / 1000) s"
        case ..<3_600_000: "\(milliseconds / 60_000) min"
        case ..<172_800_000: "\(milliseconds / 3_600_000) h"
        default: "\(milliseconds / 86_400_000) d"
        }
    }

    /// `2 h 5 min`, `3 d 4 h`, `45 s`: the two largest units.
    public static func duration(_ milliseconds: Int64) -> String {
        guard milliseconds >= 0 else { return "–" }
        guard milliseconds >= 1000 else { return milliseconds == 0 ? "0 s" : "<1 s" }
        let units: [(length: Int64, name: String)] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s")]
        guard let first = units.firstIndex(where: { milliseconds >= $0.length }) else { return "0 s" }
        let major = "\(milliseconds / units[first].length) \(units[first].name)"
        guard first + 1 < units.count else { return major }
        let minor = milliseconds % units[first].length / units[first + 1].length
        return minor == 0 ? major : "\(major) \(minor) \(units[first + 1].name)"
    }

    /// At most `decimals` of them, without zeros at the end; huge and tiny numbers in Swift's own way.
    public static func number(_ number: Double, decimals: Int = 1) -> String {
        guard number.isFinite else { return "–" }
        var scale: Int64 = 1
        for _ in 0..<min(max(decimals, 0), 6) { scale *= 10 }
        guard abs(number) < 1e12, let scaled = Int64(exactly: (number * Double(scale)).rounded()) else { return "\(number)" }
        let whole = String(scaled.magnitude / UInt64(scale))
        let digits = String(scaled.magnitude % UInt64(scale) + UInt64(scale)).dropFirst()
        let fraction = String(digits.reversed().drop { $0 == "0" }.reversed())
        return (scaled < 0 ? "−" : "") + whole + (fraction.isEmpty ? "" : "." + fraction)
    }

    /// `12 d (8–17)` of the quantiles 5 %, 50 %, 95 %.
    public static func daysLeft(_ quantiles: [Double]) -> String? {
        guard quantiles.count == 3, quantiles.allSatisfy({ $0.isFinite }) else { return nil }
        // Beyond a year the exact number says nothing.
        guard quantiles[1] <= 365 else { return ">1 a" }
        let decimals = quantiles[1] < 3 ? 1 : 0
        let high = quantiles[2] > 999 ? ">999" : number(max(0, quantiles[2]), decimals: decimals)
        return "\(number(max(0, quantiles[1]), decimals: decimals)) d (\(number(max(0, quantiles[0]), decimals: decimals))–\(high))"
    }

    /// Why there is no forecast, from `missingEvidence` of the API.
    public static func missingEvidence(_ reason: String) -> String {
        switch reason {
        case "noLevel": "no level reported"
        case "noLevelStep": "too early to forecast"
        case "noUse": "no use seen"
        case "stale": "level out of date"
        default: reason
        }
    }

    /// A score of `experience`: shares as a percentage, the others on their own scale, with the 95 % interval.
    public static func score(_ question: String, _ score: APIValue) -> String? {
        guard let value = score["value"].number, let low = score["low"].number, let high = score["high"].number else { return nil }
        switch question {
        case "ces", "csat":
            return "\(number(value * 100, decimals: 0)) % (\(number(low * 100, decimals: 0))–\(number(high * 100, decimals: 0)))"
        case "nps": return "\(number(value, decimals: 0)) (\(number(low, decimals: 0)) to \(number(high, decimals: 0)))"
        default: return "\(number(value)) of 7 (\(number(low))–\(number(high)))"
        }
    }

    /// The short name of a question, and what it tells.
    public static let questions: [(key: String, name: String, meaning: String)] = [
        ("ces", "CES", "found it easy"), ("ves", "VES", "value of the service"), ("nps", "NPS", "would recommend"),
        ("csat", "CSAT", "are satisfied"),
    ]

    /// `equipmentState` in a word or two.
    public static func equipmentState(_ state: String) -> String {
        switch state {
        case "unscheduledDowntime": "down"
        case "scheduledDowntime": "planned down"
        default: state
        }
    }

    /// UCUM codes as people write them; an annotation such as `{pages}` loses its braces.
    public static func unit(_ code: String) -> String {
        switch code {
        case "Cel": return "°C"
        case "[degF]": return "°F"
        case "um": return "µm"
        default: return code.hasPrefix("{") && code.hasSuffix("}") ? String(code.dropFirst().dropLast()) : code
        }
    }

    /// `3.2 MiB`.
    public static func bytes(_ count: Int64) -> String {
        var number = Double(count)
        for unit in ["B", "KiB", "MiB", "GiB"] {
            if abs(number) < 1024 { return "\(Self.number(number)) \(unit)" }
            number /= 1024
        }
        return "\(Self.number(number)) TiB"
    }

    /// `inboxMessages` → `inbox messages`.
    public static func words(_ camelCase: String) -> String {
        var words = ""
        for character in camelCase {
            if character.isUppercase { words += " " + character.lowercased() } else { words.append(character) }
        }
        return words
    }
}

extension HumanText {
    /// What the device says of the supply itself: `Black Toner, toner, part 006R01509, serial 4817`; nil when it says nothing.
    public static func supply(_ supply: APIValue) -> String? {
        let part = supply["partNumber"].string.map { "part \($0)" }
        let serial = supply["serialNumber"].string.map { "serial \($0)" }
        let words = [supply["label"].string, supply["type"].string, part, serial].compactMap { $0 }
        return words.isEmpty ? nil : words.joined(separator: ", ")
    }

    /// Why levels have no value now, a line for each: `marker: some remaining, 2 to 100 %`.
    public static func supplyReasons(_ supplies: [APIValue]) -> [String] {
        supplies.compactMap { supply in
            supply["reported"]["reason"].string.map { "\(supply["label"].string ?? supply["supply"].string ?? ""): \($0)" }
        }
    }

    /// `79.90`; amounts always have their hundredths.
    public static func money(_ amount: Double) -> String {
        Money.hundredths(abs(amount)).map { (amount < 0 ? "−" : "") + Money.text($0) } ?? number(amount, decimals: 2)
    }
}
