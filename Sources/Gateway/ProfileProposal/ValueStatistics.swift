/// What values at one place of messages are like, for guessing what they mean.
struct ValueStatistics {
    static let maximumWords = 16
    /// Numbers that devices send where they do not know.
    private static let sentinels: Set<Double> = [
        -1, -2, -3, -99, -100, -127, -128, -255, -256, -273, -273.1, -273.15, -327.68, -999, -9999, 85, 254, 255, 999, 999.9, 2000, 9999,
        32767,
        32768, 65534, 65535, 2_147_483_647, 4_294_967_295,
    ]

    private(set) var numbers = 0
    private(set) var texts = 0
    private(set) var flags = 0
    private(set) var nulls = 0
    /// Numbers written as texts, counted among the numbers.
    private(set) var writtenNumbers = 0
    private(set) var isWhole = true
    private(set) var minimum = Double.infinity
    private(set) var maximum = -Double.infinity
    private(set) var rises = 0
    private(set) var falls = 0
    private(set) var words: Set<String> = []
    private(set) var hasManyWords = false
    /// Values that may mean "not known", and how often they came.
    private var suspects: [Double: Int] = [:]
    private var last: [String: Double] = [:]

    var isNumber: Bool { numbers > 0 && texts == 0 && flags == 0 }
    var isMixed: Bool { numbers > 0 && texts + flags > 0 }
    /// It never falls, and rises: pages, energy, time that runs.
    var isCounter: Bool { isNumber && isWhole && falls == 0 && rises > 1 && minimum >= 0 }

    mutating func addNumber(_ number: Double, device: String, isWritten: Bool = false) {
        guard number.isFinite else {
            nulls += 1
            return
        }
        numbers += 1
        if isWritten { writtenNumbers += 1 }
        if Self.sentinels.contains(number) {
            suspects[number, default: 0] += 1
            return
        }
        if number.rounded() != number { isWhole = false }
        minimum = min(minimum, number)
        maximum = max(maximum, number)
        if let former = last[device] {
            if number > former { rises += 1 } else if number < former { falls += 1 }
        }
        if last[device] != nil || last.count < 1000 { last[device] = number }
    }

    mutating func addFlag(_ flag: Bool) { flags += 1 }
    mutating func addNull() { nulls += 1 }

    mutating func addText(_ text: String) {
        texts += 1
        guard !hasManyWords else { return }
        words.insert(text)
        hasManyWords = words.count > Self.maximumWords || text.utf8.count > 64
    }

    /// Listed values far from all others. Where there are no others, nothing can be said.
    var suspected: [Double] {
        guard minimum <= maximum else { return [] }
        let span = max(maximum - minimum, abs(maximum) / 2, 10)
        return suspects.keys.filter { $0 < minimum - 2 * span || $0 > maximum + 2 * span || ($0 < 0 && minimum >= 0) }.sorted()
    }

    /// The range with the listed values that are no outliers.
    var range: ClosedRange<Double>? {
        let odd = Set(suspected)
        let all = suspects.keys.filter { !odd.contains($0) } + (minimum <= maximum ? [minimum, maximum] : [])
        guard let low = all.min(), let high = all.max() else { return nil }
        return low...high
    }
}
